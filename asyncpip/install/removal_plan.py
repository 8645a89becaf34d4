"""What goes when a distribution goes, by directory, and how it is found on the disk. Lean.

Of 25,000 files hardly one needs a look of its own: RECORD and the listing of a directory are compared as sets, and a
directory in which nothing would stay is told as such, so that it can go as one (`removal.py`). Each directory is listed
once, and each link in the way to it followed once, for all distributions of a run.
"""

from __future__ import annotations

import os

from asyncpip.core.values import Value, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_CACHE = "__pycache__"
_HERE = ("", ".", "..")
_NOTHING: frozenset[str] = frozenset()


class PthEdit(Value):
    """A line to drop from a `.pth` file."""

    path: str
    entry: str


class RemovalPlan(Value):
    """All that belongs to one distribution and is there, as absolute paths, links in their directories resolved."""

    files_by_directory: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Names of files and symbolic links."""
    directories_to_prune: tuple[str, ...] = ()
    """Directories in which nothing is left then, the deepest first."""
    directories_above: tuple[str, ...] = ()
    """All that hold something to remove and are no shared place: several removals together may empty more of them."""
    whole_directories: tuple[str, ...] = ()
    """Those that go with all that is in them, not by a list of files."""
    pth_edits: tuple[PthEdit, ...] = ()
    refused: tuple[str, ...] = ()
    """Files outside of the prefix, which stay."""
    skipped: str | None = None
    """Why nothing at all is removed, in pip's words; None in the usual case."""

    @property
    def files(self) -> tuple[str, ...]:
        """Files and symbolic links, sorted; made anew each time."""
        return tuple(
            sorted(os.path.join(place, name) for place, names in self.files_by_directory.items() for name in names)
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove (pip: "No files were found to uninstall")."""
        return not self.files_by_directory


class Listing:
    """The names in one directory."""

    __slots__ = ("directories", "files", "is_readable", "may_hold_bytecode")

    def __init__(self, files: set[str], directories: set[str], *, is_readable: bool = True) -> None:
        self.files = files
        """All that is no directory: symbolic links too."""
        self.directories = directories
        self.is_readable = is_readable
        """False where something may be in it that could not be seen."""
        self.may_hold_bytecode = ".pyc" in (together := "/".join(files)) or ".pyo" in together


class Directories:
    """Directories as they were when first looked at. For many distributions of which none is removed meanwhile."""

    def __init__(self) -> None:
        self._resolved: dict[str, str] = {}
        self._listings: dict[str, Listing] = {}
        self._below: dict[str, dict[str, str | None]] = {}
        self._bytecode: dict[tuple[str, bool], dict[str, list[str]]] = {}

    def resolve(self, path: str) -> str:
        """Return where ``path`` leads to, all links followed."""
        found = self._resolved.get(path)
        if found is None:
            found = self._resolved[path] = normalised(path)
        return found

    def list(self, directory: str) -> Listing:
        """Return what is in ``directory``; nothing where that cannot be read."""
        listing = self._listings.get(directory)
        if listing is None:
            listing = self._listings[directory] = _list(directory)
        return listing

    def below(self, root: str, relative: str) -> str | None:
        """Return where the directory ``relative``, with ``/`` between its parts, leads to from the resolved ``root``.

        None where there is none. As `resolve`, but by the listings, which are needed anyway: no look at each part.
        """
        known = self._below.get(root)
        if known is None:
            known = self._below[root] = {"": root}
        if relative in known:
            return known[relative]
        above, _, name = relative.rpartition("/")
        found: str | None
        if name in _HERE or relative.startswith("/") or os.sep != "/":
            found = self.resolve(os.path.join(root, relative))
        else:
            parent = known[above] if above in known else self.below(root, above)
            found = None if parent is None else self._entered(parent, name)
        known[relative] = found
        return found

    def _entered(self, parent: str, name: str) -> str | None:
        listing = self.list(parent)
        path = f"{parent}/{name}" if parent != "/" else parent + name
        if name in listing.directories:
            return path
        return self.resolve(path) if name in listing.files or not listing.is_readable else None

    def bytecode(self, directory: str, *, is_cache: bool) -> Mapping[str, Iterable[str]]:
        """Return the names of bytecode in ``directory`` by those of their sources; ``is_cache`` for a `__pycache__`."""
        key = (directory, is_cache)
        found = self._bytecode.get(key)
        if found is None:
            found = self._bytecode[key] = {}
            for name in self.list(directory).files:
                if name.endswith(".pyc") or (name.endswith(".pyo") and not is_cache):
                    found.setdefault(f"{_source_stem(name)}.py" if is_cache else name[:-1], []).append(name)
        return found


class Shared:
    """Directories that are never pruned: places on sys.path, those of the schemes, and ``share`` and its like."""

    def __init__(self, places: Iterable[str], roots: Iterable[str], directories: Directories) -> None:
        """``roots`` are prefixes: a directory in one of them is shared too, where it is no place of its own."""
        self._places = {directories.resolve(path) for path in places if path}
        self._roots = {directories.resolve(path) for path in roots if path}

    def __contains__(self, directory: str) -> bool:
        if directory in self._places or directory in self._roots:
            return True
        parent = directory.rpartition(os.sep)[0]
        return parent in self._roots and parent not in self._places  # in a `--target` directory packages lie there


class Found:
    """Collects what is there and may go of one distribution."""

    def __init__(self, bound: str | None, shared: Shared, directories: Directories) -> None:
        """``bound`` is the directory, resolved, outside of which nothing goes; None where there is none such."""
        self._bound = None if bound is None else bound.rstrip(os.sep) + os.sep
        self._shared = shared
        self._directories = directories
        self._private: set[str] = set()
        """Directories taken whole: an egg is a place on sys.path, and goes all the same."""
        self._files: dict[str, set[str]] = {}
        self._refused: dict[str, None] = {}
        self._pth: dict[PthEdit, None] = {}

    def add(self, path: str, *, whole: bool = False) -> None:
        """Add ``path`` where it is there and may be removed; a directory only where it goes as a ``whole``.

        The directory's links are resolved, the last component's never: a link goes, not what it leads to.
        """
        head, tail = os.path.split(path)
        if tail in _HERE:
            return
        directory = self._directories.resolve(head)
        tail = os.path.normcase(tail)
        if whole and tail in self._directories.list(directory).directories:
            self._admit_all(os.path.join(directory, tail))
        self._add_names(directory, {tail})

    def add_recorded(self, location: str, paths: Iterable[str]) -> None:
        """Add the files ``paths`` of a RECORD, relative to ``location``, which is resolved, or absolute."""
        by_directory: dict[str, set[str]] = {}
        last, names = None, set[str]()
        for path in paths:
            relative, slash, name = path.rpartition("/")
            if relative != last or not relative:
                if slash and not relative:
                    self.add(path)
                    continue
                last = relative
                names = by_directory.setdefault(relative, set())
            names.add(name)
        for relative, names in by_directory.items():
            if os.sep != "/":  # a name may hold the system's own separator, and be written in any case
                for name in names:
                    self.add(os.path.join(location, relative, name))
                continue
            directory = self._directories.below(location, relative)
            if directory is not None:
                self._add_names(directory, names)

    def add_pth(self, path: str, entry: str) -> None:
        """Add the line ``entry`` of the file ``path`` where that is there and may be changed."""
        path = normalised(path)
        if not self._is_permitted(path):
            self._refused[path] = None
        elif os.path.isfile(path):
            self._pth[PthEdit(path=path, entry=entry)] = None

    def plan(self) -> RemovalPlan:
        """Return all that was found."""
        above: set[str] = set()
        for directory in self._files:
            above.update(self._private_directories(directory, above))
        return RemovalPlan(
            files_by_directory=self._files,
            directories_to_prune=self._directories_to_prune(above),
            directories_above=tuple(sorted(above)),
            whole_directories=tuple(sorted(self._private)),
            pth_edits=tuple(self._pth),
            refused=tuple(sorted(self._refused)),
        )

    def _is_permitted(self, path: str) -> bool:
        return self._bound is None or path.startswith(self._bound)

    def _add_names(self, directory: str, names: set[str]) -> None:
        """Add those of ``names`` that are files in ``directory``, and the bytecode of sources, there or not."""
        listing = self._directories.list(directory)
        found = names & listing.files
        if listing.may_hold_bytecode:
            compiled = self._directories.bytecode(directory, is_cache=False)
            found.update(name for source in names.intersection(compiled) for name in compiled[source])
        if found:
            self._admit(directory, found)
        if _CACHE in listing.directories:
            cache = os.path.join(directory, _CACHE)
            compiled = self._directories.bytecode(cache, is_cache=True)
            found = {name for source in names.intersection(compiled) for name in compiled[source]}
            if found:
                self._admit(cache, found)

    def _admit(self, directory: str, names: set[str]) -> None:
        if self._is_permitted(directory + os.sep):
            known = self._files.get(directory)
            self._files[directory] = names if known is None else known | names
        else:
            self._refused.update(dict.fromkeys(os.path.join(directory, name) for name in names))

    def _admit_all(self, directory: str) -> None:
        self._private.add(directory)
        listing = self._directories.list(directory)
        if listing.files:
            self._admit(directory, set(listing.files))
        for name in listing.directories:
            self._admit_all(os.path.join(directory, name))

    def _directories_to_prune(self, above: set[str]) -> tuple[str, ...]:
        """Return those ``above`` and below in which nothing is left without what was found."""
        cleared: set[str] = set()
        for directory in sorted(above, key=len, reverse=True):  # what lies below another is longer
            listing = self._directories.list(directory)
            if not listing.is_readable or not listing.files <= self._files.get(directory, _NOTHING):
                continue
            empty: list[str] = []
            for name in listing.directories:
                path = f"{directory}{os.sep}{name}"
                if path not in cleared and not self._is_bare(path, empty):
                    break
            else:
                cleared.update(empty)
                cleared.add(directory)
        by_depth: dict[int, list[str]] = {}
        for path in sorted(cleared):
            by_depth.setdefault(path.count(os.sep), []).append(path)
        return tuple(path for depth in sorted(by_depth, reverse=True) for path in by_depth[depth])

    def _private_directories(self, directory: str, known: set[str]) -> list[str]:
        """Return ``directory`` and those above it, up to one that many distributions share, or one that is known."""
        found: list[str] = []
        at = directory
        while at not in known and (at in self._private or at not in self._shared):
            found.append(at)
            at = at.rpartition(os.sep)[0]
            if not at:
                return [directory]  # below nothing that we know: this directory and no more
        return found

    def _is_bare(self, directory: str, empty: list[str]) -> bool:
        """Return whether there is no file below ``directory``; if so, add it and all below it to ``empty``."""
        below: list[str] = []
        listing = self._directories.list(directory)
        if listing.files or not listing.is_readable:
            return False
        for name in listing.directories:
            if not self._is_bare(os.path.join(directory, name), below):
                return False
        empty += [*below, directory]
        return True


def normalised(path: str) -> str:
    """Return ``path`` as paths are compared: absolute, all links followed."""
    return os.path.normcase(os.path.realpath(os.path.expanduser(path)))


def _list(directory: str) -> Listing:
    files: set[str] = set()
    directories: set[str] = set()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                (directories if entry.is_dir(follow_symlinks=False) else files).add(entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return Listing(set(), set())
    except OSError:
        return Listing(set(), set(), is_readable=False)
    if os.path.normcase("A") == "a":
        files, directories = set(map(os.path.normcase, files)), set(map(os.path.normcase, directories))
    return Listing(files, directories)


def _source_stem(name: str) -> str:
    """Return ``mod`` for ``mod.cpython-311.pyc`` and ``mod.cpython-311.opt-1.pyc`` (PEP 3147, 488)."""
    rest = name.removesuffix(".pyc")
    stem, dot, last = rest.rpartition(".")
    if last.startswith("opt-"):
        stem, dot, _ = stem.rpartition(".")
    return stem if dot else rest
