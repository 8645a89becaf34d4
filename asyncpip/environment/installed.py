"""Distributions installed in an environment (PEP 376, PEP 610, and the older egg-info).

A scan reads directories only: names and versions stand in the names of dist-info directories, and most runs need no
more than that. The metadata of a distribution is read when somebody asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.metadata import CoreMetadata, parse_core_metadata
from asyncpip.core.values import replace
from asyncpip.environment.direct_url_file import (
    InvalidDirectUrlError,
    archive_hashes,
    is_editable,
    read_direct_url_data,
)
from asyncpip.environment.listing import read_head
from asyncpip.environment.scan import (
    STANDARD_LIBRARY,
    editable_link_names,
    egg_requires,
    read_text,
    scan,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from packaging.utils import NormalizedName

    from asyncpip.core.direct_url import DirectUrl
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.scan import FoundDistribution


class InstalledDistributions(Mapping["NormalizedName", InstalledDistribution]):
    """What is installed, by name, in the order found; where a name occurs twice the first one counts, as for `import`.

    Looking a distribution up reads its metadata, once. Not safe to use from two threads at a time.
    """

    __slots__ = ("_egg_links", "_found", "_read", "unfinished", "warnings")

    def __init__(self) -> None:
        self._found: dict[NormalizedName, FoundDistribution] = {}
        self._read: dict[NormalizedName, InstalledDistribution] = {}
        self._egg_links: set[str] = set()
        self.warnings: list[str] = []
        """What was left out and why, one line each, in pip's words."""
        self.unfinished: tuple[str, ...] = ()
        """Directories in which a run is changing something, or was killed while it did."""

    @classmethod
    def scan(cls, paths: Iterable[str], target: TargetEnvironment) -> InstalledDistributions:
        """Return what is installed in the directories ``paths``; one that is missing, or an archive, holds nothing."""
        installed = cls()
        result = scan(
            paths,
            virtual_prefix=target.prefix if target.is_virtual else None,
            user_site=target.user_scheme.purelib if target.user_scheme is not None else None,
            warn=installed._warn,
        )
        installed._found = {each.name: each for each in result.found if each.name not in STANDARD_LIBRARY}
        installed._egg_links = result.egg_links
        installed.unfinished = tuple(dict.fromkeys(result.unfinished))
        return installed

    def names(self) -> tuple[NormalizedName, ...]:
        """Return the names found, without reading any metadata."""
        return tuple(self._found)

    def version_texts(self) -> dict[NormalizedName, str]:
        """Return the version of each name, as written, without reading any metadata."""
        return {name: found.version for name, found in self._found.items()}

    def info_paths(self) -> tuple[str, ...]:
        """Return the dist-info and egg-info paths found: while these are the same, nothing was installed or removed."""
        return tuple(found.info_path for found in self._found.values())

    def find(self, name: NormalizedName) -> InstalledDistribution | None:
        """Return the distribution, its metadata read; None where there is none of that name."""
        return self.get(name)

    def requiring(self, names: Collection[NormalizedName]) -> list[InstalledDistribution]:
        """Return those that may require one of ``names``: the others do not even name it, which is soon seen."""
        signs = [name.encode() for name in names]
        return [self[found.name] for found in self._found.values() if found.mentions(signs)]

    def __getitem__(self, name: NormalizedName) -> InstalledDistribution:
        known = self._read.get(name)
        if known is None:
            known = self._read[name] = self._distribution(self._found[name])
        return known

    def __iter__(self) -> Iterator[NormalizedName]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def _distribution(self, found: FoundDistribution) -> InstalledDistribution:
        metadata = _read_metadata(found.info_path, found.name, found.version)
        if metadata is None:
            # No METADATA at all: pip goes on with what the directory's name says, and so do we.
            metadata = CoreMetadata(found.name, found.version, None, (), ())
        distribution = InstalledDistribution(
            name=found.name,
            raw_name=metadata.name,
            version=_version(found.version),
            location=found.location,
            info_path=found.info_path,
            requires_dist=metadata.requires_dist,
            requires_python=metadata.requires_python,
            provides_extra=metadata.provides_extra,
            is_local=found.is_local,
            in_user_site=found.in_user_site,
            raw_version=metadata.version,
        )
        editable = self._editable_location(distribution)
        return distribution if editable is None else replace(distribution, editable_location=editable)

    def _editable_location(self, distribution: InstalledDistribution) -> str | None:
        direct_url = read_direct_url(distribution.info_path)
        if direct_url is not None:
            return _editable_directory(direct_url)
        if not self._egg_links.isdisjoint(editable_link_names(distribution.raw_name)):
            return distribution.location
        return None


def read_direct_url(info_path: str) -> DirectUrl | None:
    """Return what `direct_url.json` in a dist-info directory says (PEP 610); None where there is no valid one."""
    try:
        data = read_direct_url_data(info_path)
    except InvalidDirectUrlError:
        return None
    return None if data is None else _direct_url(data)


def is_requested(info_path: str) -> bool:
    """Return whether the user named this distribution, as REQUESTED says (PEP 376)."""
    return os.path.isfile(os.path.join(info_path, "REQUESTED"))


def _editable_directory(direct_url: DirectUrl) -> str | None:
    from asyncpip.core.direct_url import DirectoryInfo  # noqa: PLC0415 - few distributions have a direct URL
    from asyncpip.core.urls import url_to_path  # noqa: PLC0415 - as above

    if not (isinstance(direct_url.info, DirectoryInfo) and direct_url.info.editable):
        return None
    try:
        return url_to_path(direct_url.url)
    except ValueError:
        return None


def _direct_url(data: dict[str, Any]) -> DirectUrl:
    """Return the value of a `direct_url.json` that has been checked."""
    from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, DirectUrl, VcsInfo  # noqa: PLC0415 - as above

    info: ArchiveInfo | DirectoryInfo | VcsInfo
    if data.get("vcs_info") is not None:
        vcs = data["vcs_info"]
        info = VcsInfo(vcs=vcs["vcs"], commit_id=vcs["commit_id"], requested_revision=vcs.get("requested_revision"))
    elif data.get("dir_info") is not None:
        info = DirectoryInfo(editable=is_editable(data))
    else:
        info = ArchiveInfo(hashes=tuple(archive_hashes(data).items()))
    return DirectUrl(url=data["url"], info=info, subdirectory=data.get("subdirectory"))


def _version(text: str) -> Version | str:
    try:
        return Version(text)
    except ValueError:  # `InvalidVersion`, or endless digits
        return text


def _read_metadata(info_path: str, name: str = "", version: str = "") -> CoreMetadata | None:
    """Return METADATA, PKG-INFO or the file itself, the first one there; None where none is, or none tells enough.

    ``name`` and ``version`` stand in where the file lacks one of the two.
    """
    candidates = (os.path.join(info_path, "METADATA"), os.path.join(info_path, "PKG-INFO"), info_path)
    data = next((data for data in map(read_head, candidates) if data is not None), None)
    if data is None:
        return None
    try:
        metadata = parse_core_metadata(data)
    except ValueError:
        if not name or not version:
            return None
        metadata = parse_core_metadata(f"Name: {name}\nVersion: {version}\n".encode() + data)
    if info_path.lower().endswith("egg-info") and not metadata.requires_dist:
        return _with_egg_requires(metadata, read_text(os.path.join(info_path, "requires.txt")) or "")
    return metadata


def _with_egg_requires(metadata: CoreMetadata, text: str) -> CoreMetadata:
    """Return ``metadata`` with the requirements of a `requires.txt`."""
    requires, extras = egg_requires(text)
    provided = dict.fromkeys((*metadata.provides_extra, *extras))
    return metadata._replace(requires_dist=tuple(requires), provides_extra=tuple(provided))
