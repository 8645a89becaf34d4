"""Memory that is a file at the same time: what arrives in it can be read by another process without a copy."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncpip.store.store import Store


class MappedFile(mmap.mmap):
    """A file of the store, mapped. A temporary one lives in the page cache, and for a second at most."""

    path: str
    is_own: bool = True
    """Whether no other process knows of it: not for a partial file, which another run may be about to take too."""

    @classmethod
    def create(cls, store: Store, size_bytes: int) -> Self:
        """Return ``size_bytes`` zero bytes, more than none; whoever asks unlinks `path` in the end."""
        descriptor, path = store.create_temporary()
        try:
            os.ftruncate(descriptor, size_bytes)
            mapped = cls(descriptor, size_bytes)
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(descriptor)
        mapped.path = path
        return mapped

    @classmethod
    def of_partial(cls, descriptor: int, path: str) -> Self:
        """Return the finished partial file at ``path``, for reading."""
        mapped = cls(descriptor, 0, access=mmap.ACCESS_READ)
        mapped.path = path
        mapped.is_own = False
        return mapped
