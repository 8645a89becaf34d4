"""The two ways to keep archives: wheels unpacked, to be installed; any archive as it is, to be handed on."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

import anyio.to_thread

from asyncpip.core.direct_url import VcsInfo
from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.unpacking import metadata_digest
from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.fetch.wheels import WheelFetcher
from asyncpip.install.archive import ArchiveReader
from asyncpip.install.manifest import Manifest
from asyncpip.install.wheel import read_layout
from asyncpip.pipeline.unpack_pool import UnpackPool
from asyncpip.store.store import read_file

if TYPE_CHECKING:
    from anyio import CapacityLimiter as Limiter

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import PageFile
    from asyncpip.fetch.archives import StoredArchive
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.install.early import ArrivingWheel
    from asyncpip.pipeline.limits import Limits
    from asyncpip.pipeline.stored import Build, CheckOut, Used, UseSource
    from asyncpip.store.store import Store


def _new_arriving(staging: str) -> ArrivingWheel:
    from asyncpip.install.early import ArrivingWheel  # noqa: PLC0415 - for large wheels only

    return ArrivingWheel(staging)


class UnpackedWheels:
    """Wheels as trees of the store."""

    def __init__(
        self, store: Store, downloader: Downloader, _reporter: Reporter, limits: Limits, *, expects_many: bool = False
    ) -> None:
        self._store = store
        self._pool = UnpackPool(jobs=limits.jobs, children=limits.jobs if expects_many else 0)
        self._fetcher = WheelFetcher(
            store,
            downloader,
            self._pool.run,
            jobs=limits.jobs,
            arriving=_new_arriving,
            expect=self._pool.expect,
        )
        self._downloader = downloader

    async def fetch(
        self,
        file: PageFile,
        required: AllowedHashes,
        *,
        reuse: bool = True,
        will_compare: bool = False,  # noqa: ARG002 - who unpacks a wheel reads its METADATA anyway
    ) -> StoredWheel:
        """See `Keeping`."""
        return await self._fetcher.fetch_wheel(file, required, reuse=reuse)

    async def keep(self, file: PageFile, archive: bytes, required: AllowedHashes) -> StoredWheel:
        """See `Keeping`."""
        return await self._fetcher.keep_archive(file, archive, required)

    async def from_source(
        self,
        candidate: Candidate,  # noqa: ARG002 - these are the protocol's
        required: AllowedHashes,  # noqa: ARG002
        build: Build,
        check_out: CheckOut,  # noqa: ARG002
    ) -> StoredWheel:
        """See `Keeping`."""
        return (await build()).stored

    async def use_source(self, file: PageFile, required: AllowedHashes, use: UseSource[Used], jobs: Limiter) -> Used:
        """See `Keeping`. The archive itself is not kept: what is built from it is."""
        from asyncpip.fetch.sdists import SdistFetcher  # noqa: PLC0415 - few runs build anything

        return await SdistFetcher(self._store, self._downloader, jobs).fetch(file, required, use)

    def read_metadata(self, stored: StoredWheel, *, strictly: bool = True) -> bytes:  # noqa: ARG002 - a protocol's
        """See `Keeping`. What is unpacked has been looked at."""
        return read_metadata_file(stored.tree)

    def drop(self, stored: StoredWheel) -> None:
        """See `Keeping`."""
        self._store.drop_tree(stored.digest)

    def cancel(self) -> None:
        """See `Keeping`."""
        self._pool.cancel()

    def close(self) -> None:
        """See `Keeping`."""
        self._pool.close()
        self._fetcher.close()


class WholeArchives:
    """Archives as they are, nothing unpacked."""

    def __init__(
        self,
        store: Store,
        downloader: Downloader,
        reporter: Reporter,
        limits: Limits,
        *,
        directory: str | None,
        builds: bool,
    ) -> None:
        """See `ArchiveFetcher` for ``directory``; ``builds`` says whether a wheel is wanted of a source."""
        from asyncpip.fetch.archives import ArchiveFetcher  # noqa: PLC0415 - `install` does without

        self._builds = builds
        self._fetcher = ArchiveFetcher(store, downloader, reporter, jobs=limits.jobs, directory=directory)

    async def fetch(
        self, file: PageFile, required: AllowedHashes, *, reuse: bool = True, will_compare: bool = False
    ) -> StoredArchive:
        """See `Keeping`."""
        peek = _peek_digest if will_compare and file.is_wheel else None
        return await self._fetcher.fetch(file, required, reuse=reuse, peek=peek)

    async def keep(self, file: PageFile, archive: bytes, required: AllowedHashes) -> StoredArchive:
        """See `Keeping`."""
        return await self._fetcher.keep(file, archive, required)

    async def from_source(
        self, candidate: Candidate, required: AllowedHashes, build: Build, check_out: CheckOut
    ) -> StoredArchive:
        """See `Keeping`."""
        if self._builds:
            from asyncpip.fetch.archives import StoredArchive  # noqa: PLC0415 - loaded then

            built = await build()
            filename, digest = os.path.basename(built.path), built.stored.digest
            return StoredArchive(
                digest=digest,
                path=built.path,
                size_bytes=(await anyio.to_thread.run_sync(os.stat, built.path)).st_size,
                from_store=built.stored.from_store,
                is_in_place=built.stored.from_store and await self._fetcher.is_in_place(filename, digest),
                made_of_source=filename,
            )
        if candidate.direct_url is None or not isinstance(candidate.direct_url.info, VcsInfo):
            return await self._fetcher.fetch(candidate.file, required)
        from asyncpip.build.source_zip import zip_tree  # noqa: PLC0415 - few runs check anything out

        tree, metadata, wanted_name = await check_out()
        head = parse_core_metadata(metadata)
        name = wanted_name or head.name
        return await self._fetcher.make(f"{name}-{head.version}.zip", lambda out: zip_tree(tree, name, metadata, out))

    async def use_source(self, file: PageFile, required: AllowedHashes, use: UseSource[Used], jobs: Limiter) -> Used:
        """See `Keeping`."""
        from asyncpip.fetch.sdists import CheckedSdist  # noqa: PLC0415 - few runs build anything

        stored = await self._fetcher.fetch(file, required)

        def read() -> Used:
            with open(stored.path, "rb") as reading:
                return use(reading, CheckedSdist(stored.digest, stored.size_bytes))

        return await anyio.to_thread.run_sync(read, limiter=jobs)

    def read_metadata(self, stored: StoredArchive, *, strictly: bool = True) -> bytes:
        """See `Keeping`. The bytes of an archive have been checked: a wheel that does not open is a broken wheel."""
        peeked = None if strictly else peek_wheel_metadata(stored.path)
        return read_wheel_metadata(stored.path) if peeked is None else peeked

    def drop(self, stored: StoredArchive) -> None:
        """Nothing to do: an archive is checked whenever it is taken from the store."""

    def cancel(self) -> None:
        """Nothing to do: nothing here computes for long."""

    def close(self) -> None:
        """Nothing is open."""


def read_wheel_metadata(path: str) -> bytes:
    """Return METADATA of the wheel at ``path``; raise `WheelFormatError` where that is no wheel we accept."""
    filename = os.path.basename(path)
    try:
        with open(path, "rb") as reading:
            content = mmap.mmap(reading.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError as error:
        raise WheelFormatError(f"{filename} is not a valid wheel", why="it is empty") from error
    except OSError as error:
        raise StoreError(f"could not read {filename}", why=str(error)) from error
    archive = ArchiveReader(content, filename)
    by_name = {member[0]: member for member in archive.members}
    return read_layout(filename, list(by_name), lambda name: archive.read_text(by_name[name])).metadata


def peek_wheel_metadata(path: str) -> bytes | None:
    """Return METADATA of the wheel at ``path``, where that is found without reading all else."""
    from asyncpip.index.ranges import FIRST_TAIL_BYTES, peek_metadata  # noqa: PLC0415 - archives kept whole only

    try:
        with open(path, "rb", buffering=0) as reading:
            size = reading.seek(0, os.SEEK_END)
            tail_start = reading.seek(max(0, size - FIRST_TAIL_BYTES))
            tail = reading.read(FIRST_TAIL_BYTES)

            def read(start: int, end: int) -> bytes:
                if start >= tail_start:
                    return tail[start - tail_start : end - tail_start]
                reading.seek(start)
                return reading.read(end - start)

            return peek_metadata(read, size)
    except (OSError, ValueError):  # the latter for a place before the beginning
        return None


def _peek_digest(path: str) -> str | None:
    found = peek_wheel_metadata(path)
    return None if found is None else metadata_digest(found)


def read_metadata_file(tree: str) -> bytes:
    """Return METADATA of a stored tree; raise `StoreError` where the tree is damaged."""
    try:
        manifest = Manifest.decode(read_file(f"{tree}/manifest") or b"")
        data = read_file(f"{tree}/{manifest.metadata_index}")
    except ValueError as error:
        raise StoreError(f"the stored wheel at {tree} is damaged", why=str(error)) from error
    if data is None:
        raise StoreError(f"the stored wheel at {tree} is damaged", why="its METADATA is missing")
    return data
