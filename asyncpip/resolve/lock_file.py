"""A lock file's text → the requirements and files that fit one target (PEP 751)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn, assert_never, cast
from urllib.parse import urlsplit

from packaging.pylock import (
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from asyncpip.core.hashes import KNOWN_ALGORITHMS, NO_HASHES, AllowedHashes
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.requirement import DirectKind, DirectReference, Origin, UserRequirement
from asyncpip.core.toml_text import parse_toml
from asyncpip.core.urls import filename_of, is_remote, join, path_to_url, redact
from asyncpip.core.values import Value
from asyncpip.errors import RequirementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.markers import Environment
    from packaging.pylock import Package
    from packaging.utils import NormalizedName

_ANY_VERSION = SpecifierSet()


class LockSelection(Value):
    """What a lock file asks for."""

    requirements: tuple[UserRequirement, ...]
    """Pins with hashes; direct references for ``archive``, ``vcs`` and ``directory`` entries."""
    files: tuple[tuple[NormalizedName, PageFile], ...]
    """The one file of each pinned project; no index and no find-links place counts for it."""


class LockRequest(Value):
    """Which lock file, what of it, and for which target."""

    location: str
    """Absolute path or URL; relative paths in the file start there."""
    display: str
    """The location as the user wrote it, credentials hidden."""
    extras: frozenset[str]
    groups: frozenset[str]
    include_default_groups: bool
    """False where only ``--group`` names the file."""


def select_from_lock(
    text: str,
    request: LockRequest,
    *,
    markers: Mapping[str, str],
    tags: Sequence[str],
    prefers_sdist: Callable[[NormalizedName], bool],
) -> LockSelection:
    """Return what the lock file holds for a target with ``markers`` and wheel ``tags``, best tag first.

    ``prefers_sdist`` tells the projects of which wheels are excluded. Raises `RequirementError`.
    """
    try:
        lock = Pylock.from_dict(parse_toml(text))
    except (PylockValidationError, ValueError, TypeError) as error:
        raise RequirementError(f"Invalid pylock file {request.display!r}: {redact(str(error))}") from error
    groups: set[str] = {normalize_name(group) for group in request.groups}
    if request.include_default_groups:
        groups.update(lock.default_groups or ())
    _check_declared("extras", request.extras, lock.extras, request)
    _check_declared(
        "dependency groups", groups, [*(lock.dependency_groups or ()), *(lock.default_groups or ())], request
    )
    requirements: list[UserRequirement] = []
    files: list[tuple[NormalizedName, PageFile]] = []
    try:
        for package, source in lock.select(
            environment=cast("Environment", dict(markers)),
            tags=[Tag(*tag.split("-", 2)) for tag in tags],
            extras=request.extras,
            dependency_groups=groups,
            prefer_sdist_predicate=prefers_sdist,
        ):
            match source:
                case PackageWheel() | PackageSdist():
                    requirements.append(_pin(package, source, request))
                    files.append((package.name, _page_file(source, request)))
                case _:
                    requirements.append(_direct(package, source, request))
    except (PylockSelectError, PylockValidationError, ValueError) as error:
        raise RequirementError(
            f"Cannot select requirements from pylock file {request.display!r}: {redact(str(error))}"  # noqa: S608 - no SQL
        ) from error
    return LockSelection(requirements=tuple(requirements), files=tuple(files))


def _check_declared(kind: str, wanted: Iterable[str], declared: Iterable[str] | None, request: LockRequest) -> None:
    """Raise for what the file does not declare, as PEP 751 demands; older `packaging`, pip's too, pass over it."""
    known = {normalize_name(name) for name in declared or ()}
    unknown = sorted({normalize_name(name) for name in wanted} - known)
    if unknown:
        raise RequirementError(
            f"Cannot select requirements from pylock file {request.display!r}: "  # noqa: S608 - no SQL
            f"Undeclared {kind}: {', '.join(unknown)}",
            hint=f"{kind} that it declares: {', '.join(sorted(known))}" if known else f"it declares no {kind}",
        )


def _pin(package: Package, source: PackageWheel | PackageSdist, request: LockRequest) -> UserRequirement:
    version = package.version
    if version is None:
        parse = parse_wheel_filename if isinstance(source, PackageWheel) else parse_sdist_filename
        version = parse(source.filename)[1]
    return UserRequirement(
        text=f"{package.name}=={version}",
        name=package.name,
        specifier=SpecifierSet(f"=={version}"),
        hashes=_allowed_hashes(source.hashes, package, request),
        origin=_origin(request),
    )


def _page_file(source: PackageWheel | PackageSdist, request: LockRequest) -> PageFile:
    return PageFile(
        filename=source.filename,
        url=_absolute_url(source.path, source.url, request),
        hashes=dict(source.hashes),
        size=source.size,
        upload_time=None if source.upload_time is None else source.upload_time.isoformat(),
    )


def _direct(
    package: Package, source: PackageVcs | PackageArchive | PackageDirectory, request: LockRequest
) -> UserRequirement:
    hashes = NO_HASHES
    editable = False
    match source:
        case PackageVcs():
            url = f"{source.type}+{_absolute_url(source.path, source.url, request)}@{source.commit_id}"
            url = _with_subdirectory(url, source.subdirectory, request)
            reference = DirectReference(url=url, kind=DirectKind.VCS, subdirectory=source.subdirectory)
        case PackageArchive():
            url = _with_subdirectory(_absolute_url(source.path, source.url, request), source.subdirectory, request)
            hashes = _allowed_hashes(source.hashes, package, request)
            kind = DirectKind.WHEEL if filename_of(url).endswith(".whl") else DirectKind.SDIST
            reference = DirectReference(url=url, kind=kind, subdirectory=source.subdirectory)
        case PackageDirectory():
            editable = bool(source.editable)
            url = _directory_url(source, request)
            reference = DirectReference(url=url, kind=DirectKind.DIRECTORY)
        case _:
            assert_never(source)
    return UserRequirement(
        text=f"{package.name} @ {redact(reference.url)}",
        name=package.name,
        specifier=_ANY_VERSION,
        direct=reference,
        editable=editable,
        hashes=hashes,
        origin=_origin(request),
    )


def _directory_url(source: PackageDirectory, request: LockRequest) -> str:
    if is_remote(request.location) and not request.location.lower().startswith("file:"):
        raise RequirementError(f"Directory entries are not supported in remote pylock.toml {request.display!r}")
    path = source.path
    if source.subdirectory:
        path = path.rstrip("/") + "/" + source.subdirectory
    return _absolute_url(path, None, request).rstrip("/")


def _absolute_url(path: str | None, url: str | None, request: LockRequest) -> str:
    """Return where a file is. A path wins over a URL; one from a remote lock file must stay on that host."""
    if path is None:
        return url or ""  # one of the two is there: packaging has checked
    if not is_remote(request.location):
        return path_to_url(os.path.join(os.path.dirname(request.location), path))
    if os.path.isabs(path):
        raise RequirementError(
            f"Absolute paths are not supported in pylock files obtained from a URL: {path!r} in {request.display!r}"
        )
    absolute = join(request.location, path)
    if urlsplit(absolute)[:2] != urlsplit(request.location)[:2]:
        raise RequirementError(
            f"Path {path!r} in pylock file obtained from a URL resolves outside its location: {request.display!r}"
        )
    return absolute


def _with_subdirectory(url: str, subdirectory: str | None, request: LockRequest) -> str:
    if not subdirectory:
        return url
    if "#" in url:
        raise RequirementError(
            f"Package URL {redact(url)!r} cannot contain fragments in combination with subdirectory field "
            f"(in {request.display!r})"
        )
    return f"{url}#subdirectory={subdirectory}"


def _allowed_hashes(hashes: Mapping[str, str], package: Package, request: LockRequest) -> AllowedHashes:
    known: Iterable[tuple[str, str]] = [item for item in hashes.items() if item[0].lower() in KNOWN_ALGORITHMS]
    if not known:
        _raise_unknown_hashes(hashes, package, request)
    return AllowedHashes.of(known)


def _raise_unknown_hashes(hashes: Mapping[str, str], package: Package, request: LockRequest) -> NoReturn:
    raise RequirementError(
        f"Cannot verify {package.name} of pylock file {request.display!r}",
        why=f"it gives only digests that are not supported: {', '.join(sorted(hashes))}",
        hint=f"supported: {', '.join(KNOWN_ALGORITHMS)}",
    )


def _origin(request: LockRequest) -> Origin:
    return Origin(file=request.display, detail=request.display)
