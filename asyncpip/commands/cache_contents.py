"""What the cache holds, told as wheels and archives: our store, and pip's own folders beside it."""

from __future__ import annotations

import fnmatch
import os

from asyncpip.core.names import normalize_name
from asyncpip.install.manifest import Manifest
from asyncpip.store import layout
from asyncpip.store.prune import store_entries
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from packaging.utils import NormalizedName

    from asyncpip.store.prune import StoreEntry

PIP_HTTP_FOLDERS = ("http-v2", "http")
"""Where pip keeps answers: since 23.3, and before."""
PIP_WHEELS_FOLDER = "wheels"
_SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")
_LINES_OF_BUILT = 2
"""A record of a built wheel begins with its digest and file name."""
_PAGE_HEAD_BYTES = 2048
"""A page's record begins with its address."""


class CachedArchive:
    """One wheel or source distribution, in any of the forms in which the cache holds it."""

    __slots__ = ("entries", "filename", "files", "is_built", "project", "size_bytes")

    def __init__(self, filename: str, project: str) -> None:
        self.filename = filename
        self.project: NormalizedName = normalize_name(project)
        self.size_bytes = 0
        self.is_built = False
        """Whether it was built on this machine."""
        self.entries: list[StoreEntry] = []
        """What the store has of it: a tree, an archive, a record of what it was built from."""
        self.files: list[str] = []
        """What pip's own cache has of it."""

    @property
    def paths(self) -> list[str]:
        """Where it is."""
        return [*(entry.path for entry in self.entries), *self.files]

    def matches(self, pattern: str) -> bool:
        """Return whether ``pattern``, of pip's kind, means it: a name, or with a dash in it, how a file name begins.

        A name counts in all its spellings.
        """
        rest = "*" if "-" in pattern else "-*"
        return fnmatch.fnmatch(self.filename, pattern + rest) or normalize_name(pattern) == self.project


def stored_archives(entries: Iterable[StoreEntry]) -> list[CachedArchive]:
    """Return the wheels and source distributions among what is in the store; damaged trees are no wheels."""
    found: dict[tuple[str, str], CachedArchive] = {}
    for entry in entries:
        named = _named(entry)
        if named is None:
            continue
        filename, digest, project = named
        archive = found.setdefault((filename, digest), CachedArchive(filename, project))
        archive.entries.append(entry)
        archive.size_bytes += entry.size_bytes
        archive.is_built = archive.is_built or entry.bucket.startswith(layout.BUILT_PREFIX)
    return list(found.values())


def _named(entry: StoreEntry) -> tuple[str, str, str] | None:
    """Return the file name, digest and project that an entry is of; None where it is not of one archive."""
    digest = os.path.basename(entry.path)
    if entry.is_tree:
        try:
            manifest = Manifest.decode(read_file(os.path.join(entry.path, layout.MANIFEST_NAME)) or b"")
        except ValueError:
            return None
        return manifest.filename, digest, manifest.project
    if entry.bucket.startswith(layout.ARCHIVES_PREFIX):
        filename, digest = digest, os.path.basename(os.path.dirname(entry.path))
    elif entry.bucket.startswith(layout.BUILT_PREFIX):
        lines = (read_file(entry.path) or b"").decode("utf-8", "replace").split("\n")
        if len(lines) < _LINES_OF_BUILT:
            return None
        digest, filename = lines[:2]
    else:
        return None
    return filename, digest, project_of_filename(filename)


def pip_wheels(cache_dir: str) -> list[CachedArchive]:
    """Return the wheels that pip built and keeps."""
    found = []
    for path in _files_below(os.path.join(cache_dir, PIP_WHEELS_FOLDER)):
        if path.endswith(".whl"):
            archive = CachedArchive(os.path.basename(path), project_of_filename(os.path.basename(path)))
            archive.files.append(path)
            archive.size_bytes = file_size(path)
            found.append(archive)
    return found


def pip_http_files(cache_dir: str) -> list[str]:
    """Return the files in which pip keeps answers."""
    return [path for folder in PIP_HTTP_FOLDERS for path in _files_below(os.path.join(cache_dir, folder))]


def entries_of_projects(root: str, names: Collection[NormalizedName]) -> list[StoreEntry]:
    """Return all that the store has of projects: trees, archives, index pages and how long these are good."""
    entries = store_entries(root)
    found = [entry for archive in stored_archives(entries) if archive.project in names for entry in archive.entries]
    wanted = [f"/{name}/".encode() for name in names]
    pages = {
        os.path.basename(entry.path)
        for entry in entries
        if entry.bucket.startswith("pages-") and _begins_with_one_of(entry.path, wanted)
    }
    found += [entry for entry in entries if "pages-" in entry.bucket and os.path.basename(entry.path) in pages]
    return found


def project_of_filename(filename: str) -> str:
    """Return the project of a wheel or source distribution, as its file name has it."""
    if filename.endswith(".whl"):
        return filename.partition("-")[0]
    stem = next((filename.removesuffix(suffix) for suffix in _SDIST_SUFFIXES if filename.endswith(suffix)), filename)
    return stem.rpartition("-")[0] or stem


def file_size(path: str) -> int:
    """Return the size of a file; 0 for a link, and where it is gone."""
    try:
        return 0 if os.path.islink(path) else os.path.getsize(path)
    except OSError:
        return 0


def directory_size(directory: str) -> int:
    """Return the size of all files below ``directory``."""
    return sum(map(file_size, _files_below(directory)))


def bare_directories(directory: str, ending: str) -> list[str]:
    """Return ``directory`` and those below it that hold no file with ``ending`` at any depth, the deepest first."""
    full: set[str] = set()
    seen: list[str] = []
    for place, _, names in os.walk(os.path.realpath(directory)):
        seen.append(place)
        above = place
        while any(name.endswith(ending) for name in names) and above not in full and above != os.path.dirname(above):
            full.add(above)
            above = os.path.dirname(above)
    return [place for place in sorted(seen, reverse=True) if place not in full]


def _begins_with_one_of(path: str, wanted: Iterable[bytes]) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(_PAGE_HEAD_BYTES)
    except OSError:
        return False
    return any(each in head for each in wanted)


def _files_below(directory: str) -> Iterator[str]:
    for place, _, names in os.walk(directory):
        yield from (os.path.join(place, name) for name in names)
