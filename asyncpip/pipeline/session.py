"""One run's network and store, joined: what the bridge asks, and where the answers come from."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Generic

import anyio
import anyio.to_thread
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectUrl
from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.requirement import DirectKind
from asyncpip.core.urls import filename_of, split_credentials, without_fragment
from asyncpip.core.values import Value
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import BuildError, RequirementError, StoreError, WheelFormatError
from asyncpip.index.client import IndexClient
from asyncpip.net.trust import is_trusted_origin
from asyncpip.pipeline.agreement import Said, check_agreement
from asyncpip.pipeline.bridge import parse_metadata
from asyncpip.pipeline.build_door import BuildDoor
from asyncpip.pipeline.known_resolutions import KnownResolutions
from asyncpip.pipeline.late_transport import LateTransport
from asyncpip.pipeline.metadata_records import MetadataRecords, is_of_file
from asyncpip.pipeline.stored import Late, Stored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.resolution import Resolution
    from asyncpip.core.urls import Credentials
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.net.transport import Transport, TransportOptions
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.builder import Builder
    from asyncpip.pipeline.built_wheels import BuiltWheel
    from asyncpip.pipeline.limits import Limits
    from asyncpip.pipeline.stored import Keeping, MakeKeeping
    from asyncpip.store.store import Store


class Places(Value):
    """Where distributions come from in this run."""

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    refresh: frozenset[str]
    offline: bool
    transport: TransportOptions
    locked_files: tuple[tuple[NormalizedName, PageFile], ...] = ()
    """What lock files name: a project in it has no other file, and no index is asked about it."""


class Session(Generic[Stored]):
    """Answers questions about projects, metadata and archives. Made in the loop by `open_session`."""

    def __init__(
        self,
        store: Store,
        index: IndexClient,
        archives: Late[Keeping[Stored]],
        *,
        supports: Callable[[str], bool],
        hashes_of: Callable[[NormalizedName], AllowedHashes],
        requests: Callable[[], int] = lambda: 0,
        end_of_questions: Callable[[], None] = lambda: None,
        locked_files: Sequence[tuple[NormalizedName, PageFile]] = (),
        builds: BuildDoor | None = None,
        waiting: str | None = None,
        known_resolutions: KnownResolutions | None = None,
    ) -> None:
        self.known_resolutions = known_resolutions
        """Those of earlier runs; None where each question is solved."""
        self.requests = requests
        """How many requests were sent so far."""
        self.end_of_questions = end_of_questions
        """To be called when only archives are wanted any more."""
        self.store = store
        self.index = index
        self._archives = archives
        self._supports = supports
        self._hashes_of = hashes_of
        self._builds = builds
        self._waiting = waiting
        """What is being built while the answers of this session are awaited; None in the run's own."""
        self._said = Said()
        self._records = MetadataRecords(store)
        self._unread: set[str] = set()
        """Addresses of wheels whose remembered metadata an answer rests on that was found without reading it."""
        self._locked: dict[NormalizedName, ProjectPage | None] = {}
        if locked_files:
            from asyncpip.pipeline.locked_pages import pages_of  # noqa: PLC0415 - few runs have a lock file

            self._locked.update(pages_of(locked_files))

    @property
    def archives(self) -> Keeping[Stored]:
        """What brings archives; made now if nobody has wanted any so far."""
        return self._archives.get()

    def give_up(self) -> None:
        """Make workers that are busy with archives give up."""
        if self._archives.made is not None:
            self._archives.made.cancel()

    async def fetch_pages(self, name: NormalizedName) -> Sequence[ProjectPage]:
        """Return the pages of ``name``: the one that a lock file stands for, or what indexes and places list."""
        if name in self._locked:
            page = self._locked[name]
            return () if page is None else (page,)
        return await self.index.fetch_pages(name)

    def read_known_metadata(self, candidate: Candidate) -> CoreMetadata | None:
        """Return core metadata that the store remembers for the file. Blocks for one small read."""
        if candidate.file.is_wheel:
            return self._read_metadata(candidate.file)
        built = self._find_built(candidate)
        if built is None:
            return None
        from asyncpip.pipeline.built_wheels import read_built_metadata  # noqa: PLC0415 - few runs build anything

        return read_built_metadata(built)

    def _read_metadata(self, file: PageFile) -> CoreMetadata | None:
        found = self._records.read(file)
        if found is not None:
            self._said.before(file, found)
            return found
        return self._records.read_stored(file)

    def take_as_read(self, resolution: Resolution) -> None:
        """Have what an earlier run was told of wheels compared with those of them that have yet to come."""
        candidates = [each.choice for each in resolution.decisions if isinstance(each.choice, Candidate)]
        self._unread.update(candidate.file.url for candidate in candidates)

    def _find_built(self, candidate: Candidate) -> BuiltWheel | None:
        """Return the wheel that was built from this file before."""
        digest = candidate.file.hashes.get("sha256")
        if self._builds is None or digest is None or candidate.direct_url is not None:
            return None  # what a direct reference asks for beside the archive is known to the builder
        if not self._hashes_of(candidate.name).allows(candidate.file.hashes):
            return None
        from asyncpip.pipeline.built_wheels import find_built, sdist_identity  # noqa: PLC0415 - as above

        options = self._builds.options
        key = options.key_of(sdist_identity(digest), None, options.config_settings.get(candidate.name, ()))
        return find_built(self.store, key)

    async def fetch_metadata(self, candidate: Candidate) -> CoreMetadata:
        """Return core metadata: from the index, from a wheel's tail, from the whole file, from a build."""
        file = candidate.file
        if not file.is_wheel:
            required = self._hashes_of(candidate.name)
            data = await self._builder(file.filename).metadata_of(candidate, required, self._waiting)
            return parse_metadata(data, file.filename)
        result = await self.index.fetch_metadata(file)
        text = result.metadata
        if result.archive is not None:
            await self.archives.keep(file, result.archive, NO_HASHES)
        if text is None:
            _, text = await self._fetch_with_metadata(file, NO_HASHES)
        metadata = parse_metadata(text, file.filename)
        if result.metadata is not None and result.archive is None:
            self._said.now(file, metadata, text)
        self.index.writes.add(lambda: self._records.write(file, metadata))
        return metadata

    async def fetch_archive(self, candidate: Candidate) -> Stored:
        """Return the candidate's stored archive, built if need be, checked against what the user demands."""
        required = self._hashes_of(candidate.name)
        if candidate.file.is_wheel:
            stored = await self.archives.fetch(candidate.file, required, will_compare=self._said.has(candidate.file))
            await self.check_agreement(candidate.file, stored)
            return stored

        async def build() -> BuiltWheel:
            built = await anyio.to_thread.run_sync(self._find_built, candidate)
            return built or await self._builder(candidate.file.filename).wheel_of(candidate, required, self._waiting)

        async def check_out() -> tuple[str, bytes, str | None]:
            return await self._builder(candidate.file.filename).tree_of(candidate, required, self._waiting)

        return await self.archives.from_source(candidate, required, build, check_out)

    async def check_agreement(self, file: PageFile, stored: Stored) -> None:
        """Raise `WheelFormatError` where a wheel is not what it was said to be; looked at once, where either is new."""
        if file.url in self._unread:
            self._unread.discard(file.url)
            if not stored.from_store:
                self._read_metadata(file)
        said = self._said.to_compare(file, stored)
        if said is None:
            return
        try:
            read = partial(self.archives.read_metadata, strictly=False)
            await anyio.to_thread.run_sync(check_agreement, file, said, read, stored)
        except WheelFormatError:
            self._records.forget(file)  # at once: the run ends here
            raise

    def _builder(self, label: str) -> Builder:
        if self._builds is None:
            raise BuildError(
                f"{label} would have to be built, and --no-build forbids that",
                hint="leave --no-build out, or ask for a version that has a wheel",
            )
        return self._builds.builder()

    def built_names(self) -> tuple[str, ...]:
        """Return the projects whose wheels were built so far, sorted."""
        return self._builds.built_names() if self._builds is not None else ()

    def build_seconds(self) -> float:
        """Return how long something was being built."""
        return self._builds.seconds if self._builds is not None else 0.0

    def source_metadata(self, resolution: Resolution) -> dict[NormalizedName, bytes]:
        """Return METADATA of what was chosen as a source, as far as anybody had to find it out."""
        found = {}
        for each in resolution.decisions:
            if isinstance(each.choice, Candidate) and not each.choice.file.is_wheel:
                data = self._builds.known_metadata(each.choice) if self._builds is not None else None
                if data is None and (built := self._find_built(each.choice)) is not None:
                    from asyncpip.pipeline.keeping import read_metadata_file  # noqa: PLC0415 - as above

                    data = read_metadata_file(built.stored.tree)
                if data is not None:
                    found[each.name] = data
        return found

    async def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        """Return the candidate behind a direct reference; one that is no wheel is built as far as that needs."""
        direct = requirement.direct
        if direct is None:
            raise RequirementError(f"{requirement.text} is no direct reference")
        if direct.kind is not DirectKind.WHEEL:
            required = self._hashes_of(requirement.name) if requirement.name is not None else requirement.hashes
            return await self._builder(requirement.text).direct(requirement, required, self._waiting)
        url = without_fragment(direct.url)
        filename = filename_of(url)
        name = parse_wheel_name(filename)
        if name is None:
            raise RequirementError(f"{filename} is not a valid wheel filename.")
        if not any(self._supports(tag) for tag in name.tags()):
            raise RequirementError(f"{filename} is not a supported wheel on this platform.")
        file = PageFile(filename=filename, url=url, hashes=dict(direct.hashes.digests))
        required = self._hashes_of(requirement.name or normalize_name(name.project))
        stored, data = await self._fetch_with_metadata(file, required)
        metadata = parse_metadata(data, filename)
        if not is_of_file(metadata, filename):
            raise WheelFormatError(
                f"Requested {requirement.text} has inconsistent version: expected {name.version!r}, but metadata has "
                f"{metadata.version!r}"
                if normalize_name(metadata.name) == normalize_name(name.project)
                else f"Requested {requirement.text} has inconsistent name: expected {name.project!r}, but metadata has "
                f"{metadata.name!r}"
            )
        hashes = (("sha256", str(stored.digest)),)
        return (
            Candidate(
                name=normalize_name(metadata.name),
                version=Version(metadata.version),
                file=PageFile(filename=filename, url=url, hashes=dict(hashes)),
                tag_rank=0,
                page_url=None,
                direct_url=DirectUrl(url=split_credentials(url)[0], info=ArchiveInfo(hashes=hashes)),
            ),
            metadata,
        )

    async def _fetch_with_metadata(self, file: PageFile, required: AllowedHashes) -> tuple[Stored, bytes]:
        """Return the stored wheel and its METADATA; a damaged tree of an earlier run is replaced."""
        stored = await self.archives.fetch(file, required)
        try:
            data = await anyio.to_thread.run_sync(self.archives.read_metadata, stored)
        except StoreError:
            if not stored.from_store:
                raise
        else:
            if not stored.from_store or is_of_file(parse_metadata(data, file.filename), file.filename):
                return stored, data
            # The digest that the URL asks for is that of another archive: let the real one be checked against it.
            stored = await self.archives.fetch(file, required, reuse=False)
            return stored, await anyio.to_thread.run_sync(self.archives.read_metadata, stored)
        await anyio.to_thread.run_sync(self.archives.drop, stored)
        stored = await self.archives.fetch(file, required)
        return stored, await anyio.to_thread.run_sync(self.archives.read_metadata, stored)


@asynccontextmanager
async def open_session(
    places: Places,
    store: Store,
    reporter: Reporter,
    limits: Limits,
    *,
    environ: Mapping[str, str],
    tags: tuple[str, ...],
    hashes_of: Callable[[NormalizedName], AllowedHashes],
    make_keeping: MakeKeeping[Stored],
    expects_archives: bool = True,
    builds: BuildOptions | None = None,
    prompt: Callable[[str], Credentials | None] | None = None,
) -> AsyncIterator[Session[Stored]]:
    """Open network and store for one run; closes connections at the end, and makes workers give up on an error.

    ``builds`` None: what is no wheel is refused. ``expects_archives`` False: perhaps none is wanted.
    """

    def make_builder(door: BuildDoor) -> Builder:
        from asyncpip.pipeline.builder import Builder  # noqa: PLC0415 - few runs build anything

        use = archives.get().use_source
        return Builder(door, store, index, downloader.get(), use, tasks, reporter, limits, environ)

    door = None if builds is None else BuildDoor(builds, make_builder)
    transport = LateTransport(places.transport, reporter, environ, prompt=prompt)
    downloader = Late(lambda: _new_downloader(transport, reporter, limits))
    archives = Late(lambda: make_keeping(store, downloader.get(), reporter, limits))
    if expects_archives:
        archives.get()
    supported = frozenset(tags)
    try:
        async with (
            IndexClient(
                transport,
                store,
                reporter,
                index_urls=places.index_urls,
                find_links=places.find_links,
                is_trusted_origin=lambda url: is_trusted_origin(url, places.transport.trusted_hosts),
                refresh=places.refresh,
                offline=places.offline,
            ) as index,
            anyio.create_task_group() as tasks,
        ):
            yield Session(
                store,
                index,
                archives,
                supports=supported.__contains__,
                hashes_of=hashes_of,
                requests=lambda: transport.requests,
                end_of_questions=partial(_widen, downloader, limits.connections_per_host),
                locked_files=places.locked_files,
                builds=door,
                known_resolutions=KnownResolutions(store, index, places),
            )
            tasks.cancel_scope.cancel()  # builds that nobody waits for any more
    except BaseException:
        if archives.made is not None:
            archives.made.cancel()
        raise
    finally:
        if archives.made is not None:
            archives.made.close()
        if door is not None:
            door.close()
        with anyio.CancelScope(shield=True):
            await transport.aclose()


def _new_downloader(transport: Transport, reporter: Reporter, limits: Limits) -> Downloader:
    from asyncpip.fetch.downloader import Downloader  # noqa: PLC0415 - a dry run fetches no archive

    return Downloader(
        transport,
        reporter,
        concurrent_downloads=limits.concurrent_downloads,
        downloads_per_host=limits.downloads_per_host,
        resume_retries=limits.resume_retries,
    )


def _widen(downloader: Late[Downloader], downloads_per_host: int) -> None:
    if downloader.made is not None:
        downloader.made.widen(downloads_per_host)
