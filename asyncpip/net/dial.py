"""From a host name to a connected socket: resolved once, all its addresses tried, a head start apart (RFC 8305).

Ours, since uvloop's `create_connection` tries one address after the other and waits for each.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.net.ahead import Ahead
    from asyncpip.net.trust import Origin

    Address = tuple[socket.AddressFamily, tuple[Any, ...]]
    """Family, and what `socket.connect` takes for it."""

_HEAD_START_SECONDS = 0.25
"""RFC 8305 §5 recommends it."""


class Dialer:
    """Opens sockets to one origin. What worked is tried first the next time."""

    def __init__(self, origin: Origin, bind_address: str | None, ahead: Ahead | None = None) -> None:
        """``ahead`` may have begun to connect a socket."""
        self._ahead = ahead
        self._origin = origin
        self._bind_address = bind_address
        self._addresses: list[Address] | None = None
        self._resolving = anyio.Lock()

    async def connect(self) -> socket.socket:
        """Return a connected socket that does not block; raise `OSError`, `socket.gaierror` for the name."""
        begun = self._ahead.take_socket(self._origin) if self._ahead is not None else None
        if begun is not None and await _is_connected(begun):
            return begun
        async with self._resolving:
            if self._addresses is None:
                self._addresses = await self._resolve()
        addresses = self._addresses
        try:
            if len(addresses) == 1:
                return await self._connect_to(addresses[0])
            opened, address = await self._race(addresses)
        except OSError:
            self._addresses = None  # the name may lead elsewhere by now
            raise
        self._addresses = [address, *(other for other in addresses if other != address)]
        return opened

    async def _resolve(self) -> list[Address]:
        host, port = self._origin.host, self._origin.port
        bound = self._bind_address
        wanted = socket.AF_UNSPEC
        if bound is not None:
            wanted = socket.AF_INET6 if ":" in bound else socket.AF_INET
        for family in (socket.AF_INET, socket.AF_INET6):
            if wanted in (socket.AF_UNSPEC, family) and _is_literal(family, host):
                return [(family, (host, port) if family == socket.AF_INET else (host, port, 0, 0))]
        # As bytes: for a text Python loads its IDNA tables, and ours is ASCII.
        found = await asyncio.get_running_loop().getaddrinfo(
            host.encode("ascii"), port, family=wanted, type=socket.SOCK_STREAM
        )
        return _interleaved([(family, address) for family, _, _, _, address in found])

    async def _connect_to(self, address: Address) -> socket.socket:
        family, place = address
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._bind_address is not None:
                opened.bind((self._bind_address, 0))
            await _finish_connecting(opened, place)
        except BaseException:
            opened.close()
            raise
        return opened

    async def _race(self, addresses: Sequence[Address]) -> tuple[socket.socket, Address]:
        """Try each address, the next one when the one before has failed or its head start is over."""
        won: list[tuple[socket.socket, Address]] = []
        errors: list[OSError] = []

        async def attempt(address: Address, failed: anyio.Event) -> None:
            try:
                opened = await self._connect_to(address)
            except OSError as error:
                errors.append(error)
                failed.set()
                return
            won.append((opened, address))
            tasks.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as tasks:
                for address in addresses:
                    failed = anyio.Event()
                    tasks.start_soon(attempt, address, failed)
                    with anyio.move_on_after(_HEAD_START_SECONDS):
                        await failed.wait()
        except BaseException:
            for opened, _ in won:
                opened.close()
            raise
        for opened, _ in won[1:]:
            opened.close()
        if not won:
            raise errors[0]
        return won[0]


async def _finish_connecting(opened: socket.socket, place: tuple[Any, ...]) -> None:
    """Connect; ours, since loops look up the address once more, with IDNA's tables."""
    try:
        opened.connect(place)
    except BlockingIOError:
        await anyio.wait_writable(opened)
        if number := opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(number, f"Connect call failed {place}") from None


async def _is_connected(begun: socket.socket) -> bool:
    """Return whether a connection that was begun is there, or within a head start; else it is given up."""
    connected = False
    try:
        with anyio.move_on_after(_HEAD_START_SECONDS):
            await anyio.wait_writable(begun)
            connected = begun.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    finally:
        if not connected:
            begun.close()
    return connected


def _is_literal(family: socket.AddressFamily, host: str) -> bool:
    with suppress(OSError):
        socket.inet_pton(family, host)
        return True
    return False


def _interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Return the addresses with their families taking turns, the first one's first (RFC 8305 §4)."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    turns = chain.from_iterable(zip_longest(first, others))
    return list(dict.fromkeys(address for address in turns if address is not None))
