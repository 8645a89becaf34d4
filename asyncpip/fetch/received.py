"""Files of the store that archives arrive in: written piece by piece, and taken from there by another process.

No file is mapped for that: to map, clear and unmap 190 MB of fresh pages took a tenth of the processor time of a
download of 171 wheels, and all of it counted as this process's memory.
"""

from __future__ import annotations

import _thread
import os
from typing import TYPE_CHECKING

from asyncpip.core.values import Row

if TYPE_CHECKING:
    from typing import Protocol

    from asyncpip.store.store import Store

    class Files(Protocol):
        """Where files come from, and go when nobody reads them any more."""

        def take(self, size_bytes: int) -> tuple[int, str]:
            """Return descriptor and path of a file for ``size_bytes``; whatever it holds may be overwritten."""

        def give_back(self, path: str) -> None:
            """Do with the file what is to be done with it."""


class ReceivedFile(Row):
    """A whole archive that lies in a file."""

    path: str
    size_bytes: int
    """How long the archive is; the file may be longer."""
    lock: int | None = None
    """A descriptor that keeps other runs from the file as long as it is open, where they know of it."""

    def release(self) -> None:
        """Let others have the file, which nobody asks for any more.

        Where it has no name it ends with this: that takes 40 ms for 256 MB, which nobody has to wait for.
        """
        if self.lock is None:
            return
        try:
            import fcntl  # noqa: PLC0415 - not on Windows
        except ImportError:
            os.close(self.lock)
            return
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        try:
            _thread.start_new_thread(os.close, (self.lock,))
        except RuntimeError:  # this user may have no more threads
            os.close(self.lock)

    def __len__(self) -> int:
        """Return the archive's size, as for one in memory."""
        return self.size_bytes


class SpareFiles:
    """Files that are used again: what the kernel has cleared once serves one archive after the other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._size_bytes: dict[str, int] = {}
        """How long each file has become, as far as that was known before."""
        self._spare: set[str] = set()

    def take(self, size_bytes: int) -> tuple[int, str]:
        """See `Files`; `give_back` it."""
        while self._spare:
            # The smallest that holds it, else the largest, which grows.
            sizes = [(self._size_bytes[path], path) for path in self._spare]
            has_size, path = min((each for each in sizes if each[0] >= size_bytes), default=None) or max(sizes)
            self._spare.remove(path)
            try:
                descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
            except FileNotFoundError:  # somebody emptied the cache
                continue
            self._size_bytes[path] = max(has_size, size_bytes)
            return descriptor, path
        descriptor, path = self._store.create_temporary()
        self._size_bytes[path] = size_bytes
        return descriptor, path

    def give_back(self, path: str) -> None:
        """Let the next archive have the file."""
        self._spare.add(path)

    def close(self) -> None:
        """Remove all files that were given back."""
        for path in self._spare:
            unlink_quietly(path)
        self._spare.clear()


class FreshFiles:
    """A file for each archive, for those who keep them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, size_bytes: int) -> tuple[int, str]:  # noqa: ARG002 - each grows by itself
        """See `Files`; it is empty."""
        return self._store.create_temporary()

    def give_back(self, path: str) -> None:
        """Remove the file, unless it was renamed."""
        unlink_quietly(path)


def unlink_quietly(path: str) -> None:
    """Remove a file; one that is gone already is no error."""
    try:
        os.unlink(path)
    except OSError:
        return
