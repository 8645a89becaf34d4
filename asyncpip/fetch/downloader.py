"""Archives over the network: streamed to files, resumed where they were cut.

Large ones go to a partial file of the store, which a later run goes on with; others to a temporary one.
"""

from __future__ import annotations

import math
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
from asyncpip.fetch.turns import Turns
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncpip.core.events import Reporter
    from asyncpip.fetch.sinks import OpenFile, Received, Sink, Watcher
    from asyncpip.net.transport import Response, Transport

IN_MEMORY_LIMIT_BYTES = 40 * 1024 * 1024
"""Beyond this size an archive goes to a partial file, and is looked at as it arrives."""
IN_FLIGHT_LIMIT_BYTES = 128 * 1024 * 1024
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
        self._slots = Turns(concurrent_downloads)
        self._per_host = downloads_per_host
        self._host_slots: dict[str, Turns] = {}
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
        host_slots, size = self._slots_of_host(url), size_bytes or 0
        async with host_slots.turn(size), self._slots.turn(size):
            transfer = _Transfer(
                self._transport,
                self._reporter,
                self._resume_retries,
                url,
                label,
                size_bytes,
                _SpareSlots(host_slots, self._slots),
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

    def widen(self, downloads_per_host: int) -> None:
        """Allow more downloads per host from now on: nobody waits for anything else."""
        for slots in self._host_slots.values():
            for _ in range(downloads_per_host - self._per_host):
                slots.give_back()
        self._per_host = max(downloads_per_host, self._per_host)

    def _slots_of_host(self, url: str) -> Turns:
        """Return a host's share: some of its connections stay for pages and metadata, which the solver waits for."""
        host = urlsplit(url).netloc
        slots = self._host_slots.get(host)
        if slots is None:
            slots = self._host_slots[host] = Turns(self._per_host)
        return slots


class _SpareSlots:
    """Connections to a host that no other archive waits for."""

    def __init__(self, *turns: Turns) -> None:
        self._turns = turns

    @property
    def is_wanted(self) -> bool:
        return any(turns.is_wanted for turns in self._turns)

    def borrow(self) -> bool:
        taken = []
        for turns in self._turns:
            if not turns.borrow():
                break
            taken.append(turns)
        else:
            return True
        for turns in taken:
            turns.give_back()
        return False

    def give_back(self) -> None:
        for turns in self._turns:
            turns.give_back()


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
        spare: _SpareSlots,
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
                if await self._request(sink):
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
        """Take a body as long as it comes slowly; return True as soon as the rest had better come over several."""
        least_seconds = math.inf
        probes = 0
        while (
            self._may_split and self._size is not None and side_by_side.may_split(response, self._size - sink.received)
        ):
            expected, started = sink.received + side_by_side.PROBE_BYTES, time.monotonic()
            await sink.take(response, expected, progress.add)
            probes += 1
            least_seconds = min(least_seconds, time.monotonic() - started)
            if sink.received < expected or not side_by_side.is_worth_it(self._size - sink.received, least_seconds):
                break
            if probes >= side_by_side.PROBES and self._spare.borrow():
                self._spare.give_back()
                return True
        return False

    async def _split(self, sink: Sink) -> None:
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
            await rest.run(sink, self._spare, progress.add)
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
