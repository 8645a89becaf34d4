"""Memory that is a file at the same time: what arrives in it can be read by another process without a copy."""

from __future__ import annotations

import errno
import mmap
import os
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncpip.store.store import Store


class MappedFile(mmap.mmap):
    """A file of the store, mapped. A temporary one lives in the page cache, and for a second at most."""

    path: str
    capacity_bytes: int = 0
    """How long the file is, where it may be longer than what is mapped."""
    is_own: bool = True
    """Whether no other process knows of it: not for a partial file, which another run may be about to take too."""

    @classmethod
    def create(cls, store: Store, size_bytes: int) -> Self:
        """Return ``size_bytes`` zero bytes, more than none; whoever asks unlinks `path` in the end."""
        descriptor, path = store.create_temporary()
        return cls._of(descriptor, path, size_bytes, size_bytes)

    @classmethod
    def of_spare(cls, path: str, capacity_bytes: int, size_bytes: int) -> Self:
        """Return ``size_bytes`` bytes of an existing file, which is made ``capacity_bytes`` long."""
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        return cls._of(os.open(path, flags), path, capacity_bytes, size_bytes)

    @classmethod
    def _of(cls, descriptor: int, path: str, capacity_bytes: int, size_bytes: int) -> Self:
        try:
            _make_room(descriptor, capacity_bytes)
            if sys.platform == "linux" and hasattr(mmap, "MAP_POPULATE"):
                # All its pages at once: a fault for each as bytes arrive cost a tenth of a cold run.
                mapped = cls(descriptor, size_bytes, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
            else:
                mapped = cls(descriptor, size_bytes)
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(descriptor)
        mapped.path = path
        mapped.capacity_bytes = capacity_bytes
        return mapped

    @classmethod
    def of_partial(cls, descriptor: int, path: str) -> Self:
        """Return the finished partial file at ``path``, for reading."""
        mapped = cls(descriptor, 0, access=mmap.ACCESS_READ)
        mapped.path = path
        mapped.is_own = False
        return mapped


def _make_room(descriptor: int, size_bytes: int) -> None:
    """Make a file at least so long, with its space reserved; raise OSError where there is not so much.

    Bytes that arrive in a mapped hole of a file for which the disk has no room are no error but SIGBUS, and the end.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):  # musl, some network file systems
                raise
        else:
            return
    os.ftruncate(descriptor, size_bytes)


class SpareFiles:
    """Mapped files that are used again: what the kernel has cleared once serves one archive after the other.

    Clearing and mapping fresh memory for each of 171 archives (190 MB) took a quarter of the page faults of a cold run.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spare: list[tuple[int, str]] = []

    def take(self, size_bytes: int) -> MappedFile:
        """Return ``size_bytes`` bytes of whatever content, more than none; `give_back` it when nobody reads it."""
        if not self._spare:
            return MappedFile.create(self._store, size_bytes)
        # The smallest that holds it, else the largest, which grows.
        chosen = min((spare for spare in self._spare if spare[0] >= size_bytes), default=None) or max(self._spare)
        self._spare.remove(chosen)
        capacity, path = chosen
        try:
            return MappedFile.of_spare(path, max(capacity, size_bytes), size_bytes)
        except FileNotFoundError:  # somebody emptied the cache
            return MappedFile.create(self._store, size_bytes)

    def give_back(self, mapped: MappedFile) -> None:
        """Let the next archive have the file."""
        self._spare.append((mapped.capacity_bytes, mapped.path))

    def close(self) -> None:
        """Remove all files that were given back."""
        for _, path in self._spare:
            unlink_quietly(path)
        self._spare.clear()


class FreshFiles:
    """A mapped file for each archive, for those who keep them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, size_bytes: int) -> MappedFile:
        """See `SpareFiles`; all bytes are zero."""
        return MappedFile.create(self._store, size_bytes)

    def give_back(self, mapped: MappedFile) -> None:
        """Remove the file, unless it was renamed."""
        unlink_quietly(mapped.path)


def unlink_quietly(path: str) -> None:
    """Remove a file; one that is gone already is no error."""
    try:
        os.unlink(path)
    except OSError:
        return
