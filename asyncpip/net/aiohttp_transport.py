"""Sends requests over aiohttp, and is the only module that imports it: what goes through a proxy, and odd URLs.

`direct_transport.py` sends all else, for aiohttp takes 130 ms to import; see docs/decisions/.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import aiohttp  # noqa: TID253 - its home: `pipeline` imports this module when a proxy is to be used
import anyio
from aiohttp.http_exceptions import HttpProcessingError  # noqa: TID253 - as above
from yarl import URL

from asyncpip.net import failures
from asyncpip.net.auth import basic_authorization
from asyncpip.net.content_encoding import ACCEPTED, EncodedBody
from asyncpip.net.exchange import SendFailure
from asyncpip.net.http_core import collect_body, decode_body
from asyncpip.net.slots import Slots
from asyncpip.net.transport import FailureKind, TransportError
from asyncpip.net.trust import origin_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    from asyncpip.net.exchange import Answer
    from asyncpip.net.http_core import TlsContexts
    from asyncpip.net.proxies import Proxy
    from asyncpip.net.transport import TransportOptions
    from asyncpip.net.trust import Origin

_READ_BUFFER_BYTES = 1 << 20
"""aiohttp stops reading at twice this. Its own 64 KiB would pause the socket at almost every chunk of 256 KiB."""
_LONGEST_FIELD_BYTES = 64 << 10
"""Presigned URLs in `Location` outgrow aiohttp's 8 KiB."""
_KEEP_ALIVE_SECONDS = 60.0
"""Between pages and wheels of one host the solver may take its time; aiohttp's own is 15 s."""
_DRAIN_BYTES = 64 << 10
"""An unwanted body up to this size is read, so that its connection serves again; a longer one costs the connection."""
_DRAIN_SECONDS = 1.0
_PROXY_AUTHENTICATION_REQUIRED = 407
_SERVER_ERROR = 500
_READY_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
"""RFC 3986's characters. Such a URL is sent as it is, for a signature in it may cover its very spelling."""

_NETWORK_ERRORS = (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError)


class AiohttpSender:
    """Sends single requests. Its session opens with the first one, inside the running loop."""

    def __init__(self, options: TransportOptions, contexts: TlsContexts) -> None:
        self._options = options
        self._contexts = contexts
        self._session: aiohttp.ClientSession | None = None
        self._slots: dict[Origin, Slots] = {}

    async def send(self, url: str, headers: Mapping[str, str], proxy: Proxy | None) -> Answer:
        """Send one request once and return its answer, which holds a slot of its host."""
        if self._session is None:
            self._session = _new_session(self._options)
        context = await self._context_for(url, proxy)
        to_proxy: dict[str, str] | None = None
        if proxy is not None and proxy.credentials is not None:
            # A tunnel's credentials go into CONNECT and nowhere else; a plain request has to carry them.
            to_proxy = {"Proxy-Authorization": basic_authorization(proxy.credentials)}
            if origin_of(url).scheme == "http":
                headers, to_proxy = {**headers, **to_proxy}, None
        slots = self._slots_of(origin_of(url))
        await slots.acquire()
        try:
            response = await self._session.get(
                URL(url, encoded=_READY_URL.fullmatch(url) is not None),
                headers=headers,
                allow_redirects=False,
                proxy=proxy.url if proxy is not None else None,
                proxy_headers=to_proxy,
                ssl=context if context is not None else True,
            )
        except (*_NETWORK_ERRORS, ValueError) as error:
            slots.release()
            raise _translate(error, url, proxy, self._options.bind_address) from error
        except BaseException:
            slots.release()
            raise
        answer = _AiohttpAnswer(response, url, slots.release)
        if proxy is not None and answer.status == _PROXY_AUTHENTICATION_REQUIRED:
            answer.discard()
            raise _translate_proxy_refusal(url, answer.status, "Proxy Authentication Required")
        return answer

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _slots_of(self, origin: Origin) -> Slots:
        """Return the slots of a host. Ours and not aiohttp's limit, whose wait would count as connecting."""
        slots = self._slots.get(origin)
        if slots is None:
            slots = self._slots[origin] = Slots(self._options.connections_per_host)
        return slots

    async def _context_for(self, url: str, proxy: Proxy | None) -> ssl.SSLContext | None:
        """Return the TLS context for ``url``, or for an https proxy to it; None where no TLS is spoken."""
        if origin_of(url).scheme == "http" and (proxy is None or proxy.url.startswith("http:")):
            return None
        return await self._contexts.context_for(url)


class _AiohttpAnswer:
    """An `Answer` over aiohttp's. Its slot is free as soon as the body is here or given up."""

    def __init__(self, response: aiohttp.ClientResponse, url: str, release: Callable[[], None]) -> None:
        self.status = response.status
        self.url = url
        self.headers = _joined_headers(response)
        self.received_bytes = 0
        self.has_used_credentials = False
        self._response = response
        self._rest = b""
        """What has come and did not fit where it was to go."""
        self._release: Callable[[], None] | None = release

    async def read(self, limit_bytes: int) -> bytes:
        """See `net.transport.Response`."""
        return await decode_body(await self.read_encoded(limit_bytes), limit_bytes, self.url)

    async def read_encoded(self, limit_bytes: int) -> EncodedBody:
        """See `net.transport.Response`."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit_bytes:
            self.discard()
            raise failures.too_long(self.url, limit_bytes)
        body = await collect_body(self._receive, limit_bytes, self.url, discard=self.discard)
        return EncodedBody(body, self.headers.get("content-encoding", ""))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, encoded as it was sent; raise `TransportError` where it ends too early."""
        while chunk := await self._receive():
            yield chunk

    async def read_into(self, buffer: memoryview, on_bytes: Callable[[int], None] | None = None) -> int:
        """See `net.transport.Response`; aiohttp has its own buffers, so what comes is copied once more."""
        filled = 0
        while filled < len(buffer) and (chunk := await self._receive()):
            taken = min(len(chunk), len(buffer) - filled)
            buffer[filled : filled + taken] = chunk[:taken]
            self._rest = chunk[taken:]
            self.received_bytes -= len(self._rest)
            filled += taken
            if on_bytes is not None:
                on_bytes(taken)
        return filled

    async def read_to(self, take: Callable[[memoryview], None], limit_bytes: int) -> int:
        """See `net.transport.Response`."""
        left_bytes = limit_bytes
        while left_bytes > 0 and (chunk := await self._receive()):
            self._rest = chunk[left_bytes:]
            self.received_bytes -= len(self._rest)
            take(memoryview(chunk)[:left_bytes])
            left_bytes -= len(chunk) - len(self._rest)
        return limit_bytes - left_bytes

    async def _receive(self) -> bytes:
        """Return the next bytes of the body, `b""` at its end; raise `TransportError`."""
        chunk, self._rest = self._rest, b""
        if not chunk:
            try:
                chunk = await self._response.content.readany()
            except _NETWORK_ERRORS as error:
                self.discard()
                kind, detail = _describe_broken_body(error)
                raise TransportError(kind, self.url, detail) from error
            if not chunk:
                self._free()
        self.received_bytes += len(chunk)
        return chunk

    async def finish(self) -> None:
        """Read what is left if that is little, so that the connection lives on; else close it."""
        if self._release is None:
            return
        content = self._response.content
        left_bytes = _DRAIN_BYTES
        try:
            with anyio.move_on_after(_DRAIN_SECONDS):
                while left_bytes > 0 and not content.at_eof():
                    left_bytes -= len(await content.readany())
        except _NETWORK_ERRORS:
            pass  # nobody wanted it
        finally:
            self.discard()

    def discard(self) -> None:
        """Close the connection, unless the body was read to its end, which has given it back already."""
        if not self._response.content.at_eof():
            self._response.close()
        self._free()

    def _free(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None


def _new_session(options: TransportOptions) -> aiohttp.ClientSession:
    timeout_seconds = options.timeout_seconds or None  # 0 is no limit, as in pip
    family = socket.AF_UNSPEC
    if options.bind_address is not None:
        family = socket.AF_INET6 if ":" in options.bind_address else socket.AF_INET
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # hosts have their slots
            family=family,
            local_addr=(options.bind_address, 0) if options.bind_address is not None else None,
            resolver=aiohttp.ThreadedResolver(),  # the system's answers, also where aiodns is installed
            ttl_dns_cache=300,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
        ),
        headers={"User-Agent": options.user_agent, "Accept-Encoding": ACCEPTED},
        timeout=aiohttp.ClientTimeout(
            total=None,
            # Name, connection, and a proxy's tunnel: aiohttp has no limit of its own on waiting for the last.
            connect=timeout_seconds and 3 * timeout_seconds,
            sock_connect=timeout_seconds,
            sock_read=timeout_seconds,
        ),
        auto_decompress=False,  # archives are hashed as they were sent
        read_bufsize=_READ_BUFFER_BYTES,
        max_line_size=_LONGEST_FIELD_BYTES,
        max_field_size=_LONGEST_FIELD_BYTES,
    )


def _joined_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Return the fields by lower-case name, repeated ones joined (RFC 9110 §5.3)."""
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _describe_broken_body(error: Exception) -> tuple[FailureKind, str]:
    if isinstance(error, TimeoutError):
        return FailureKind.TIMEOUT, failures.NOTHING_MORE_CAME
    return FailureKind.CUT, failures.one_line(error)


def _translate_proxy_refusal(url: str, status: int, message: str) -> SendFailure:
    hint = None
    if status == _PROXY_AUTHENTICATION_REQUIRED:
        hint = "give the proxy's user and password in its URL: `--proxy http://user:password@host:port`"
    error = TransportError(FailureKind.PROXY, url, f"status {status} {message}".rstrip(), hint=hint)
    return SendFailure(error, may_pass=status >= _SERVER_ERROR)


def _translate(error: Exception, url: str, proxy: Proxy | None, bind_address: str | None) -> SendFailure:
    """Return what became of a request, in our words."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return _translate_proxy_refusal(url, error.status, error.message)
        case aiohttp.ClientConnectorError():
            return _translate_no_connection(error, url, proxy, bind_address)
        case TimeoutError():
            return failures.timed_out(url)
        case aiohttp.InvalidURL() | ValueError():
            return failures.not_a_url(url)
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return failures.not_http(url, error.message)
        case _:
            return failures.cut_off(url, error)


def _translate_no_connection(
    error: aiohttp.ClientConnectorError, url: str, proxy: Proxy | None, bind_address: str | None
) -> SendFailure:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):  # has no `os_error`, unlike its siblings
        return failures.bad_certificate(url, error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return failures.tls_failed(url, error.os_error)
    if isinstance(error, aiohttp.ClientConnectorDNSError) and proxy is None:
        return failures.name_unknown(url, error.os_error)
    return failures.not_connected(url, error.os_error, bind_address=bind_address, proxy=proxy)
