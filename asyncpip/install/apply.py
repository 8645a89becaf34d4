"""Stored wheels into the target, old versions out of it, as one transaction (binary distribution format, "Installing").

Works out every path first (`placement`), so that the journal is complete before anything changes; then moves old files
aside, makes directories, links files on several cores, writes what installers write, and RECORD files last. Lean.
"""

from __future__ import annotations

import os
import sys
from bisect import insort

from asyncpip.errors import AsyncpipError
from asyncpip.install.failure import install_error, rolled_back
from asyncpip.install.linker import link_files, place_file
from asyncpip.install.parallel import Uninterrupted, wait_for_workers
from asyncpip.install.placement import (
    NewDirectories,
    Placed,
    bytecode_path,
    link_jobs,
    mark_overwritten,
    paths_in_old_directories,
    written_below,
)
from asyncpip.install.pth_lines import without_lines
from asyncpip.install.record import row_line, row_of
from asyncpip.install.scheme import record_prefix
from asyncpip.install.scripts import fix_shebang
from asyncpip.install.transaction import Transaction, write_new
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from asyncpip.install.linker import LinkJob
    from asyncpip.install.placement import Destination, WheelToInstall
    from asyncpip.install.stored_bytecode import KeptBytecode

    Compile = Callable[[list[str]], list[str]]
    """Byte-compiles `.py` files (final paths) and returns the `.pyc` files that it made."""

_LINE_END = "\r\n"


class Removal:
    """What to take away of an installed distribution: files (moved aside), lines of files, directories if empty."""

    __slots__ = ("directories", "dropped_lines", "files")

    def __init__(
        self, files: Sequence[str], directories: Sequence[str], dropped_lines: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.files = files
        self.directories = directories
        self.dropped_lines = dropped_lines
        """Paths of shared files (`easy-install.pth`), and the line that each loses."""


def apply_changes(
    wheels: Sequence[WheelToInstall],
    removals: Sequence[Removal],
    where: Destination,
    *,
    link_mode: str,
    jobs: int,
    compile_sources: Compile | None = None,
    kept_bytecode: KeptBytecode | None = None,
    on_overwrite: Callable[[str], None] = lambda _: None,
    before_linking: Callable[[], None] = lambda: None,
) -> None:
    """Install ``wheels`` (in this order where two write the same path) and remove what ``removals`` say.

    The caller holds the lock on the target. On any error all is put back and the error raised: `InstallError` for what
    the disk refuses. ``kept_bytecode`` has some of what ``compile_sources`` would make, and keeps the rest.
    ``on_overwrite`` is told of files that two wheels share. ``before_linking`` is called when all is prepared, and may
    raise.
    """
    placed = [Placed(wheel, where) for wheel in wheels]
    mark_overwritten(placed, on_overwrite)
    new = NewDirectories(placed)
    bytecode = _Bytecode(placed, where.cache_tag if compile_sources else None, kept_bytecode)
    for path in bytecode.paths():
        new.add(os.path.dirname(path))

    moved = dict.fromkeys(path for removal in removals for path in removal.files)
    rewritten = without_lines(each for removal in removals for each in removal.dropped_lines)
    moved.update(dict.fromkeys(rewritten))
    in_old = (path for path in bytecode.paths() if os.path.dirname(path) not in new)
    for path in (*paths_in_old_directories(placed, new), *in_old):
        if path not in moved and os.path.lexists(path) and not _keeps_files(path, moved):
            moved[path] = None

    written = [path for item in placed for path in (*item.beside_root(), item.record_path())]
    transaction = Transaction(
        where.scheme.purelib,
        moved=list(moved),
        new_directories=list(new.elsewhere),
        new_files=[*written, *bytecode.to_make, *rewritten],
        below=written_below(placed, new, bytecode.links()),
    )
    _check_encoding(transaction)
    try:
        transaction.begin()
        for path, content in rewritten.items():
            write_new(path, content, 0o666)
        before_linking()
        rows: list[list[str]] = []
        link_files(
            [*link_jobs(placed), *bytecode.links()],
            mode=link_mode,
            jobs=jobs,
            made=new.make_for_others(placed),
            meanwhile=lambda: rows.extend(_place_others(item, where, link_mode) for item in placed),
        )
        compiled = compile_sources(bytecode.sources) if compile_sources and bytecode.sources else []
        _write_records(placed, rows, compiled, bytecode.linked)
        transaction.commit([directory for removal in removals for directory in removal.directories])
        bytecode.keep(compiled)
    except BaseException as error:
        with Uninterrupted():
            wait_for_workers()
            problems = transaction.rollback()
        if isinstance(error, OSError):
            raise install_error(error, rolled_back(problems), removes_only=not wheels) from error
        if isinstance(error, AsyncpipError) and problems:
            error.why = "\n".join(filter(None, (error.why, rolled_back(problems))))
        raise


class _Bytecode:
    """What byte-compiling adds: links to what the store has, and the sources that are to be compiled."""

    def __init__(self, placed: Sequence[Placed], cache_tag: str | None, kept: KeptBytecode | None) -> None:
        """``cache_tag`` None: none is wanted."""
        wanted = cache_tag is not None
        self._placed = placed
        self._kept = kept if wanted else None
        self.linked = [None if self._kept is None else self._kept.of(item) for item in placed]
        """For each wheel what is linked of it, relative to its root; None where it is to be compiled."""
        pairs = zip(placed, self.linked, strict=True) if wanted else ()
        self.sources = [path for item, job in pairs for path in _sources(item, job)]
        self.to_make = [bytecode_path(path, cache_tag or "") for path in self.sources]
        """What compiling ``sources`` makes, unless one is no valid Python."""

    def links(self) -> list[LinkJob]:
        """Return what to link."""
        return [job for job in self.linked if job is not None]

    def paths(self) -> Iterator[str]:
        """Yield all paths of bytecode, absolute."""
        yield from self.to_make
        for _, root, paths, _ in self.links():
            yield from (f"{root}{os.sep}{path}" for path in paths)

    def keep(self, compiled: Sequence[str]) -> None:
        """Keep what was compiled just now."""
        if self._kept is not None:
            new = [item for item, job in zip(self._placed, self.linked, strict=True) if job is None]
            self._kept.keep(new, compiled)


def _sources(item: Placed, linked: LinkJob | None) -> list[str]:
    """Return the absolute paths of a wheel's sources, without those whose bytecode is linked."""
    return [path for path in (item.paths() if linked is None else item.beside_root()) if path.endswith(".py")]


def _check_encoding(transaction: Transaction) -> None:
    """Raise UnicodeEncodeError for a name that cannot be written here: now, and not when half is written."""
    if sys.getfilesystemencoding() != "utf-8":
        for path in transaction.new_paths():
            os.fsencode(path)


def _keeps_files(path: str, moved: Collection[str]) -> bool:
    """Return whether ``path`` is a directory with files that stay: it is in the way, and not ours to take away."""
    if os.path.islink(path) or not os.path.isdir(path):
        return False
    for place, directories, names in os.walk(path):
        links = [name for name in directories if os.path.islink(os.path.join(place, name))]
        if any(os.path.join(place, name) not in moved for name in (*names, *links)):
            return True
    return False


def _place_others(item: Placed, where: Destination, link_mode: str) -> list[str]:
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
            write_new(final, content, os.stat(source).st_mode & 0o777)
            lines.append(row_line(row_of(recorded, content)))
    for slot, (final, recorded, content, mode) in enumerate(item.generated, manifest.file_count):
        if slot in item.skipped:
            continue
        write_new(final, content, mode)
        lines.append(row_line(row_of(recorded, content)))
    return lines


def _write_records(
    placed: list[Placed], rows: list[list[str]], compiled: list[str], linked: list[LinkJob | None]
) -> None:
    """Write every wheel's RECORD: the moment at which it counts as installed."""
    bytecode: dict[str, list[str]] = {}
    for path in compiled:
        bytecode.setdefault(_source_of(path), []).append(path)
    for item, other_lines, job in zip(placed, rows, linked, strict=True):
        manifest = item.wheel.manifest
        mine = [path for final in item.paths() for path in bytecode.get(final, ())] if bytecode else []
        record = f"{manifest.dist_info}/RECORD"
        more = [*other_lines, f"{record},,"]
        recorded = [record_prefix(os.path.dirname(path), item.root) + os.path.basename(path) for path in mine]
        recorded += job[2] if job is not None else ()
        more += [row_line((path, "", "")) for path in recorded]
        lines = list(manifest.root_rows)
        if len(more) * 8 < len(lines):
            for line in more:  # the wheel's own rows are in order: a few look-ups each, not one for every row
                insort(lines, line, key=_path_of_line)
        else:
            lines = sorted(lines + more, key=_path_of_line)
        text = _LINE_END.join(lines) + _LINE_END
        write_new(f"{item.root}{os.sep}{record}", text.encode("utf-8", "surrogateescape"), 0o666)


def _path_of_line(line: str) -> str:
    path = line.rpartition(",")[0].rpartition(",")[0]
    return path[1:-1].replace('""', '"') if path.startswith('"') else path


def _source_of(bytecode: str) -> str:
    directory, _, name = bytecode.rpartition(os.sep)
    return f"{os.path.dirname(directory)}{os.sep}{name.removesuffix('.pyc').rpartition('.')[0]}.py"
