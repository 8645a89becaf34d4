"""Both loops, a reporter that collects, and a certificate for 127.0.0.1."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from blockbuster import blockbuster_ctx

from asyncpip.core.events import Message
from asyncpip.net.aiohttp_transport import AiohttpSender
from asyncpip.net.direct_transport import DirectSender
from asyncpip.net.http_core import HttpTransport
from asyncpip.pipeline.late_transport import EitherSender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from asyncpip.core.events import Event
    from asyncpip.core.urls import Credentials
    from asyncpip.net.http_core import NewSender
    from asyncpip.net.transport import TransportOptions

SENDERS: dict[str, NewSender] = {"aiohttp": AiohttpSender, "direct": DirectSender, "either": EitherSender}

try:
    import uvloop
except ImportError:
    LOOPS = [pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio")]
else:
    LOOPS = [
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": uvloop is not None}), id="uvloop"),
    ]


@pytest.fixture(params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def _no_blocking_on_the_loop() -> Iterator[None]:
    with blockbuster_ctx("asyncpip"):
        yield


@dataclass
class CollectingReporter:
    """Keeps the texts of all messages."""

    messages: list[Message] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        assert isinstance(event, Message)
        self.messages.append(event)

    def texts(self, level: int) -> list[str]:
        return [message.text for message in self.messages if message.level == level]


class OpenTransport(Protocol):
    """Opens a transport for the length of a block."""

    def __call__(
        self,
        options: TransportOptions,
        reporter: CollectingReporter,
        environ: Mapping[str, str] | None = None,
        prompt: Callable[[str], Credentials | None] | None = None,
    ) -> AbstractAsyncContextManager[HttpTransport]: ...


@pytest.fixture(params=["aiohttp", "direct"])
def transport(request: pytest.FixtureRequest) -> OpenTransport:
    """A transport over each of the senders, or over those that a test names by `indirect` parameters."""

    @asynccontextmanager
    async def opened(
        options: TransportOptions,
        reporter: CollectingReporter,
        environ: Mapping[str, str] | None = None,
        prompt: Callable[[str], Credentials | None] | None = None,
    ) -> AsyncIterator[HttpTransport]:
        new_sender = SENDERS[request.param]
        net = HttpTransport(options, reporter, {"HOME": "/nonexistent", **(environ or {})}, new_sender, prompt=prompt)
        try:
            yield net
        finally:
            await net.aclose()

    return opened


@pytest.fixture
def reporter() -> CollectingReporter:
    return CollectingReporter()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with the key and the self-signed certificate of 127.0.0.1 and localhost."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl program")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
