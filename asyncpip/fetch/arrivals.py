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
from asyncpip.fetch.received import ReceivedFile, unlink_quietly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeVar

    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.received import Files
    from asyncpip.fetch.sinks import Received, Watcher
    from asyncpip.store.store import Store

    Taken = TypeVar("Taken")
    Take = Callable[[Received], Awaitable[Taken]]

_UNKNOWN_SIZE_BYTES = 1024 * 1024
"""What an archive of unknown size is booked as."""


class Arrivals:
    """Fetches archives within a budget of bytes. Made inside the event loop."""

    def __init__(self, store: Store, downloader: Downloader, files: Files) -> None:
        """``files`` gives the files that archives arrive in."""
        self._store = store
        self._files = files
        self._downloader = downloader
        self._budget = ByteBudget(IN_FLIGHT_LIMIT_BYTES)

    @staticmethod
    def is_large(file: PageFile) -> bool:
        """Return whether the archive of ``file`` goes to a partial file as it arrives."""
        return file.size is not None and file.size > IN_MEMORY_LIMIT_BYTES

    async def fetch(self, file: PageFile, take: Take[Taken], watchers: Sequence[Watcher] = ()) -> Taken:
        """Return what ``take`` makes of the archive of ``file``; ``watchers`` see a large one as it arrives.

        It is asked again with fresh bytes where those that an earlier run left have made it raise `HashMismatchError`.
        The file that the archive is in goes with the call, unless ``take`` renames it.
        """
        size = file.size
        booked = await self._budget.take(min(size or _UNKNOWN_SIZE_BYTES, IN_MEMORY_LIMIT_BYTES))
        try:
            partial = None
            if self.is_large(file):
                partial = self._store.partial_path(file.hashes.get("sha256") or without_fragment(file.url))
            resumes = partial is not None and await anyio.to_thread.run_sync(os.path.exists, partial)
            try:
                return await self._fetch(file, take, partial, watchers)
            except HashMismatchError:
                if not resumes:
                    raise
            # What an earlier run left may be of another archive under the same address.
            return await self._fetch(file, take, partial, watchers)
        finally:
            self._budget.give_back(booked)

    async def _fetch(
        self, file: PageFile, take: Take[Taken], partial: str | None, watchers: Sequence[Watcher]
    ) -> Taken:
        opened: list[str] = []

        def open_file(size_bytes: int) -> tuple[int, str]:
            """Have the archive arrive where another process finds it."""
            descriptor, path = self._files.take(size_bytes)
            opened.append(path)
            return descriptor, path

        try:
            content = await self._downloader.fetch(
                file.url,
                label=file.filename,
                size_bytes=file.size,
                partial_path=partial,
                open_file=open_file,
                watchers=watchers,
            )
            try:
                return await take(content)
            finally:
                if partial is not None and isinstance(content, ReceivedFile):
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(_end, content)
        finally:
            for path in opened:
                self._files.give_back(path)


def _end(partial: ReceivedFile) -> None:
    """Remove a partial file that was whole, unless it was renamed; until now no other run may have taken it."""
    unlink_quietly(partial.path)
    partial.release()
