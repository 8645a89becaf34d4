"""The `Transport` of a run: direct connections, and aiohttp for what goes through a proxy, each loaded when needed.

A run that the store can serve loads neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from asyncpip.core.events import Reporter
    from asyncpip.core.urls import Credentials
    from asyncpip.net.aiohttp_transport import AiohttpSender
    from asyncpip.net.exchange import Answer
    from asyncpip.net.http_core import HttpTransport, TlsContexts
    from asyncpip.net.proxies import Proxy
    from asyncpip.net.transport import Response, TransportOptions


class LateTransport:
    """See `net.transport.Transport`."""

    def __init__(
        self,
        options: TransportOptions,
        reporter: Reporter,
        environ: Mapping[str, str],
        *,
        prompt: Callable[[str], Credentials | None] | None = None,
    ) -> None:
        self._options = options
        self._reporter = reporter
        self._environ = environ
        self._prompt = prompt
        self._transport: HttpTransport | None = None
        self.requests = 0

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[Response]:
        """See `Transport`."""
        self.requests += 1
        return self._loaded().get(url, headers)

    async def has_credentials(self, url: str) -> bool:
        """See `Transport`."""
        return await self._loaded().has_credentials(url)

    async def aclose(self) -> None:
        """See `Transport`."""
        if self._transport is not None:
            await self._transport.aclose()

    def _loaded(self) -> HttpTransport:
        if self._transport is None:
            from asyncpip.net.http_core import HttpTransport  # noqa: PLC0415 - a warm run sends nothing

            self._transport = HttpTransport(
                self._options, self._reporter, self._environ, EitherSender, prompt=self._prompt
            )
        return self._transport


class EitherSender:
    """Sends each request the cheaper way that can: directly, unless a proxy is set for it or its URL needs quoting."""

    def __init__(self, options: TransportOptions, contexts: TlsContexts) -> None:
        from asyncpip.net.direct_transport import DirectSender, can_send_directly  # noqa: PLC0415 - as above

        self._options = options
        self._contexts = contexts
        self._can_send_directly = can_send_directly
        self._direct = DirectSender(options, contexts)
        self._aiohttp: AiohttpSender | None = None

    async def send(self, url: str, headers: Mapping[str, str], proxy: Proxy | None) -> Answer:
        """Send one request once and return its answer."""
        if proxy is None and self._can_send_directly(url):
            return await self._direct.send(url, headers, None)
        if self._aiohttp is None:
            from asyncpip.net.aiohttp_transport import AiohttpSender  # noqa: PLC0415 - 130 ms

            self._aiohttp = AiohttpSender(self._options, self._contexts)
        return await self._aiohttp.send(url, headers, proxy)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._direct.aclose()
        if self._aiohttp is not None:
            await self._aiohttp.aclose()
