"""The `Transport` over aiohttp, and the only module that imports it: connections, TLS, bodies, aiohttp's errors.

What happens between single requests (credentials, retries, redirects) is `exchange.py`'s.
"""

from __future__ import annotations

import errno
import re
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp  # noqa: TID253 - its home: `pipeline` imports this module once the store has missed
import anyio
import anyio.to_thread
from aiohttp.http_exceptions import HttpProcessingError  # noqa: TID253 - as above
from yarl import URL

from asyncpip.core.events import Level, Message
from asyncpip.net import tls
from asyncpip.net.auth import Authenticator, basic_authorization
from asyncpip.net.content_encoding import ACCEPTED, decode
from asyncpip.net.exchange import Exchange, SendFailure
from asyncpip.net.keyring_source import KeyringSource
from asyncpip.net.transport import FailureKind, TransportError
from asyncpip.net.trust import origin_of, skips_verification

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    from asyncpip.core.events import Reporter
    from asyncpip.core.urls import Credentials
    from asyncpip.net.exchange import Answer
    from asyncpip.net.proxies import Proxy
    from asyncpip.net.transport import Response, TransportOptions
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
_DECODE_IN_THREAD_BYTES = 64 << 10
"""Inflating this much takes about as long as a thread and back."""
_PROXY_AUTHENTICATION_REQUIRED = 407
_SERVER_ERROR = 500
_READY_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
"""RFC 3986's characters. Such a URL is sent as it is, for a signature in it may cover its very spelling."""

_NETWORK_ERRORS = (aiohttp.ClientError, HttpProcessingError, TimeoutError, OSError)


class AiohttpTransport:
    """The `Transport` of a run. Its session opens with the first request, inside the running loop."""

    def __init__(
        self,
        options: TransportOptions,
        reporter: Reporter,
        environ: Mapping[str, str],
        *,
        prompt: Callable[[str], Credentials | None] | None = None,
        offer_to_save: Callable[[str], bool] | None = None,
    ) -> None:
        """``prompt`` asks the user for a host's credentials, ``offer_to_save`` whether to keep them; in a thread.

        Neither is called where ``options.allow_input`` is False.
        """
        self._options = options
        self._reporter = reporter
        self._environ = environ
        keyring = KeyringSource(
            options.keyring_provider, allow_input=options.allow_input, environ=environ, reporter=reporter
        )
        self._authenticator = Authenticator(
            index_urls=options.index_urls,
            keyring=keyring,
            environ=environ,
            reporter=reporter,
            prompt=prompt if options.allow_input else None,
            offer_to_save=offer_to_save,
        )
        self._exchange = Exchange(self._send, self._authenticator, options, reporter, environ)
        self._session: aiohttp.ClientSession | None = None
        self._opening = anyio.Lock()
        self._slots: dict[Origin, anyio.Semaphore] = {}
        self._contexts: dict[bool, ssl.SSLContext] = {}

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Response]:
        """Open a GET; raise `TransportError`, or `ConfigurationError` for a proxy or certificate that cannot be used.

        The body of a 401 is not kept.
        """
        await self._opened_session()
        answer = await self._exchange.open(url, headers or {})
        try:
            yield answer
        except BaseException:
            answer.discard()
            raise
        await answer.finish()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            async with self._opening:
                if self._session is None:
                    await self._authenticator.prepare()
                    self._session = _new_session(self._options)
        return self._session

    async def _send(self, url: str, headers: Mapping[str, str], proxy: Proxy | None) -> Answer:
        """Send one request once and return its answer, which holds a slot of its host."""
        session = await self._opened_session()
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
            response = await session.get(
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

    def _slots_of(self, origin: Origin) -> anyio.Semaphore:
        """Return the slots of a host. Ours and not aiohttp's limit, whose wait would count as connecting."""
        slots = self._slots.get(origin)
        if slots is None:
            slots = self._slots[origin] = anyio.Semaphore(self._options.connections_per_host, fast_acquire=True)
        return slots

    async def _context_for(self, url: str, proxy: Proxy | None) -> ssl.SSLContext | None:
        """Return the TLS context for ``url``, or for an https proxy to it; None where no TLS is spoken."""
        if origin_of(url).scheme == "http" and (proxy is None or proxy.url.startswith("http:")):
            return None
        verify = not skips_verification(url, self._options.trusted_hosts)
        if verify not in self._contexts:
            async with self._opening:
                if verify not in self._contexts:
                    self._contexts[verify] = await anyio.to_thread.run_sync(self._build_context, verify)
        return self._contexts[verify]

    def _build_context(self, verify: bool) -> ssl.SSLContext:
        options = self._options
        # `--proxy` and `--no-proxy-env` make pip ignore the CA variables as well.
        use_environment = options.use_proxy_env and options.proxy is None
        tls_options = tls.TlsOptions(
            ca_bundle=tls.select_ca_bundle(options.cert, self._environ, use_environment=use_environment),
            client_cert=options.client_cert,
            legacy_certs=options.legacy_certs,
        )
        if not verify:
            return tls.build_unverified_context(tls_options)
        if options.legacy_certs and tls_options.ca_bundle is None and not tls.has_bundled_list():
            text = "legacy-certs: certifi is not installed, so the system's certificates are used"
            self._reporter.emit(Message(Level.WARNING, text))
        return tls.build_verifying_context(tls_options, self._environ)


class _AiohttpAnswer:
    """An `Answer` over aiohttp's. Its slot is free as soon as the body is here or given up."""

    def __init__(self, response: aiohttp.ClientResponse, url: str, release: Callable[[], None]) -> None:
        self.status = response.status
        self.url = url
        self.headers = _joined_headers(response)
        self._response = response
        self._release: Callable[[], None] | None = release

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body, content-encoding undone; raise `TransportError` where it is cut or over the limit."""
        too_long = f"longer than the {limit_bytes} bytes that are accepted"
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) > limit_bytes:
            self.discard()
            raise TransportError(FailureKind.PROTOCOL, self.url, too_long)
        parts: list[bytes] = []
        size_bytes = 0
        async for chunk in self.chunks():
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                self.discard()
                raise TransportError(FailureKind.PROTOCOL, self.url, too_long)
            parts.append(chunk)
        body = b"".join(parts)
        encoding = self.headers.get("content-encoding")
        if not encoding:
            return body
        try:
            if len(body) < _DECODE_IN_THREAD_BYTES:
                return decode(body, encoding, limit_bytes)
            return await anyio.to_thread.run_sync(decode, body, encoding, limit_bytes)
        except ValueError as error:
            raise TransportError(FailureKind.PROTOCOL, self.url, str(error)) from error

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, encoded as it was sent; raise `TransportError` where it ends too early."""
        content = self._response.content
        while True:
            try:
                chunk = await content.readany()
            except _NETWORK_ERRORS as error:
                self.discard()
                kind, detail = _describe_broken_body(error)
                raise TransportError(kind, self.url, detail) from error
            if not chunk:
                self._free()
                return
            yield chunk

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
        return FailureKind.TIMEOUT, "nothing more of the answer came"
    return FailureKind.CUT, _one_line(error)


def _translate_proxy_refusal(url: str, status: int, message: str) -> SendFailure:
    hint = None
    if status == _PROXY_AUTHENTICATION_REQUIRED:
        hint = "give the proxy's user and password in its URL: `--proxy http://user:password@host:port`"
    error = TransportError(FailureKind.PROXY, url, f"status {status} {message}".rstrip(), hint=hint)
    return SendFailure(error, may_pass=status >= _SERVER_ERROR)


def _translate(error: Exception, url: str, proxy: Proxy | None, bind_address: str | None) -> SendFailure:
    """Return what became of a request, in our words."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _translate_proxy_refusal(url, error.status, error.message)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _translate_no_connection(error, url, proxy, bind_address)
    hint: str | None = None
    may_pass = True
    match error:
        case TimeoutError():
            kind, detail, hint = FailureKind.TIMEOUT, str(origin_of(url)), "`--timeout` allows more time"
        case aiohttp.InvalidURL() | ValueError():
            kind, detail, may_pass = FailureKind.PROTOCOL, "not a valid URL", False
        case aiohttp.ClientResponseError() | HttpProcessingError():
            kind, detail = FailureKind.PROTOCOL, " ".join(error.message.split())
        case _:
            kind, detail = FailureKind.CUT, _one_line(error)
    return SendFailure(TransportError(kind, url, detail, hint=hint), may_pass=may_pass)


def _translate_no_connection(
    error: aiohttp.ClientConnectorError, url: str, proxy: Proxy | None, bind_address: str | None
) -> SendFailure:
    hint: str | None = None
    may_pass = True
    if isinstance(error, aiohttp.ClientConnectorCertificateError):  # has no `os_error`, unlike its siblings
        reason = error.certificate_error
        detail = getattr(reason, "verify_message", None) or _one_line(reason)
        hint = "`--cert` names the certificates to trust; `--trusted-host` skips the check for one host"
        return SendFailure(TransportError(FailureKind.TLS, url, detail, hint=hint), may_pass=False)
    detail = _one_line(error.os_error)
    match error:
        case aiohttp.ClientConnectorSSLError():
            kind = FailureKind.TLS
        case _ if bind_address is not None and error.errno == errno.EADDRNOTAVAIL:
            kind, detail, may_pass = FailureKind.CONNECT, f"this machine has no address {bind_address}", False
            hint = "`--bind-address` takes an address of this machine"
        case _ if proxy is not None:
            kind, detail = FailureKind.PROXY, f"{proxy.url}: {detail}"
            hint = "the proxy comes from `--proxy` or from the variables HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
        case aiohttp.ClientConnectorDNSError():
            kind, detail = FailureKind.NAME, f"{origin_of(url).host}: {detail}"
        case _:
            kind = FailureKind.CONNECT
    return SendFailure(TransportError(kind, url, detail, hint=hint), may_pass=may_pass)


def _one_line(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
