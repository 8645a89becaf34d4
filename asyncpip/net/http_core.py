"""The `Transport` of a run, apart from how single requests are sent: what all senders share, put together once.

Credentials, retries and redirects are `exchange.py`'s; `direct_transport.py` and `aiohttp_transport.py` send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.events import Level, Message
from asyncpip.core.values import replace
from asyncpip.net import failures
from asyncpip.net.auth import Authenticator
from asyncpip.net.exchange import Exchange
from asyncpip.net.keyring_source import KeyringSource
from asyncpip.net.transport import FailureKind, TransportError
from asyncpip.net.trust import skips_verification

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from asyncpip.core.events import Reporter
    from asyncpip.core.urls import Credentials
    from asyncpip.net.content_encoding import EncodedBody
    from asyncpip.net.exchange import Answer, Sender
    from asyncpip.net.transport import Response, TransportOptions

    NewSender = Callable[[TransportOptions, "TlsContexts"], Sender]

_DECODE_IN_THREAD_BYTES = 128 * 1024
"""Pages pack to a tenth: this is 1 MB of them, 1.3 ms of the loop's time, against 0.1 ms for a thread and back."""


class HttpTransport:
    """See `net.transport.Transport`. Made inside the running loop; connections open with the requests."""

    def __init__(
        self,
        options: TransportOptions,
        reporter: Reporter,
        environ: Mapping[str, str],
        new_sender: NewSender,
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
        self._new_sender = new_sender
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
        self._sender: Sender | None = None
        self._exchange: Exchange | None = None
        self._preparing = anyio.Lock()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[Response]:
        """Open a GET; raise `TransportError`, or `ConfigurationError` for a proxy or certificate that cannot be used.

        The body of a 401 is not kept.
        """
        return _Get(self, url, headers)

    async def open(self, url: str, headers: Mapping[str, str] | None) -> Answer:
        """Return the answer to a GET, which whoever asked has to finish or discard."""
        exchange = self._exchange or await self._prepared()
        return await exchange.open(url, headers or {})

    async def has_credentials(self, url: str) -> bool:
        """See `Transport`."""
        exchange = self._exchange or await self._prepared()
        return await exchange.has_credentials(url)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._sender is not None:
            await self._sender.aclose()
        if self._options.ahead is not None:
            self._options.ahead.close()

    async def _prepared(self) -> Exchange:
        async with self._preparing:
            self._exchange = self._exchange or await self._prepare()
            return self._exchange

    async def _prepare(self) -> Exchange:
        """Look up, before the first request, what every request needs."""
        await self._authenticator.prepare()
        options = self._options
        if not options.user_agent:
            from asyncpip.net.host_facts import current_user_agent  # noqa: PLC0415 - a run that sends nothing needs none

            user_agent = await anyio.to_thread.run_sync(current_user_agent, self._environ)
            options = replace(options, user_agent=user_agent)
        self._sender = self._new_sender(options, TlsContexts(options, self._reporter, self._environ))
        return Exchange(self._sender.send, self._authenticator, options, self._reporter, self._environ)


class _Get:
    """One GET as a context; a class, since a generator costs 3 us more on each of thousands of small requests."""

    __slots__ = ("_answer", "_headers", "_transport", "_url")

    def __init__(self, transport: HttpTransport, url: str, headers: Mapping[str, str] | None) -> None:
        self._transport = transport
        self._url = url
        self._headers = headers
        self._answer: Answer | None = None

    async def __aenter__(self) -> Response:
        self._answer = await self._transport.open(self._url, self._headers)
        return self._answer

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._answer is None:
            return
        if kind is None:
            await self._answer.finish()
        else:
            self._answer.discard()


class TlsContexts:
    """The TLS contexts of a run, built when the first https URL needs them."""

    def __init__(self, options: TransportOptions, reporter: Reporter, environ: Mapping[str, str]) -> None:
        self._options = options
        self._reporter = reporter
        self._environ = environ
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._building = anyio.Lock()

    async def context_for(self, url: str) -> ssl.SSLContext:
        """Return the context for TLS with the host of ``url``; raise `ConfigurationError` for an unusable file."""
        verify = not skips_verification(url, self._options.trusted_hosts)
        if verify not in self._contexts:
            async with self._building:
                if verify not in self._contexts:
                    self._contexts[verify] = await anyio.to_thread.run_sync(self._build, verify)
        return self._contexts[verify]

    def _build(self, verify: bool) -> ssl.SSLContext:
        from asyncpip.net import tls  # noqa: PLC0415 - certificates and their places: only where TLS is spoken

        options = self._options
        if verify and options.legacy_certs and tls.lacks_bundled_list(options, self._environ):
            text = "legacy-certs: certifi is not installed, so the system's certificates are used"
            self._reporter.emit(Message(Level.WARNING, text))
        context = options.ahead.context(verifies=verify) if options.ahead is not None else None
        return context or tls.build_context(options, self._environ, verifies=verify)


async def collect_body(
    receive: Callable[[], Awaitable[bytes]], limit_bytes: int, url: str, *, discard: Callable[[], None]
) -> bytes:
    """Return what ``receive`` gives until it gives nothing; beyond ``limit_bytes`` discard it: `TransportError`."""
    parts: list[bytes] = []
    size_bytes = 0
    while chunk := await receive():
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            discard()
            raise failures.too_long(url, limit_bytes)
        parts.append(chunk)
    return b"".join(parts)


async def decode_body(body: EncodedBody, limit_bytes: int, url: str) -> bytes:
    """Return ``body`` with its content-encoding undone; raise `TransportError` where it is damaged or too long."""
    try:
        if not body.encoding or len(body.data) < _DECODE_IN_THREAD_BYTES:
            return bytes(body.decoded(limit_bytes))
        return bytes(await anyio.to_thread.run_sync(body.decoded, limit_bytes))
    except ValueError as error:
        raise TransportError(FailureKind.PROTOCOL, url, str(error)) from error
