"""Finds what has to go when a distribution goes: files, directories left empty, lines of `.pth` files.

Reads the disk and removes nothing; `transaction.py` does. The rules are those of pip 26.3: RECORD for what was
installed as a wheel, and what older tools left behind as far as it can be known. Wider than pip: `.pyc` files of all
interpreters go with their source. Narrower: a directory that RECORD names is never taken whole.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from asyncpip.core.values import Value
from asyncpip.errors import InstallError
from asyncpip.install.record import names_on_disk, parse_record
from asyncpip.install.scripts import entry_point_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.target import TargetEnvironment

_NOT_IN_EGG_LINKS = re.compile(r"[^A-Za-z0-9.]+")
"""What setuptools before 69 replaced by ``-`` in the names of ``.egg-link`` files."""


class PthEdit(NamedTuple):
    """A line to drop from a `.pth` file."""

    path: str
    entry: str


class RemovalPlan(Value):
    """All that belongs to one distribution and is there, as absolute paths, links in their directories resolved."""

    files: tuple[str, ...] = ()
    """Files and symbolic links, sorted."""
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
    def is_empty(self) -> bool:
        """Whether there is nothing to remove (pip: "No files were found to uninstall")."""
        return not self.files


class ResolvedPaths(dict[str, str]):
    """Paths as asked for, and what they lead to: half the time of a removal was one question asked again and again."""

    def __missing__(self, path: str) -> str:
        found = self[path] = _normalised(path)
        return found


def paths_to_remove(
    dist: InstalledDistribution,
    target: TargetEnvironment,
    *,
    only_below: str | None = None,
    resolved: ResolvedPaths | None = None,
) -> RemovalPlan:
    """Return what to remove for ``dist``.

    ``only_below`` is a directory that `--target` filled: nothing outside of it is touched. By default the bound is the
    prefix of a virtual environment, and there is none elsewhere. Raises `InstallError` where the distribution's files
    cannot be known. ``resolved`` is for many distributions of which none is removed meanwhile.
    """
    resolved = ResolvedPaths() if resolved is None else resolved
    location = resolved[dist.location]
    if only_below is None and not dist.is_local:
        return RemovalPlan(
            skipped=f"Not uninstalling {dist.name} at {location}, outside environment {target.prefix}",
        )
    if location == resolved[target.stdlib]:
        return RemovalPlan(skipped=f"Not uninstalling {dist.name} at {location}, as it is in the standard library.")
    bound = only_below if only_below is not None else target.prefix if target.is_virtual else None
    found = _Found(None if bound is None else resolved[bound], _Shared(dist, target, resolved), resolved)
    _collect(dist, target, found, is_plain_directory=only_below is not None)
    scheme = target.user_scheme if dist.in_user_site and target.user_scheme is not None else target.scheme
    scripts = scheme.scripts if only_below is None else os.path.join(only_below, os.path.basename(scheme.scripts))
    for name in _script_names(dist):
        found.add(os.path.join(scripts, name))
    return found.plan()


def without_pth_entry(data: bytes, entry: str) -> bytes:
    """Return the content of a `.pth` file without its first line ``entry``; line ends stay as they are."""
    lines = data.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.rstrip(b"\r\n") == os.fsencode(entry):
            return b"".join(lines[:index] + lines[index + 1 :])
    return data


def _collect(
    dist: InstalledDistribution, target: TargetEnvironment, found: _Found, *, is_plain_directory: bool
) -> None:
    """Add what metadata says, by the way in which the distribution was installed (the order of cases is pip's)."""
    info, is_egg_info = dist.info_path, dist.info_path.endswith(".egg-info")
    develop_name = dist.raw_name.replace("-", "_") + ".egg-info"
    if is_egg_info and os.path.isdir(info) and not info.endswith(os.sep + develop_name):
        _collect_flat(dist, found)
    elif is_egg_info and os.path.isfile(info):
        raise InstallError(
            f"Cannot uninstall {dist.raw_name} {dist.version}",
            why="It is a distutils installed project and thus we cannot accurately determine which files belong to it "
            "which would lead to only a partial uninstall.",
        )
    elif dist.location.rstrip("/\\").endswith(".egg"):
        egg = dist.location.rstrip("/\\")
        found.add(egg, whole=True)
        found.add_pth(os.path.join(os.path.dirname(egg), "easy-install.pth"), "./" + os.path.basename(egg))
    elif info.endswith(".dist-info"):
        for path in _recorded_paths(dist):
            found.add(path)
            if is_plain_directory and path.startswith(moved := os.path.join(dist.location, "..", "..", "")):
                # pip installs for `--target` into `lib/python` of another place, moves all, and leaves RECORD as it is.
                found.add(os.path.join(dist.location, path.removeprefix(moved)))
    elif (egg_link := _find_egg_link(dist, target)) is not None:
        found.add(egg_link)
        found.add_pth(os.path.join(os.path.dirname(egg_link), "easy-install.pth"), os.path.normcase(dist.location))


def _recorded_paths(dist: InstalledDistribution) -> Iterator[str]:
    text = _read(os.path.join(dist.info_path, "RECORD"))
    if text is None:
        installer = (_read(os.path.join(dist.info_path, "INSTALLER")) or "").strip()
        known = installer not in ("", "pip", "asyncpip")
        raise InstallError(
            f"Cannot uninstall {dist.raw_name} {dist.version}",
            why=f"The package's contents are unknown: no RECORD file was found for {dist.raw_name}.",
            hint=f"The package was installed by {installer}. You should check if it can uninstall the package."
            if known
            else "You might be able to recover from this via: "
            f"asyncpip install --ignore-installed --no-deps {dist.raw_name}=={dist.version}",
        )
    for path, _, _ in parse_record(text):
        for name in names_on_disk(path):
            yield os.path.join(dist.location, name)


def _collect_flat(dist: InstalledDistribution, found: _Found) -> None:
    """Add the files of a legacy install with an ``.egg-info`` directory beside its packages."""
    info = dist.info_path
    found.add(info, whole=True)
    listing = _read(os.path.join(info, "installed-files.txt"))
    if listing is not None:
        for line in listing.splitlines():
            if line:
                found.add(os.path.join(info, line))  # relative to the egg-info directory
        return
    namespaces = (_read(os.path.join(info, "namespace_packages.txt")) or "").splitlines()
    for name in (_read(os.path.join(info, "top_level.txt")) or "").splitlines():
        # A line is an importable name; anything else could name a directory that others share.
        if name and name not in namespaces and name not in (".", "..") and not any(sign in name for sign in "/\\"):
            path = os.path.join(dist.location, name)
            found.add(path, whole=True)
            for suffix in (".py", ".pyc", ".pyo"):
                found.add(path + suffix)


def _find_egg_link(dist: InstalledDistribution, target: TargetEnvironment) -> str | None:
    """Return the ``.egg-link`` of a `setup.py develop` install; raise where it leads to another project."""
    sites = [target.scheme.purelib]
    if target.user_scheme is not None and (not target.is_virtual or target.include_system_site):
        sites.insert(len(sites) if target.is_virtual else 0, target.user_scheme.purelib)
    for site in sites:
        for name in (_NOT_IN_EGG_LINKS.sub("-", dist.raw_name), dist.raw_name):
            path = os.path.join(site, name + ".egg-link")
            text = _read(path)
            if text is None:
                continue
            pointer = text.partition("\n")[0].strip()
            if _normalised(pointer) != _normalised(dist.location):
                raise InstallError(
                    f"Cannot uninstall {dist.raw_name} {dist.version}",
                    why=f"Egg-link {path} (to {pointer}) does not match installed location of {dist.raw_name} "
                    f"(at {dist.location})",
                )
            return path
    return None


def _script_names(dist: InstalledDistribution) -> Iterator[str]:
    """Yield the names of scripts that metadata promises, with those of their Windows launchers there."""
    scripts = os.path.join(dist.info_path, "scripts")  # distutils' `scripts=`, copied into legacy metadata
    if os.path.isdir(scripts):
        for name in os.listdir(scripts):
            yield name
            if os.name == "nt":
                yield name + ".bat"
    for name, is_gui in entry_point_names(_read(os.path.join(dist.info_path, "entry_points.txt")) or ""):
        yield name
        if os.name == "nt":
            yield from (name + ".exe", name + ".exe.manifest", name + ("-script.pyw" if is_gui else "-script.py"))


class _Shared:
    """Directories that are never pruned: places on sys.path, those of the schemes, and ``share`` and its like."""

    def __init__(self, dist: InstalledDistribution, target: TargetEnvironment, resolved: ResolvedPaths) -> None:
        schemes = [scheme for scheme in (target.scheme, target.user_scheme) if scheme is not None]
        places = [dist.location, target.stdlib, *target.sys_path]
        roots = [target.prefix, target.base_prefix]
        for scheme in schemes:
            places += [scheme.purelib, scheme.platlib, scheme.scripts, scheme.headers]
            roots.append(scheme.data)
        self._places = {resolved[path] for path in places if path}
        self._roots = {resolved[path] for path in roots if path}

    def __contains__(self, directory: str) -> bool:
        if directory in self._places or directory in self._roots:
            return True
        parent = os.path.dirname(directory)
        return parent in self._roots and parent not in self._places  # in a `--target` directory packages lie there


class _Found:
    """Collects paths, each looked up in a listing of its directory: one system call a directory, not one a file."""

    def __init__(self, bound: str | None, shared: _Shared, resolved: ResolvedPaths) -> None:
        self._bound = bound
        self._shared = shared
        self._private: set[str] = set()
        """Directories taken whole: an egg is a place on sys.path, and goes all the same."""
        self._files: dict[str, None] = {}
        self._refused: dict[str, None] = {}
        self._pth: dict[PthEdit, None] = {}
        self._resolved = resolved
        self._listings: dict[str, dict[str, bool]] = {}
        self._stems: dict[str, dict[str, list[str]]] = {}

    def add(self, path: str, *, whole: bool = False) -> None:
        """Add ``path`` where it is there and may be removed; a directory only where it goes as a ``whole``.

        The directory's links are resolved, the last component's never: a link goes, not what it leads to.
        """
        head, tail = os.path.split(path)
        directory = self._resolved[head]
        tail = os.path.normcase(tail)
        if tail in ("", ".", ".."):
            return
        is_directory = self._listing(directory).get(tail)
        if is_directory is False:
            self._admit(os.path.join(directory, tail))
        elif is_directory and whole:
            self._admit_all(os.path.join(directory, tail))
        if tail.endswith(".py"):
            self._add_bytecode(directory, tail[:-3])

    def add_pth(self, path: str, entry: str) -> None:
        """Add the line ``entry`` of the file ``path`` where that is there and may be changed."""
        path = _normalised(path)
        if not self._is_permitted(path):
            self._refused[path] = None
        elif os.path.isfile(path):
            self._pth[PthEdit(path, entry)] = None

    def plan(self) -> RemovalPlan:
        """Return all that was found."""
        gone: dict[str, set[str]] = {}
        for path in self._files:
            directory, name = os.path.split(path)
            gone.setdefault(directory, set()).add(name)
        above: set[str] = set()
        for directory in gone:
            above.update(self._private_directories(directory, above))
        return RemovalPlan(
            files=tuple(sorted(self._files)),
            directories_to_prune=self._directories_to_prune(gone, above),
            directories_above=tuple(sorted(above)),
            whole_directories=tuple(sorted(self._private)),
            pth_edits=tuple(self._pth),
            refused=tuple(sorted(self._refused)),
        )

    def _is_permitted(self, path: str) -> bool:
        return self._bound is None or path.startswith(self._bound.rstrip(os.sep) + os.sep)

    def _admit(self, path: str) -> None:
        if self._is_permitted(path):
            self._files[path] = None
        else:
            self._refused[path] = None

    def _admit_all(self, directory: str) -> None:
        self._private.add(directory)
        for name, is_directory in self._listing(directory).items():
            path = os.path.join(directory, name)
            if is_directory:
                self._admit_all(path)
            else:
                self._admit(path)

    def _add_bytecode(self, directory: str, stem: str) -> None:
        for suffix in (".pyc", ".pyo"):
            if self._listing(directory).get(stem + suffix) is False:
                self._admit(os.path.join(directory, stem + suffix))
        if "__pycache__" in self._listing(directory):
            cache = os.path.join(directory, "__pycache__")
            for name in self._bytecode_by_stem(cache).get(stem, ()):
                self._admit(os.path.join(cache, name))

    def _bytecode_by_stem(self, cache: str) -> dict[str, list[str]]:
        key = cache + os.sep
        names = self._stems.get(key)
        if names is None:
            names = self._stems[key] = {}
            for name, is_directory in self._listing(cache).items():
                if not is_directory and name.endswith(".pyc"):
                    names.setdefault(_source_stem(name), []).append(name)
        return names

    def _listing(self, directory: str) -> dict[str, bool]:
        """Return the entries of ``directory`` and whether each is a directory; empty where it cannot be read."""
        listing = self._listings.get(directory)
        if listing is None:
            try:
                with os.scandir(directory) as entries:
                    listing = {os.path.normcase(entry.name): entry.is_dir(follow_symlinks=False) for entry in entries}
            except OSError:
                listing = {}
            self._listings[directory] = listing
        return listing

    def _directories_to_prune(self, gone: dict[str, set[str]], above: set[str]) -> tuple[str, ...]:
        """Return those ``above`` and below in which nothing is left without what is ``gone``: names by directory."""
        cleared: dict[str, None] = {}
        for directory in sorted(above, key=_depth, reverse=True):
            names = gone.get(directory, set())
            empty: list[str] = []
            for name, is_directory in self._listing(directory).items():
                path = os.path.join(directory, name)
                if name not in names and path not in cleared and not (is_directory and self._is_bare(path, empty)):
                    break
            else:
                cleared.update(dict.fromkeys(empty))
                cleared[directory] = None
        return tuple(sorted(cleared, key=lambda path: (-_depth(path), path)))

    def _private_directories(self, directory: str, known: set[str]) -> list[str]:
        """Return ``directory`` and those above it, up to one that many distributions share, or one that is known."""
        found: list[str] = []
        start = directory
        while (directory in self._private or directory not in self._shared) and directory not in known:
            found.append(directory)
            up = os.path.dirname(directory)
            if up == directory:
                return [start]  # below nothing that we know: this directory and no more
            directory = up
        return found

    def _is_bare(self, directory: str, empty: list[str]) -> bool:
        """Return whether there is no file below ``directory``; if so, add it and all below it to ``empty``."""
        below: list[str] = []
        for name, is_directory in self._listing(directory).items():
            if not is_directory or not self._is_bare(os.path.join(directory, name), below):
                return False
        empty += [*below, directory]
        return True


def _depth(path: str) -> int:
    return path.count(os.sep)


def _source_stem(name: str) -> str:
    """Return ``mod`` for ``mod.cpython-311.pyc`` and ``mod.cpython-311.opt-1.pyc`` (PEP 3147, 488)."""
    rest = name.removesuffix(".pyc")
    stem, dot, last = rest.rpartition(".")
    if last.startswith("opt-"):
        stem, dot, _ = stem.rpartition(".")
    return stem if dot else rest


def _normalised(path: str) -> str:
    return os.path.normcase(os.path.realpath(os.path.expanduser(path)))


def _read(path: str) -> str | None:
    """Return the text of a metadata file; None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
