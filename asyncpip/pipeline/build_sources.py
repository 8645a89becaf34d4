"""From what was asked for to a source tree on disk: archives unpacked, directories found, repositories checked out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio.to_thread

from asyncpip.build.checkout_place import CheckoutPlace
from asyncpip.build.project import run_cancellable
from asyncpip.build.sdist import extract_archive
from asyncpip.build.vcs import Repository
from asyncpip.build.vcs_urls import parse_vcs_url
from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, DirectUrl, VcsInfo
from asyncpip.core.events import Level, Message
from asyncpip.core.page import PageFile
from asyncpip.core.requirement import DirectKind
from asyncpip.core.urls import filename_of, path_to_url, redact, split_credentials, url_to_path, without_fragment
from asyncpip.core.values import Value
from asyncpip.errors import BuildError, RequirementError
from asyncpip.pipeline.built_wheels import sdist_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO, Protocol

    from anyio import CapacityLimiter

    from asyncpip.build.project import Workshop
    from asyncpip.build.vcs_urls import VcsReference
    from asyncpip.core.candidates import Candidate
    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.requirement import DirectReference, UserRequirement
    from asyncpip.fetch.sdists import CheckedSdist
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.scratch import Scratch
    from asyncpip.pipeline.stored import Used, UseSource

    class UseSourceOf(Protocol):
        """`Keeping.use_source`."""

        async def __call__(
            self, file: PageFile, required: AllowedHashes, use: UseSource[Used], jobs: CapacityLimiter
        ) -> Used:
            """See there."""


class IndexSource:
    """An sdist that an index, a find-links place or a lock file lists."""

    __slots__ = ("candidate", "config_settings", "required")

    editable = False

    def __init__(
        self, candidate: Candidate, required: AllowedHashes, config_settings: tuple[tuple[str, str], ...]
    ) -> None:
        self.candidate = candidate
        self.required = required
        self.config_settings = config_settings

    @property
    def key(self) -> str:
        """What tells it from the other sources of a run."""
        return self.candidate.file.url

    @property
    def label(self) -> str:
        """What people know it by."""
        return str(self.candidate.name)

    @property
    def trusted_identity(self) -> str | None:
        """What its wheel is remembered by, where that is known without the archive."""
        hashes = self.candidate.file.hashes
        digest = hashes.get("sha256")
        return sdist_identity(digest) if digest and self.required.allows(hashes) else None


class DirectSource(Value):
    """A source that a requirement names by URL or path."""

    key: str
    """The URL, with the fragment only as far as it tells what is built; for an editable, marked as one."""
    label: str
    direct: DirectReference
    required: AllowedHashes
    editable: bool
    config_settings: tuple[tuple[str, str], ...]
    project: str | None
    """The project's name, where the requirement says it."""

    @classmethod
    def of(cls, requirement: UserRequirement, required: AllowedHashes, *, editable: bool) -> DirectSource:
        """Return the source of a requirement by direct reference."""
        direct = requirement.direct
        if direct is None:
            raise RequirementError(f"{requirement.text} is no direct reference")
        url = without_fragment(direct.url)
        marks = [f"subdirectory={direct.subdirectory}"] if direct.subdirectory else []
        marks += ["editable"] if editable else []
        return cls(
            key=f"{url}#{'&'.join(marks)}" if marks else url,
            label=str(requirement.name) if requirement.name is not None else redact(requirement.text),
            direct=direct,
            required=required,
            editable=editable,
            config_settings=requirement.config_settings,
            project=requirement.name,
        )

    @property
    def filename(self) -> str:
        """The last part of the URL's path."""
        return filename_of(without_fragment(self.direct.url))

    @property
    def trusted_identity(self) -> str | None:
        """What its wheel is remembered by, where the URL tells: it has the archive's digest, or a commit's full id."""
        if self.editable:
            return None
        if self.direct.kind is DirectKind.SDIST:
            known = dict(self.direct.hashes.digests)
            digest = known.get("sha256")
            return sdist_identity(digest) if digest and self.required.allows(known) else None
        if self.direct.kind is DirectKind.VCS:
            reference = parse_vcs_url(self.direct.url)
            return vcs_identity(reference) if reference.names_commit else None
        return None

    @property
    def trusted_direct_url(self) -> DirectUrl:
        """What `direct_url.json` says where `trusted_identity` is known."""
        direct = self.direct
        if direct.kind is DirectKind.VCS:
            reference = parse_vcs_url(direct.url)
            revision = reference.revision or ""
            return vcs_direct_url(reference, revision, revision, direct.subdirectory)
        url = split_credentials(without_fragment(direct.url))[0]
        info = ArchiveInfo(hashes=tuple(sorted(direct.hashes.digests)[:1]))
        return DirectUrl(url=url, info=info, subdirectory=direct.subdirectory)


class FetchedSource(Value):
    """A source on disk."""

    tree: str
    """The project's directory, subdirectory included."""
    identity: str | None
    """What its wheel may be remembered by; None for what may change."""
    hashes: Mapping[str, str]
    """Of the archive it came in."""
    direct_url: DirectUrl | None
    subdirectory: str | None = None
    is_sdist: bool = False
    """Whether its PKG-INFO is that of a source distribution."""
    is_users_own: bool = False
    """Whether this is a directory of the user's, built in place."""


class SourceFetcher:
    """Brings sources to disk. Made inside the event loop."""

    def __init__(
        self,
        options: BuildOptions,
        use_source: UseSourceOf,
        workshop: Workshop,
        scratch: Scratch,
        reporter: Reporter,
        *,
        umask: int,
    ) -> None:
        self._options = options
        self._scratch = scratch
        self._workshop = workshop
        self._reporter = reporter
        self._umask = umask
        self._use_source = use_source

    async def fetch(self, source: IndexSource | DirectSource) -> FetchedSource:
        """Return the source's tree; raises `DownloadError`, `HashMismatchError`, `BuildError`."""
        if isinstance(source, IndexSource):
            return await self._fetch_archive(source.candidate.file, source.required, None, None)
        match source.direct.kind:
            case DirectKind.DIRECTORY:
                return await anyio.to_thread.run_sync(_find_directory, source)
            case DirectKind.SDIST:
                url = without_fragment(source.direct.url)
                file = PageFile(filename=source.filename, url=url, hashes=dict(source.direct.hashes.digests))
                return await self._fetch_archive(file, source.required, source.direct, source.direct.subdirectory)
            case DirectKind.VCS:
                return await self._check_out(source)
            case _:
                raise AssertionError(f"a wheel is no source: {source.label}")

    async def _check_out(self, source: DirectSource) -> FetchedSource:
        reference = parse_vcs_url(source.direct.url)
        directory = self._scratch.new_source()
        os.rmdir(directory)
        if source.editable:
            directory = os.path.join(self._options.src, str(source.project))
        log = self._scratch.new_log(source.label, self._workshop.tell)
        repository = Repository(
            reference,
            directory,
            label=source.label,
            environ=self._workshop.environ,
            children=self._workshop.children,
            log=log,
            tell=lambda text: self._reporter.emit(Message(Level.INFO, text)),
            interactive=self._options.interactive,
        )
        place = CheckoutPlace(repository, directory, self._options.exists_actions, self._workshop.warn)
        checkout = await run_cancellable(
            place.bring if source.editable else repository.check_out,
            self._workshop.children.cancel,
            self._workshop.jobs,
        )
        subdirectory, revision = source.direct.subdirectory, reference.revision
        if not checkout.revision_was_found:
            subdirectory, revision = reference.misplaced_subdirectory, None
            self._workshop.warn(
                f"{redact(reference.repository)} has no revision 'subdirectory={subdirectory}'; it is taken for "
                f"#subdirectory={subdirectory}"
            )
        tree = _below(directory, subdirectory, source.label)
        if source.editable:
            direct_url = DirectUrl(url=path_to_url(tree), info=DirectoryInfo(editable=True))
            return FetchedSource(tree=tree, identity=None, hashes={}, direct_url=direct_url)
        return FetchedSource(
            tree=tree,
            identity=vcs_identity(reference) if checkout.is_immutable else None,
            hashes={},
            direct_url=vcs_direct_url(reference, checkout.commit_id, revision, subdirectory),
            subdirectory=subdirectory,
        )

    async def _fetch_archive(
        self,
        file: PageFile,
        required: AllowedHashes,
        direct: DirectReference | None,
        subdirectory: str | None,
    ) -> FetchedSource:
        directory = self._scratch.new_source()

        def unpack(archive: BinaryIO, checked: CheckedSdist) -> CheckedSdist:
            extract_archive(archive, directory, filename=file.filename, umask=self._umask)
            return checked

        try:
            checked = await self._use_source(file, required, unpack, self._workshop.jobs)
        except OSError as error:
            raise BuildError(f"{file.filename} cannot be unpacked", why=str(error)) from error
        direct_url = None
        if direct is not None:
            hashes = tuple(sorted(direct.hashes.digests)[:1]) or (("sha256", str(checked.digest)),)
            direct_url = DirectUrl(
                url=split_credentials(file.url)[0], info=ArchiveInfo(hashes=hashes), subdirectory=subdirectory
            )
        return FetchedSource(
            tree=_below(directory, subdirectory, file.filename),
            identity=sdist_identity(checked.digest),
            hashes={**file.hashes, "sha256": str(checked.digest)},
            direct_url=direct_url,
            subdirectory=subdirectory,
            is_sdist=True,
        )


def vcs_identity(reference: VcsReference) -> str:
    """Return what stands for a commit in the key of what is built from it."""
    return f"{reference.vcs}+{reference.public_url}@{reference.revision}"


def vcs_direct_url(
    reference: VcsReference, commit_id: str, revision: str | None, subdirectory: str | None
) -> DirectUrl:
    """Return where a checkout came from (PEP 610)."""
    info = VcsInfo(vcs=reference.vcs, commit_id=commit_id, requested_revision=revision)
    return DirectUrl(url=reference.public_url, info=info, subdirectory=subdirectory)


def _find_directory(source: DirectSource) -> FetchedSource:
    direct = source.direct
    try:
        path = url_to_path(without_fragment(direct.url))
    except ValueError as error:
        raise RequirementError(str(error)) from error
    if not os.path.isdir(path):
        raise BuildError(f"{source.label} cannot be built", why=f"there is no directory {path}")
    tree = _below(path, direct.subdirectory, source.label)
    if source.editable:  # as in pip the project's own directory, nothing beside it
        direct_url = DirectUrl(url=path_to_url(tree), info=DirectoryInfo(editable=True))
    else:
        url = without_fragment(direct.url)
        direct_url = DirectUrl(url=url, info=DirectoryInfo(), subdirectory=direct.subdirectory)
    return FetchedSource(
        tree=tree,
        identity=None,
        hashes={},
        direct_url=direct_url,
        subdirectory=direct.subdirectory,
        is_users_own=True,
    )


def _below(directory: str, subdirectory: str | None, label: str) -> str:
    """Return ``subdirectory`` of ``directory``; raise where there is none, or it leaves the tree."""
    if not subdirectory:
        return directory
    path = os.path.realpath(os.path.join(directory, subdirectory))
    if not path.startswith(os.path.join(os.path.realpath(directory), "")):
        raise BuildError(f"{label} cannot be built", why=f"its subdirectory {subdirectory!r} lies outside of it")
    if not os.path.isdir(path):
        raise BuildError(
            f"{label} cannot be built",
            why=f"there is no directory {subdirectory!r} in it",
            hint="correct `#subdirectory=` of the URL",
        )
    return path
