"""What was begun before the first request serves it; what went wrong there is told as if nobody had tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from asyncpip.core.values import replace
from asyncpip.errors import ConfigurationError
from asyncpip.net.ahead import Ahead
from asyncpip.net.dial import Dialer
from asyncpip.net.transport import FailureKind, TransportError
from asyncpip.net.trust import Origin, origin_of
from tests.component.net.loopback_server import server_context
from tests.component.net.raw_server import raw_server
from tests.component.net.test_dial import listening, port_reached, silent
from tests.component.net.test_direct_transport import OPTIONS, get, transport

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.net.transport import TransportOptions
    from tests.component.net.conftest import CollectingReporter

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def begun(url: str, options: TransportOptions) -> TransportOptions:
    """Return ``options`` with what was begun for ``url``, in a thread: commands do it before there is a loop."""

    def begin() -> TransportOptions:
        ahead = Ahead(url, options, {})
        ahead.finish()
        return replace(options, ahead=ahead)

    return await anyio.to_thread.run_sync(begin)


async def test_the_first_connection_is_the_one_that_was_begun(
    reporter: CollectingReporter, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server([OK], [OK], context=server_context(certificate)) as server:
        url = f"https://localhost:{server.port}/"
        options = await begun(url, replace(OPTIONS, cert=str(certificate)))
        assert options.ahead is not None
        assert options.ahead.context(verifies=True) is not None
        monkeypatch.setattr("asyncpip.net.tls.build_context", pytest.fail)  # it is there already
        monkeypatch.setattr(Dialer, "_resolve", pytest.fail)
        async with transport(reporter, options) as net:
            assert await get(net, url) == b"ok"
            assert await get(net, url) == b"ok"
        assert server.connections == 1


async def test_a_refusal_is_told_by_the_request(reporter: CollectingReporter) -> None:
    with listening() as (_, place):
        port = place[1]
    url = f"https://127.0.0.1:{port}/"
    async with transport(reporter, await begun(url, OPTIONS)) as net:
        with pytest.raises(TransportError) as caught:
            await get(net, url)
    assert caught.value.kind is FailureKind.CONNECT


async def test_a_name_that_leads_nowhere_is_told_by_the_request(reporter: CollectingReporter) -> None:
    url = "https://nowhere.invalid/"
    async with transport(reporter, await begun(url, OPTIONS)) as net:
        with pytest.raises(TransportError) as caught:
            await get(net, url)
    assert caught.value.kind is FailureKind.NAME


async def test_a_bundle_that_cannot_be_used_is_told_by_the_request(
    reporter: CollectingReporter, tmp_path: Path
) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    async with raw_server([OK]) as server:
        url = f"https://localhost:{server.port}/"
        async with transport(reporter, await begun(url, replace(OPTIONS, cert=str(tmp_path / "bad.pem")))) as net:
            with pytest.raises(ConfigurationError, match="CA bundle"):
                await get(net, url)


async def test_silence_is_given_a_head_start_only() -> None:
    with listening() as good, silent() as bad:
        origin = Origin("https", *bad[1])
        options = await begun(f"https://127.0.0.1:{origin.port}/", OPTIONS)
        opening = Dialer(origin, None, options.ahead)
        opening._addresses = [good]
        with anyio.fail_after(2):
            assert await port_reached(opening) == good[1][1]


def test_each_part_is_for_one_origin_and_way_of_trust() -> None:
    with listening() as (_, place):
        url = f"https://127.0.0.1:{place[1]}/"
        ahead = Ahead(url, replace(OPTIONS, trusted_hosts=("127.0.0.1",)), {})
        ahead.finish()
        assert ahead.context(verifies=True) is None
        assert ahead.context(verifies=False) is not None
        assert ahead.take_socket(Origin("https", "127.0.0.1", 1)) is None
        taken = ahead.take_socket(origin_of(url))
        assert taken is not None
        taken.close()
        assert ahead.take_socket(origin_of(url)) is None
        ahead.close()


def test_a_connection_that_nobody_takes_is_closed() -> None:
    with listening() as (_, place):
        ahead = Ahead(f"https://127.0.0.1:{place[1]}/", OPTIONS, {})
        ahead.finish()
        opened = ahead._socket
        assert opened is not None
        ahead.close()
        assert opened.fileno() == -1


def test_an_own_address_is_left_to_the_dialer() -> None:
    ahead = Ahead("https://127.0.0.1:1/", replace(OPTIONS, bind_address="127.0.0.1"), {})
    ahead.finish()
    assert ahead.take_socket(origin_of("https://127.0.0.1:1/")) is None
