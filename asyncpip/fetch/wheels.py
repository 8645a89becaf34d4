"""Wheels into the store: fetched or read from disk, checked, unpacked in a worker thread, each once."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.names import Digest
from asyncpip.core.unpacking import MISMATCH, OK, REFUSED, Arrived, UnpackJob
from asyncpip.core.urls import filename_of, url_to_path, without_fragment
from asyncpip.core.values import Row, Value, replace
from asyncpip.errors import DownloadError, RequirementError, StoreError, WheelFormatError
from asyncpip.fetch.arrivals import Arrivals
from asyncpip.fetch.hashes import RunningDigests, check_digests, demands_of, mismatch
from asyncpip.fetch.received import ReceivedFile, SpareFiles, unlink_quietly
from asyncpip.fetch.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Protocol

    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import PageFile
    from asyncpip.core.unpacking import EarlyMember, Outcome
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.sinks import Received, Watcher
    from asyncpip.store.store import Store

    Unpack = Callable[[UnpackJob], Outcome]
    """Checks and unpacks an archive; blocks."""

    class Arriving(Watcher, Protocol):
        """Begins to unpack an archive while it arrives."""

        def finish(self) -> list[EarlyMember]:
            """Return the members that are unpacked."""

    NewArriving = Callable[[str], Arriving]
    """Makes one for the directory to unpack into."""


class StoredWheel(Value):
    """A wheel that the store holds unpacked."""

    digest: Digest
    tree: str
    from_store: bool
    """Whether it was there before this run, and nothing has checked yet that nobody edited it."""
    metadata_sha256: str | None = None
    """Of its METADATA, in hexadecimal; known where it was unpacked just now."""
    requires_python: str = ""
    """What METADATA says; known where it was unpacked just now."""


class _Begun(Row):
    """A large wheel on its way."""

    staging: str
    """The directory to unpack into."""
    arriving: Arriving
    """Who fills it as the bytes come."""
    digests: RunningDigests
    """Of what has come: of the whole archive in the end."""


class WheelFetcher:
    """Brings wheels into the store. Made inside the event loop; fetches of one file are for the caller to join."""

    def __init__(
        self,
        store: Store,
        downloader: Downloader,
        unpack: Unpack,
        *,
        jobs: int,
        arriving: NewArriving,
        expect: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``expect`` is told the size of an archive that is on its way, and returns at once."""
        self._store = store
        self._downloader = downloader
        self._unpack = unpack
        self._new_arriving = arriving
        self._expect = expect
        self._workers = anyio.CapacityLimiter(jobs)
        self._turns = Turns(jobs)
        self._files = SpareFiles(store)
        self._arrivals = Arrivals(store, downloader, self._files)
        self._fresh: set[str] = set()

    async def fetch_wheel(self, file: PageFile, required: AllowedHashes, *, reuse: bool = True) -> StoredWheel:
        """Return the stored wheel of ``file``; its digest meets what index, URL and ``required`` demand.

        ``reuse`` False fetches it even where the store has it. Raises `DownloadError`, `HashMismatchError`,
        `WheelFormatError`, `StoreError`.
        """
        digest = file.hashes.get("sha256")
        if digest and reuse and self._store.has_tree(digest):
            if required.allows(file.hashes):
                return self._stored(Digest(digest))
            if required.algorithms() <= file.hashes.keys():
                raise mismatch(required, file.hashes, label=file.filename, url=file.url)
            # Another kind of digest is required than the index gives: only the archive itself can tell.
        if file.url.startswith("file:"):
            return await self._in_worker(self._read_local, file.size or 0, file, required)
        with self._downloader.expecting(file.filename, file.size):
            return await self._download(file, required)

    def close(self) -> None:
        """Remove temporary files; nothing is under way any more."""
        self._files.close()

    async def keep_archive(self, file: PageFile, archive: bytes, required: AllowedHashes) -> StoredWheel:
        """Store a wheel that came whole while only its metadata was wanted."""
        return await self._in_worker(self._unpack_received, len(archive), file, required, archive)

    async def _download(self, file: PageFile, required: AllowedHashes) -> StoredWheel:
        self._expect(file.size or 0)
        if self._arrivals.is_large(file):
            return await self._download_large(file, required)
        return await self._arrivals.fetch(
            file, lambda content: self._in_worker(self._unpack_received, len(content), file, required, content)
        )

    async def _download_large(self, file: PageFile, required: AllowedHashes) -> StoredWheel:
        """Fetch an archive whose large members are inflated while it arrives."""
        begun = await anyio.to_thread.run_sync(self._begin, file.filename)

        def unpack(content: Received) -> Awaitable[StoredWheel]:
            """Do what is left to do."""
            path = content.path if isinstance(content, ReceivedFile) else ""
            return self._in_worker(self._unpack_file, len(content), file, required, path, len(content), begun)

        try:
            return await self._arrivals.fetch(file, unpack, [begun.digests, begun.arriving])
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._end, begun)

    def _begin(self, name: str) -> _Begun:
        staging = self._new_staging(name)
        return _Begun(staging, self._new_arriving(staging), RunningDigests([]))

    def _end(self, begun: _Begun) -> None:
        """Remove what was begun, unless it has become a tree."""
        begun.arriving.finish()
        self._store.discard(begun.staging)

    def _new_staging(self, name: str) -> str:
        try:
            return self._store.new_staging_directory()
        except OSError as error:
            raise StoreError(f"could not unpack {name}", why=str(error)) from error

    async def _in_worker(self, work: Callable[..., StoredWheel], size_bytes: int, *args: object) -> StoredWheel:
        """Run ``work`` in a worker; a thread that writes is waited for, even when the run is given up."""
        async with self._turns.turn(size_bytes):
            with anyio.CancelScope(shield=True):
                return await anyio.to_thread.run_sync(work, *args, limiter=self._workers)
        raise AssertionError  # pragma: no cover - a shielded scope does not swallow

    def _read_local(self, file: PageFile, required: AllowedHashes) -> StoredWheel:
        try:
            path = url_to_path(without_fragment(file.url))
            with open(path, "rb") as reading:
                size = os.fstat(reading.fileno()).st_size
                content = mmap.mmap(reading.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        except ValueError as error:
            raise RequirementError(str(error)) from error
        except OSError as error:
            raise DownloadError(f"could not read {file.filename}", why=str(error)) from error
        demands = demands_of(given=file.hashes, required=required)
        digest = check_digests(content, demands, label=file.filename, url=file.url)
        del content
        if self._store.has_tree(digest):
            return self._stored(digest)
        return self._unpack_file(file, required, path, size)

    def _unpack_received(self, file: PageFile, required: AllowedHashes, content: Received | bytes) -> StoredWheel:
        if isinstance(content, ReceivedFile):
            return self._unpack_file(file, required, content.path, len(content))
        try:
            path = self._store.write_temporary(content)
        except OSError as error:
            raise StoreError(f"could not keep {file.filename} in the store", why=str(error)) from error
        try:
            return self._unpack_file(file, required, path, len(content))
        finally:
            unlink_quietly(path)

    def _unpack_file(
        self,
        file: PageFile,
        required: AllowedHashes,
        path: str,
        size_bytes: int,
        begun: _Begun | None = None,
    ) -> StoredWheel:
        """Check the archive at ``path``, unpack it aside, and make it a tree of the store. Blocks; for a thread.

        ``begun`` is what was made of it as it arrived; the caller removes its directory.
        """
        name = file.filename or filename_of(file.url)
        demands = demands_of(given=file.hashes, required=required)
        staging = begun.staging if begun else self._new_staging(name)
        job = UnpackJob(
            path=path,
            size_bytes=size_bytes,
            filename=name,
            staging=staging,
            umask=self._store.umask,
            demands=[[f"{algorithm}={digest}" for algorithm, digest in demand.digests] for demand in demands],
            arrived=Arrived(begun.digests.known()["sha256"], begun.arriving.finish()) if begun else None,
        )
        try:
            outcome = self._unpack(job)
            digest = self._digest_of(outcome, demands, name, file.url)
        except BaseException:
            if begun is None:
                self._store.discard(staging)
            raise
        self._store.commit_tree(staging, digest)
        self._fresh.add(digest)
        told_digest, requires_python = outcome.details
        return replace(self._stored(digest), metadata_sha256=told_digest, requires_python=requires_python)

    @staticmethod
    def _digest_of(outcome: Outcome, demands: Sequence[AllowedHashes], name: str, url: str) -> Digest:
        """Return the digest of an unpacked archive; raise what the outcome says otherwise."""
        if outcome.kind == OK:
            return Digest(outcome.digests["sha256"])
        if outcome.kind == MISMATCH:
            wrong = next(demand for demand in demands if not demand.allows(outcome.digests))
            raise mismatch(wrong, outcome.digests, label=name, url=url)
        if outcome.kind == REFUSED:
            what, why, hint = outcome.details
            raise WheelFormatError(what, why=why or None, hint=hint or None)
        raise StoreError(f"could not unpack {name}", why=outcome.details[-1])

    def _stored(self, digest: Digest) -> StoredWheel:
        return StoredWheel(digest=digest, tree=self._store.tree_path(digest), from_store=digest not in self._fresh)
