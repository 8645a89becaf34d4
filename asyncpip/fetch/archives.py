"""Archives as they are: found in a directory or in the store, or fetched, checked, and kept whole for the next run."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.events import Level, Message
from asyncpip.core.names import Digest
from asyncpip.core.urls import redact, url_to_path, without_fragment
from asyncpip.core.values import Value
from asyncpip.errors import DownloadError, HashMismatchError, RequirementError, StoreError
from asyncpip.fetch.arrivals import Arrivals
from asyncpip.fetch.hashes import RunningDigests, check_known, demands_of, digests_for
from asyncpip.fetch.received import FreshFiles, ReceivedFile, unlink_quietly
from asyncpip.store.layout import is_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO, TypeVar

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import PageFile
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.sinks import Received
    from asyncpip.store.store import Store

    Peek = Callable[[str], str | None]
    """Tells `StoredArchive.metadata_sha256` of the file at a path."""
    _Result = TypeVar("_Result")

_READ_BYTES = 2 * 1024 * 1024
"""What of a file is hashed at once. Less would stay in the processor's cache, but after each piece a thread waits for
its turn again: with 256 KiB a download of 171 wheels took 8 % longer."""


class StoredArchive(Value):
    """An archive on this machine, whose bytes have just been checked."""

    digest: Digest
    path: str
    size_bytes: int
    from_store: bool
    """Whether the store had it before this run."""
    is_in_place: bool = False
    """Whether it lies already where the run is to put it."""
    is_local: bool = False
    """Whether ``path`` is a file of the user's own."""
    made_of_source: str | None = None
    """Where it was made here of what was asked for, its own file name: a built wheel, a zipped checkout."""

    metadata_sha256: str | None = None
    """As `StoredWheel` has it; known where it was asked for, and easily found."""

    @property
    def is_built(self) -> bool:
        """Whether it is a wheel that was built of what was asked for."""
        return self.made_of_source is not None and self.made_of_source.endswith(".whl")


class ArchiveFetcher:
    """Brings archives onto this machine. Made inside the event loop; fetches of one file are for the caller to join."""

    def __init__(
        self, store: Store, downloader: Downloader, reporter: Reporter, *, jobs: int, directory: str | None
    ) -> None:
        """``directory`` is where the run will put them: what lies there under the same name and is good, is kept."""
        self._store = store
        self._downloader = downloader
        self._reporter = reporter
        self._directory = directory
        self._workers = anyio.CapacityLimiter(jobs)
        self._arrivals = Arrivals(store, downloader, FreshFiles(store))
        self._fresh: set[str] = set()

    async def fetch(
        self,
        file: PageFile,
        required: AllowedHashes,
        *,
        reuse: bool = True,
        peek: Peek | None = None,
    ) -> StoredArchive:
        """Return the archive of ``file``; its digest meets what index, URL and ``required`` demand.

        ``reuse`` False fetches it even where it is here. ``peek`` opens what is here.
        Raises `DownloadError`, `HashMismatchError`, `StoreError`.
        """
        _check_filename(file.filename, file.url)
        if reuse and self._may_be_here(file):
            found = await self._in_worker(self._find, file, required, peek)
            if found is not None:
                return found
        if file.url.startswith("file:"):
            return await self._in_worker(self._read_local, file, required, peek)
        # Hashed as it arrives, it need not be read again: 8 % of the processor time of a download.
        seen = RunningDigests(demands_of(given=file.hashes, required=required))
        with self._downloader.expecting(file.filename, file.size):
            return await self._arrivals.fetch(
                file,
                lambda content: self._in_worker(self._keep_content, file, required, content, seen, peek),
                [seen],
            )

    async def keep(self, file: PageFile, archive: bytes, required: AllowedHashes) -> StoredArchive:
        """Store an archive that came whole while only its metadata was wanted."""
        return await self._in_worker(self._keep_content, file, required, archive)

    async def is_in_place(self, filename: str, digest: Digest) -> bool:
        """Return whether the directory holds the archive of ``digest`` under that name."""
        if self._directory is None:
            return False
        return await self._in_worker(self._has, os.path.join(self._directory, filename), digest)

    @staticmethod
    def _has(path: str, digest: Digest) -> bool:
        found = digests_for_file(path, ())
        return found is not None and found[0]["sha256"] == digest

    async def make(self, filename: str, write: Callable[[BinaryIO], None]) -> StoredArchive:
        """Return an archive that ``write`` makes, called in a worker."""
        _check_filename(filename, filename)
        return await self._in_worker(self._make, filename, write)

    def _make(self, filename: str, write: Callable[[BinaryIO], None]) -> StoredArchive:
        try:
            descriptor, aside = self._store.create_temporary()
            try:
                with open(descriptor, "w+b") as writing:
                    write(writing)
                    size = writing.seek(0, os.SEEK_END)
                found = digests_for_file(aside, ())
                if found is None:
                    raise FileNotFoundError(aside)
                digest = Digest(found[0]["sha256"])
                path = self._store.commit_archive(aside, digest, filename)
            finally:
                unlink_quietly(aside)
        except OSError as error:
            raise StoreError(f"could not make {filename}", why=str(error)) from error
        is_there = self._directory is not None and self._has(os.path.join(self._directory, filename), digest)
        return StoredArchive(
            digest=digest,
            path=path,
            size_bytes=size,
            from_store=False,
            is_in_place=is_there,
            made_of_source=filename,
        )

    async def _in_worker(self, work: Callable[..., _Result], *args: object) -> _Result:
        """Run ``work`` in a worker; a thread that writes is waited for, even when the run is given up."""
        with anyio.CancelScope(shield=True):
            return await anyio.to_thread.run_sync(work, *args, limiter=self._workers)
        raise AssertionError  # pragma: no cover - a shielded scope does not swallow

    def _may_be_here(self, file: PageFile) -> bool:
        """Return whether to look closer, in a worker: two system calls cost less than the way there and back."""
        if self._directory is not None and os.path.lexists(os.path.join(self._directory, file.filename)):
            return True
        digest = file.hashes.get("sha256")
        return (
            digest is not None
            and is_digest(digest)
            and os.path.lexists(self._store.archive_path(digest, file.filename))
        )

    def _find(self, file: PageFile, required: AllowedHashes, peek: Peek | None) -> StoredArchive | None:
        """Return the archive where it is here and good: in the directory, else in the store."""
        demands = demands_of(given=file.hashes, required=required)
        if self._directory is not None:
            path = os.path.join(self._directory, file.filename)
            found = digests_for_file(path, demands)
            if found is not None:
                known, size = found
                try:
                    check_known(known, demands, label=file.filename, url=file.url)
                except HashMismatchError:
                    text = f"Previously-downloaded file {path} has bad hash. Re-downloading."
                    self._reporter.emit(Message(Level.WARNING, text))
                else:
                    return StoredArchive(
                        digest=Digest(known["sha256"]),
                        path=path,
                        size_bytes=size,
                        from_store=False,
                        is_in_place=True,
                        metadata_sha256=peek(path) if peek else None,
                    )
        digest = file.hashes.get("sha256")
        if digest is None or not is_digest(digest):
            return None
        path = self._store.archive_path(digest, file.filename)
        found = digests_for_file(path, demands)
        if found is None:
            return None
        known, size = found
        if known["sha256"] != digest:
            self._store.drop_archive(digest, file.filename)  # somebody edited it through a hard link
            return None
        check_known(known, demands, label=file.filename, url=file.url)
        return StoredArchive(
            digest=Digest(digest),
            path=path,
            size_bytes=size,
            from_store=digest not in self._fresh,
            metadata_sha256=peek(path) if peek else None,
        )

    def _read_local(self, file: PageFile, required: AllowedHashes, peek: Peek | None) -> StoredArchive:
        try:
            path = url_to_path(without_fragment(file.url))
        except ValueError as error:
            raise RequirementError(str(error)) from error
        demands = demands_of(given=file.hashes, required=required)
        found = digests_for_file(path, demands)
        if found is None:
            raise DownloadError(f"could not read {file.filename}", why=f"there is no readable file at {path}")
        known, size = found
        check_known(known, demands, label=file.filename, url=file.url)
        return StoredArchive(
            digest=Digest(known["sha256"]),
            path=path,
            size_bytes=size,
            from_store=False,
            is_local=True,
            metadata_sha256=peek(path) if peek else None,
        )

    def _keep_content(
        self,
        file: PageFile,
        required: AllowedHashes,
        content: Received | bytes,
        seen: RunningDigests | None = None,
        peek: Peek | None = None,
    ) -> StoredArchive:
        """Check what arrived and make it an archive of the store. Blocks; for a thread.

        ``seen`` has been shown all of it already.
        """
        demands = demands_of(given=file.hashes, required=required)
        try:
            known = seen.known() if seen else self._digests(content, demands)
            check_known(known, demands, label=file.filename, url=file.url)
            digest = Digest(known["sha256"])
            aside = content.path if isinstance(content, ReceivedFile) else self._store.write_temporary(content)
            path = self._store.commit_archive(aside, digest, file.filename)
        except OSError as error:
            raise StoreError(f"could not keep {file.filename}", why=str(error)) from error
        self._fresh.add(digest)
        return StoredArchive(
            digest=digest,
            path=path,
            size_bytes=len(content),
            from_store=False,
            metadata_sha256=peek(path) if peek else None,
        )

    @staticmethod
    def _digests(content: Received | bytes, demands: Sequence[AllowedHashes]) -> dict[str, str]:
        if not isinstance(content, ReceivedFile):
            return digests_for(content, demands)
        found = digests_for_file(content.path, demands)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "it was taken away while it arrived", content.path)
        return found[0]


def _check_filename(name: str, url: str) -> None:
    """Raise where a name that a page or metadata give is not one that a file in a directory can have."""
    if name in ("", ".", "..") or any(sign in name for sign in "/\\\0") or os.path.basename(name) != name:
        raise DownloadError(f"{name!r} is no name for a file", why=f"that is what {redact(url)} is called")


def digests_for_file(path: str, demands: Sequence[AllowedHashes]) -> tuple[dict[str, str], int] | None:
    """Return digests and size of the file at ``path``; None where there is none that can be read."""
    digests, size = RunningDigests(demands), 0
    room = memoryview(bytearray(_READ_BYTES))
    try:
        with open(path, "rb", buffering=0) as reading:
            while count := reading.readinto(room):
                digests.feed(room[:count])
                size += count
    except OSError:
        return None
    return digests.known(), size
