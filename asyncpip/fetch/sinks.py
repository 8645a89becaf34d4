"""Where a body goes as it arrives: memory for small archives, a partial file for large ones; both go on after a cut."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.to_thread

from asyncpip.core.events import TransferProgress
from asyncpip.fetch.mapped import MappedFile
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from asyncpip.core.events import Reporter
    from asyncpip.net.transport import Response

    Memory = bytearray | mmap.mmap

_AT_ONCE_BYTES = 64 * 1024 * 1024
"""Memory is taken up to this size when a server announces it; beyond it, as the bytes really come."""
UNANNOUNCED_LIMIT_BYTES = 1024 * 1024 * 1024
"""What an archive may have of which neither index nor server tells the size; it is held in memory."""
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

    async def finish(self) -> bytearray | mmap.mmap:
        """Return the archive."""

    async def aclose(self) -> None:
        """Let go of what is open."""


class MemorySink:
    """Keeps an archive in memory: in one piece from the start where its size is known."""

    def __init__(self, allocate: Callable[[int], Memory] = bytearray) -> None:
        """``allocate`` gives memory of a size in bytes, all zero; it may be the mapping of a file."""
        self._allocate = allocate
        self._content: Memory = bytearray()
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

    async def finish(self) -> bytearray | mmap.mmap:
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
            if self.received + len(chunk) > UNANNOUNCED_LIMIT_BYTES:
                raise TransportError(
                    FailureKind.PROTOCOL,
                    response.url,
                    f"more than {UNANNOUNCED_LIMIT_BYTES} bytes came, and nobody says how many there are",
                )
            content += chunk
            self.received += len(chunk)
            on_bytes(len(chunk))

    def _enlarge(self, size_bytes: int) -> None:
        # Not in place: a view of it may live on for a while, in the frames of an error.
        content = self._allocate(size_bytes)
        content[: self.received] = self._content[: self.received]
        self._content = content


class FileSink:
    """Writes an archive to a partial file, going on where it ends; maps it into memory at the end."""

    def __init__(self, path: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._descriptor, self._path = _open_alone(path)
        self._buffer = bytearray(_WRITE_BUFFER_BYTES)
        self._pending_bytes = 0
        """How much of the buffer is still to be written."""
        self.received = os.lseek(self._descriptor, 0, os.SEEK_END)

    async def take(self, response: Response, size_bytes: int | None, on_bytes: Callable[[int], None]) -> None:
        """See `Sink`."""
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
                await anyio.to_thread.run_sync(self._flush)
            if got_bytes < len(room):
                return

    async def restart(self) -> None:
        """See `Sink`."""
        self._pending_bytes = 0
        await anyio.to_thread.run_sync(os.ftruncate, self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.received = 0

    async def finish(self) -> mmap.mmap:
        """See `Sink`."""
        await anyio.to_thread.run_sync(self._flush)
        return MappedFile.of_partial(self._descriptor, self._path)

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
        view = memoryview(self._buffer)[: self._pending_bytes]
        self._pending_bytes = 0
        while view:
            view = view[os.write(self._descriptor, view) :]


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
