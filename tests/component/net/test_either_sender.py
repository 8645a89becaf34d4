"""Which sender a request goes through: aiohttp only where a proxy or the URL asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.core.values import replace
from asyncpip.net.transport import TransportOptions
from asyncpip.pipeline.late_transport import EitherSender, LateTransport
from tests.component.net.loopback_server import Asked, Reply, serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.net.transport import Transport
    from tests.component.net.conftest import CollectingReporter

pytestmark = pytest.mark.anyio

OPTIONS = TransportOptions(timeout_seconds=5.0, retries=0, keyring_provider="disabled", user_agent="asyncpip/test")


def echo(_: Asked) -> Reply:
    return Reply(body=b"hello")


async def get(net: Transport, url: str) -> bytes:
    async with net.get(url) as response:
        return await response.read(100)


def used_aiohttp(net: LateTransport) -> bool:
    assert net._transport is not None
    sender = net._transport._sender
    assert isinstance(sender, EitherSender)
    return sender._aiohttp is not None


@pytest.mark.parametrize(
    ("environ", "goes_through_proxy"),
    [
        ({}, False),
        ({"http_proxy": "PROXY"}, True),
        ({"http_proxy": "PROXY", "no_proxy": "127.0.0.0/8"}, False),
        ({"https_proxy": "PROXY"}, False),
    ],
)
async def test_proxies(reporter: CollectingReporter, environ: Mapping[str, str], goes_through_proxy: bool) -> None:
    with serving(echo) as server, serving(echo) as proxy:
        environ = {name: value.replace("PROXY", proxy.url) for name, value in environ.items()}
        net = LateTransport(OPTIONS, reporter, {"HOME": "/nonexistent", **environ})
        try:
            assert await get(net, f"{server.url}/a") == b"hello"
            assert used_aiohttp(net) is goes_through_proxy
        finally:
            await net.aclose()
        assert len(proxy.asked) == int(goes_through_proxy)
        assert net.requests == 1


async def test_a_url_that_needs_quoting_is_quoted(reporter: CollectingReporter) -> None:
    with serving(echo) as server:
        net = LateTransport(OPTIONS, reporter, {"HOME": "/nonexistent"})
        try:
            assert await get(net, f"{server.url}/\u20ac uro") == b"hello"
            assert used_aiohttp(net)
        finally:
            await net.aclose()
    assert server.asked[0].target == "/%E2%82%AC%20uro"


async def test_the_user_agent_is_found_where_none_is_given(reporter: CollectingReporter) -> None:
    with serving(echo) as server:
        net = LateTransport(replace(OPTIONS, user_agent=""), reporter, {"HOME": "/nonexistent", "CI": "1"})
        try:
            await get(net, server.url)
        finally:
            await net.aclose()
    assert server.asked[0].headers["user-agent"].startswith("asyncpip/")
    assert '"ci":true' in server.asked[0].headers["user-agent"]


async def test_closing_what_was_never_used(reporter: CollectingReporter) -> None:
    net = LateTransport(OPTIONS, reporter, {})
    await net.aclose()
    assert net._transport is None  # closing loads nothing
    assert reporter.messages == []
