"""Installed distributions as directories show them (PEP 376, and the older egg-info). Lean.

A scan lists directories only: names, and versions of dist-info directories, stand in their names. The files of a
distribution are read when somebody asks; few of its METADATA's fields are looked for, where few are wanted.
"""

from __future__ import annotations

import os

from asyncpip.core.headers import Headers, parse_headers, values_of
from asyncpip.core.names import is_valid_name, normalize_name
from asyncpip.environment.listing import read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from packaging.utils import NormalizedName

STANDARD_LIBRARY = frozenset(("python", "wsgiref", "argparse"))
"""Projects whose metadata may lie about, but which come with the interpreter (pip's list)."""
UNFINISHED = ".asyncpip-"
"""How the directories begin in which runs of asyncpip journal what they change (`install.transaction`)."""
_SUFFIX_LENGTH = len(".dist-info")  # `.egg-info` and `.egg-link` are one shorter
_FIRST_LINES_BYTES = 1024
"""More than the first three lines of nearly every METADATA, which tell name and version."""


class FoundDistribution:
    """One installed distribution: what its directory's name tells, and what its files tell when asked."""

    __slots__ = ("_headers", "_named", "info_path", "is_local", "in_user_site", "location", "name", "version")  # noqa: RUF023 - by sense

    def __init__(
        self, name: NormalizedName, version: str, info_path: str, *, is_local: bool, in_user_site: bool
    ) -> None:
        self.name = name
        self.version = version
        """From the name of a dist-info; from the metadata of an egg-info."""
        self.info_path = info_path
        self.location = os.path.dirname(info_path)
        self.is_local = is_local
        self.in_user_site = in_user_site
        self._named: tuple[str, str] | None = None
        self._headers: Headers | None = None

    @property
    def written_name(self) -> str:
        """The name as METADATA spells it; empty where it has none."""
        return self._names()[0]

    @property
    def raw_name(self) -> str:
        """The name as METADATA spells it; the normalised one where it has none."""
        return self._names()[0] or self.name

    @property
    def raw_version(self) -> str:
        """The version as METADATA spells it; where it has none, as the directory does (pip: ``None``)."""
        return self._names()[1] or self.version

    @property
    def headers(self) -> Headers:
        """The fields of METADATA, or PKG-INFO, without what follows them; empty where there is neither."""
        if self._headers is None:
            self._headers = parse_headers(self._head())
        return self._headers

    def read_metadata(self) -> Headers:
        """Return all of METADATA, or PKG-INFO, read anew."""
        data = next((data for data in map(_read_whole, _metadata_paths(self.info_path)) if data), b"")
        return parse_headers(data.decode("utf-8", "replace"))

    @property
    def requires_dist(self) -> list[str]:
        """Requires-Dist; of an egg-info without it, what requires.txt says."""
        if self._headers is None:
            values = values_of(self._head(), "Requires-Dist")
        else:
            values = self._headers.get_all("requires-dist")
        lines = [line.strip() for line in values]
        return lines or egg_requires(self.read_text("requires.txt") or "")[0]

    @property
    def installer(self) -> str:
        """The tool named in INSTALLER; empty where there is none."""
        text = self.read_text("INSTALLER") or ""
        return next((line.strip() for line in text.splitlines() if line.strip()), "")

    def read_text(self, filename: str) -> str | None:
        """Return a file beside METADATA; None where there is none that can be read."""
        return read_text(os.path.join(self.info_path, filename))

    def mentions(self, names: Collection[bytes]) -> bool:
        """Return whether METADATA may require one of ``names``, which are normalised; True for an egg-info."""
        if not self.info_path.endswith(".dist-info"):
            return True
        data = next((data for data in map(read_head, _metadata_paths(self.info_path)) if data), b"")
        fields = data.partition(b"\n\n")[0].lower()
        if b"requires-dist:" not in fields:
            return False
        if any(b"-" in name for name in names):
            fields = fields.replace(b"_", b"-").replace(b".", b"-")
            while b"--" in fields:
                fields = fields.replace(b"--", b"-")
        return any(name in fields for name in names)

    def _head(self) -> str:
        """Return the lines of METADATA, or PKG-INFO, before the first empty one; name and version are noted."""
        data = next((data for data in map(read_head, _metadata_paths(self.info_path)) if data), b"")
        if self._named is None:
            self._named = _name_and_version(data)
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data.partition(b"\n\n")[0].decode("utf-8", "replace")

    def _names(self) -> tuple[str, str]:
        if self._named is None:
            self._named = read_name_and_version(self.info_path)
        return self._named


class Scan:
    """What a number of directories hold; where a name occurs twice the first one counts, as for `import`."""

    __slots__ = ("_names", "_warn", "egg_links", "found", "unfinished")

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.found: list[FoundDistribution] = []
        """In the order of the directories."""
        self.egg_links: set[str] = set()
        """File names of egg-links: development installs by setuptools before PEP 660."""
        self.unfinished: list[str] = []
        """Directories in which a run of asyncpip is changing something, or was killed while it did."""
        self._names: set[NormalizedName] = set()
        self._warn = warn

    def add(self, path: str, *, is_local: bool, in_user_site: bool) -> None:
        """Add what is in one directory; one that is missing, or an archive, holds nothing."""
        try:
            entries = os.listdir(path)
        except OSError:
            return
        links = []
        first = len(self.found)
        is_egg = path.lower().endswith(".egg")
        for entry in entries:
            ending = entry[-_SUFFIX_LENGTH:]
            if ending == ".dist-info":
                self._add_dist_info(path, entry, is_local, in_user_site)
            elif ending[1:] == ".egg-info" or (is_egg and entry.lower() == "egg-info"):
                self._add_egg_info(path, entry, is_local, in_user_site)
            elif ending[1:] == ".egg-link":
                links.append(entry)
            elif entry.startswith(UNFINISHED):
                self.unfinished.append(path)
        if self.unfinished and self.unfinished[-1] == path:
            begun = min(_begun_at(path, entry) for entry in entries if entry.startswith(UNFINISHED))
            self.found[first:] = [each for each in self.found[first:] if not _is_half_there(each, begun)]
        for entry in links:
            self._follow_link(path, entry, is_local, in_user_site)

    def _follow_link(self, path: str, entry: str, is_local: bool, in_user_site: bool) -> None:
        """Add what an egg-link leads to; it counts as installed where the link is."""
        self.egg_links.add(entry)
        text = read_text(os.path.join(path, entry)) or ""
        relative = next((line.strip() for line in text.splitlines() if line.strip()), "")
        location = os.path.join(path, relative)
        try:
            entries = os.listdir(location) if relative else []
        except OSError:
            return
        for name in entries:
            if name.endswith(".dist-info"):
                self._add_dist_info(location, name, is_local, in_user_site)
            elif name.endswith(".egg-info"):
                self._add_egg_info(location, name, is_local, in_user_site)

    def _add_dist_info(self, location: str, entry: str, is_local: bool, in_user_site: bool) -> None:
        raw, dash, version = entry[:-_SUFFIX_LENGTH].partition("-")
        if not raw or not dash:
            raw, version = read_name_and_version(os.path.join(location, entry))
            if not raw or not version:
                self._warn(f"Skipping {os.path.join(location, entry)} due to invalid metadata entry 'name'")
                return
        self._add(location, entry, raw, version, is_local, in_user_site)

    def _add_egg_info(self, location: str, entry: str, is_local: bool, in_user_site: bool) -> None:
        """Add an egg-info, whose directory's name does not reliably tell the version."""
        raw = "" if entry.lower() == "egg-info" else entry[: 1 - _SUFFIX_LENGTH].partition("-")[0]
        name, version = read_name_and_version(os.path.join(location, entry))
        if not name or not version:
            missing = "version" if raw else "name"
            self._warn(f"Skipping {os.path.join(location, entry)} due to invalid metadata entry '{missing}'")
            return
        self._add(location, entry, raw or name, version, is_local, in_user_site)

    def _add(self, location: str, entry: str, raw: str, version: str, is_local: bool, in_user_site: bool) -> None:
        name = normalize_name(raw)
        if name in self._names:
            return
        self._names.add(name)
        if not is_valid_name(name):
            if entry.startswith("~"):
                self._warn(
                    f"Ignoring incompletely removed distribution {entry} ({location}); '~'-prefixed leftover "
                    "directories are the result of a previous incomplete installation, and can be deleted"
                )
            else:
                self._warn(f"Ignoring invalid distribution {name} ({location})")
            return
        self.found.append(
            FoundDistribution(
                name, version, os.path.join(location, entry), is_local=is_local, in_user_site=in_user_site
            )
        )


def scan(
    paths: Iterable[str], *, virtual_prefix: str | None, user_site: str | None, warn: Callable[[str], None]
) -> Scan:
    """Return what is installed in the directories ``paths``.

    ``virtual_prefix`` is the virtual environment whose distributions are local (None: all are), ``user_site`` the
    directory of the user's own (None: there is none); ``warn`` gets what is left out and why, in pip's words.
    """
    result = Scan(warn)
    prefix = os.path.realpath(virtual_prefix) if virtual_prefix is not None else None
    user = os.path.realpath(user_site) if user_site is not None else None
    for path in paths:
        real = os.path.realpath(path) if prefix is not None or user is not None else path
        result.add(
            path,
            is_local=prefix is None or _is_within(real, prefix),
            in_user_site=user is not None and _is_within(real, user),
        )
    return result


def egg_links(paths: Iterable[str]) -> set[str]:
    """Return the file names of the egg-links in the directories ``paths``."""
    found: set[str] = set()
    for path in paths:
        try:
            found.update(entry for entry in os.listdir(path) if entry.endswith(".egg-link"))
        except OSError:
            continue
    return found


def egg_requires(text: str) -> tuple[list[str], list[str]]:
    """Return requirements and extras of a `requires.txt`, whose sections are extras and markers."""
    extra = marker = ""
    requires: list[str] = []
    extras: dict[str, None] = {}
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
    return requires, list(extras)


def editable_link_names(raw_name: str) -> tuple[str, str]:
    """Return the names that an egg-link of the project may have; setuptools changed them once (its issue 4167)."""
    safe = "".join(sign if (sign.isascii() and sign.isalnum()) or sign == "." else "\0" for sign in raw_name)
    while "\0\0" in safe:
        safe = safe.replace("\0\0", "\0")
    return safe.replace("\0", "-") + ".egg-link", f"{raw_name}.egg-link"


def read_name_and_version(info_path: str) -> tuple[str, str]:
    """Return what METADATA, PKG-INFO or the file itself, the first one there, says; empty what it does not say."""
    for path in _metadata_paths(info_path):
        data = read_head(path)
        if data:
            return _name_and_version(data)
    return "", ""


def _name_and_version(data: bytes) -> tuple[str, str]:
    head, *lines = data[:_FIRST_LINES_BYTES].split(b"\n", 3)
    if len(lines) == 3 and head.startswith(b"Metadata-Version:") and b"\r" not in head + lines[0] + lines[1]:  # noqa: PLR2004 - two and the rest
        name, version = _usual_value(lines[0], b"Name:"), _usual_value(lines[1], b"Version:")
        if name and version:
            return name, version
    name = version = ""
    for line in _lines(data):
        key, colon, value = line.partition(b":")
        if not colon:
            break
        field = key.lower()
        if field == b"name" and not name:
            name = value.decode("utf-8", "replace").strip()
        elif field == b"version" and not version:
            version = value.decode("utf-8", "replace").strip()
        if name and version:
            break
    return name, version


def _usual_value(line: bytes, mark: bytes) -> str:
    return line[len(mark) :].decode("utf-8", "replace").strip() if line.startswith(mark) else ""


def _lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines that begin a field; most files tell name and version in their first three."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end]
        if not line:
            return
        if line[:1] not in (b" ", b"\t"):
            yield line
        start = end + 1


def read_text(path: str) -> str | None:
    """Return a text file; None where it cannot be read."""
    data = _read_whole(path)
    return None if data is None else data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _read_whole(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        pieces = []
        while piece := os.read(descriptor, 1 << 20):
            pieces.append(piece)
        return b"".join(pieces)
    except OSError:  # a directory
        return None
    finally:
        os.close(descriptor)


def _metadata_paths(info_path: str) -> tuple[str, str, str]:
    return f"{info_path}{os.sep}METADATA", f"{info_path}{os.sep}PKG-INFO", info_path


def _begun_at(path: str, entry: str) -> float:
    """Return when the unfinished run ``entry`` wrote its journal; infinity where it has none, so changed nothing."""
    try:
        return os.stat(f"{path}{os.sep}{entry}{os.sep}journal").st_mtime
    except OSError:
        return float("inf")


def _is_half_there(distribution: FoundDistribution, begun: float) -> bool:
    """Return whether a dist-info has changed since ``begun`` and lacks its RECORD, which comes last and goes first."""
    path = distribution.info_path
    if not path.endswith(".dist-info") or os.path.exists(f"{path}{os.sep}RECORD"):
        return False
    try:
        return os.stat(path).st_mtime >= begun
    except OSError:  # it has just gone
        return True


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
