"""A transport that loads its HTTP library at the first request: a run that the store can serve never does."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from asyncpip.core.events import Reporter
    from asyncpip.core.urls import Credentials
    from asyncpip.net.transport import Response, Transport, TransportOptions


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
        self._transport: Transport | None = None
        self.requests = 0

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Response]:
        """See `Transport`."""
        self.requests += 1
        if self._transport is None:
            from asyncpip.net.aiohttp_transport import AiohttpTransport  # noqa: PLC0415 - 190 ms

            self._transport = AiohttpTransport(self._options, self._reporter, self._environ, prompt=self._prompt)
        async with self._transport.get(url, headers) as response:
            yield response

    async def aclose(self) -> None:
        """See `Transport`."""
        if self._transport is not None:
            await self._transport.aclose()
