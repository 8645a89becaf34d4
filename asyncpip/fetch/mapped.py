"""Memory that is a file at the same time: what arrives in it can be read by another process without a copy."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncpip.store.store import Store


class MappedFile(mmap.mmap):
    """A temporary file of the store, mapped for writing. It lives in the page cache, and for a second at most."""

    path: str

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
