"""The rest of a large archive over several connections, where one alone would take long: in blocks, kept in order.

Each connection asks for the next block that nobody has asked for. Blocks go to the sink one after the other, so that
what watches the archive sees it as from one connection, and what is kept of a run that ends early is its beginning.
Connections join when nobody waits for them, and leave when somebody does.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import anyio

from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anyio.abc import TaskGroup

    from asyncpip.fetch.sinks import Sink
    from asyncpip.net.transport import Response, Transport

BLOCK_BYTES = 2 * 1024 * 1024
"""Of each connection there is one in memory. At 25 Mbit/s it takes 0.7 s, so that asking for the next costs little."""
MOST_CONNECTIONS = 6
PROBE_BYTES = 2 * 1024 * 1024
PROBES = 3
"""So often the time is taken that so much needs. The best counts: a connection is slower at first, and this
process may have other things to do."""
_LEAST_BYTES = 4 * 1024 * 1024
"""A shorter rest is not worth the connections."""
_WORTH_SECONDS = 1.5
"""A rest that takes less time is left to the connection that there is: what that one has on its way would be lost."""
_SLOW_SECONDS = 0.04
"""A connection that brings `PROBE_BYTES` sooner, at 50 MB/s, waits for this machine more than for its line."""
_PARTIAL = 206


def is_worth_it(left_bytes: int, probe_seconds: float) -> bool:
    """Return whether the rest of an archive is to come side by side, when `PROBE_BYTES` have taken so long."""
    return probe_seconds > _SLOW_SECONDS and left_bytes * probe_seconds > _WORTH_SECONDS * PROBE_BYTES


def may_split(response: Response, left_bytes: int) -> bool:
    """Return whether a server can be asked for blocks of the archive that it has begun to send.

    It must have a strong ETag: by a date two files of one second could be mixed (RFC 9110 §13.1.5).
    """
    takes_ranges = response.status == _PARTIAL or response.headers.get("accept-ranges", "").strip().lower() == "bytes"
    return takes_ranges and response.headers.get("etag", "").startswith('"') and left_bytes >= _LEAST_BYTES


class Spare(Protocol):
    """Connections that nobody waits for."""

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits now."""

    def borrow(self) -> bool:
        """Take one, until `give_back`; return whether there was one."""

    def give_back(self) -> None:
        """Let others have it."""


class SideBySide:
    """Fetches what a sink does not hold yet."""

    def __init__(
        self, transport: Transport, url: str, headers: Mapping[str, str], etag: str, *, size_bytes: int, attempts: int
    ) -> None:
        """``etag`` is that of the file, which has ``size_bytes``. Of ranges ``attempts`` in all may be cut."""
        self._transport = transport
        self._url = url
        self._headers = {**headers, "if-range": etag}
        self._etag = etag
        self._size = size_bytes
        self._attempts_left = attempts
        self._next_start = 0
        self._last_added = anyio.Event()
        self._borrowed = 0

    async def run(self, sink: Sink, spare: Spare, on_bytes: Callable[[int], None]) -> None:
        """Fetch the rest; raise `TransportError` where a range cannot be had, what came before it is in the sink then.

        Raises `OSError` where the sink does.
        """
        self._next_start = sink.received
        self._last_added.set()

        async def fetch_blocks(tasks: TaskGroup, *, is_own: bool) -> None:
            memory = memoryview(bytearray(min(BLOCK_BYTES, self._size)))
            while self._next_start < self._size and (is_own or not spare.is_wanted):
                start = self._next_start
                self._next_start = min(start + BLOCK_BYTES, self._size)
                join(tasks)
                before, added = self._last_added, anyio.Event()
                self._last_added = added
                block = memory[: self._next_start - start]
                await self._fetch(start, block)
                await before.wait()
                await sink.add(block)
                on_bytes(len(block))
                added.set()
            if not is_own:
                self._borrowed -= 1
                spare.give_back()

        def join(tasks: TaskGroup) -> None:
            """Have one connection more, where there is one and something to do for it."""
            if self._next_start < self._size and 1 + self._borrowed < MOST_CONNECTIONS and spare.borrow():
                self._borrowed += 1
                tasks.start_soon(partial(fetch_blocks, tasks, is_own=False))

        try:
            async with anyio.create_task_group() as tasks:
                await fetch_blocks(tasks, is_own=True)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            for _ in range(self._borrowed):
                spare.give_back()

    async def _fetch(self, start: int, block: memoryview) -> None:
        """Fill ``block`` with what begins at ``start``, going on where it was cut."""
        got_bytes = 0
        while got_bytes < len(block):
            headers = {**self._headers, "range": f"bytes={start + got_bytes}-{start + len(block) - 1}"}
            async with self._transport.get(self._url, headers) as response:
                self._check(response, start + got_bytes)
                try:
                    got_bytes += await response.read_into(block[got_bytes:])
                except TransportError as error:
                    if error.kind not in (FailureKind.CUT, FailureKind.TIMEOUT):
                        raise
                    got_bytes += response.received_bytes
            if got_bytes < len(block):
                if self._attempts_left <= 0:
                    raise TransportError(FailureKind.CUT, self._url, "a range was cut again and again")
                self._attempts_left -= 1

    def _check(self, response: Response, start: int) -> None:
        """Raise `TransportError` unless what comes is what was asked for, of the same file."""
        if response.status != _PARTIAL:
            raise self._refused(f"status {response.status} instead of a range")
        if content_range(response.headers.get("content-range", "")) != (start, self._size):
            raise self._refused("another range than asked for")
        if response.headers.get("etag") != self._etag:
            raise self._refused("a range of another file")

    def _refused(self, what: str) -> TransportError:
        return TransportError(FailureKind.PROTOCOL, self._url, f"the server sent {what}")


def content_range(text: str) -> tuple[int | None, int | None]:
    """Return first byte and total size of a Content-Range (RFC 9110 §14.4); None for what it does not say."""
    unit, _, rest = text.partition(" ")
    span, _, total = rest.partition("/")
    first = span.partition("-")[0]
    if unit != "bytes" or not first.isdigit():
        return None, None
    return int(first), int(total) if total.isdigit() else None
