"""Where each file of stored wheels goes: final paths, shared paths, directories that are missing. Lean.

Most of an installation lies below one root (site-packages), in directories that only one wheel has. So what can be
asked of a few thousand directories is not asked of tens of thousands of files, and paths stay relative to their root:
25.8k absolute paths take 5 ms to put together.
"""

from __future__ import annotations

import os

from asyncpip.install.scheme import ROOT, destination, record_prefix
from asyncpip.install.scripts import console_script_variants, wrapper_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asyncpip.core.target import SchemePaths
    from asyncpip.install.journal import Below
    from asyncpip.install.linker import LinkJob
    from asyncpip.install.manifest import Manifest

INSTALLER = b"asyncpip\n"


class WheelToInstall:
    """One stored wheel and what the installation says of it."""

    __slots__ = ("direct_url", "manifest", "requested", "tree")

    def __init__(self, manifest: Manifest, tree: str, *, requested: bool, direct_url: bytes | None) -> None:
        self.manifest = manifest
        self.tree = tree
        self.requested = requested
        self.direct_url = direct_url
        """Content of `direct_url.json`, or None."""


class Destination:
    """Where files go and for which interpreter."""

    __slots__ = ("cache_tag", "ensurepip_options", "executable", "python_version", "scheme")

    def __init__(
        self,
        *,
        scheme: SchemePaths,
        executable: str,
        python_version: str,
        cache_tag: str | None,
        ensurepip_options: str | None,
    ) -> None:
        self.scheme = scheme
        self.executable = executable
        self.python_version = python_version
        """``3.11``."""
        self.cache_tag = cache_tag
        self.ensurepip_options = ensurepip_options


class Placed:
    """One wheel's final paths."""

    __slots__ = ("base", "generated", "info", "info_files", "others", "prefixes", "root", "skipped", "wheel")

    def __init__(self, wheel: WheelToInstall, where: Destination) -> None:
        manifest = wheel.manifest
        self.wheel = wheel
        self.root = destination(where.scheme, ROOT, root_is_purelib=manifest.root_is_purelib, project=manifest.project)
        self.base = self.root + os.sep
        self.info = f"{self.base}{manifest.dist_info}"
        self.prefixes: dict[str, tuple[str, str]] = {}
        for key in {other[0] for other in manifest.other_files} | {"scripts"}:
            directory = destination(
                where.scheme, key, root_is_purelib=manifest.root_is_purelib, project=manifest.project
            )
            self.prefixes[key] = (directory, record_prefix(directory, self.root))
        self.others = [os.path.join(self.prefixes[key][0], path) for key, path, _, _ in manifest.other_files]
        self.info_files: set[str] = set()
        """Paths of generated files in dist-info."""
        self.generated = self._generate(where)
        self.skipped: set[int] = set()
        """Slots of files that another wheel of this run overwrites: root files, other files, generated files are
        numbered in this order."""

    def _generate(self, where: Destination) -> list[tuple[str, str, bytes, int]]:
        """Return path, RECORD path, content and mode of the files that the wheel does not hold."""
        manifest, wheel = self.wheel.manifest, self.wheel
        made = []
        scripts, prefix = self.prefixes["scripts"]
        console = console_script_variants(manifest.console_scripts, where.python_version, where.ensurepip_options)
        for gui, group in ((False, console), (True, manifest.gui_scripts)):
            for name, module, attribute in group:
                content = wrapper_script(name, module, attribute, where.executable, gui=gui)
                made.append((os.path.join(scripts, name), prefix + name, content, 0o777))
        info = [("INSTALLER", INSTALLER)]
        if wheel.requested:
            info.append(("REQUESTED", b""))
        if wheel.direct_url is not None:
            info.append(("direct_url.json", wheel.direct_url))
        made += [(f"{self.info}/{name}", f"{manifest.dist_info}/{name}", data, 0o666) for name, data in info]
        self.info_files.update(f"{self.info}/{name}" for name, _ in info)
        return made

    def beside_root(self) -> list[str]:
        """Return the paths of other files and generated files, absolute."""
        return [*self.others, *(path for path, _, _, _ in self.generated)]

    def record_path(self) -> str:
        """Return where RECORD goes."""
        return f"{self.info}{os.sep}RECORD"

    def paths(self) -> list[str]:
        """Return all paths that it will own, RECORD too, without bytecode."""
        paths = [self.base + path for path in self.wheel.manifest.root_paths]
        paths += self.beside_root()
        if self.skipped:
            paths = [path for slot, path in enumerate(paths) if slot not in self.skipped]
        paths.append(self.record_path())
        return paths

    def sources_below(self) -> list[str]:
        """Return the Python sources of the wheel, relative to the root."""
        return [path for path in self.wheel.manifest.root_paths if path.endswith(".py")]

    def stored_path(self, slot: int) -> str | None:
        """Return where the store has the file of ``slot``; None for a generated one."""
        return os.path.join(self.wheel.tree, str(slot)) if slot < self.wheel.manifest.file_count else None

    def below(self, path: str) -> str | None:
        """Return an absolute path relative to the root; None where it does not lie there."""
        return path[len(self.base) :] if path.startswith(self.base) else None


def mark_overwritten(placed: Sequence[Placed], on_overwrite: Callable[[str], None]) -> None:
    """Where one path is written more than once, let the last writer have it, as installing one by one would.

    ``on_overwrite`` is told where the contents differ: packages that share a directory often share its `__init__.py`.
    Two files can share a path only where two wheels share a directory, or a wheel one with its own other files.
    """
    shared = _shared_directories(placed)
    owner: dict[str, tuple[Placed, int]] = {}
    lost: list[tuple[str, Placed, int]] = []
    for item in placed:
        for path, slot in _doubtful(item, shared[item.base]):
            if path in owner:
                loser, its_slot = owner[path]
                loser.skipped.add(its_slot)
                lost.append((path, loser, its_slot))
            owner[path] = (item, slot)
    for path, loser, its_slot in lost:
        winner, slot = owner[path]
        if winner is not loser and not _is_same(loser.stored_path(its_slot), winner.stored_path(slot)):
            on_overwrite(
                f"{path} is written by both {loser.wheel.manifest.project} and {winner.wheel.manifest.project}; "
                "the latter's file stays"
            )


def _is_same(left: str | None, right: str | None) -> bool:
    """Return whether two stored files have the same content; None is a file that is written anew."""
    if left is None or right is None:
        return False
    try:
        with open(left, "rb") as one, open(right, "rb") as other:
            return os.fstat(one.fileno()).st_size == os.fstat(other.fileno()).st_size and one.read() == other.read()
    except OSError:
        return False  # a damaged tree, which linking will notice


def _shared_directories(placed: Sequence[Placed]) -> dict[str, set[str]]:
    """Return, by base, the directories that more than one wheel has; or one wheel twice, with its other files."""
    seen: dict[str, set[str]] = {}
    shared: dict[str, set[str]] = {}
    for item in placed:
        known = seen.setdefault(item.base, set())
        twice = shared.setdefault(item.base, set())
        beside = {
            below.rpartition("/")[0]
            for path in item.beside_root()
            # What is generated in dist-info no wheel holds: unpacking leaves that out.
            if (below := item.below(path)) is not None and path not in item.info_files
        }
        for directories in (set(item.wheel.manifest.root_directories), beside):
            twice |= known & directories
            known |= directories
    return shared if len(seen) == 1 else seen  # one root may lie in another: any directory may be shared


def _doubtful(item: Placed, shared: set[str]) -> Iterator[tuple[str, int]]:
    """Yield path and slot of each file that may have the path of another one."""
    base = item.base
    manifest = item.wheel.manifest
    if shared.isdisjoint(manifest.root_directories):
        for slot, path in enumerate(manifest.root_paths):
            if "/" not in path:
                yield base + path, slot
    else:
        for slot, path in enumerate(manifest.root_paths):
            directory = path.rpartition("/")[0]
            if not directory or directory in shared:
                yield base + path, slot
    for slot, path in enumerate(item.beside_root(), len(manifest.root_paths)):
        yield path, slot


class NewDirectories:
    """The directories that are missing: those below roots, and all others."""

    __slots__ = ("_old", "_old_below", "below", "elsewhere", "for_others")

    def __init__(self, placed: Sequence[Placed]) -> None:
        self.below: dict[str, dict[str, None]] = {}
        """By root with a separator behind it; parents first. They are made with the files that are linked there."""
        self.for_others: list[str] = []
        """Those of `below`, absolute, that hold no such file perhaps, but others; parents first."""
        self.elsewhere: dict[str, None] = {}
        """Absolute, parents first."""
        self._old: set[str] = set()
        self._old_below: dict[str, set[str]] = {}
        for item in placed:
            self.add(item.root)
            self._add_below(item)
        for item in placed:
            for directory in sorted({os.path.dirname(path) for path in item.beside_root()}):
                self.add(directory)

    def add(self, path: str) -> None:
        """Note that ``path`` is needed, and what lies above it."""
        if path in self or path in self._old:
            return
        parent = os.path.dirname(path)
        if parent != path:
            self.add(parent)
        if parent not in self and os.path.isdir(path):
            self._old.add(path)
            return
        base = next((base for base in self.below if path.startswith(base)), None)
        if base is None:
            self.elsewhere[path] = None
        else:
            self.below[base][path[len(base) :]] = None
            self.for_others.append(path)

    def __contains__(self, path: str) -> bool:
        """Return whether a directory is missing, and will be made."""
        if path in self.elsewhere:
            return True
        return any(path.startswith(base) and path[len(base) :] in found for base, found in self.below.items())

    def make_for_others(self, placed: Sequence[Placed]) -> dict[str, list[str]]:
        """Make the directories below roots that files come into which are not linked; return dist-infos, by root."""
        for path in self.for_others:
            os.makedirs(path, exist_ok=True)
        made: dict[str, list[str]] = {}
        for item in placed:
            directory = item.wheel.manifest.dist_info
            if directory in self.below[item.base]:
                os.mkdir(item.info)
            made.setdefault(item.root, []).append(directory)
        return made

    def _add_below(self, item: Placed) -> None:
        new = self.below.setdefault(item.base, {})
        old = self._old_below.setdefault(item.base, set())
        for directory in item.wheel.manifest.root_directories:
            if directory in new or directory in old:
                continue
            if directory.rpartition("/")[0] in new or not os.path.isdir(item.base + directory):
                new[directory] = None
            else:
                old.add(directory)


def bytecode_path(path: str, cache_tag: str, separator: str = os.sep) -> str:
    """Return where the bytecode of the source at ``path`` goes (PEP 3147)."""
    directory, _, name = path.rpartition(separator)
    beside = f"__pycache__{separator}{name[:-3]}.{cache_tag}.pyc"
    return f"{directory}{separator}{beside}" if directory else beside


def paths_in_old_directories(placed: Sequence[Placed], new: NewDirectories) -> Iterator[str]:
    """Yield the paths that lie in directories which exist, where a file of somebody else may be."""
    for item in placed:
        manifest = item.wheel.manifest
        fresh = new.below[item.base]
        old = {directory for directory in manifest.root_directories if directory not in fresh}
        if item.root not in new:
            old.add("")
        if old == {""}:  # as with every wheel that has no version here yet
            yield from (item.base + path for path in manifest.root_paths if "/" not in path)
        elif old:
            yield from (item.base + path for path in manifest.root_paths if path.rpartition("/")[0] in old)
        for path in (*item.beside_root(), item.record_path()):
            if os.path.dirname(path) not in new:
                yield path


def link_jobs(placed: Sequence[Placed]) -> list[LinkJob]:
    """Return runs of root files with consecutive indexes."""
    runs: list[LinkJob] = []
    for item in placed:
        paths = item.wheel.manifest.root_paths
        first = 0
        for gap in [*sorted(slot for slot in item.skipped if slot < len(paths)), len(paths)]:
            if gap > first:
                runs.append((item.wheel.tree, item.root, paths[first:gap], first))
            first = gap + 1
    return runs


def written_below(placed: Sequence[Placed], new: NewDirectories, bytecode: Sequence[LinkJob]) -> list[Below]:
    """Return, by root, all files that are linked and missing directories, for the journal."""
    files: dict[str, list[str]] = {}
    for item in placed:
        files.setdefault(item.base, []).extend(item.wheel.manifest.root_paths)
    for _, root, paths, _ in bytecode:
        files[root + os.sep] += paths
    return [(base[: -len(os.sep)], list(new.below[base]), paths) for base, paths in files.items()]
