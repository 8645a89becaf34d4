"""Sends requests over connections of our own: kept alive, pooled by host, with the body read into the caller's memory.

For everything that needs no proxy; `aiohttp_transport.py` has the rest. Why there are two: docs/decisions/.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from asyncpip.net import failures
from asyncpip.net.connection import Connection
from asyncpip.net.content_encoding import ACCEPTED, EncodedBody
from asyncpip.net.dial import Dialer
from asyncpip.net.http1 import ConnectionEndedError, ProtocolError, build_request_head
from asyncpip.net.http_core import collect_body, decode_body
from asyncpip.net.slots import Slots
from asyncpip.net.transport import FailureKind, TransportError
from asyncpip.net.trust import origin_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from asyncpip.net.content_encoding import Octets
    from asyncpip.net.exchange import Answer
    from asyncpip.net.http1 import AnswerHead
    from asyncpip.net.http_core import TlsContexts
    from asyncpip.net.proxies import Proxy
    from asyncpip.net.transport import TransportOptions
    from asyncpip.net.trust import Origin

_KEEP_ALIVE_SECONDS = 60.0
"""Between pages and wheels of one host the solver may take its time."""
_DRAIN_BYTES = 64 << 10
"""An unwanted body up to this size is read, so that its connection serves again; a longer one costs the connection."""
_DRAIN_SECONDS = 1.0
_ONE_PIECE_BYTES = 16 << 20
"""Memory for a body is taken at once up to this size; beyond it, as the bytes really come."""
_WINDOW_BYTES = 1 << 20
"""What `read_to` shows at once, at most. With 64 KiB receiving takes two thirds more processor time."""
_CLOSING_TURNS = 16
"""How often the loop may go round until the last connection has closed; two or three are needed."""
_URL_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"
"""RFC 3986's characters. Such a URL is sent as it is, for a signature in it may cover its very spelling."""
_NETWORK_ERRORS = (ConnectionEndedError, ProtocolError, TimeoutError)


def can_send_directly(url: str) -> bool:
    """Return whether ``url`` can go into a request as it is; another one needs quoting, or its host IDNA."""
    return url != "" and not url.strip(_URL_CHARACTERS)


class DirectSender:
    """Sends single requests; proxies are not its business. Made inside the running loop."""

    def __init__(self, options: TransportOptions, contexts: TlsContexts) -> None:
        self._options = options
        self._contexts = contexts
        self._hosts: dict[Origin, _Host] = {}
        self._window = bytearray()
        """Of all answers together: what arrives there is taken in the same turn of the loop. Made when it is wanted."""
        self._defaults = {"User-Agent": options.user_agent, "Accept": "*/*", "Accept-Encoding": ACCEPTED}

    async def send(self, url: str, headers: Mapping[str, str], proxy: Proxy | None) -> Answer:
        """Send one request once and return its answer, which holds a slot of its host."""
        if proxy is not None or not can_send_directly(url):
            raise failures.not_a_url(url)
        origin = origin_of(url)
        host = self._hosts.get(origin)
        if host is None:
            host = self._hosts[origin] = _Host(origin, self._options, self._contexts)
        try:
            head = build_request_head(_target_of(url), self._fields(origin, headers))
        except ValueError as error:
            raise failures.not_a_url(url) from error
        await host.slots.acquire()
        try:
            connection, answer_head, body = await host.request(url, head)
        except BaseException:
            host.slots.release()
            raise
        return _DirectAnswer(url, answer_head, connection, body, self._window)

    async def aclose(self) -> None:
        """Close all connections."""
        for host in self._hosts.values():
            host.close()
        for _ in range(_CLOSING_TURNS):
            if not any(host.connections for host in self._hosts.values()):
                return
            await asyncio.sleep(0)

    def _fields(self, origin: Origin, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        fields = [("Host", str(origin))]
        given = {name.lower() for name in headers}
        fields += [(name, value) for name, value in self._defaults.items() if name.lower() not in given]
        fields += headers.items()
        return fields


class _Host:
    """The connections to one origin."""

    def __init__(self, origin: Origin, options: TransportOptions, contexts: TlsContexts) -> None:
        self.slots = Slots(options.connections_per_host)
        self.connections: set[Connection] = set()
        """All that are open."""
        self._origin = origin
        self._options = options
        self._contexts = contexts
        self._dialer = Dialer(origin, options.bind_address, options.ahead)
        self._idle: list[Connection] = []
        """The one used last, last: the others may grow old."""

    async def request(self, url: str, head: bytes) -> tuple[Connection, AnswerHead, bytes | None]:
        """Send ``head`` over some connection, inside a slot that is free again when the answer is complete.

        The second connection, for one that the server had given up meanwhile, is always a new one.
        """
        connection = self._take_idle()
        if connection is not None:
            try:
                answer, body = await connection.request(head)
            except ConnectionEndedError as error:
                if not error.before_answer:
                    raise failures.cut_off(url, error) from error
            except (ProtocolError, TimeoutError) as error:
                raise _translate(error, url) from error
            else:
                self._follow(connection)
                return connection, answer, body
        connection = await self._connect(url)
        try:
            answer, body = await connection.request(head)
        except _NETWORK_ERRORS as error:
            raise _translate(error, url) from error
        self._follow(connection)
        return connection, answer, body

    def close(self) -> None:
        """Close all connections."""
        for connection in tuple(self.connections):
            connection.close()
        self._idle.clear()

    def _follow(self, connection: Connection) -> None:
        if connection.is_complete:
            self._take_back(connection)
        else:
            connection.on_complete = self._take_back

    def _take_back(self, connection: Connection) -> None:
        if connection.is_usable:
            self._idle.append(connection)
        self.slots.release()

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_usable:
                continue
            is_old = asyncio.get_running_loop().time() - connection.free_since > _KEEP_ALIVE_SECONDS
            if not is_old and not connection.has_unasked_bytes():
                return connection
            connection.close()
        return None

    async def _connect(self, url: str) -> Connection:
        loop = asyncio.get_running_loop()
        timeout_seconds = self._options.timeout_seconds or None  # 0 is no limit, as in pip
        context = await self._contexts.context_for(url) if self._origin.scheme == "https" else None
        try:
            with anyio.fail_after(timeout_seconds):
                opened = await self._dialer.connect()
            connection = Connection(loop, opened, idle_timeout_seconds=timeout_seconds or 0.0)
            connection.on_lost = self.connections.discard
            with anyio.fail_after(timeout_seconds):
                await loop.create_connection(  # from here on the socket is the loop's to close
                    lambda: connection,
                    sock=opened,
                    ssl=context,
                    server_hostname=self._origin.host if context is not None else None,
                )
        except TimeoutError as error:
            raise failures.timed_out(url) from error
        except socket.gaierror as error:
            raise failures.name_unknown(url, error) from error
        except OSError as error:
            raise self._translate_no_connection(url, error) from error
        self.connections.add(connection)
        return connection

    def _translate_no_connection(self, url: str, error: OSError) -> Exception:
        if self._origin.scheme == "https":
            import ssl  # noqa: PLC0415 - asyncio has it already, where it can be had

            if isinstance(error, ssl.SSLCertVerificationError):
                return failures.bad_certificate(url, error)
            if isinstance(error, ssl.SSLError):
                return failures.tls_failed(url, error)
        return failures.not_connected(url, error, bind_address=self._options.bind_address)


class _DirectAnswer:
    """An `Answer` over a connection. Its slot is free as soon as the body is here or given up."""

    __slots__ = (
        *("_connection", "_head", "_rest", "_window", "has_used_credentials", "headers", "received_bytes", "status"),
        "url",
    )

    def __init__(
        self, url: str, head: AnswerHead, connection: Connection, body: bytes | None, window: bytearray
    ) -> None:
        """``body`` is all of it where that came with the head; ``connection`` is another's then."""
        self.status = head.status
        self.url = url
        self.headers: Mapping[str, str] = head.headers
        self.received_bytes = 0
        self.has_used_credentials = False
        self._head = head
        self._window = window
        self._connection: Connection | None = connection if body is None else None
        """None once nothing more is to come from it."""
        self._rest = body or b""
        """What is here and was not given out."""

    async def read(self, limit_bytes: int) -> bytes:
        """See `net.transport.Response`."""
        return await decode_body(await self.read_encoded(limit_bytes), limit_bytes, self.url)

    async def read_encoded(self, limit_bytes: int) -> EncodedBody:
        """See `net.transport.Response`."""
        length = self._head.length
        if length is not None and length > limit_bytes:
            self.discard()
            raise failures.too_long(self.url, limit_bytes)
        body: Octets
        if self._connection is None:
            body = await self._receive()
        elif length is not None and self.received_bytes == 0 and length <= _ONE_PIECE_BYTES:
            body = bytearray(length)
            await self.read_into(memoryview(body))
        else:
            body = await collect_body(self._receive, limit_bytes, self.url, discard=self.discard)
        return EncodedBody(body, self.headers.get("content-encoding", ""))

    async def read_into(self, buffer: memoryview, on_bytes: Callable[[int], None] | None = None) -> int:
        """See `net.transport.Response`."""
        before = self.received_bytes
        filled = 0
        while filled < len(buffer):
            connection = self._connection
            if self._rest or self._head.is_chunked:
                chunk = await self._receive()
                if not chunk:
                    break
                taken = min(len(chunk), len(buffer) - filled)
                buffer[filled : filled + taken] = chunk[:taken]
                self._rest = chunk[taken:]
                self.received_bytes -= len(self._rest)
                if on_bytes is not None:
                    on_bytes(taken)
            elif connection is not None:
                try:
                    await connection.receive_into(buffer[filled:], on_bytes)
                except _NETWORK_ERRORS as error:
                    raise self._broken(error) from error
                finally:
                    self.received_bytes = connection.received_bytes
                    self._forget_if_complete(connection)
            else:
                break
            filled = self.received_bytes - before
        return filled

    async def read_to(self, take: Callable[[memoryview], None], limit_bytes: int) -> int:
        """See `net.transport.Response`."""
        before = self.received_bytes
        while (left_bytes := before + limit_bytes - self.received_bytes) > 0:
            connection = self._connection
            if self._rest or self._head.is_chunked:
                chunk = await self._receive()
                if not chunk:
                    break
                self._rest = chunk[left_bytes:]
                self.received_bytes -= len(self._rest)
                take(memoryview(chunk)[:left_bytes])
            elif connection is not None:
                if not self._window:
                    self._window.extend(bytes(_WINDOW_BYTES))
                try:
                    await connection.receive_to(take, memoryview(self._window), left_bytes)
                except _NETWORK_ERRORS as error:
                    raise self._broken(error) from error
                finally:
                    self.received_bytes = connection.received_bytes
                    self._forget_if_complete(connection)
            else:
                break
        return self.received_bytes - before

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, encoded as it was sent; raise `TransportError` where it ends too early."""
        while chunk := await self._receive():
            yield chunk

    async def finish(self) -> None:
        """Read what is left if that is little, so that the connection lives on; else close it."""
        self._rest = b""
        if self._connection is None:
            return
        left_bytes = _DRAIN_BYTES
        length = self._head.length
        if length is None or length - self.received_bytes <= left_bytes:
            with suppress(TransportError), anyio.move_on_after(_DRAIN_SECONDS):  # nobody wanted it
                while left_bytes > 0 and (chunk := await self._receive()):
                    left_bytes -= len(chunk)
        self.discard()

    def discard(self) -> None:
        """Close the connection, unless the body was read to its end, which has given it back already."""
        self._rest = b""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _receive(self) -> bytes:
        """Return the next bytes of the body, `b""` at its end; raise `TransportError`."""
        data, self._rest = self._rest, b""
        connection = self._connection
        if not data and connection is not None:
            try:
                data = await connection.receive()
            except _NETWORK_ERRORS as error:
                raise self._broken(error) from error
            self._forget_if_complete(connection)
        self.received_bytes += len(data)
        return data

    def _forget_if_complete(self, connection: Connection) -> None:
        """Let go of a connection that may serve another request from now on."""
        if connection.is_complete:
            self._connection = None

    def _broken(self, error: Exception) -> TransportError:
        self.discard()
        if isinstance(error, TimeoutError):
            return TransportError(FailureKind.TIMEOUT, self.url, failures.NOTHING_MORE_CAME)
        return TransportError(FailureKind.CUT, self.url, failures.one_line(error))


def _translate(error: Exception, url: str) -> Exception:
    if isinstance(error, TimeoutError):
        return failures.timed_out(url)
    if isinstance(error, ProtocolError):
        return failures.not_http(url, str(error))
    return failures.cut_off(url, error)


def _target_of(url: str) -> str:
    """Return path and query as they stand in ``url``."""
    target = url[url.index("//") + 2 + len(urlsplit(url).netloc) :].partition("#")[0]
    return target if target.startswith("/") else f"/{target}"
