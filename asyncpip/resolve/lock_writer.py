"""A resolution → a lock file (PEP 751): what was chosen of each project, and the release's other wheels beside it.

The chosen file decides for this interpreter, as in pip. The other wheels let an installer on another platform take the
same release; whether it resolves to the same set there, a lock file without markers cannot say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
)
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, VcsInfo
from asyncpip.core.hashes import STRONG_ALGORITHMS
from asyncpip.core.urls import split_credentials, without_fragment
from asyncpip.resolve.candidates import parse_upload_time
from asyncpip.resolve.version_order import parse_version

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.direct_url import DirectUrl
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import PageFile, ProjectPage
    from asyncpip.core.resolution import Resolved
    from asyncpip.resolve.selection import Selection

    Digests = Mapping[str, str]
    PathFor = Callable[[str], str]
    """Gives for a `file:` URL its path relative to the lock file, with `/`."""


def lock_of(packages: Iterable[Package], *, created_by: str) -> Pylock:
    """Return the lock file of ``packages``, sorted by name."""
    return Pylock(
        lock_version=Version("1.0"), created_by=created_by, packages=sorted(packages, key=lambda each: each.name)
    )


def strong_hashes(file: PageFile) -> Digests:
    """Return those digests of ``file`` that a lock file can rest on."""
    return {name: digest.lower() for name, digest in sorted(file.hashes.items()) if name in STRONG_ALGORITHMS}


def package_of(
    decision: Resolved,
    *,
    pages: Sequence[ProjectPage],
    allowed: AllowedHashes,
    selection: Selection,
    known: Mapping[NormalizedName, Digests],
    path_for: PathFor,
) -> Package:
    """Return the entry of a decision about a file or a direct reference.

    ``pages`` are those of the project; ``known`` has the digests of chosen files that their index gives none of. Of
    the release's other wheels those count that the user's hashes (``allowed``) and options do not exclude.
    """
    candidate = decision.choice
    if not isinstance(candidate, Candidate):
        raise TypeError(f"{decision.name} is installed, and a lock file is made of files")
    chosen = strong_hashes(candidate.file) or known[decision.name] if _is_archive(candidate) else {}
    if candidate.direct_url is not None:
        return _direct(decision.name, candidate.direct_url, candidate.file, chosen, path_for)
    others = _other_wheels(candidate, pages, allowed, selection)
    wheels = [_wheel(file, strong_hashes(file), path_for) for file in others]
    sdist: PackageSdist | None = None
    if candidate.file.is_wheel:
        wheels.append(_wheel(candidate.file, chosen, path_for))
    else:
        path, url = _place(candidate.file.url, path_for)
        sdist = PackageSdist(
            name=candidate.file.filename,
            upload_time=_upload_time(candidate.file),
            url=url,
            path=path,
            size=candidate.file.size,
            hashes=chosen,
        )
    wheels.sort(key=lambda wheel: wheel.filename)
    return Package(name=decision.name, version=candidate.version, sdist=sdist, wheels=wheels or None)


def needs_digest(decision: Resolved) -> bool:
    """Return whether the archive of ``decision`` has to be had to lock it: its index gives no digest to rest on."""
    candidate = decision.choice
    return isinstance(candidate, Candidate) and _is_archive(candidate) and not strong_hashes(candidate.file)


def _is_archive(candidate: Candidate) -> bool:
    return candidate.direct_url is None or isinstance(candidate.direct_url.info, ArchiveInfo)


def _other_wheels(
    candidate: Candidate, pages: Sequence[ProjectPage], allowed: AllowedHashes, selection: Selection
) -> list[PageFile]:
    """Return the wheels of the candidate's release beside it, on the page that it is on."""
    if not selection.formats.allows(candidate.name)[0]:
        return []
    found: dict[str, PageFile] = {}
    for page in pages:
        if page.url != candidate.page_url:
            continue
        for text in page.versions:
            if parse_version(text) == candidate.version:
                found |= {file.filename: file for file in page.files(text) if file.is_wheel}
    found.pop(candidate.file.filename, None)
    return [
        file
        for file in found.values()
        if (candidate.file.is_yanked or not file.is_yanked)
        and strong_hashes(file)
        and allowed.allows(file.hashes)
        and not _is_too_late(file, selection)
        and _is_named_rightly(file.filename)
    ]


def _is_too_late(file: PageFile, selection: Selection) -> bool:
    if selection.uploaded_prior_to is None or file.url.startswith("file:"):
        return False
    return file.upload_time is None or parse_upload_time(file.upload_time) >= selection.uploaded_prior_to


def _is_named_rightly(filename: str) -> bool:
    """Return whether a reader of lock files takes ``filename``; one that it does not take spoils the whole file."""
    try:
        parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return True


def _wheel(file: PageFile, hashes: Digests, path_for: PathFor) -> PackageWheel:
    path, url = _place(file.url, path_for)
    return PackageWheel(
        name=file.filename, upload_time=_upload_time(file), url=url, path=path, size=file.size, hashes=hashes
    )


def _place(url: str, path_for: PathFor) -> tuple[str | None, str | None]:
    """Return path and URL of a file, one of them None; no credentials in it.

    A path is for what lies below the lock file, and moves with it.
    """
    url = split_credentials(without_fragment(url))[0]
    path = path_for(url) if url.startswith("file:") else ".."
    return (None, url) if path.split("/")[0] == ".." else (path, None)


def _direct(name: NormalizedName, direct: DirectUrl, file: PageFile, hashes: Digests, path_for: PathFor) -> Package:
    match direct.info:
        case VcsInfo(vcs=vcs, commit_id=commit_id, requested_revision=revision):
            entry = PackageVcs(
                type=vcs,
                url=direct.url,
                requested_revision=revision,
                commit_id=commit_id,
                subdirectory=direct.subdirectory,
            )
            return Package(name=name, vcs=entry)
        case DirectoryInfo(editable=editable):
            directory = PackageDirectory(
                path=path_for(direct.url), editable=editable or None, subdirectory=direct.subdirectory
            )
            return Package(name=name, directory=directory)
        case ArchiveInfo():
            path, url = _place(direct.url, path_for)
            archive = PackageArchive(
                url=url, path=path, size=file.size, hashes=hashes, subdirectory=direct.subdirectory
            )
            return Package(name=name, archive=archive)
    assert_never(direct.info)


def _upload_time(file: PageFile) -> dt.datetime | None:
    return None if file.upload_time is None else parse_upload_time(file.upload_time)
