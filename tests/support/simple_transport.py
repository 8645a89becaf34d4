"""A Transport over `http.client`, one connection a request: for tests of what stands on a Transport, not of HTTP."""

from __future__ import annotations

import http.client
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import anyio.to_thread

from asyncpip.net.content_encoding import EncodedBody
from asyncpip.net.transport import FailureKind, TransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


class SimpleResponse:
    """An answer whose body is here already."""

    def __init__(self, url: str, status: int, headers: Mapping[str, str], body: bytes, *, is_cut: bool) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self._body = body
        self._is_cut = is_cut
        self.received_bytes = 0
        self.has_used_credentials = False

    async def read(self, limit_bytes: int) -> bytes:
        body = (await self.read_encoded(limit_bytes)).decoded(limit_bytes)
        if len(body) > limit_bytes:
            raise TransportError(FailureKind.PROTOCOL, self.url, f"more than {limit_bytes} bytes")
        return bytes(body)

    async def read_encoded(self, limit_bytes: int) -> EncodedBody:
        if self._is_cut:
            raise TransportError(FailureKind.CUT, self.url, "the body ended early")
        if len(self._body) > limit_bytes:
            raise TransportError(FailureKind.PROTOCOL, self.url, f"more than {limit_bytes} bytes")
        return EncodedBody(self._body, self.headers.get("content-encoding", ""))

    async def chunks(self) -> AsyncIterator[bytes]:
        chunk = self._body[self.received_bytes :]
        self.received_bytes = len(self._body)
        yield chunk
        if self._is_cut:
            raise TransportError(FailureKind.CUT, self.url, "the body ended early")

    async def read_into(self, buffer: memoryview, on_bytes: Callable[[int], None] | None = None) -> int:
        chunk = self._body[self.received_bytes : self.received_bytes + len(buffer)]
        buffer[: len(chunk)] = chunk
        self.received_bytes += len(chunk)
        if on_bytes is not None and chunk:
            on_bytes(len(chunk))
        if self._is_cut and len(chunk) < len(buffer):
            raise TransportError(FailureKind.CUT, self.url, "the body ended early")
        return len(chunk)

    async def read_to(self, take: Callable[[memoryview], None], limit_bytes: int) -> int:
        chunk = self._body[self.received_bytes : self.received_bytes + limit_bytes]
        for at in range(0, len(chunk), 1000):
            take(memoryview(chunk)[at : at + 1000])
            self.received_bytes += len(chunk[at : at + 1000])
        if self._is_cut and len(chunk) < limit_bytes:
            raise TransportError(FailureKind.CUT, self.url, "the body ended early")
        return len(chunk)


class SimpleTransport:
    """Follows redirects; no retries, no credentials."""

    def __init__(self, *, timeout_seconds: float = 5) -> None:
        self._timeout_seconds = timeout_seconds
        self.asked: list[str] = []

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[SimpleResponse]:
        self.asked.append(url)
        yield await anyio.to_thread.run_sync(self._get, url, dict(headers or {}))

    async def has_credentials(self, url: str) -> bool:  # noqa: ARG002 - it knows of none
        return False

    async def aclose(self) -> None:
        pass

    def _get(self, url: str, headers: dict[str, str]) -> SimpleResponse:
        for _ in range(10):
            response = self._get_once(url, headers)
            if response.status not in (301, 302, 307, 308):
                return response
            url = urljoin(url, response.headers["location"])
        raise TransportError(FailureKind.REDIRECT, url, "too many redirects")

    def _get_once(self, url: str, headers: dict[str, str]) -> SimpleResponse:
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection = http.client.HTTPConnection(host, parts.port, timeout=self._timeout_seconds)
        bare = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
        try:
            connection.request("GET", parts.path or "/", headers=headers)
            answer = connection.getresponse()
            is_cut = False
            try:
                body = answer.read()
            except http.client.IncompleteRead as cut:
                body, is_cut = cut.partial, True
            found = {name.lower(): value for name, value in answer.getheaders()}
            return SimpleResponse(bare, answer.status, found, body, is_cut=is_cut)
        except TimeoutError as error:
            raise TransportError(FailureKind.TIMEOUT, url, str(error)) from error
        except (http.client.HTTPException, OSError) as error:
            raise TransportError(FailureKind.CONNECT, url, str(error)) from error
        finally:
            connection.close()
