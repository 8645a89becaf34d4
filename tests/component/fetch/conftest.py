"""A downloader and a fetcher over the real transport, with a store of their own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import asyncpip.net.direct_transport  # noqa: F401 - here, for in the loop loading it would count as blocking
from asyncpip.core.events import Level
from asyncpip.fetch.downloader import Downloader
from asyncpip.fetch.wheels import WheelFetcher
from asyncpip.install.early import ArrivingWheel
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.late_transport import LateTransport
from asyncpip.pipeline.unpack_pool import UnpackPool
from tests.support.memory import MemoryReporter
from tests.support.stored import open_test_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpip.store.store import Store

OPTIONS = TransportOptions(timeout_seconds=0.4, retries=0, use_proxy_env=False)


class Fetching:
    """Everything that one test of fetching needs; ``store`` and ``reporter`` outlive the connections."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_test_store(folder / "store")
        (folder / "store" / "tmp").mkdir(parents=True, exist_ok=True)  # made in the loop once, which counts as blocking
        self.reporter = MemoryReporter()

    @asynccontextmanager
    async def open_downloader(
        self, *, concurrent: int = 4, per_host: int | None = None, resume_retries: int = 2
    ) -> AsyncIterator[Downloader]:
        transport = LateTransport(OPTIONS, self.reporter, {})
        try:
            yield Downloader(
                transport,
                self.reporter,
                concurrent_downloads=concurrent,
                downloads_per_host=per_host or concurrent,
                resume_retries=resume_retries,
            )
        finally:
            await transport.aclose()

    @asynccontextmanager
    async def open_fetcher(self, *, concurrent: int = 4, resume_retries: int = 2) -> AsyncIterator[WheelFetcher]:
        pool = UnpackPool()
        try:
            async with self.open_downloader(concurrent=concurrent, resume_retries=resume_retries) as downloader:
                fetcher = WheelFetcher(self.store, downloader, pool.run, jobs=2, arriving=ArrivingWheel)
                try:
                    yield fetcher
                finally:
                    fetcher.close()
        finally:
            pool.close()

    def warnings(self) -> list[str]:
        return self.reporter.texts(Level.WARNING)

    def left(self, bucket: str) -> list[str]:
        """Names in a directory of the store."""
        folder = Path(self.store.root) / bucket
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def fetching(tmp_path: Path) -> Fetching:
    return Fetching(tmp_path)
