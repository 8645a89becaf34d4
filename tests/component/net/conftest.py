"""Both loops, a reporter that collects, and a certificate for 127.0.0.1."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import blockbuster_ctx

from asyncpip.core.events import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from asyncpip.core.events import Event

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
