"""Source archives: fetched or read from disk, and checked. What becomes of them is the caller's affair."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.names import Digest
from asyncpip.core.urls import url_to_path, without_fragment
from asyncpip.errors import DownloadError, RequirementError
from asyncpip.fetch.arrivals import Arrivals
from asyncpip.fetch.hashes import RunningDigests, check_known, demands_of
from asyncpip.fetch.received import FreshFiles, ReceivedFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TypeVar

    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.sinks import Received
    from asyncpip.store.store import Store

    Result = TypeVar("Result")

_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckedSdist:
    """One source archive that is what index, URL and user say it is."""

    digest: Digest
    size_bytes: int


class SdistFetcher:
    """Fetches source archives. Made inside the event loop."""

    def __init__(self, store: Store, downloader: Downloader, jobs: anyio.CapacityLimiter) -> None:
        self._arrivals = Arrivals(store, downloader, FreshFiles(store))
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

        async def take(received: Received) -> Result:
            return await anyio.to_thread.run_sync(self._open, received, file, required, use, limiter=self._jobs)

        with self._downloader.expecting(file.filename, file.size):
            return await self._arrivals.fetch(file, take)

    def _read_local(
        self, file: PageFile, required: AllowedHashes, use: Callable[[BinaryIO, CheckedSdist], Result]
    ) -> Result:
        try:
            with open(url_to_path(without_fragment(file.url)), "rb") as reading:
                content = reading.read()  # the file is the user's, who may write it meanwhile
        except ValueError as error:
            raise RequirementError(str(error)) from error
        except OSError as error:
            raise DownloadError(f"could not read {file.filename}", why=str(error)) from error
        return self._use(io.BytesIO(content), file, required, use)

    def _open(
        self,
        received: Received,
        file: PageFile,
        required: AllowedHashes,
        use: Callable[[BinaryIO, CheckedSdist], Result],
    ) -> Result:
        if not isinstance(received, ReceivedFile):
            return self._use(io.BytesIO(received), file, required, use)
        with open(received.path, "rb") as reading:
            return self._use(reading, file, required, use)

    @staticmethod
    def _use(
        archive: BinaryIO, file: PageFile, required: AllowedHashes, use: Callable[[BinaryIO, CheckedSdist], Result]
    ) -> Result:
        demands = demands_of(given=file.hashes, required=required)
        digests, size_bytes = RunningDigests(demands), 0
        while data := archive.read(_READ_BYTES):
            digests.feed(data)
            size_bytes += len(data)
        known = digests.known()
        check_known(known, demands, label=file.filename, url=file.url)
        archive.seek(0)
        return use(archive, CheckedSdist(Digest(known["sha256"]), size_bytes))
