"""Archives over the network: streamed to files, resumed where they were cut.

Large ones go to a partial file of the store, which a later run goes on with; others to a temporary one.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from asyncpip.core.events import (
    Level,
    Message,
    TransferEnded,
    TransferExpected,
    TransferStarted,
)
from asyncpip.core.urls import redact, without_fragment
from asyncpip.errors import DownloadError, StoreError
from asyncpip.fetch import side_by_side
from asyncpip.fetch.side_by_side import SideBySide, content_range
from asyncpip.fetch.sinks import FileSink, Progress, TemporaryFileSink
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from asyncpip.core.events import Reporter
    from asyncpip.fetch.sinks import OpenFile, Received, Sink, Watcher
    from asyncpip.net.transport import Response, Transport

IN_MEMORY_LIMIT_BYTES = 40 * 1024 * 1024
"""Beyond this size an archive goes to a partial file, and is looked at as it arrives."""
IN_FLIGHT_LIMIT_BYTES = 64 * 1024 * 1024
"""Bytes of archives that lie in temporary files at once, arriving or waiting for a worker: on tmpfs that is memory."""
_SURPLUS_BYTES = 1024 * 1024
"""An archive may be this much longer than its index says, and twice as long, before it is given up at its head: mostly
the digest decides, and says more; but nobody has to fetch gigabytes to see that they are wrong."""
_IDENTITY = {"accept-encoding": "identity"}
_OK, _PARTIAL, _RANGE_NOT_SATISFIABLE = 200, 206, 416


class Downloader:
    """Fetches archives. Made inside the event loop."""

    def __init__(
        self,
        transport: Transport,
        reporter: Reporter,
        *,
        concurrent_downloads: int,
        downloads_per_host: int,
        resume_retries: int,
    ) -> None:
        self._transport = transport
        self._reporter = reporter
        self._slots = anyio.CapacityLimiter(concurrent_downloads)
        self._per_host = downloads_per_host
        self._host_slots: dict[str, anyio.CapacityLimiter] = {}
        self._resume_retries = resume_retries

    @contextmanager
    def expecting(self, label: str, size_bytes: int | None) -> Iterator[None]:
        """Tell that an archive waits to be fetched; and where nothing comes of it, that it is given up."""
        self._reporter.emit(TransferExpected(label, size_bytes))
        try:
            yield
        except BaseException:
            self._reporter.emit(TransferEnded(label, ok=False))
            raise

    async def fetch(
        self,
        url: str,
        *,
        label: str,
        size_bytes: int | None,
        partial_path: str | None,
        open_file: OpenFile,
        watchers: Sequence[Watcher] = (),
    ) -> Received:
        """Return the archive at ``url``: in ``partial_path``, else in what ``open_file`` opens.

        One of a few bytes without ``partial_path`` is in memory. ``watchers`` see it as it arrives. Raises
        `DownloadError`, and `StoreError` where a file cannot be written. A partial file is left behind for the next run
        when the transfer fails.
        """
        async with self._slots_of_host(url), self._slots:
            transfer = _Transfer(
                self._transport, self._reporter, self._resume_retries, url, label, size_bytes, lambda: self._spare(url)
            )
            try:
                sink: Sink = (
                    TemporaryFileSink(open_file, watchers)
                    if partial_path is None
                    else await anyio.to_thread.run_sync(FileSink, partial_path, watchers)
                )
                done = False
                try:
                    await transfer.run(sink)
                    content = await sink.finish()
                    done = True
                finally:
                    with anyio.CancelScope(shield=True):
                        await sink.aclose()
                    self._reporter.emit(TransferEnded(label, done))
            except OSError as error:
                raise StoreError(f"could not keep {label} in the store", why=str(error)) from error
            return content

    @contextmanager
    def _spare(self, url: str) -> Iterator[int]:
        """Lend the connections that nobody else waits for, and tell how many these are."""
        limiters = (self._slots_of_host(url), self._slots)
        count = min(side_by_side.MOST_CONNECTIONS - 1, *(int(limiter.available_tokens) for limiter in limiters))
        borrowers = [object() for _ in range(count)]
        for borrower in borrowers:
            for limiter in limiters:
                limiter.acquire_on_behalf_of_nowait(borrower)
        try:
            yield count
        finally:
            for borrower in borrowers:
                for limiter in limiters:
                    limiter.release_on_behalf_of(borrower)

    def _slots_of_host(self, url: str) -> anyio.CapacityLimiter:
        """Return a host's share: some of its connections stay for pages and metadata, which the solver waits for."""
        host = urlsplit(url).netloc
        slots = self._host_slots.get(host)
        if slots is None:
            slots = self._host_slots[host] = anyio.CapacityLimiter(self._per_host)
        return slots


class _Transfer:
    """One archive on its way, over as many requests as it takes."""

    def __init__(
        self,
        transport: Transport,
        reporter: Reporter,
        attempts: int,
        url: str,
        label: str,
        size_bytes: int | None,
        spare: Callable[[], AbstractContextManager[int]],
    ) -> None:
        """``spare`` lends further connections."""
        self._transport = transport
        self._spare = spare
        self._may_split = True
        self._reporter = reporter
        self._attempts_left = attempts
        self._url = without_fragment(url)
        self._label = label
        self._size = size_bytes
        self._most_bytes = None if size_bytes is None else 2 * size_bytes + _SURPLUS_BYTES
        self._validator: str | None = None
        """A strong ETag or a date, for If-Range (RFC 9110 §13.1.5)."""
        self._announced = False

    async def run(self, sink: Sink) -> None:
        """Fetch what ``sink`` does not hold yet; an earlier run may have left it whole."""
        if self._size is not None and sink.received > self._size:
            await sink.restart()
        if sink.received and sink.received == self._size:
            self._announce(sink.received)
            return
        while True:
            try:
                if await self._request(sink) and isinstance(sink, FileSink):
                    await self._split(sink)
            except TransportError as error:
                if error.kind not in (FailureKind.CUT, FailureKind.TIMEOUT) or self._attempts_left <= 0:
                    raise self._failed(str(error.why)) from error
            else:
                if self._size is None or sink.received >= self._size:
                    return
            if self._attempts_left <= 0:
                raise self._failed(f"the server sent {sink.received} of {self._size} bytes")
            self._attempts_left -= 1
            self._reporter.emit(
                Message(
                    Level.WARNING,
                    f"Connection lost while downloading {self._label}; resuming at {sink.received} bytes",
                )
            )

    async def _request(self, sink: Sink) -> bool:
        """Fetch what is missing over one connection; return whether the rest had better come over several."""
        headers = dict(_IDENTITY)
        if sink.received:
            headers["range"] = f"bytes={sink.received}-"
            if self._validator:
                headers["if-range"] = self._validator
        async with self._transport.get(self._url, headers) as response:
            if response.status == _RANGE_NOT_SATISFIABLE and sink.received:
                await sink.restart()
                raise TransportError(FailureKind.CUT, self._url, "the server has no such range")
            if response.status not in (_OK, _PARTIAL):
                raise self._failed(f"the server answered with status {response.status}")
            await self._read_head(response, sink)
            self._announce(sink.received)
            progress = Progress(self._reporter, self._label)
            try:
                if await self._is_slow(response, sink, progress):
                    return True
                await sink.take(response, self._size, progress.add)
            finally:
                progress.tell()
            if self._size is not None and await response.read_into(memoryview(bytearray(1))):
                raise self._failed(f"the server sent more than the {self._size} bytes that were announced")
        if self._size is None:
            self._size = sink.received
        return False

    async def _is_slow(self, response: Response, sink: Sink, progress: Progress) -> bool:
        """Take the beginning of a body; return whether that took so long that it had better be left."""
        if not self._may_split or self._size is None or not isinstance(sink, FileSink):
            return False
        if not side_by_side.may_split(response, self._size - sink.received):
            return False
        for _ in range(side_by_side.PROBES):
            expected, started = sink.received + side_by_side.PROBE_BYTES, time.monotonic()
            await sink.take(response, expected, progress.add)
            took_seconds = time.monotonic() - started
            if sink.received < expected or not side_by_side.is_worth_it(self._size - sink.received, took_seconds):
                return False
        with self._spare() as spare:
            return spare > 0

    async def _split(self, sink: FileSink) -> None:
        """Fetch the rest over several connections, as far as the server takes part in it."""
        if self._size is None or self._validator is None:
            return
        progress = Progress(self._reporter, self._label)
        rest = SideBySide(
            self._transport,
            self._url,
            _IDENTITY,
            self._validator,
            size_bytes=self._size,
            attempts=self._attempts_left,
        )
        try:
            with self._spare() as spare:
                await rest.run(sink, 1 + spare, progress.add)
        except TransportError as error:
            self._may_split = False
            text = f"{self._label} goes on over one connection at {sink.received} bytes: {error.why}"
            self._reporter.emit(Message(Level.VERBOSE, text))
            await self._request(sink)
        finally:
            progress.tell()

    async def _read_head(self, response: Response, sink: Sink) -> None:
        """Learn size and validator; start over where the server does not go on from where we are."""
        headers = response.headers
        if response.status == _PARTIAL:
            start, total = content_range(headers.get("content-range", ""))
            if start != sink.received:
                await sink.restart()
                raise TransportError(FailureKind.CUT, self._url, "the server sent another range than asked for")
            length = total
        else:
            if sink.received:
                await sink.restart()
            text = headers.get("content-length", "")
            length = int(text) if text.isdigit() and not headers.get("content-encoding") else None
        if length is not None:
            if self._most_bytes is not None and length > self._most_bytes:
                raise self._failed(f"the server announces {length} bytes, the index {self._size}")
            self._size = length
        etag = headers.get("etag", "")
        self._validator = etag if etag.startswith('"') else headers.get("last-modified") or self._validator

    def _announce(self, resumed_bytes: int) -> None:
        if not self._announced:
            self._announced = True
            self._reporter.emit(TransferStarted(self._label, self._label, self._size, resumed_bytes))

    def _failed(self, why: str) -> DownloadError:
        return DownloadError(f"could not download {self._label}", why=f"{why} ({redact(self._url)})")
