"""Where a body goes as it arrives: memory, a temporary file, a partial file of the store; all go on after a cut."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

import anyio.to_thread

from asyncpip.core.events import TransferProgress
from asyncpip.fetch.conveyor import BUFFER_BYTES, Conveyor
from asyncpip.fetch.received import ReceivedFile
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.core.events import Reporter
    from asyncpip.net.transport import Response

    Received = bytearray | ReceivedFile
    OpenFile = Callable[[int], tuple[int, str]]
    """Gives descriptor and path of a file for so many bytes, 0 where nobody knows how many these are."""

UNANNOUNCED_LIMIT_BYTES = 1024 * 1024 * 1024
"""What an archive may have of which neither index nor server tells the size."""
_IN_MEMORY_BYTES = 64 * 1024
"""Below it a worker writes the archive out where somebody wants it: a file for each would be made in the loop."""
_PROGRESS_BYTES = 256 * 1024
_PROGRESS_SECONDS = 0.05


class Progress:
    """Counts what arrives, and tells now and then: after 256 KiB or 50 ms, and the rest at the end."""

    __slots__ = ("_label", "_reporter", "_told_at", "_untold_bytes")

    def __init__(self, reporter: Reporter, label: str) -> None:
        self._reporter = reporter
        self._label = label
        self._untold_bytes = 0
        self._told_at = time.monotonic()

    def add(self, size_bytes: int) -> None:
        """Count ``size_bytes`` more."""
        self._untold_bytes += size_bytes
        if self._untold_bytes >= _PROGRESS_BYTES or time.monotonic() - self._told_at >= _PROGRESS_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Tell what was not told yet."""
        if self._untold_bytes:
            self._reporter.emit(TransferProgress(self._label, self._untold_bytes))
            self._untold_bytes = 0
        self._told_at = time.monotonic()


class Sink(Protocol):
    """Takes an archive in as many answers as it needs."""

    received: int
    """How much of it is here."""

    async def take(self, response: Response, size_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
        """Take the body of ``response``, up to ``size_bytes`` in all; what came stays also where that raises."""

    async def add(self, data: memoryview) -> None:
        """Take the next bytes of an archive of which `take` has had some."""

    async def restart(self) -> None:
        """Forget what is here."""

    async def finish(self) -> Received:
        """Return the archive."""

    async def aclose(self) -> None:
        """Let go of what is open."""


class Watcher(Protocol):
    """Looks at an archive's bytes as they are written, in order. Its methods block."""

    def restart(self) -> None:
        """Forget what came: the archive begins again."""

    def feed(self, data: memoryview) -> None:
        """Take the next bytes."""


class TemporaryFileSink:
    """Writes an archive to a file as it comes, one beyond a few bytes; in the loop's own thread.

    That is a copy into the page cache, the cost of one more read from the socket. A thread would take longer to wake.
    Watchers see each piece there too, while other threads have the interpreter.
    """

    def __init__(self, open_file: OpenFile, watchers: Sequence[Watcher] = ()) -> None:
        self._open_file = open_file
        self._watchers = watchers
        self._file: tuple[int, str] | None = None
        self._content = bytearray()
        """All that has come, as long as there is no file."""
        self.received = 0

    async def take(self, response: Response, size_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
        """See `Sink`."""
        if self._file is None and (size_bytes is None or size_bytes > _IN_MEMORY_BYTES):
            self._file = self._open_file(size_bytes or 0)
            self.received = 0
            self._write(memoryview(self._content))
            self._content = bytearray()

        def take_piece(piece: memoryview) -> None:
            if size_bytes is None and self.received + len(piece) > UNANNOUNCED_LIMIT_BYTES:
                why = f"more than {UNANNOUNCED_LIMIT_BYTES} bytes came, and nobody says how many there are"
                raise TransportError(FailureKind.PROTOCOL, response.url, why)
            self._add(piece)
            on_bytes(len(piece))

        most_bytes = UNANNOUNCED_LIMIT_BYTES + 1 if size_bytes is None else size_bytes
        await response.read_to(take_piece, most_bytes - self.received)

    async def add(self, data: memoryview) -> None:
        """See `Sink`."""
        self._add(data)

    def _add(self, piece: memoryview) -> None:
        self._write(piece)
        for watcher in self._watchers:
            watcher.feed(piece)

    def _write(self, piece: memoryview) -> None:
        if self._file is None:
            self._content += piece
            self.received += len(piece)
            return
        left = piece
        while left:
            written = os.pwrite(self._file[0], left, self.received)
            self.received += written
            left = left[written:]

    async def restart(self) -> None:
        """See `Sink`. What the file holds is written over."""
        self._content = bytearray()
        self.received = 0
        for watcher in self._watchers:
            watcher.restart()

    async def finish(self) -> Received:
        """See `Sink`."""
        return self._content if self._file is None else ReceivedFile(self._file[1], self.received)

    async def aclose(self) -> None:
        """Close the file; whoever has opened it knows what to do with it."""
        if self._file is not None:
            os.close(self._file[0])


class FileSink:
    """Writes an archive to a partial file, going on where it ends; threads look at it as it comes."""

    def __init__(self, path: str, watchers: Sequence[Watcher] = ()) -> None:
        """Opens the file at ``path``, and shows ``watchers`` what it holds; blocks.

        The first of them sees what comes in the thread that writes it, each further one in a thread of its own.
        """
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._descriptor, self._path = _open_alone(path)
        self._is_finished = False
        """Whether the descriptor is somebody else's by now."""
        self._watchers = watchers
        self._conveyor = Conveyor([self._write, *(watcher.feed for watcher in watchers[1:])])
        self.received = os.lseek(self._descriptor, 0, os.SEEK_END)
        for watcher in watchers:
            watcher.restart()
        for at in range(0, self.received, BUFFER_BYTES):
            data = memoryview(os.pread(self._descriptor, BUFFER_BYTES, at))
            for watcher in watchers:
                watcher.feed(data)

    async def take(self, response: Response, size_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
        """See `Sink`."""
        while size_bytes is None or self.received < size_bytes:
            room = self._conveyor.room()
            if size_bytes is not None:
                room = room[: size_bytes - self.received]
            start_bytes = response.received_bytes
            try:
                got_bytes = await response.read_into(room, on_bytes)
            finally:
                arrived_bytes = response.received_bytes - start_bytes
                self.received += arrived_bytes
                self._conveyor.take(arrived_bytes)
            await self._conveyor.wait()
            if got_bytes < len(room):
                return

    async def add(self, data: memoryview) -> None:
        """See `Sink`."""
        while data:
            room = self._conveyor.room()[: len(data)]
            room[:] = data[: len(room)]
            self.received += len(room)
            self._conveyor.take(len(room))
            data = data[len(room) :]
            await self._conveyor.wait()

    async def restart(self) -> None:
        """See `Sink`."""
        await anyio.to_thread.run_sync(self._restart)
        self.received = 0

    async def finish(self) -> Received:
        """See `Sink`."""
        await anyio.to_thread.run_sync(self._conveyor.flush)
        self._is_finished = True
        return ReceivedFile(self._path, self.received, self._descriptor)

    async def aclose(self) -> None:
        """Keep on disk what has arrived, as far as the disk takes it; the lock on what is not whole ends here."""
        await anyio.to_thread.run_sync(self._close)

    def _restart(self) -> None:
        self._conveyor.drop()
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        for watcher in self._watchers:
            watcher.restart()

    def _close(self) -> None:
        try:
            self._conveyor.flush()
        except OSError:
            return  # whoever finished the transfer has flushed before, and heard of it
        finally:
            self._conveyor.close()
            if not self._is_finished:
                os.close(self._descriptor)

    def _write(self, data: memoryview) -> None:
        view = data
        while view:
            view = view[os.write(self._descriptor, view) :]
        for watcher in self._watchers[:1]:
            watcher.feed(data)


def _open_alone(path: str) -> tuple[int, str]:
    """Open a partial file that no other process writes, and return its path; where one does, a fresh one beside it."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o644)
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return descriptor, path
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        path = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
        return os.open(path, flags | os.O_EXCL, 0o644), path
    return descriptor, path
