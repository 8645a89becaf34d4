"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from blockbuster import blockbuster_ctx

from tests.support.index_server import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator

for _name in [*os.environ]:
    if _name.startswith(("PIP_", "ASYNCPIP_")) or _name in {"PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"}:
        del os.environ[_name]
os.environ["PIP_CONFIG_FILE"] = os.devnull  # neither this machine's configuration nor this shell's decides a test

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts its background jobs so, and a runner may be one; children of tests are to feel Ctrl-C all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what makes some tests longer."""
    parser.addoption("--random-kills", type=int, default=20, help="how many runs are killed at random times (20)")


@pytest.fixture
def index_server() -> Iterator[IndexServer]:
    """A simple repository on loopback, without projects yet."""
    with IndexServer() as server:
        yield server


@pytest.fixture
def no_blocking() -> Iterator[None]:
    """Make a call that blocks the event loop (disk, socket, sleep) an error."""
    with blockbuster_ctx(scanned_modules=["asyncpip"]) as blockbuster:
        blockbuster.functions["os.path.abspath"].deactivate()  # asks the kernel for nothing but the directory
        yield


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run an async test (``pytest.mark.anyio``) on both loops that a run may have."""
    backend: tuple[str, dict[str, Any]] = request.param
    if backend[1]["use_uvloop"]:
        pytest.importorskip("uvloop")
    return backend
