"""Archives on their way in: into memory or a file, bounded, resumed, and handed to whoever wants them.

What comes of them (a tree, a file as it is) is for the caller; here is what both ways have in common.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.urls import without_fragment
from asyncpip.errors import HashMismatchError
from asyncpip.fetch.budget import ByteBudget
from asyncpip.fetch.downloader import IN_FLIGHT_LIMIT_BYTES, IN_MEMORY_LIMIT_BYTES
from asyncpip.fetch.mapped import MappedFile, unlink_quietly

if TYPE_CHECKING:
    import mmap
    from collections.abc import Awaitable, Callable
    from typing import Protocol, TypeVar

    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.sinks import Watcher
    from asyncpip.store.store import Store

    Taken = TypeVar("Taken")
    Content = bytes | bytearray | mmap.mmap
    Take = Callable[[Content], Awaitable[Taken]]

    class Files(Protocol):
        """Where mapped files come from, and go when nobody reads them any more."""

        def take(self, size_bytes: int) -> MappedFile:
            """Return ``size_bytes`` bytes, more than none."""

        def give_back(self, mapped: MappedFile) -> None:
            """Do with the file what is to be done with it."""


_MAP_FROM_BYTES = 64 * 1024
"""Below it, writing the archive out for whoever wants it costs less than mapping a file."""
_UNKNOWN_SIZE_BYTES = 1024 * 1024
"""What an archive of unknown size is booked as."""


class Arrivals:
    """Fetches archives within a budget of bytes. Made inside the event loop."""

    def __init__(self, store: Store, downloader: Downloader, files: Files) -> None:
        """``files`` gives the memory that archives arrive in."""
        self._store = store
        self._files = files
        self._downloader = downloader
        self._budget = ByteBudget(IN_FLIGHT_LIMIT_BYTES)

    @staticmethod
    def is_large(file: PageFile) -> bool:
        """Return whether the archive of ``file`` goes to a partial file as it arrives."""
        return file.size is not None and file.size > IN_MEMORY_LIMIT_BYTES

    async def fetch(self, file: PageFile, take: Take[Taken], watcher: Watcher | None = None) -> Taken:
        """Return what ``take`` makes of the archive of ``file``; ``watcher`` sees a large one as it arrives.

        It is asked again with fresh bytes where those that an earlier run left have made it raise `HashMismatchError`.
        A file that the bytes are in (`MappedFile`) goes with the call, unless ``take`` renames it.
        """
        size = file.size
        booked = await self._budget.take(min(size or _UNKNOWN_SIZE_BYTES, IN_MEMORY_LIMIT_BYTES))
        try:
            partial = None
            if self.is_large(file):
                partial = self._store.partial_path(file.hashes.get("sha256") or without_fragment(file.url))
            resumes = partial is not None and await anyio.to_thread.run_sync(os.path.exists, partial)
            try:
                return await self._fetch(file, take, partial, watcher)
            except HashMismatchError:
                if not resumes:
                    raise
            # What an earlier run left may be of another archive under the same address.
            return await self._fetch(file, take, partial, watcher)
        finally:
            self._budget.give_back(booked)

    async def _fetch(self, file: PageFile, take: Take[Taken], partial: str | None, watcher: Watcher | None) -> Taken:
        mapped: list[MappedFile] = []

        def allocate(size_bytes: int) -> bytearray | mmap.mmap:
            """Let bytes arrive in the page cache of a file, where another process finds them."""
            if size_bytes < _MAP_FROM_BYTES:
                return bytearray(size_bytes)
            mapped.append(self._files.take(size_bytes))
            return mapped[-1]

        try:
            content = await self._downloader.fetch(
                file.url,
                label=file.filename,
                size_bytes=file.size,
                partial_path=partial,
                allocate=allocate,
                watcher=watcher,
            )
            try:
                return await take(content)
            finally:
                if partial is not None:  # one that is not whole stays for the next run
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(
                            unlink_quietly, content.path if isinstance(content, MappedFile) else partial
                        )
        finally:
            for file_in_memory in mapped:
                self._files.give_back(file_in_memory)
