"""A static HTTP/1.1 server that does not get in the way of what is measured: one thread, one selector, sendfile.

Keep-alive, single ranges, validators, pages sent as the gzip they are stored in. With a `Line`, answers wait for a
round trip and share one bandwidth. With a `fetch` function, what is missing is fetched first (recording).
"""

from __future__ import annotations

import heapq
import os
import selectors
import socket
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.channels import PlainChannel, TlsChannel
from benchmarks.messages import LARGEST_HEAD_BYTES, Answer, Request, answer_to, parse_head, plain_answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from benchmarks.channels import Channel
    from benchmarks.mirror import Mirror
    from benchmarks.scenarios import Line

_SEND_BYTES = 1 << 20
_QUANTUM_BYTES = 16 * 1024  # what one connection of a slow line sends before the next one's turn
_BURST_SECONDS = 0.004  # how far sending may run ahead of the line, so that timer granularity costs no bandwidth


class Connection:
    """One client: what came in and is not parsed, what has to go out."""

    __slots__ = (
        *("body", "channel", "close_after", "fd", "file_left", "free_at", "inbox", "is_waiting", "mask", "offset"),
        "queued",
    )

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.inbox = b""
        self.body: memoryview = memoryview(b"")
        self.fd = -1
        self.offset = 0
        self.file_left = 0
        """Bytes of the file `fd` still to send."""
        self.close_after = False
        self.is_waiting = False
        """Whether an answer is due that has not begun; further requests wait."""
        self.queued = False
        """Whether it stands in the slow line's queue."""
        self.free_at = 0.0
        """When its own share of the slow line takes more."""
        self.mask = selectors.EVENT_READ

    @property
    def is_sending(self) -> bool:
        """Whether something has to go out."""
        return bool(self.body) or self.file_left > 0


class Server:
    """Serves a mirror until it is asked for ``/-/stop``."""

    def __init__(
        self,
        mirror: Mirror,
        *,
        line: Line | None = None,
        fetch: Callable[[str], None] | None = None,
        workers: int = 4,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._mirror = mirror
        self._line = line
        self._tls = tls
        self._bytes_per_second = line.mbit_per_second * 125_000 if line else 0.0
        own = line.connection_mbit_per_second if line else None
        self._connection_bytes_per_second = (own or 0.0) * 125_000
        self._round_trip = line.round_trip_ms / 1000 if line else 0.0
        self._fetch = fetch
        self._pool = ThreadPoolExecutor(workers) if fetch else None
        self._selector = selectors.DefaultSelector()
        self._files: dict[str, int] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_number = 0
        self._line_free_at = 0.0
        self._turn: deque[Connection] = deque()
        self._fetching: dict[str, list[tuple[Connection, Request]]] = {}
        self._fetched: deque[tuple[str, str | None]] = deque()
        self._wake_in, self._wake_out = socket.socketpair()
        self._dated = 0
        self._date_field = b""
        self.requests = 0
        self.sent_bytes = 0
        self.connections = 0
        self.missed: list[str] = []
        self.stopped = False

    def serve(self, listener: socket.socket) -> None:
        """Answer on ``listener`` until stopped."""
        listener.setblocking(False)
        self._wake_in.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_in, selectors.EVENT_READ, self._deliver)
        while not self.stopped:
            for key, mask in self._selector.select(self._next_deadline()):
                if isinstance(key.data, Connection):
                    self._advance(key.data, mask)
                else:
                    key.data(key.fileobj)
            self._run_timers()
            self._take_turns()
        self._shut_down()

    def _shut_down(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Connection):
                self._close(key.data)
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
        for fd in self._files.values():
            os.close(fd)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except BlockingIOError:
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            connection = Connection(TlsChannel(client, self._tls) if self._tls else PlainChannel(client))
            if self._round_trip:  # the handshake: what the client sends first arrives a round trip later
                connection.is_waiting = True
                self._after(self._round_trip, partial(self._begin, connection))
            self._selector.register(connection.channel.socket, selectors.EVENT_READ, connection)

    def _begin(self, connection: Connection) -> None:
        connection.is_waiting = False
        self._parse(connection)

    def _advance(self, connection: Connection, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                self._send(connection)
                self._parse(connection)
            if mask & selectors.EVENT_READ and connection.mask:
                data = connection.channel.receive()
                if not data:
                    self._close(connection)
                    return
                connection.inbox = connection.inbox + data if connection.inbox else data
                self._parse(connection)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._close(connection)

    def _parse(self, connection: Connection) -> None:
        """Answer the requests in the inbox one after the other, as far as the line takes them."""
        while connection.inbox and not connection.is_sending and not connection.is_waiting:
            head, end, rest = connection.inbox.partition(b"\r\n\r\n")
            if not end:
                if len(connection.inbox) > LARGEST_HEAD_BYTES:
                    self._close(connection)
                return
            connection.inbox = rest
            request = parse_head(head)
            connection.close_after = request.close
            self.requests += 1
            if self._round_trip:
                connection.is_waiting = True
                self._after(self._round_trip, partial(self._delayed, connection, request))
                return
            self._answer(connection, request)

    def _delayed(self, connection: Connection, request: Request) -> None:
        connection.is_waiting = False
        self._answer(connection, request)
        self._parse(connection)

    def _answer(self, connection: Connection, request: Request) -> None:
        target = request.target
        if target.startswith("/-/"):
            self.requests -= 1  # the harness's own questions are nobody's work
            self._start(connection, self._control(target))
            return
        resource = self._mirror.find(target)
        if resource is None and not self._mirror.is_known_missing(target):
            if self._pool is not None and target not in self.missed:
                connection.is_waiting = True
                self._fetch_for(connection, request)
                return
            self.missed.append(target)
        self._start(connection, answer_to(request, resource))

    def _control(self, target: str) -> Answer:
        """Answer the harness: counters, or the end of the server."""
        if target == "/-/stop":
            self.stopped = True
        if target == "/-/reset":
            self.requests = self.sent_bytes = self.connections = 0
            self.missed.clear()
        counters = {
            "requests": self.requests,
            "sent_bytes": self.sent_bytes,
            "connections": self.connections,
            "missed": self.missed,
            "cpu_seconds": time.process_time(),
        }
        return plain_answer(200, counters)

    def _start(self, connection: Connection, answer: Answer) -> None:
        """Send what the socket takes at once; the rest when it is ready or the slow line has room."""
        connection.body = memoryview(b"%b%b%b" % (answer.head, self._date(), answer.body))
        if answer.path is not None:
            connection.fd = self._open(str(answer.path))
            connection.offset = answer.offset
            connection.file_left = answer.count
        if self._line:
            self._queue(connection)
            return
        try:
            self._send(connection)
        except (BlockingIOError, InterruptedError):
            self._watch(connection, selectors.EVENT_WRITE)
        except OSError:
            self._close(connection)

    def _date(self) -> bytes:
        """Return the Date field and the blank line; without it pip reuses no answer (RFC 9110 §6.6.1)."""
        now = int(time.time())
        if now != self._dated:
            self._dated = now
            self._date_field = f"Date: {formatdate(now, usegmt=True)}\r\n\r\n".encode()
        return self._date_field

    def _send(self, connection: Connection, limit: int = _SEND_BYTES) -> int:
        """Send up to ``limit`` bytes, or all where there is no slow line; return how many it took."""
        total = 0
        while connection.is_sending:
            if connection.body:
                sent = connection.channel.send(connection.body[:limit])
                connection.body = connection.body[sent:]
            else:
                count = min(connection.file_left, limit)
                sent = connection.channel.send_file(connection.fd, connection.offset, count)
                if sent == 0:
                    raise ConnectionAbortedError
                connection.offset += sent
                connection.file_left -= sent
            self.sent_bytes += sent
            total += sent
            if self._line:
                break
        if not connection.is_sending:
            if connection.close_after:
                self._close(connection)
            else:
                self._watch(connection, selectors.EVENT_READ)
        return total

    def _watch(self, connection: Connection, mask: int) -> None:
        if connection.mask != mask:
            connection.mask = mask
            self._selector.modify(connection.channel.socket, mask, connection)

    def _close(self, connection: Connection) -> None:
        if connection.mask:
            connection.mask = 0
            connection.file_left = 0
            connection.body = memoryview(b"")
            connection.inbox = b""
            self._selector.unregister(connection.channel.socket)
            connection.channel.socket.close()

    def _open(self, path: str) -> int:
        fd = self._files.get(path)
        if fd is None:
            fd = self._files[path] = os.open(path, os.O_RDONLY)
        return fd

    # The slow line: all connections take turns, a quantum each, as fast as the bandwidth allows.

    def _queue(self, connection: Connection) -> None:
        if not connection.queued:
            connection.queued = True
            self._turn.append(connection)

    def _take_turns(self) -> None:
        if not self._turn:
            return
        now = time.monotonic()
        self._line_free_at = max(self._line_free_at, now - _BURST_SECONDS)
        blocked: list[Connection] = []
        while self._turn and self._line_free_at <= now:
            connection = self._turn.popleft()
            connection.queued = False
            if not connection.mask:  # its client has left while it waited
                continue
            try:
                sent = self._send(connection, _QUANTUM_BYTES)
            except (BlockingIOError, InterruptedError):
                blocked.append(connection)
                continue
            except OSError:
                self._close(connection)
                continue
            self._line_free_at += sent / self._bytes_per_second
            if not connection.is_sending:
                self._parse(connection)
            elif self._connection_bytes_per_second:
                connection.free_at = max(connection.free_at, now) + sent / self._connection_bytes_per_second
                self._after(connection.free_at - now - _BURST_SECONDS, partial(self._queue, connection))
            else:
                self._queue(connection)
        for connection in blocked:  # its client does not read: look again after the others
            self._after(0.001, partial(self._queue, connection))

    def _after(self, delay: float, action: Callable[[], None]) -> None:
        self._timer_number += 1
        heapq.heappush(self._timers, (time.monotonic() + delay, self._timer_number, action))

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()

    def _next_deadline(self) -> float | None:
        deadlines = [self._timers[0][0]] if self._timers else []
        if self._turn:
            deadlines.append(self._line_free_at)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    # Recording: a missing resource is fetched in a thread, once, and all who asked are answered.

    def _fetch_for(self, connection: Connection, request: Request) -> None:
        waiting = self._fetching.setdefault(request.target, [])
        waiting.append((connection, request))
        if len(waiting) == 1 and self._pool is not None:
            self._pool.submit(self._fetch_one, request.target)

    def _fetch_one(self, target: str) -> None:
        error = None
        try:
            if self._fetch is not None:
                self._fetch(target)
        except Exception as caught:  # noqa: BLE001 - told to the client, whatever it is; the recording goes on
            error = f"{type(caught).__name__}: {caught}"
        self._fetched.append((target, error))
        self._wake_out.send(b"x")

    def _deliver(self, wake: socket.socket) -> None:
        wake.recv(4096)
        while self._fetched:
            target, error = self._fetched.popleft()
            if error:
                print(f"not recorded: {target}: {error}", flush=True)
            for connection, request in self._fetching.pop(target, []):
                connection.is_waiting = False
                if not connection.mask:
                    continue
                if error:
                    self._start(connection, plain_answer(502, {"error": error}))
                else:
                    resource = self._mirror.find(target)
                    if resource is None and not self._mirror.is_known_missing(target):
                        self.missed.append(target)
                    self._start(connection, answer_to(request, resource))
                self._parse(connection)
