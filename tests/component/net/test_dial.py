"""From a name to a socket, over addresses that answer, refuse, or say nothing."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from asyncpip.net.dial import Dialer, _interleaved
from asyncpip.net.trust import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.net.dial import Address

pytestmark = pytest.mark.anyio

V4, V6 = socket.AF_INET, socket.AF_INET6


@contextmanager
def listening() -> Iterator[Address]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield V4, listener.getsockname()


@contextmanager
def silent() -> Iterator[Address]:
    """An address that takes no further connection and refuses none: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        waiting = []
        try:
            for _ in range(20):
                filler = socket.socket()
                waiting.append(filler)
                filler.settimeout(0.05)
                try:
                    filler.connect(place)
                except TimeoutError:
                    break
            else:
                pytest.skip("this system's queues do not fill")
            yield V4, place
        finally:
            for filler in waiting:
                filler.close()


def refusing() -> Address:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return V4, listener.getsockname()


def dialer(*addresses: Address) -> Dialer:
    made = Dialer(Origin("http", "host.invalid", 80), None)
    made._addresses = list(addresses)
    return made


async def port_reached(opening: Dialer) -> int:
    with await opening.connect() as opened:
        assert not opened.getblocking()
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        port: int = opened.getpeername()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_names_and_addresses(host: str) -> None:
    with listening() as (_, place):
        opening = Dialer(Origin("http", host, place[1]), None)
        assert await port_reached(opening) == place[1]
        assert await port_reached(opening) == place[1]


async def test_a_name_is_resolved_for_the_family_of_the_own_address() -> None:
    with listening() as (_, place):
        opening = Dialer(Origin("http", "localhost", place[1]), "127.0.0.9")
        with await opening.connect() as opened:
            assert opened.getsockname()[0] == "127.0.0.9"


async def test_a_refusal_leads_to_the_next_address_at_once() -> None:
    with listening() as good, anyio.fail_after(0.2):
        assert await port_reached(dialer(refusing(), refusing(), good)) == good[1][1]


async def test_silence_leads_to_the_next_address_soon_and_only_once() -> None:
    with listening() as good, silent() as bad:
        opening = dialer(bad, good)
        started = anyio.current_time()
        assert await port_reached(opening) == good[1][1]
        assert 0.2 <= anyio.current_time() - started < 1
        started = anyio.current_time()
        assert await port_reached(opening) == good[1][1]
        assert anyio.current_time() - started < 0.2


async def test_the_first_that_answers_wins_though_another_is_still_tried() -> None:
    with listening() as good, silent() as bad, anyio.fail_after(0.2):
        assert await port_reached(dialer(good, bad)) == good[1][1]


async def test_when_all_refuse_the_name_is_asked_for_again() -> None:
    opening = dialer(refusing(), refusing())
    with pytest.raises(ConnectionRefusedError):
        await opening.connect()
    with pytest.raises(socket.gaierror):
        await opening.connect()


async def test_cancelling_ends_all_attempts() -> None:
    with silent() as bad, silent() as worse:
        with anyio.move_on_after(0.4) as scope:
            await dialer(bad, worse).connect()
        assert scope.cancelled_caught


def test_families_take_turns() -> None:
    addresses: list[Address] = [
        (V6, ("::1", 80, 0, 0)),
        (V6, ("::2", 80, 0, 0)),
        (V6, ("::2", 80, 0, 0)),
        (V4, ("127.0.0.1", 80)),
    ]
    assert [family for family, _ in _interleaved(addresses)] == [V6, V4, V6]
    assert _interleaved([]) == []
