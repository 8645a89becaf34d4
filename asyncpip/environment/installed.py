"""Distributions installed in an environment (PEP 376, PEP 610, and the older egg-info).

A scan reads directories only: names and versions stand in the names of dist-info directories, and most runs need no
more than that. The metadata of a distribution is read when somebody asks for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import InvalidVersion, Version

from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.metadata import CoreMetadata, parse_core_metadata
from asyncpip.core.names import normalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.utils import NormalizedName

    from asyncpip.core.direct_url import DirectUrl
    from asyncpip.core.target import TargetEnvironment

STANDARD_LIBRARY = frozenset({"python", "wsgiref", "argparse"})
"""Projects whose metadata may lie about, but which come with the interpreter (pip's list)."""

_SUFFIX_LENGTH = len(".dist-info")  # `.egg-info` and `.egg-link` are one shorter
_VALID_NAME = re.compile(r"[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]")
_HEAD_BYTES = 32768
"""More than the header block of nearly every METADATA; what follows it, a README, is not needed."""


class _Found(NamedTuple):
    """What a scan knows of a distribution."""

    name: NormalizedName
    version: str
    """From the name of a dist-info; from the metadata of an egg-info."""
    location: str
    info_path: str
    is_local: bool
    in_user_site: bool
    metadata: CoreMetadata | None
    """Where it had to be read already."""


class _Place(NamedTuple):
    """A directory that installed distributions are looked for in."""

    path: str
    is_local: bool
    in_user_site: bool


class InstalledDistributions(Mapping["NormalizedName", InstalledDistribution]):
    """What is installed, by name, in the order found; where a name occurs twice the first one counts, as for `import`.

    Looking a distribution up reads its metadata, once. Not safe to use from two threads at a time.
    """

    __slots__ = ("_egg_links", "_found", "_read", "warnings")

    def __init__(self) -> None:
        self._found: dict[NormalizedName, _Found] = {}
        self._read: dict[NormalizedName, InstalledDistribution] = {}
        self._egg_links: set[str] = set()
        self.warnings: list[str] = []
        """What was left out and why, one line each, in pip's words."""

    @classmethod
    def scan(cls, paths: Iterable[str], target: TargetEnvironment) -> InstalledDistributions:
        """Return what is installed in the directories ``paths``; one that is missing, or an archive, holds nothing."""
        installed = cls()
        prefix = os.path.realpath(target.prefix) if target.is_virtual else None
        user_site = os.path.realpath(target.user_scheme.purelib) if target.user_scheme is not None else None
        for path in paths:
            try:
                entries = os.listdir(path)
            except OSError:
                continue
            real = os.path.realpath(path)
            is_local = prefix is None or _is_within(real, prefix)
            installed._scan_place(
                _Place(path, is_local, user_site is not None and _is_within(real, user_site)), entries
            )
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

    def _scan_place(self, place: _Place, entries: list[str]) -> None:
        links = []
        is_egg = place.path.lower().endswith(".egg")
        for entry in entries:
            ending = entry[-_SUFFIX_LENGTH:]
            if ending == ".dist-info":
                self._add_dist_info(place, place.path, entry)
            elif ending[1:] == ".egg-info" or (is_egg and entry.lower() == "egg-info"):
                self._add_egg_info(place, place.path, entry)
            elif ending[1:] == ".egg-link":
                links.append(entry)
        for entry in links:
            self._follow_link(place, entry)

    def _follow_link(self, place: _Place, entry: str) -> None:
        """Add what an egg-link leads to: a development install by setuptools before PEP 660."""
        self._egg_links.add(entry)
        text = _read_text(os.path.join(place.path, entry)) or ""
        relative = next((line.strip() for line in text.splitlines() if line.strip()), "")
        location = os.path.join(place.path, relative)
        try:
            entries = os.listdir(location) if relative else []
        except OSError:
            return
        for name in entries:
            if name.endswith(".dist-info"):
                self._add_dist_info(place, location, name)
            elif name.endswith(".egg-info"):
                self._add_egg_info(place, location, name)

    def _add_dist_info(self, place: _Place, location: str, entry: str) -> None:
        raw, dash, version = entry[:-_SUFFIX_LENGTH].partition("-")
        if raw and dash:
            self._add(place, location, entry, raw, version, None)
            return
        metadata = _read_metadata(os.path.join(location, entry))
        if metadata is None:
            self._warn(f"Skipping {os.path.join(location, entry)} due to invalid metadata entry 'name'")
            return
        self._add(place, location, entry, metadata.name, metadata.version, metadata)

    def _add_egg_info(self, place: _Place, location: str, entry: str) -> None:
        """Add an egg-info, whose directory's name does not reliably tell the version."""
        raw = "" if entry.lower() == "egg-info" else entry[: 1 - _SUFFIX_LENGTH].partition("-")[0]
        metadata = _read_metadata(os.path.join(location, entry))
        if metadata is None:
            missing = "version" if raw else "name"
            self._warn(f"Skipping {os.path.join(location, entry)} due to invalid metadata entry '{missing}'")
            return
        self._add(place, location, entry, raw or metadata.name, metadata.version, metadata)

    def _add(
        self, place: _Place, location: str, entry: str, raw: str, version: str, metadata: CoreMetadata | None
    ) -> None:
        name = normalize_name(raw)
        if name in self._found or name in STANDARD_LIBRARY:
            return
        if _VALID_NAME.fullmatch(name) is None:
            if entry.startswith("~"):
                self._warn(
                    f"Ignoring incompletely removed distribution {entry} ({location}); '~'-prefixed leftover "
                    "directories are the result of a previous incomplete installation, and can be deleted"
                )
            else:
                self._warn(f"Ignoring invalid distribution {name} ({location})")
            return
        info_path = os.path.join(location, entry)
        self._found[name] = _Found(name, version, location, info_path, place.is_local, place.in_user_site, metadata)

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)

    def _distribution(self, found: _Found) -> InstalledDistribution:
        metadata = found.metadata or _read_metadata(found.info_path, found.name, found.version)
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
        if self._egg_links:
            # setuptools wrote the name in either of two spellings (its issue 4167).
            safe = re.sub("[^A-Za-z0-9.]+", "-", distribution.raw_name)
            if not self._egg_links.isdisjoint({f"{safe}.egg-link", f"{distribution.raw_name}.egg-link"}):
                return distribution.location
        return None


def read_direct_url(info_path: str) -> DirectUrl | None:
    """Return what `direct_url.json` in a dist-info directory says (PEP 610); None where there is no valid one."""
    text = _read_text(os.path.join(info_path, "direct_url.json"))
    if text is None:
        return None
    import json  # noqa: PLC0415 - few distributions have this file

    try:
        return _direct_url(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def read_installer(info_path: str) -> str:
    """Return the tool named in INSTALLER; empty where there is none."""
    text = _read_text(os.path.join(info_path, "INSTALLER")) or ""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


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


def _direct_url(data: Any) -> DirectUrl:
    """Return the value of a parsed `direct_url.json`; raise an error of some kind where its shape is wrong."""
    from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, DirectUrl, VcsInfo  # noqa: PLC0415 - as above

    url = data["url"]
    subdirectory = data.get("subdirectory")
    if not isinstance(url, str) or not (subdirectory is None or isinstance(subdirectory, str)):
        raise TypeError("url and subdirectory are text")
    info: ArchiveInfo | DirectoryInfo | VcsInfo
    if "vcs_info" in data:
        vcs = data["vcs_info"]
        revision = vcs.get("requested_revision")
        info = VcsInfo(
            vcs=str(vcs["vcs"]),
            commit_id=str(vcs["commit_id"]),
            requested_revision=None if revision is None else str(revision),
        )
    elif "dir_info" in data:
        info = DirectoryInfo(editable=bool(data["dir_info"].get("editable", False)))
    else:
        info = ArchiveInfo(hashes=_archive_hashes(data["archive_info"]))
    return DirectUrl(url=url, info=info, subdirectory=subdirectory)


def _archive_hashes(archive: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the digests of an archive: ``hashes``, or the older single ``hash``."""
    hashes = archive.get("hashes")
    if isinstance(hashes, dict):
        return tuple((str(name), str(digest)) for name, digest in hashes.items())
    name, equals, digest = str(archive.get("hash") or "").partition("=")
    return ((name, digest),) if equals else ()


def _version(text: str) -> Version | str:
    try:
        return Version(text)
    except InvalidVersion:
        return text


def _read_metadata(info_path: str, name: str = "", version: str = "") -> CoreMetadata | None:
    """Return METADATA, PKG-INFO or the file itself, the first one there; None where none is, or none tells enough.

    ``name`` and ``version`` stand in where the file lacks one of the two.
    """
    candidates = (os.path.join(info_path, "METADATA"), os.path.join(info_path, "PKG-INFO"), info_path)
    data = next((data for data in map(_read_head, candidates) if data is not None), None)
    if data is None:
        return None
    try:
        metadata = parse_core_metadata(data)
    except ValueError:
        if not name or not version:
            return None
        metadata = parse_core_metadata(f"Name: {name}\nVersion: {version}\n".encode() + data)
    if info_path.lower().endswith("egg-info") and not metadata.requires_dist:
        return _with_egg_requires(metadata, _read_text(os.path.join(info_path, "requires.txt")) or "")
    return metadata


def _with_egg_requires(metadata: CoreMetadata, text: str) -> CoreMetadata:
    """Return ``metadata`` with the requirements of a `requires.txt`, whose sections are extras and markers."""
    extra = marker = ""
    requires, extras = [], dict.fromkeys(metadata.provides_extra)
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section, _, marker = line.strip("[]").partition(":")
            extra = normalize_name(section)
            if extra:
                extras[extra] = None
            continue
        clauses = [f"({marker})" if extra and marker else marker, f'extra == "{extra}"' if extra else ""]
        condition = " and ".join(clause for clause in clauses if clause)
        requires.append(f"{line} ; {condition}" if condition else line)
    return metadata._replace(requires_dist=tuple(requires), provides_extra=tuple(extras))


def _read_head(path: str) -> bytes | None:
    """Return a metadata file up to the end of its header block, or a little more; None where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        data = chunk = os.read(descriptor, _HEAD_BYTES)
        while chunk and b"\n\n" not in data and b"\n\r\n" not in data:
            chunk = os.read(descriptor, _HEAD_BYTES)
            data += chunk
    except OSError:  # a directory
        return None
    finally:
        os.close(descriptor)
    end = data.find(b"\n\n")
    return data if end < 0 else data[: end + 1]


def _read_text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
