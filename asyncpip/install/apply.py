"""Stored wheels into the target, old versions out of it, as one transaction (binary distribution format, "Installing").

Works out every path first, so that the journal is complete before anything changes; then moves old files aside, makes
directories, links files in threads, writes what installers write, and RECORD files last. Lean.
"""

from __future__ import annotations

import os
import sys
from bisect import insort

from asyncpip.errors import AsyncpipError
from asyncpip.install.linker import install_error, link_files, place_file
from asyncpip.install.record import row_line, row_of
from asyncpip.install.scheme import ROOT, destination, record_prefix
from asyncpip.install.scripts import console_script_variants, fix_shebang, wrapper_script
from asyncpip.install.transaction import Transaction
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from asyncpip.core.target import SchemePaths
    from asyncpip.install.linker import LinkJob
    from asyncpip.install.manifest import Manifest

    Compile = Callable[[list[str]], list[str]]
    """Byte-compiles `.py` files (final paths) and returns the `.pyc` files that it made."""

INSTALLER = b"asyncpip\n"
_LINE_END = "\r\n"


class WheelToInstall:
    """One stored wheel and what the installation says of it."""

    __slots__ = ("direct_url", "manifest", "requested", "tree")

    def __init__(self, manifest: Manifest, tree: str, *, requested: bool, direct_url: bytes | None) -> None:
        self.manifest = manifest
        self.tree = tree
        self.requested = requested
        self.direct_url = direct_url
        """Content of `direct_url.json`, or None."""


class Removal:
    """What to take away of an installed distribution: files (moved aside), rewritten files, directories if empty."""

    __slots__ = ("directories", "files", "rewritten")

    def __init__(self, files: Sequence[str], directories: Sequence[str], rewritten: dict[str, bytes]) -> None:
        self.files = files
        self.directories = directories
        self.rewritten = rewritten
        """Path and new content of shared files that lose a line (`easy-install.pth`)."""


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


class _Placed:
    """One wheel's final paths."""

    __slots__ = ("generated", "info", "others", "prefixes", "root", "skipped", "wheel")

    def __init__(self, wheel: WheelToInstall, where: Destination) -> None:
        manifest = wheel.manifest
        self.wheel = wheel
        self.root = destination(where.scheme, ROOT, root_is_purelib=manifest.root_is_purelib, project=manifest.project)
        self.info = f"{self.root}{os.sep}{manifest.dist_info}"
        self.prefixes: dict[str, tuple[str, str]] = {}
        for key in {other[0] for other in manifest.other_files} | {"scripts"}:
            directory = destination(
                where.scheme, key, root_is_purelib=manifest.root_is_purelib, project=manifest.project
            )
            self.prefixes[key] = (directory, record_prefix(directory, self.root))
        self.others = [os.path.join(self.prefixes[key][0], path) for key, path, _, _ in manifest.other_files]
        self.generated = self._generate(where)
        self.skipped: set[int] = set()
        """Positions in `slot_paths` of files that another wheel of this run overwrites."""

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
        return made

    def slot_paths(self) -> list[str]:
        """Return all paths it writes but RECORD: root files, other files, generated files, in this order."""
        base = self.root + os.sep
        paths = [base + path for path in self.wheel.manifest.root_paths]
        paths += self.others
        paths += [path for path, _, _, _ in self.generated]
        return paths

    def paths(self) -> list[str]:
        """Return all paths that it will own, RECORD too, without bytecode."""
        paths = self.slot_paths()
        if self.skipped:
            paths = [path for slot, path in enumerate(paths) if slot not in self.skipped]
        paths.append(f"{self.info}{os.sep}RECORD")
        return paths

    def directories(self) -> list[str]:
        """Return all directories that its files lie in, parents first, those above the scheme's own left out."""
        base = self.root + os.sep
        found = [base + path for path in self.wheel.manifest.root_directories]
        extra = {os.path.dirname(path) for path in self.others}
        extra |= {os.path.dirname(path) for path, _, _, _ in self.generated}
        return found + sorted(extra)


def apply_changes(
    wheels: Sequence[WheelToInstall],
    removals: Sequence[Removal],
    where: Destination,
    *,
    link_mode: str,
    jobs: int,
    compile_sources: Compile | None = None,
    on_overwrite: Callable[[str], None] = lambda _: None,
    before_linking: Callable[[], None] = lambda: None,
) -> None:
    """Install ``wheels`` (in this order where two write the same path) and remove what ``removals`` say.

    The caller holds the lock on the target. On any error all is put back and the error raised: `InstallError` for what
    the disk refuses. ``on_overwrite`` is told of files that two wheels share. ``before_linking`` is called when all is
    prepared, and may raise.
    """
    placed = [_Placed(wheel, where) for wheel in wheels]
    _drop_overwritten(placed, on_overwrite)
    new_directories = _directories_to_make(placed)
    new_files = [path for item in placed for path in item.paths()]
    if sys.getfilesystemencoding() != "utf-8":
        for path in new_files:
            os.fsencode(path)  # raises UnicodeEncodeError: now, and not when half is written
    sources = [path for path in new_files if path.endswith(".py")] if compile_sources and where.cache_tag else []
    bytecode = [_bytecode_path(path, where.cache_tag or "") for path in sources]
    new_directories += _new_parents(bytecode, set(new_directories))
    new_files += bytecode

    moved = dict.fromkeys(path for removal in removals for path in removal.files)
    rewritten = {path: content for removal in removals for path, content in removal.rewritten.items()}
    moved.update(dict.fromkeys(rewritten))
    fresh = set(new_directories)
    for path in _outside_of(fresh, placed, bytecode):
        if path not in moved and os.path.lexists(path) and not _keeps_files(path, moved):
            moved[path] = None

    transaction = Transaction(
        where.scheme.purelib,
        moved=list(moved),
        new_directories=new_directories,
        new_files=[*new_files, *rewritten],
    )
    try:
        transaction.begin()
        for path, content in rewritten.items():
            _write_new(path, content, 0o666)
        before_linking()
        link_files(_link_jobs(placed), mode=link_mode, jobs=jobs)
        rows = [_place_others(item, where, link_mode) for item in placed]
        compiled = compile_sources(sources) if compile_sources else []
        _write_records(placed, rows, compiled)
        transaction.commit([directory for removal in removals for directory in removal.directories])
    except BaseException as error:
        problems = transaction.rollback()
        if isinstance(error, OSError):
            raise install_error(error, _rolled_back(problems)) from error
        if isinstance(error, AsyncpipError) and problems:
            error.why = "\n".join(filter(None, (error.why, _rolled_back(problems))))
        raise


def _outside_of(fresh: set[str], placed: list[_Placed], bytecode: list[str]) -> Iterator[str]:
    """Yield the paths that do not lie in a ``fresh`` directory, where a file of somebody else may be."""
    for item in placed:
        paths = item.paths()
        base = item.root + os.sep
        manifest = item.wheel.manifest
        if not item.skipped and all(base + directory in fresh for directory in manifest.root_directories):
            # All that lies deeper is new; so it is with a wheel that has no version here yet.
            count = len(manifest.root_paths)
            paths = [base + path for path in manifest.root_paths if "/" not in path] + paths[count:]
        yield from (path for path in paths if path.rpartition(os.sep)[0] not in fresh)
    yield from (path for path in bytecode if path.rpartition(os.sep)[0] not in fresh)


def _rolled_back(problems: list[str]) -> str:
    if problems:
        return "the environment could not be restored: " + "; ".join(problems)
    return "the environment is as it was before"


def _drop_overwritten(placed: list[_Placed], on_overwrite: Callable[[str], None]) -> None:
    """Where one path is written more than once, let the last writer have it, as installing one by one would."""
    paths_of = [item.slot_paths() for item in placed]
    if len(set().union(*paths_of)) == sum(map(len, paths_of)):
        return  # as nearly always; who owns what is worth 8 ms only where it is asked
    owner = {path: (number, slot) for number, paths in enumerate(paths_of) for slot, path in enumerate(paths)}
    for number, (item, paths) in enumerate(zip(placed, paths_of, strict=True)):
        for slot, path in enumerate(paths):
            if owner[path] == (number, slot):
                continue
            item.skipped.add(slot)
            last = placed[owner[path][0]]
            if last is not item:
                on_overwrite(
                    f"{path} is written by both {item.wheel.manifest.project} and {last.wheel.manifest.project}; "
                    "the latter's file stays"
                )


def _directories_to_make(placed: list[_Placed]) -> list[str]:
    """Return the directories that are missing, parents first."""
    new: dict[str, None] = {}
    old: set[str] = set()

    def visit(path: str) -> None:
        if path in new or path in old:
            return
        parent = os.path.dirname(path)
        if parent != path:
            visit(parent)
        if parent in new or not os.path.isdir(path):
            new[path] = None
        else:
            old.add(path)

    for item in placed:
        for directory in item.directories():
            visit(directory)
    return list(new)


def _new_parents(paths: list[str], known: set[str]) -> list[str]:
    """Return the missing directories that ``paths`` lie directly in."""
    parents = dict.fromkeys(os.path.dirname(path) for path in paths)
    return [path for path in parents if path not in known and not os.path.isdir(path)]


def _bytecode_path(path: str, cache_tag: str) -> str:
    directory, _, name = path.rpartition(os.sep)
    return f"{directory}{os.sep}__pycache__{os.sep}{name[:-3]}.{cache_tag}.pyc"


def _keeps_files(path: str, moved: Collection[str]) -> bool:
    """Return whether ``path`` is a directory with files that stay: it is in the way, and not ours to take away."""
    if os.path.islink(path) or not os.path.isdir(path):
        return False
    for place, directories, names in os.walk(path):
        links = [name for name in directories if os.path.islink(os.path.join(place, name))]
        if any(os.path.join(place, name) not in moved for name in (*names, *links)):
            return True
    return False


def _link_jobs(placed: list[_Placed]) -> list[LinkJob]:
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


def _place_others(item: _Placed, where: Destination, link_mode: str) -> list[str]:
    """Put files of `.data` directories and generated files into place; return their RECORD lines."""
    manifest = item.wheel.manifest
    first = len(manifest.root_paths)
    lines: list[str] = []
    for number, ((key, path, row, rewrite), final) in enumerate(
        zip(manifest.other_files, item.others, strict=True), first
    ):
        source = f"{item.wheel.tree}{os.sep}{number}"
        recorded = item.prefixes[key][1] + path
        content = fix_shebang(read_file(source) or b"", where.executable) if rewrite else None
        if number in item.skipped:
            continue
        if content is None:
            place_file(source, final, mode=link_mode)
            digest, _, size = row.partition(",")
            lines.append(row_line((recorded, digest, size)))
        else:
            _write_new(final, content, os.stat(source).st_mode & 0o777)
            lines.append(row_line(row_of(recorded, content)))
    for slot, (final, recorded, content, mode) in enumerate(item.generated, manifest.file_count):
        if slot in item.skipped:
            continue
        _write_new(final, content, mode)
        lines.append(row_line(row_of(recorded, content)))
    return lines


def _write_records(placed: list[_Placed], rows: list[list[str]], compiled: list[str]) -> None:
    """Write every wheel's RECORD: the moment at which it counts as installed."""
    bytecode: dict[str, list[str]] = {}
    for path in compiled:
        bytecode.setdefault(_source_of(path), []).append(path)
    for item, other_lines in zip(placed, rows, strict=True):
        manifest = item.wheel.manifest
        mine = [path for final in item.paths() for path in bytecode.get(final, ())] if bytecode else []
        record = f"{manifest.dist_info}/RECORD"
        more = [*other_lines, f"{record},,"]
        more += [f"{record_prefix(os.path.dirname(path), item.root)}{os.path.basename(path)},," for path in mine]
        lines = list(manifest.root_rows)
        if len(more) * 8 < len(lines):
            for line in more:  # the wheel's own rows are in order: a few look-ups each, not one for every row
                insort(lines, line, key=_path_of_line)
        else:
            lines = sorted(lines + more, key=_path_of_line)
        text = _LINE_END.join(lines) + _LINE_END
        _write_new(f"{item.root}{os.sep}{record}", text.encode("utf-8", "surrogateescape"), 0o666)


def _path_of_line(line: str) -> str:
    path = line.rpartition(",")[0].rpartition(",")[0]
    return path[1:-1].replace('""', '"') if path.startswith('"') else path


def _source_of(bytecode: str) -> str:
    directory, _, name = bytecode.rpartition(os.sep)
    return f"{os.path.dirname(directory)}{os.sep}{name.removesuffix('.pyc').rpartition('.')[0]}.py"


def _write_new(path: str, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
