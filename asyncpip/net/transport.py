"""What the rest of the program needs of HTTP, as protocols; and the options that shape every request."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from asyncpip.core.urls import redact
from asyncpip.core.values import Value
from asyncpip.errors import AsyncpipError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from asyncpip.net.ahead import Ahead
    from asyncpip.net.content_encoding import EncodedBody


class FailureKind(enum.Enum):
    """Why no answer came."""

    NAME = "the host name does not resolve"
    CONNECT = "the connection was refused or not possible"
    TLS = "the certificate or TLS handshake failed"
    TIMEOUT = "the server did not answer in time"
    CUT = "the connection ended in the middle of the answer"
    PROTOCOL = "the answer is not valid HTTP"
    PROXY = "the proxy refused or failed"
    REDIRECT = "the redirects do not end, or lead to another kind of address"


class TransportError(AsyncpipError):
    """No usable HTTP answer, after the retries that were allowed."""

    def __init__(self, kind: FailureKind, url: str, detail: str, *, hint: str | None = None) -> None:
        super().__init__(f"could not fetch {redact(url)}", why=f"{kind.value}: {redact(detail)}", hint=hint)
        self.kind = kind
        self.url = redact(url)


class Response(Protocol):
    """An answer whose body has not been read yet. Statuses of 400 and above are answers too, never raised."""

    @property
    def status(self) -> int:
        """The HTTP status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields, names in lower case."""

    @property
    def url(self) -> str:
        """Where the answer came from in the end, without credentials."""

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body, content-encoding undone; raise `TransportError` where it is cut or over the limit."""

    async def read_encoded(self, limit_bytes: int) -> EncodedBody:
        """Return the whole body as it was sent; raise `TransportError` where it is cut or over the limit."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raise `TransportError` (kind `CUT`, `TIMEOUT`) where it ends too early."""

    async def read_into(self, buffer: memoryview, on_bytes: Callable[[int], None] | None = None) -> int:
        """Fill ``buffer`` with the next bytes of the body, as it was sent; return how many, fewer only at its end.

        ``on_bytes`` hears how many bytes have just come, and may not block. Raises as `chunks` does; what has come
        until then is in ``buffer``, and `received_bytes` says how much that is.
        """

    async def read_to(self, take: Callable[[memoryview], None], limit_bytes: int) -> int:
        """Give ``take`` the next bytes of the body as they come, up to ``limit_bytes``; return how many these were.

        They are fewer only at its end. ``take`` may not block for long, and not keep the memory that it is given: the
        next bytes go there. What it raises is raised here; the rest of the body is lost then. Raises as `chunks` does.
        """

    @property
    def has_used_credentials(self) -> bool:
        """Whether some were sent, to its server or to one that redirected to it: it may not be meant for everybody."""

    @property
    def received_bytes(self) -> int:
        """How much of the body was given out or written so far, by all ways of reading together."""


class Transport(Protocol):
    """Sends requests. Owns connections, TLS, proxies, redirects, credentials and retries up to the answer's head."""

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[Response]:
        """Open a GET; credentials in ``url`` go to its own host only. Raises `TransportError`."""

    async def has_credentials(self, url: str) -> bool:
        """Return whether there are credentials to send to ``url``; asks files and programs, no server and no person."""

    async def aclose(self) -> None:
        """Close all connections."""


class TransportOptions(Value):
    """What shapes every request of a run (cli-surface 1.1 and 4.17)."""

    proxy: str | None = None
    """One proxy for http and https; `""` means none at all; None leaves it to the environment variables."""
    use_proxy_env: bool = True
    timeout_seconds: float = 15.0
    retries: int = 5
    cert: str | None = None
    """PEM bundle that replaces the default trust."""
    client_cert: str | None = None
    legacy_certs: bool = False
    trusted_hosts: tuple[str, ...] = ()
    """``host`` or ``host:port``."""
    keyring_provider: str = "auto"
    allow_input: bool = True
    bind_address: str | None = None
    index_urls: tuple[str, ...] = ()
    """With their credentials, which also serve longer paths on the same host."""
    connections_per_host: int = 8
    user_agent: str = ""
    """Empty: what `host_facts` finds, looked for when the first request is sent."""
    ahead: Ahead | None = None
    """What was begun for the first index before anybody asked."""
