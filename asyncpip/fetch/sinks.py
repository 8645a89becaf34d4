"""Where a body goes as it arrives: memory, a temporary file, a partial file of the store; all go on after a cut."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.to_thread

from asyncpip.core.events import TransferProgress
from asyncpip.fetch.received import ReceivedFile
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from asyncpip.core.events import Reporter
    from asyncpip.net.transport import Response

    Received = bytearray | ReceivedFile
    OpenFile = Callable[[int], tuple[int, str]]
    """Gives descriptor and path of a file for so many bytes, 0 where nobody knows how many these are."""

_AT_ONCE_BYTES = 64 * 1024 * 1024
"""Memory is taken up to this size when a server announces it; beyond it, as the bytes really come."""
UNANNOUNCED_LIMIT_BYTES = 1024 * 1024 * 1024
"""What an archive may have of which neither index nor server tells the size."""
_IN_MEMORY_BYTES = 64 * 1024
"""Below it a worker writes the archive out where somebody wants it: a file for each would be made in the loop."""
_WRITE_BUFFER_BYTES = 1024 * 1024
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


class MemorySink:
    """Keeps an archive in memory: in one piece from the start where its size is known."""

    def __init__(self) -> None:
        self._content = bytearray()
        self.received = 0

    async def take(self, response: Response, size_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
        """See `Sink`."""
        if size_bytes is None:
            await self._take_chunks(response, on_bytes)
            return
        while self.received < size_bytes:
            if self.received == len(self._content):
                self._enlarge(min(size_bytes, max(2 * self.received, _AT_ONCE_BYTES)))
            room = memoryview(self._content)[self.received : size_bytes]
            start_bytes = response.received_bytes
            try:
                got_bytes = await response.read_into(room, on_bytes)
            finally:
                self.received += response.received_bytes - start_bytes
            if got_bytes < len(room):
                return

    async def restart(self) -> None:
        """See `Sink`."""
        self._content = bytearray()
        self.received = 0

    async def finish(self) -> Received:
        """See `Sink`."""
        if self.received < len(self._content):
            return bytearray(self._content[: self.received])
        return self._content

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _take_chunks(self, response: Response, on_bytes: Callable[[int], None]) -> None:
        content = bytearray(self._content[: self.received])  # a view of the old one may live on, in an error's frames
        self._content = content
        async for chunk in response.chunks():
            _check_unannounced(response, self.received + len(chunk))
            content += chunk
            self.received += len(chunk)
            on_bytes(len(chunk))

    def _enlarge(self, size_bytes: int) -> None:
        # Not in place: a view of it may live on for a while, in the frames of an error.
        content = bytearray(size_bytes)
        content[: self.received] = self._content[: self.received]
        self._content = content


class TemporaryFileSink:
    """Writes an archive to a file as it comes, one beyond a few bytes; in the loop's own thread.

    That is a copy into the page cache, the cost of one more read from the socket. A thread would take longer to wake.
    """

    def __init__(self, open_file: OpenFile) -> None:
        self._open_file = open_file
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
            if size_bytes is None:
                _check_unannounced(response, self.received + len(piece))
            self._write(piece)
            on_bytes(len(piece))

        most_bytes = UNANNOUNCED_LIMIT_BYTES + 1 if size_bytes is None else size_bytes
        await response.read_to(take_piece, most_bytes - self.received)

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

    async def finish(self) -> Received:
        """See `Sink`."""
        return self._content if self._file is None else ReceivedFile(self._file[1], self.received)

    async def aclose(self) -> None:
        """Close the file; whoever has opened it knows what to do with it."""
        if self._file is not None:
            os.close(self._file[0])


def _check_unannounced(response: Response, size_bytes: int) -> None:
    """Give an archive up that is too long for one whose size nobody tells."""
    if size_bytes > UNANNOUNCED_LIMIT_BYTES:
        why = f"more than {UNANNOUNCED_LIMIT_BYTES} bytes came, and nobody says how many there are"
        raise TransportError(FailureKind.PROTOCOL, response.url, why)


class FileSink:
    """Writes an archive to a partial file, going on where it ends.

    One buffer is filled while the one before it is written, and looked at by whoever watches.
    """

    def __init__(self, path: str, watcher: Watcher | None = None) -> None:
        """Opens the file at ``path``, and shows ``watcher`` what it holds; blocks."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._descriptor, self._path = _open_alone(path)
        self._buffer, self._other_buffer = bytearray(_WRITE_BUFFER_BYTES), bytearray(_WRITE_BUFFER_BYTES)
        self._pending_bytes = 0
        """How much of the buffer is still to be written."""
        self._handed_over: deque[memoryview] = deque()
        """Full buffers that are not written yet, one at most."""
        self.received = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._watcher = watcher
        if watcher:
            watcher.restart()
            for at in range(0, self.received, _WRITE_BUFFER_BYTES):
                watcher.feed(memoryview(os.pread(self._descriptor, _WRITE_BUFFER_BYTES, at)))

    async def take(self, response: Response, size_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
        """See `Sink`."""
        failures: list[TransportError] = []
        try:
            async with anyio.create_task_group() as tasks:  # receiving, and writing beside it
                full, taken = anyio.create_memory_object_stream[memoryview]()
                tasks.start_soon(self._write_each, taken)
                async with full:
                    try:
                        await self._receive(response, size_bytes, on_bytes, full)
                    except TransportError as error:
                        failures.append(error)  # what came before it is still written
                    except anyio.BrokenResourceError:
                        pass  # writing has failed, and says why
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if failures:
            raise failures[0]

    async def _receive(
        self,
        response: Response,
        size_bytes: int | None,
        on_bytes: Callable[[int], None],
        full: MemoryObjectSendStream[memoryview],
    ) -> None:
        while size_bytes is None or self.received < size_bytes:
            room = memoryview(self._buffer)[self._pending_bytes :]
            if size_bytes is not None:
                room = room[: size_bytes - self.received]
            start_bytes = response.received_bytes
            try:
                got_bytes = await response.read_into(room, on_bytes)
            finally:
                arrived_bytes = response.received_bytes - start_bytes
                self._pending_bytes += arrived_bytes
                self.received += arrived_bytes
            if self._pending_bytes == len(self._buffer):
                # Nothing is buffered between the two: when this returns, the other buffer has been written.
                self._handed_over.append(memoryview(self._buffer))
                self._buffer, self._other_buffer = self._other_buffer, self._buffer
                self._pending_bytes = 0
                await full.send(self._handed_over[-1])
            if got_bytes < len(room):
                return

    async def _write_each(self, taken: MemoryObjectReceiveStream[memoryview]) -> None:
        async with taken:
            async for data in taken:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._write, data)
                    self._handed_over.popleft()

    async def restart(self) -> None:
        """See `Sink`."""
        self._pending_bytes = 0
        await anyio.to_thread.run_sync(os.ftruncate, self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.received = 0
        if self._watcher:
            await anyio.to_thread.run_sync(self._watcher.restart)

    async def finish(self) -> Received:
        """See `Sink`."""
        await anyio.to_thread.run_sync(self._flush)
        return ReceivedFile(self._path, self.received)

    async def aclose(self) -> None:
        """Keep on disk what has arrived, as far as the disk takes it; the lock on the file ends here."""
        await anyio.to_thread.run_sync(self._close)

    def _close(self) -> None:
        try:
            self._flush()
        except OSError:
            return  # whoever finished the transfer has flushed before, and heard of it
        finally:
            os.close(self._descriptor)

    def _flush(self) -> None:
        while self._handed_over:  # the run was given up before somebody took it
            self._write(self._handed_over.popleft())
        view = memoryview(self._buffer)[: self._pending_bytes]
        self._pending_bytes = 0
        self._write(view)

    def _write(self, data: memoryview) -> None:
        view = data
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._handed_over.clear()  # what comes later would stand in the wrong place
            self._pending_bytes = 0
            raise
        if self._watcher and data:
            self._watcher.feed(data)


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
