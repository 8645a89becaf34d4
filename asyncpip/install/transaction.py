"""Changes to a target as one whole: journal first, then change; commit, or put everything back. Lean.

The journal lists, before anything is touched, the files that will be moved aside, the directories that will be made and
the files that will appear. Undoing needs nothing but the journal and the disk, so the same function serves a step that
failed and, later, a run that was killed: its journal lies in the target, and whoever holds the lock on the target next
calls `recover`.

After a power loss what was moved aside must not be lost, so the journal is on the disk before anything is moved
(decision 21): 2 to 13 ms on ext4, for runs that replace or remove. A run that only adds asks the kernel to
begin writing it, 0.1 ms: file systems with ordered data then have it on the disk before the names of what was added.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from asyncpip.install.journal import Journal, JournalError
from asyncpip.store.store import read_file, remove_quietly, remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from asyncpip.install.journal import Below

PREFIX = ".asyncpip-"
"""Of the directory in the target that holds a journal and what was moved aside; no importable name."""
_UNFINISHED, _JOURNAL, _DONE, _PRUNE = "unfinished", "journal", "committed", "prune"
_VIRTUAL = "pyvenv.cfg"


class Transaction:
    """One set of changes below any directories, with its journal in ``home``, which is made where it is missing.

    ``moved`` may name directories, which then go with all that is in them: by one rename, or file by file where the
    system refuses that. Nothing new appears below such a directory, for `_undo` could not tell it from what is old.

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
        self._emptied: list[str] = []
        """Directories whose files were moved one by one."""

    def begin(self) -> None:
        """Write the journal, move old files aside, make the new directories, except those ``below`` others."""
        self._make_home()
        os.mkdir(self.directory, 0o700)
        data = Journal.encode(
            os.path.abspath(self.home),
            moved=self._moved,
            directories=self._new_directories,
            files=self._new_files,
            below=self._below,
        )
        # Aside first: half a journal would name paths that are beginnings of others.
        aside = os.path.join(self.directory, _UNFINISHED)
        _write(aside, data, durable=bool(self._moved))
        os.rename(aside, os.path.join(self.directory, _JOURNAL))
        for number, path in enumerate(self._moved):
            self._emptied += _move_all(path, os.path.join(self.directory, str(number)))
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

    def commit(self, prune: Sequence[str] = (), drop: Callable[[str], None] = lambda _: None) -> None:
        """Make the changes final; drop what was moved aside and those of the directories ``prune`` that are empty.

        ``drop`` may know what was moved aside, and so be faster: it is given the directory, where each lies under its
        number. What it leaves is dropped here.
        """
        prune = [*self._emptied, *prune]
        if prune:
            _write(os.path.join(self.directory, _PRUNE), "\0".join(prune).encode("utf-8", "surrogateescape"))
        os.rename(os.path.join(self.directory, _JOURNAL), os.path.join(self.directory, _DONE))
        _remove_empty(prune)
        drop(self.directory)
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


def write_new(path: str, content: bytes, mode: int) -> None:
    """Write a file that `begin` announced; raise where something has that name.

    The umask takes away what it masks, but of a script only the right to write: it can be read and run by those whom
    ``mode`` names, as pip's can.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, mode)
    try:
        if mode & 0o111 and sys.platform != "win32":
            given = os.fstat(descriptor).st_mode & 0o777
            if given | mode & 0o555 != given:
                os.fchmod(descriptor, given | mode & 0o555)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


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
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            warn(f"{directory} is what another user's interrupted run has left; only that user can undo its changes.")
        elif os.path.lexists(os.path.join(directory, _JOURNAL)):
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
    if data is None:  # nothing has changed yet
        remove_tree(directory)
        return []
    try:
        said = _read_journal(data, os.path.dirname(directory))
    except JournalError as error:
        return _give_up(directory, f"{journal} cannot be followed: {error}")
    numbered = [(os.path.join(directory, str(number)), path) for number, path in enumerate(said.moved)]
    untouched = {path for kept, path in numbered if not os.path.lexists(kept)}
    problems = _remove_files([path for path in said.files if path not in untouched])
    _remove_empty(said.directories)
    for kept, path in numbered:
        if path is not None and path not in untouched:
            try:
                put_back(kept, path)
            except OSError as error:
                problems.append(f"could not put back {path} (kept as {kept}): {error}")
    if not problems:
        remove_tree(directory)
    return problems


def _read_journal(data: bytes, home: str) -> Journal:
    """Return what a journal found in ``home`` says of that directory, which may be a copy of the one it names."""
    said = Journal.decode(data)
    home = os.path.abspath(home)
    try:
        if home == said.home or os.path.samefile(home, said.home):
            return said
    except OSError:  # the original is gone
        pass
    boundary = place = home
    while os.path.dirname(place) != place:
        place = os.path.dirname(place)
        if os.path.exists(os.path.join(place, _VIRTUAL)):
            boundary = place
            break
    return said.moved_to(home, boundary)


def _give_up(directory: str, why: str) -> list[str]:
    """Keep what was moved aside, for somebody needs it; where there is none, do not come back to it again."""
    if any(name.isdecimal() for name in os.listdir(directory)):
        return [f"{why}; what it had moved aside is kept in {directory}"]
    remove_tree(directory)
    return [f"{why}; what that run had begun to add may be incomplete, `--force-reinstall` replaces it"]


def _remove_files(paths: Sequence[str]) -> list[str]:
    problems = []
    for path in paths:
        try:
            _by_way_of_descriptors(os.unlink, path)
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
            _by_way_of_descriptors(os.rmdir, path)
        except OSError:
            continue


def _by_way_of_descriptors(remove: Callable[..., None], path: str) -> None:
    """Remove ``path``; one longer than the system takes is reached as linking reached it: by its directories."""
    try:
        remove(path)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG or os.open not in os.supports_dir_fd:
            raise
    else:
        return
    *directories, name = path.split(os.sep)
    at = os.open(directories[0] + os.sep, os.O_RDONLY)
    try:
        for directory in directories[1:]:
            above, at = at, os.open(directory, os.O_RDONLY, dir_fd=at)
            os.close(above)
        remove(name, dir_fd=at)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # one name alone: nothing of that name can be there
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        raise
    finally:
        os.close(at)


def put_back(kept: str, path: str) -> None:
    """Move ``kept`` to where it was; a directory of which a part is still there, or there again, to that part."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if _is_directory(kept) and os.path.lexists(path):
        _move_below(kept, path)
    else:
        _move_all(kept, path)


def _move_all(source: str, destination: str) -> list[str]:
    """Move a file, or a directory with all that is in it; return directories that are left, which are empty then."""
    try:
        os.replace(source, destination)
    except OSError:
        # Another file system, a mount point, a lower layer of an overlay, which only gives files away; or a file
        # that is open (Windows): which one is to blame, and whether it can go otherwise, moving each shows.
        if not _is_directory(source):
            _move(source, destination)
            return []
        return _move_below(source, destination)
    return []


def _move_below(source: str, destination: str) -> list[str]:
    """Move all that is in a directory; return the directories that it came from."""
    if not os.path.isdir(destination):
        os.mkdir(destination, stat.S_IMODE(os.stat(source).st_mode))
    left = [source]
    for name in os.listdir(source):
        path, new = os.path.join(source, name), os.path.join(destination, name)
        if _is_directory(path):
            left += _move_below(path, new)
        else:
            _move(path, new)
    return left


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


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


def _write(path: str, data: bytes, *, durable: bool = False) -> None:
    """Write a new file; ``durable`` waits until it is on the disk, else the kernel only begins with that."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if durable:
            os.fsync(descriptor)
        elif hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
