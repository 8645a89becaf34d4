"""One HTTP/1.1 connection: sends a request, takes its answer apart as it arrives, one at a time.

The loop writes received bytes straight into memory of ours: into the connection's own buffer, or, as soon as somebody
has asked for a body by `receive_into`, into theirs. So an archive is copied once, by the kernel; through a stream
reader each byte was copied three more times on the loop's thread, which was the bottleneck of a cold install.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from asyncpip.net.http1 import (
    HEAD_LIMIT_BYTES,
    ChunkedDecoder,
    ConnectionEndedError,
    ProtocolError,
    find_head_end,
    parse_head,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.net.http1 import AnswerHead

_OWN_BYTES = HEAD_LIMIT_BYTES
"""A head has to fit, and what comes right behind it; much more would fall out of the processor's cache."""
_UNKNOWN_BYTES = 1 << 62
"""What is left of a body whose end only tells itself."""
PROGRESS_BYTES = 1024
"""Less than this within the timeout counts as nothing: a server that lets its answer drip would hold a run for ever. A
line that carries 70 bytes a second carries no archive."""
_TIMER_SLACK_SECONDS = 0.001


class Connection(asyncio.BufferedProtocol):
    """The client's side. One task uses it at a time: `request`, then `receive`s until `is_complete`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, below: socket.socket, *, idle_timeout_seconds: float) -> None:
        """``idle_timeout_seconds`` bounds the wait for each piece of an answer; 0 is no bound.

        ``below`` is the socket that the transport will own.
        """
        self._loop = loop
        self._socket = below
        self._timeout = idle_timeout_seconds
        self._transport: asyncio.Transport | None = None
        self._is_encrypted = False
        self._store = bytearray(_OWN_BYTES)
        self._own = memoryview(self._store)
        self._start = self._end = 0
        """What the own buffer holds and nobody has taken."""
        self._seen = 0  # up to where the end of the head was looked for
        self._head: AnswerHead | None = None
        self._awaits_head = False
        self._decoder: ChunkedDecoder | None = None
        self._left = 0  # bytes of the body that have not arrived
        self._has_excess = False  # whether something came behind the body
        self._target: memoryview | None = None
        """Where arriving bytes go instead of the own buffer, and how many have gone there."""
        self._target_filled = self._target_wanted = 0
        self._on_piece: Callable[[memoryview], None] | None = None
        self._is_window = False  # whether each piece goes to the beginning of the target again
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._is_paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._active_at = 0.0
        """When the last `PROGRESS_BYTES` had come; time in which nobody waited is not counted."""
        self._left_at = 0.0
        self._slow_bytes = 0  # what has come since
        self.is_closed = False
        self.is_complete = True
        """Whether the answer is here and taken: the connection is free, if it `is_usable`."""
        self.free_since = 0.0  # the loop's time when the last answer was complete
        self.received_bytes = 0
        """How much of the body was given out, or written where `receive_into` was told to."""
        self.on_complete: Callable[[Connection], None] | None = None
        """Called once the answer is complete or the connection given up; then forgotten."""
        self.on_lost: Callable[[Connection], None] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        if not self.is_complete or self.is_closed or self._error is not None:
            return False
        return self._transport is not None and not self._transport.is_closing()

    def has_unasked_bytes(self) -> bool:
        """Return whether something waits to be read, its end included: then no request may be sent.

        The loop would tell too, but only in its next turn. TLS has bytes of its own there, and keeps them apart.
        """
        if self._is_encrypted:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    async def request(self, head: bytes) -> tuple[AnswerHead, bytes | None]:
        """Send ``head`` and return the head of the final answer, and its body where all of that came along.

        Raises `ConnectionEndedError`, `ProtocolError`, `TimeoutError`; the connection is closed then.
        """
        if self._transport is None or not self.is_usable:
            raise ConnectionEndedError("the connection is closed", before_answer=True)
        self._start = self._end = self._seen = self.received_bytes = self._slow_bytes = 0
        self._active_at = self._left_at = self._loop.time()
        self._head = None
        self._awaits_head = True
        self.is_complete = False
        try:
            self._transport.write(head)
            answer = await self._receive_head()
        except BaseException:
            self.close()
            raise
        if self._left > 0:
            return answer, None
        body = self._take_own()
        self.received_bytes = len(body)
        self._complete()
        return answer, body

    async def receive(self) -> bytes:
        """Return the next bytes of the body, chunked coding taken off; `b""` only at its end.

        Raises `ConnectionEndedError`, `ProtocolError`, `TimeoutError`.
        """
        while not self.is_complete:
            if self._start == self._end:
                if self._left == 0:
                    self._complete()
                    break
                if self._error is not None:
                    raise self._error
                await self._wait()
                continue
            data = self._take_own()
            if self._decoder is not None:
                try:
                    data = self._decoder.feed(data)
                except ProtocolError as error:
                    self._fail(error)
                    raise
                if self._decoder.is_done:
                    self._has_excess = self._decoder.excess_bytes > 0
                    self._complete()
            elif self._left == 0:
                self._complete()
            if data:
                self.received_bytes += len(data)
                return data
        return b""

    async def receive_into(self, buffer: memoryview, on_bytes: Callable[[int], None] | None) -> None:
        """Fill ``buffer`` with the next bytes of a body that is not chunked; stop early only at the body's end.

        `received_bytes` tells how far it came, also where this raises. ``on_bytes`` hears the size of each piece.
        """
        here = self._own[self._start : min(self._end, self._start + len(buffer))]
        buffer[: len(here)] = here
        if here and on_bytes is not None:
            on_bytes(len(here))
        self._is_window = False
        on_piece = None if on_bytes is None else lambda piece: on_bytes(len(piece))
        await self._receive_more(len(here), buffer[len(here) :], len(buffer), on_piece)

    async def receive_to(self, take: Callable[[memoryview], None], window: memoryview, limit_bytes: int) -> None:
        """Give ``take`` the next bytes of a body that is not chunked, as they come, up to ``limit_bytes``.

        They lie in ``window``, which others use too as soon as ``take`` returns. What it raises ends the connection.
        """
        here = self._own[self._start : min(self._end, self._start + limit_bytes)]
        if here:
            take(here)
        self._is_window = True
        await self._receive_more(len(here), window, limit_bytes, take)

    async def _receive_more(
        self, taken: int, target: memoryview, limit_bytes: int, on_piece: Callable[[memoryview], None] | None
    ) -> None:
        """Have the rest of ``limit_bytes`` arrive in ``target``; ``taken`` were in the own buffer."""
        self._start += taken
        self.received_bytes += taken
        if self._start == self._end:
            self._start = self._end = 0
            if self._left == 0:
                self._complete()
        wanted = min(limit_bytes - taken, self._left)
        if wanted == 0 or self.is_complete:
            return
        self._target, self._target_wanted, self._on_piece = target, wanted, on_piece
        self._target_filled = 0
        try:
            while self._target_filled < wanted and self._left > 0:
                if self._error is not None:
                    raise self._error
                await self._wait()
        finally:
            self.received_bytes += self._target_filled
            self._target = self._on_piece = None
        if self._left == 0:
            self._complete()

    async def _receive_head(self) -> AnswerHead:
        while self._head is None:
            if self._error is not None:
                raise self._error
            await self._wait()
        return self._head

    def close(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None and not self.is_closed:
            self._transport.abort()
        self.is_closed = True
        self._end_timer()
        self._say_complete()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._is_encrypted = transport.get_extra_info("sslcontext") is not None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - a hint
        """See `asyncio.BufferedProtocol`."""
        if self._target is not None:
            start = 0 if self._is_window else self._target_filled
            return self._target[start : start + self._target_wanted - self._target_filled]
        return self._own[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        if self.is_closed:
            return
        self._slow_bytes += nbytes
        if self._slow_bytes >= PROGRESS_BYTES:
            self._slow_bytes = 0
            self._active_at = self._loop.time()
        if self._target is not None:
            self._fill_target(self._target, nbytes)
            return
        self._end += nbytes
        if self._awaits_head:
            self._look_for_head()
        elif self.is_complete:
            self.close()  # nothing was asked: the next answer would not be ours
            return
        else:
            self._count_arrived(nbytes)
            self._wake()
        if self._end == _OWN_BYTES:
            self._pause()

    def _fill_target(self, target: memoryview, nbytes: int) -> None:
        start = 0 if self._is_window else self._target_filled
        if self._on_piece is not None:
            try:
                self._on_piece(target[start : start + nbytes])
            except Exception as error:  # noqa: BLE001 - raised where it belongs, by `_receive_more`
                self._fail(error)
                return
        self._target_filled += nbytes
        self._left -= nbytes
        if self._target_filled == self._target_wanted:
            self._target = None
            if self._left > 0:
                self._pause()  # the rest comes when somebody says where to
            self._wake()

    def eof_received(self) -> None:
        """See `asyncio.Protocol`; the transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self.is_closed = True
        self._end_timer()
        if self._error is None:
            if exc is None and self._head is not None and self._left >= _UNKNOWN_BYTES >> 1 and self._decoder is None:
                self._left = 0  # this is how such a body ends
            else:
                why = " ".join(str(exc or "Server disconnected").split())
                before_answer = self._awaits_head and self._end == 0
                self._error = ConnectionEndedError(why, before_answer=before_answer)
        self._wake()
        if self.on_lost is not None:
            self.on_lost(self)
            self.on_lost = None

    def _look_for_head(self) -> None:
        """Read the head if it is all here, skipping interim answers (RFC 9110 §15.2)."""
        while (end := find_head_end(self._store, self._start, self._seen, self._end)) >= 0:
            try:
                head = parse_head(self._store[self._start : end])
            except ProtocolError as error:
                self._fail(error)
                return
            self._start = self._seen = end
            if not head.is_interim:
                self._begin_body(head)
                return
        self._seen = self._end
        if self._end == _OWN_BYTES:
            self._fail(ProtocolError(f"the head of the answer is longer than {HEAD_LIMIT_BYTES} bytes"))

    def _begin_body(self, head: AnswerHead) -> None:
        self._head = head
        self._awaits_head = False
        self._decoder = ChunkedDecoder() if head.is_chunked else None
        self._left = head.length if head.length is not None else _UNKNOWN_BYTES
        self._count_arrived(self._end - self._start)
        self._wake()

    def _count_arrived(self, size_bytes: int) -> None:
        """Count what came into the own buffer as body, and cut off what is none."""
        self._left -= size_bytes
        if self._left < 0:
            self._end += self._left
            self._left = 0
            self._has_excess = True

    def _take_own(self) -> bytes:
        data = bytes(self._own[self._start : self._end])
        self._start = self._end = 0
        return data

    def _complete(self) -> None:
        """Note that the answer is here and taken."""
        if self.is_complete:
            return
        self.is_complete = True
        self.free_since = self._loop.time()
        head = self._head
        if head is None or not head.keeps_alive or self._has_excess:
            self.close()
            return
        self._start = self._end = 0
        self._resume()
        self._say_complete()

    def _say_complete(self) -> None:
        if self.on_complete is not None:
            tell, self.on_complete = self.on_complete, None
            tell(self)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.close()
        self._wake()

    def _pause(self) -> None:
        if not self._is_paused and self._transport is not None and not self.is_closed:
            self._transport.pause_reading()
            self._is_paused = True

    def _resume(self) -> None:
        if self._is_paused and self._transport is not None and not self.is_closed:
            self._is_paused = False
            self._transport.resume_reading()

    async def _wait(self) -> None:
        """Wait until something has changed, for as long as bytes come, and more than drops of them."""
        self._resume()
        if self._timeout > 0:
            self._active_at += self._loop.time() - self._left_at
            if self._timer is None:
                self._timer = self._loop.call_at(self._active_at + self._timeout, self._look_at_clock)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._left_at = self._loop.time()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _look_at_clock(self) -> None:
        """Give up if next to nothing has come for too long. One timer serves many waits: moving it would cost more."""
        self._timer = None
        if self._waiter is None:
            return
        due = self._active_at + self._timeout
        if self._loop.time() + _TIMER_SLACK_SECONDS < due:
            self._timer = self._loop.call_at(due, self._look_at_clock)
        else:
            self._fail(TimeoutError())

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
