"""Wheels into the store: fetched or read from disk, checked, unpacked in a worker thread, each once."""

from __future__ import annotations

import mmap
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.names import Digest
from asyncpip.core.urls import filename_of, url_to_path, without_fragment
from asyncpip.errors import DownloadError, RequirementError, StoreError
from asyncpip.fetch.downloader import IN_FLIGHT_LIMIT_BYTES, IN_MEMORY_LIMIT_BYTES, ByteBudget
from asyncpip.fetch.hashes import check_digests, demands_of, mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.store.store import Store

    Unpack = Callable[[bytes | mmap.mmap, str, str, str, Callable[[], bool]], None]
    """Archive, its file name, digest and an empty directory: unpacks; the last argument tells whether to give up."""

_UNKNOWN_SIZE_BYTES = 1024 * 1024
"""What an archive of unknown size is booked as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWheel:
    """A wheel that the store holds unpacked."""

    digest: Digest
    tree: str
    from_store: bool
    """Whether it was there before this run, and nothing has checked yet that nobody edited it."""


class WheelFetcher:
    """Brings wheels into the store. Made inside the event loop; fetches of one file are for the caller to join."""

    def __init__(self, store: Store, downloader: Downloader, unpack: Unpack, *, jobs: int) -> None:
        self._store = store
        self._downloader = downloader
        self._unpack = unpack
        self._workers = anyio.CapacityLimiter(jobs)
        self._budget = ByteBudget(IN_FLIGHT_LIMIT_BYTES)
        self._cancelled = threading.Event()
        self._fresh: set[str] = set()

    def cancel(self) -> None:
        """Make workers give up at the next member."""
        self._cancelled.set()

    async def fetch_wheel(self, file: PageFile, required: AllowedHashes, *, reuse: bool = True) -> StoredWheel:
        """Return the stored wheel of ``file``; its digest meets what index, URL and ``required`` demand.

        ``reuse`` False fetches it even where the store has it. Raises `DownloadError`, `HashMismatchError`,
        `WheelFormatError`, `StoreError`.
        """
        digest = file.hashes.get("sha256")
        if digest and reuse and await anyio.to_thread.run_sync(self._store.has_tree, digest):
            if not required.allows(file.hashes):
                raise mismatch(required, file.hashes, label=file.filename, url=file.url)
            return self._stored(Digest(digest))
        if file.url.startswith("file:"):
            return await self._in_worker(self._read_local, file, required)
        return await self._download(file, required)

    async def keep_archive(self, file: PageFile, archive: bytes, required: AllowedHashes) -> StoredWheel:
        """Store a wheel that came whole while only its metadata was wanted."""
        return await self._in_worker(self._check_and_unpack, file, required, archive)

    async def _download(self, file: PageFile, required: AllowedHashes) -> StoredWheel:
        size = file.size
        booked = await self._budget.take(min(size or _UNKNOWN_SIZE_BYTES, IN_MEMORY_LIMIT_BYTES))
        try:
            partial = None
            if size is not None and size > IN_MEMORY_LIMIT_BYTES:
                partial = self._store.partial_path(file.hashes.get("sha256") or without_fragment(file.url))
            content = await self._downloader.fetch(file.url, label=file.filename, size_bytes=size, partial_path=partial)
            try:
                return await self._in_worker(self._check_and_unpack, file, required, content)
            finally:
                if partial is not None:
                    await anyio.to_thread.run_sync(_unlink, partial)
        finally:
            await self._budget.give_back(booked)

    async def _in_worker(self, work: Callable[..., StoredWheel], *args: object) -> StoredWheel:
        """Run ``work`` in a worker; a thread that writes is waited for, even when the run is given up."""
        with anyio.CancelScope() as scope:
            scope.shield = True
            return await anyio.to_thread.run_sync(work, *args, limiter=self._workers)
        raise AssertionError  # pragma: no cover - a shielded scope does not swallow

    def _read_local(self, file: PageFile, required: AllowedHashes) -> StoredWheel:
        try:
            path = url_to_path(without_fragment(file.url))
            with open(path, "rb") as reading:
                size = os.fstat(reading.fileno()).st_size
                content = mmap.mmap(reading.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
            return self._check_and_unpack(file, required, content)
        except ValueError as error:
            raise RequirementError(str(error)) from error
        except OSError as error:
            raise DownloadError(f"could not read {file.filename}", why=str(error)) from error

    def _check_and_unpack(self, file: PageFile, required: AllowedHashes, content: bytes | mmap.mmap) -> StoredWheel:
        """Check the archive, unpack it aside, and make it a tree of the store. Blocks; runs in a worker."""
        name = file.filename or filename_of(file.url)
        view = memoryview(content)
        try:
            digest = check_digests(view, demands_of(given=file.hashes, required=required), label=name, url=file.url)
        finally:
            view.release()
        if self._store.has_tree(digest) and digest not in self._fresh:
            return self._stored(digest)
        try:
            staging = self._store.new_staging_directory()
            try:
                self._unpack(content, name, digest, staging, self._cancelled.is_set)
            except BaseException:
                self._store.discard(staging)
                raise
        except OSError as error:
            raise StoreError(f"could not unpack {name}", why=str(error)) from error
        self._store.commit_tree(staging, digest)
        self._fresh.add(digest)
        return self._stored(digest)

    def _stored(self, digest: Digest) -> StoredWheel:
        return StoredWheel(digest=digest, tree=self._store.tree_path(digest), from_store=digest not in self._fresh)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
