"""Members of a wheel's archive as files `0`, `1`, … of a tree, written by one process or several. Lean."""

from __future__ import annotations

import os

from asyncpip.errors import InstallError
from asyncpip.install.archive import ONE_SHOT_LIMIT_BYTES, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from asyncpip.install.archive import ArchiveReader, Member

CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_HAVE_DIR_FD = os.open in os.supports_dir_fd
_BATCH_MEMBERS = 64
_BATCH_BYTES = 1024 * 1024
"""What is shared out at once: as much, or as many, as take about a millisecond."""


class UnpackCancelledError(Exception):
    """The run is being given up; what was written so far is to be removed."""


class MemberFiles:
    """Writes members into the directory ``staging``, each with one open, one write and one close."""

    def __init__(
        self, archive: ArchiveReader, members: Sequence[Member], staging: str, umask: int, cancelled: Callable[[], bool]
    ) -> None:
        """``cancelled`` is asked between two members."""
        self._archive = archive
        self._members = members
        self._staging = staging
        self._umask = umask
        self._cancelled = cancelled
        self._directory: int | None = None
        self._process = os.getpid()

    def write(self, written: Container[int], *, processes: int, meanwhile: Callable[[], None]) -> None:
        """Write all members but those ``written``, in up to ``processes`` processes where that is sooner.

        ``meanwhile`` is called once, while others write where there are any.
        Raises `WheelFormatError`, `OSError`, `UnpackCancelledError`.
        """
        batches = self._batches(written)
        self._directory = os.open(self._staging, os.O_RDONLY) if _HAVE_DIR_FD else None
        try:
            if processes > 1:
                from asyncpip.install.parallel import run_parallel  # noqa: PLC0415 - where there is much to do

                run_parallel(self._write_batch, batches, jobs=processes, meanwhile=meanwhile, long_calls=True)
            else:
                meanwhile()
                for batch in batches:
                    self._write_batch(batch)
        except InstallError:
            for member in self._members:  # another process has met something: find it, to say what it is
                self._archive.check(member)
            raise
        finally:
            if self._directory is not None:
                os.close(self._directory)

    def _batches(self, written: Container[int]) -> list[list[int]]:
        """Return the numbers of the members that are to be written, shared out; where much lies in one, it is first."""
        batches: list[tuple[int, list[int]]] = []
        batch: list[int] = []
        size_bytes = 0
        for number, member in enumerate(self._members):
            if number in written:
                continue
            batch.append(number)
            size_bytes += member[4]
            if size_bytes >= _BATCH_BYTES or len(batch) == _BATCH_MEMBERS:
                batches.append((size_bytes, batch))
                batch, size_bytes = [], 0
        if batch:
            batches.append((size_bytes, batch))
        batches.sort(key=lambda sized: -sized[0])
        return [batch for _, batch in batches]

    def _write_batch(self, numbers: list[int]) -> None:
        members, directory, read = self._members, self._directory, self._archive.read
        opened, write, close = os.open, os.write, os.close
        prefix = "" if directory is not None else self._staging + os.sep
        masks_execution = bool(self._umask & 0o111)
        cancelled = self._cancelled if os.getpid() == self._process else self._is_orphan
        for number in numbers:
            if cancelled():
                raise UnpackCancelledError
            member = members[number]
            descriptor = opened(f"{prefix}{number}", CREATE, 0o777 if member[6] else 0o666, dir_fd=directory)
            try:
                if member[4] > ONE_SHOT_LIMIT_BYTES:
                    self._write_large(member, descriptor, cancelled)
                elif member[4]:
                    content = read(member)
                    if write(descriptor, content) != len(content):
                        os.lseek(descriptor, 0, os.SEEK_SET)
                        write_all(descriptor, content)
                else:
                    read(member)
            finally:
                close(descriptor)
            if member[6] and masks_execution:
                allow_execution(f"{self._staging}{os.sep}{number}", self._umask)

    def _write_large(self, member: Member, descriptor: int, cancelled: Callable[[], bool]) -> None:
        for piece in self._archive.read_chunks(member):
            if cancelled():
                raise UnpackCancelledError
            write_all(descriptor, piece)

    def _is_orphan(self) -> bool:
        """Return whether the process that shares its work with this one has been killed, for the run is given up."""
        return os.getppid() != self._process


def allow_execution(path: str, umask: int) -> None:
    """Set the execute bits that a wheel gives: they do not depend on the umask (pip)."""
    os.chmod(path, (0o777 & ~umask) | 0o111)  # noqa: S103 - the wheel's own bits
