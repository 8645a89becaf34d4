"""Source archives: fetched or read from disk, and checked. What becomes of them is the caller's affair."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.urls import url_to_path, without_fragment
from asyncpip.errors import DownloadError, RequirementError
from asyncpip.fetch.downloader import IN_MEMORY_LIMIT_BYTES
from asyncpip.fetch.hashes import check_digests, demands_of
from asyncpip.fetch.received import ReceivedFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TypeVar

    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.names import Digest
    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.sinks import Received
    from asyncpip.store.store import Store

    Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CheckedSdist:
    """One source archive that is what index, URL and user say it is."""

    digest: Digest
    size_bytes: int


class SdistFetcher:
    """Fetches source archives. Made inside the event loop."""

    def __init__(self, store: Store, downloader: Downloader, jobs: anyio.CapacityLimiter) -> None:
        self._store = store
        self._downloader = downloader
        self._jobs = jobs

    async def fetch(
        self, file: PageFile, required: AllowedHashes, use: Callable[[BinaryIO, CheckedSdist], Result]
    ) -> Result:
        """Return what ``use``, called in a worker thread with the open archive, makes of ``file``.

        Raises `DownloadError`, `HashMismatchError` and what ``use`` raises.
        """
        if file.url.startswith("file:"):
            return await anyio.to_thread.run_sync(self._read_local, file, required, use, limiter=self._jobs)
        partial = None
        if file.size is not None and file.size > IN_MEMORY_LIMIT_BYTES:
            partial = self._store.partial_path(file.hashes.get("sha256") or without_fragment(file.url))
        with self._downloader.expecting(file.filename, file.size):
            content = await self._downloader.fetch(
                file.url, label=file.filename, size_bytes=file.size, partial_path=partial
            )
        try:
            return await anyio.to_thread.run_sync(self._use, content, file, required, use, limiter=self._jobs)
        finally:
            if partial is not None:
                with suppress(OSError):
                    os.unlink(partial)

    def _read_local(
        self, file: PageFile, required: AllowedHashes, use: Callable[[BinaryIO, CheckedSdist], Result]
    ) -> Result:
        try:
            with open(url_to_path(without_fragment(file.url)), "rb") as reading:
                content = reading.read()
        except ValueError as error:
            raise RequirementError(str(error)) from error
        except OSError as error:
            raise DownloadError(f"could not read {file.filename}", why=str(error)) from error
        return self._use(content, file, required, use)

    @staticmethod
    def _use(
        content: Received | bytes,
        file: PageFile,
        required: AllowedHashes,
        use: Callable[[BinaryIO, CheckedSdist], Result],
    ) -> Result:
        demands = demands_of(given=file.hashes, required=required)
        if isinstance(content, ReceivedFile):
            with open(content.path, "rb") as reading, mmap(reading.fileno(), 0, access=ACCESS_READ) as data:
                digest = check_digests(data, demands, label=file.filename, url=file.url)
                return use(reading, CheckedSdist(digest, len(data)))
        digest = check_digests(content, demands, label=file.filename, url=file.url)
        return use(io.BytesIO(content), CheckedSdist(digest, len(content)))
