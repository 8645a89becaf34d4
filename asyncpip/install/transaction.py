"""Changes to a target as one whole: journal first, then change; commit, or put everything back. Lean.

The journal lists, before anything is touched, the files that will be moved aside, the directories that will be made and
the files that will appear. Undoing needs nothing but the journal and the disk, so the same function serves a step that
failed and, later, a run that was killed: its journal lies in the target, and whoever holds the lock on the target next
calls `recover`.
"""

from __future__ import annotations

import errno
import os

from asyncpip.store.store import read_file, remove_quietly, remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Below = tuple[str, list[str], list[str]]
    """A directory, and relative to it directories that will be made there (not by `begin`) and files that will appear.
    """

PREFIX = ".asyncpip-"
"""Of the directory in the target that holds a journal and what was moved aside; no importable name."""
_UNFINISHED, _JOURNAL, _DONE, _PRUNE = "unfinished", "journal", "committed", "prune"
_MOVED, _DIRECTORY, _FILE = "M", "D", "F"
_BELOW, _DIRECTORIES, _FILES = "B", "d", "f"
"""A directory, and two entries of many lines: what lies below it. Joining 25.8k names is done in 1 ms, making as many
absolute paths and entries of them takes 20. No name holds a line end, for no manifest could."""


class Transaction:
    """One set of changes below any directories, with its journal in ``home``, which is made where it is missing.

    Use: construct with all that will change, `begin`, make the changes, then `commit` or `rollback`.
    """

    def __init__(
        self,
        home: str,
        *,
        moved: Sequence[str],
        new_directories: Sequence[str],
        new_files: Sequence[str],
        below: Sequence[Below] = (),
    ) -> None:
        self.home = home
        self.directory = os.path.join(home, f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}")
        self._moved = moved
        self._new_directories = new_directories
        self._new_files = new_files
        self._below = below
        self._made_for_home: list[str] = []

    def begin(self) -> None:
        """Write the journal, move old files aside, make the new directories, except those ``below`` others."""
        self._make_home()
        os.mkdir(self.directory, 0o700)
        entries = [f"{_MOVED}{path}" for path in self._moved]
        entries += [f"{_DIRECTORY}{path}" for path in self._new_directories]
        entries += [f"{_FILE}{path}" for path in self._new_files]
        for directory, directories, files in self._below:
            entries.append(_BELOW + directory)
            entries += (_DIRECTORIES + "\n".join(directories), _FILES + "\n".join(files))
        # Aside first: half a journal would name paths that are beginnings of others.
        aside = os.path.join(self.directory, _UNFINISHED)
        _write(aside, "\0".join(entries).encode("utf-8", "surrogateescape"))
        os.rename(aside, os.path.join(self.directory, _JOURNAL))
        for number, path in enumerate(self._moved):
            _move(path, os.path.join(self.directory, str(number)))
        for path in self._new_directories:
            try:
                os.mkdir(path)
            except FileExistsError:
                if not os.path.isdir(path):
                    raise

    def new_paths(self) -> Iterator[str]:
        """Yield all files that will appear."""
        yield from self._new_files
        for directory, _, files in self._below:
            yield from (os.path.join(directory, path) for path in files)

    def commit(self, prune: Sequence[str] = ()) -> None:
        """Make the changes final; drop what was moved aside and those of the directories ``prune`` that are empty."""
        if prune:
            _write(os.path.join(self.directory, _PRUNE), "\0".join(prune).encode("utf-8", "surrogateescape"))
        os.rename(os.path.join(self.directory, _JOURNAL), os.path.join(self.directory, _DONE))
        _remove_empty(prune)
        remove_tree(self.directory)

    def rollback(self) -> list[str]:
        """Put everything back; return what could not be, as sentences."""
        problems = _undo(self.directory)
        _remove_empty(self._made_for_home)
        return problems

    def _make_home(self) -> None:
        path = self.home
        missing = []
        while not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for directory in reversed(missing):
            os.mkdir(directory)
            self._made_for_home.append(directory)


def recover(home: str, warn: Callable[[str], None]) -> None:
    """Undo what killed runs left unfinished in ``home``, and finish what they had made final.

    The caller holds the lock on it, so no run is alive there.
    """
    try:
        names = [name for name in os.listdir(home) if name.startswith(PREFIX)]
    except OSError:
        return
    for name in names:
        directory = os.path.join(home, name)
        if os.path.lexists(os.path.join(directory, _JOURNAL)):
            warn(f"An earlier run was interrupted while it changed {home}; its changes are undone.")
            for problem in _undo(directory):
                warn(problem)
        else:
            _finish(directory)


def _finish(directory: str) -> None:
    """Remove what is empty after a transaction that was made final, then the directory of it."""
    data = read_file(os.path.join(directory, _PRUNE)) if os.path.lexists(os.path.join(directory, _DONE)) else None
    if data:
        _remove_empty(data.decode("utf-8", "surrogateescape").split("\0"))
    remove_tree(directory)


def _undo(directory: str) -> list[str]:
    journal = os.path.join(directory, _JOURNAL)
    data = read_file(journal)
    if data is None and os.path.lexists(os.path.join(directory, _DONE)):  # interrupted after it was made final
        _finish(directory)
        return []
    if data is None and os.path.lexists(journal):  # what was moved aside is kept, for somebody may need it
        return [f"could not read {journal}"]
    entries = data.decode("utf-8", "surrogateescape").split("\0") if data else []
    moved = [entry[1:] for entry in entries if entry[:1] == _MOVED]
    untouched = {path for number, path in enumerate(moved) if not os.path.lexists(os.path.join(directory, str(number)))}
    files = [entry[1:] for entry in entries if entry[:1] == _FILE] + _listed_below(entries, _FILES)
    problems = _remove_files([path for path in files if path not in untouched])
    directories = [entry[1:] for entry in entries if entry[:1] == _DIRECTORY]
    _remove_empty(directories + _listed_below(entries, _DIRECTORIES))
    for number, path in enumerate(moved):
        if path not in untouched:
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                _move(os.path.join(directory, str(number)), path)
            except OSError as error:
                problems.append(f"could not put back {path} (kept as {directory}/{number}): {error}")
    if not problems:
        remove_tree(directory)
    return problems


def _listed_below(entries: Sequence[str], kind: str) -> list[str]:
    """Return the paths, absolute, of the entries of many lines that are of ``kind``."""
    found: list[str] = []
    directory = ""
    for entry in entries:
        if entry[:1] == _BELOW:
            directory = entry[1:]
        elif entry[:1] == kind and len(entry) > 1:
            found += [os.path.join(directory, name) for name in entry[1:].split("\n")]
    return found


def _remove_files(paths: Sequence[str]) -> list[str]:
    problems = []
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            # A file or directory that was in the way, and why the step failed: it is not ours.
            if error.errno != errno.ENOTDIR and not os.path.isdir(path):
                problems.append(f"could not remove {path}: {error}")
    return problems


def _remove_empty(directories: Sequence[str]) -> None:
    for path in sorted(directories, key=len, reverse=True):
        try:
            os.rmdir(path)
        except OSError:
            continue


def _move(source: str, destination: str) -> None:
    """Rename; across file systems (a prefix whose scripts lie elsewhere) copy, then remove."""
    try:
        os.replace(source, destination)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if os.path.islink(source):
            os.symlink(os.readlink(source), destination)
        else:
            _copy(source, destination)
        remove_quietly(source)


def _copy(source: str, destination: str) -> None:
    """Copy a file with its mode and times; ``destination`` is absent or complete, for `_undo` believes what it sees."""
    import shutil  # noqa: PLC0415 - rare

    aside = f"{destination}{PREFIX}part"
    try:
        shutil.copy2(source, aside)
        os.replace(aside, destination)
    except BaseException:
        remove_quietly(aside)
        raise


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
