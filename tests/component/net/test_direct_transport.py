"""The direct sender, byte by byte: what arrives how, and which connection lives on."""

from __future__ import annotations

import errno
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from asyncpip.core.events import Level
from asyncpip.core.values import replace
from asyncpip.net import direct_transport
from asyncpip.net.direct_transport import DirectSender
from asyncpip.net.http_core import HttpTransport
from asyncpip.net.transport import FailureKind, TransportError, TransportOptions
from tests.component.net.loopback_server import server_context
from tests.component.net.raw_server import HANG_UP, raw_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from asyncpip.net.transport import Response
    from tests.component.net.conftest import CollectingReporter

pytestmark = pytest.mark.anyio

OPTIONS = TransportOptions(timeout_seconds=5.0, retries=0, keyring_provider="disabled", user_agent="asyncpip/test")
LIMIT_BYTES = 1 << 20
BODY = b"hello, wide\r\n\r\nworld"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n%s\r\nd;x=y\r\n%s\r\n0\r\nT: x\r\n\r\n" % (
    BODY[:7],
    BODY[7:],
)
TO_THE_END = b"HTTP/1.0 200 OK\r\n\r\n" + BODY
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def transport(reporter: CollectingReporter, options: TransportOptions = OPTIONS) -> AsyncIterator[HttpTransport]:
    net = HttpTransport(options, reporter, {"HOME": "/nonexistent"}, DirectSender)
    try:
        yield net
    finally:
        await net.aclose()


async def read_all(response: Response, way: str) -> bytes:
    match way:
        case "read":
            return await response.read(LIMIT_BYTES)
        case "chunks":
            return b"".join([chunk async for chunk in response.chunks()])
        case "read_into":
            buffer = bytearray(LIMIT_BYTES)
            size_bytes = await response.read_into(memoryview(buffer))
            return bytes(buffer[:size_bytes])
        case "read_to":
            whole = bytearray()
            assert await response.read_to(whole.extend, LIMIT_BYTES) == len(whole)
            return bytes(whole)
        case "read_to in pieces":
            whole = bytearray()
            while await response.read_to(whole.extend, 3) == 3:
                pass
            return bytes(whole)
        case _:  # pieces of three bytes
            parts = b""
            while True:
                piece = bytearray(3)
                size_bytes = await response.read_into(memoryview(piece))
                parts += piece[:size_bytes]
                if size_bytes < 3:
                    return parts


async def get(net: HttpTransport, url: str, way: str = "read") -> bytes:
    async with net.get(url) as response:
        assert response.status == 200
        body = await read_all(response, way)
        if way != "read" or "content-encoding" not in response.headers:
            assert response.received_bytes == len(body)
        return body


@pytest.mark.parametrize("way", ["read", "chunks", "read_into", "pieces", "read_to", "read_to in pieces"])
@pytest.mark.parametrize(("answer", "is_kept"), [(PLAIN, True), (CHUNKED, True), (TO_THE_END, False), (INTERIM, True)])
async def test_answers_cut_at_every_byte(reporter: CollectingReporter, answer: bytes, is_kept: bool, way: str) -> None:
    end = [] if is_kept else [HANG_UP]
    scripts = [[answer[:cut], answer[cut:], *end] for cut in range(1, len(answer))]
    async with raw_server(*scripts) as server, transport(reporter) as net:
        for _ in scripts:
            assert await get(net, server.url, way) == BODY
        assert server.connections == (1 if is_kept else len(scripts))


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED, TO_THE_END, INTERIM])
async def test_answers_that_drip(reporter: CollectingReporter, answer: bytes) -> None:
    script = [*(answer[at : at + 1] for at in range(len(answer))), HANG_UP]
    async with raw_server(script, script) as server, transport(reporter) as net:
        assert await get(net, server.url) == BODY
        assert await get(net, server.url, "read_into") == BODY


@pytest.mark.parametrize("way", ["read", "chunks", "read_into", "pieces", "read_to", "read_to in pieces"])
async def test_a_long_body_in_any_way(reporter: CollectingReporter, way: str) -> None:
    body = bytes(range(256)) * 3000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    if "pieces" in way:
        body, head = body[:10_000], head.replace(b"768000", b"10000")
    async with raw_server([head + body], [head, body]) as server, transport(reporter) as net:
        assert await get(net, server.url, way) == body
        assert await get(net, server.url, way) == body
        assert server.connections == 1


async def test_a_body_read_in_all_ways_together(reporter: CollectingReporter) -> None:
    body = bytes(range(256)) * 4000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with raw_server([head + body]) as server, transport(reporter) as net, net.get(server.url) as response:
        first, second = bytearray(100_000), bytearray(7)
        assert await response.read_into(memoryview(first)) == 100_000
        chunks = response.chunks()
        third = await anext(chunks)
        assert await response.read_into(memoryview(second)) == 7
        fourth = bytearray()
        assert await response.read_to(fourth.extend, 50_001) == 50_001
        rest = await response.read(len(body))
        assert first + third + second + fourth + rest == body
        assert response.received_bytes == len(body)


async def test_what_has_come_is_told_and_kept_where_the_rest_is_cut(reporter: CollectingReporter) -> None:
    pieces: list[int] = []
    buffer = bytearray(b"-" * 10)
    answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"de", HANG_UP]
    async with raw_server(answer) as server, transport(reporter) as net, net.get(server.url) as response:
        with pytest.raises(TransportError) as caught:
            await response.read_into(memoryview(buffer), pieces.append)
        assert response.received_bytes == 5
    assert caught.value.kind is FailureKind.CUT
    assert buffer == b"abcde-----"
    assert sum(pieces) == 5


async def test_what_was_taken_is_known_where_the_rest_is_cut(reporter: CollectingReporter) -> None:
    whole = bytearray()
    answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"de", HANG_UP]
    async with raw_server(answer) as server, transport(reporter) as net, net.get(server.url) as response:
        with pytest.raises(TransportError) as caught:
            await response.read_to(whole.extend, 9)
        assert response.received_bytes == 5
    assert caught.value.kind is FailureKind.CUT
    assert whole == b"abcde"


@pytest.mark.parametrize("refused", [b"a", b"i"])
@pytest.mark.parametrize("head", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
async def test_who_takes_may_refuse(reporter: CollectingReporter, head: bytes, refused: bytes) -> None:
    """A disk may be full: the error is told as it is, and the connection, whose answer is lost, used no more."""
    is_chunked = head.startswith(b"T")
    pieces = [b"5\r\nabcde\r\n", b"4\r\nfghi\r\n0\r\n\r\n"] if is_chunked else [b"abcde", b"fghi"]

    def take(piece: memoryview) -> None:
        if refused in bytes(piece):
            raise OSError(errno.ENOSPC, "no space")

    answer = [b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + pieces[0], pieces[1]]
    async with raw_server(answer, [OK]) as server, transport(reporter) as net:
        with pytest.raises(OSError, match="no space"):
            async with net.get(server.url) as response:
                await response.read_to(take, LIMIT_BYTES)
        assert await get(net, server.url) == b"ok"


@pytest.mark.parametrize("head", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
async def test_a_body_that_stalls_keeps_what_came(reporter: CollectingReporter, head: bytes) -> None:
    start = b"abcde" if head.startswith(b"C") else b"5\r\nabcde\r\n"
    options = replace(OPTIONS, timeout_seconds=0.1)
    answer = [b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + start]
    async with raw_server(answer) as server, transport(reporter, options) as net, net.get(server.url) as response:
        buffer = bytearray(9)
        with pytest.raises(TransportError) as caught:
            await response.read_into(memoryview(buffer))
        assert response.received_bytes == 5
        assert buffer[:5] == b"abcde"
    assert caught.value.kind is FailureKind.TIMEOUT


async def test_a_cancelled_read_leaves_the_buffer_alone(reporter: CollectingReporter) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"
    async with raw_server([head + b"abc"], [OK]) as server, transport(reporter) as net:
        buffer = bytearray(90)
        async with net.get(server.url) as response:
            with anyio.move_on_after(0.05) as scope:
                await response.read_into(memoryview(buffer))
            assert scope.cancelled_caught
            assert response.received_bytes == 3
            server.send(b"x" * 87)
            await anyio.sleep(0.02)
            assert buffer[3:] == bytes(87)
            assert await response.read(LIMIT_BYTES) == b"x" * 87  # it is here all the same
        assert await get(net, server.url) == b"ok"
        assert server.connections == 1


async def test_a_slow_taker_does_not_let_memory_fill(reporter: CollectingReporter) -> None:
    body = bytes(8 << 20)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with raw_server([head + body]) as server, transport(reporter) as net:
        async with net.get(server.url) as response:
            await anyio.sleep(0.1)
            chunks = response.chunks()
            assert len(await anext(chunks)) <= 64 << 10
            await anyio.sleep(0.05)
            assert len(await anext(chunks)) <= 64 << 10
            assert sum([len(chunk) async for chunk in chunks]) >= (8 << 20) - (128 << 10)
        assert response.received_bytes == len(body)


async def test_a_connection_that_the_server_gave_up_is_replaced_at_once(reporter: CollectingReporter) -> None:
    # The second request goes out before the client has heard of the end: only the server's silence tells.
    async with raw_server([OK], [HANG_UP], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url) == b"ok"
        assert await get(net, server.url) == b"ok"
        assert server.connections == 2
        assert len(server.requests) == 3
    assert reporter.texts(Level.WARNING) == []  # no retry of ours: none are allowed here


async def test_that_happens_once_only(reporter: CollectingReporter) -> None:
    async with raw_server([OK], [HANG_UP], [HANG_UP], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url) == b"ok"
        with pytest.raises(TransportError) as caught:
            await get(net, server.url)
        assert caught.value.kind is FailureKind.CUT
        assert len(server.requests) == 3


async def test_an_answer_that_had_begun_is_not_asked_for_again(reporter: CollectingReporter) -> None:
    async with raw_server([OK], [b"HTTP", HANG_UP], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url) == b"ok"
        with pytest.raises(TransportError) as caught:
            await get(net, server.url)
        assert caught.value.kind is FailureKind.CUT
        assert len(server.requests) == 2


@pytest.mark.parametrize("what", ["hang up", "send"])
async def test_an_idle_connection_that_ends_or_talks_is_not_used(reporter: CollectingReporter, what: str) -> None:
    async with raw_server([OK], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url) == b"ok"
        if what == "send":
            server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        else:
            server.hang_up()
        await anyio.sleep(0.05)
        assert await get(net, server.url) == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        CHUNKED + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
@pytest.mark.parametrize("way", ["read", "chunks", "read_into", "pieces", "read_to", "read_to in pieces"])
async def test_connections_that_do_not_serve_again(reporter: CollectingReporter, answer: bytes, way: str) -> None:
    cut = answer.index(b"\r\n\r\n") + 5
    async with raw_server([answer[:cut], answer[cut:]], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url, way) in (b"ok", BODY)
        assert await get(net, server.url) == b"ok"
        assert server.connections == 2


async def test_an_old_connection_is_not_used(reporter: CollectingReporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_transport, "_KEEP_ALIVE_SECONDS", 0.05)
    async with raw_server([OK], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url) == b"ok"
        await anyio.sleep(0.1)
        assert await get(net, server.url) == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body(reporter: CollectingReporter, status: int) -> None:
    answer = b"HTTP/1.1 %d x\r\nContent-Length: 5\r\n\r\n" % status
    async with raw_server([answer], [answer], [OK]) as server, transport(reporter) as net:
        async with net.get(server.url) as response:
            assert response.status == status
            assert await response.read(LIMIT_BYTES) == b""
        async with net.get(server.url) as response:
            assert await response.read_into(memoryview(bytearray(5))) == 0
        assert await get(net, server.url) == b"ok"
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"A: %s\r\n" % (b"x" * 1000) * 70,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
async def test_heads_that_are_refused(reporter: CollectingReporter, answer: bytes) -> None:
    async with raw_server([answer], [OK]) as server, transport(reporter) as net:
        with pytest.raises(TransportError) as caught:
            await get(net, server.url)
        assert caught.value.kind is FailureKind.PROTOCOL
        assert await get(net, server.url) == b"ok"
        assert server.connections == 2


async def test_a_long_head_is_taken(reporter: CollectingReporter) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /?%s\r\nContent-Length: 0\r\n\r\n" % (b"x" * 60_000)
    async with raw_server([head], [OK]) as server, transport(reporter) as net:
        assert await get(net, server.url) == b"ok"
        assert len(server.requests[1]) > 60_000


@pytest.mark.parametrize("way", ["read", "chunks", "read_into"])
async def test_chunks_that_are_damaged(reporter: CollectingReporter, way: str) -> None:
    damaged = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n"
    async with raw_server([damaged], [OK]) as server, transport(reporter) as net:
        with pytest.raises(TransportError) as caught:
            await get(net, server.url, way)
        assert caught.value.kind is FailureKind.CUT
        assert await get(net, server.url) == b"ok"


async def test_a_body_over_the_limit_whose_length_was_not_told(reporter: CollectingReporter) -> None:
    async with raw_server([CHUNKED], [OK]) as server, transport(reporter) as net:
        async with net.get(server.url) as response:
            with pytest.raises(TransportError) as caught:
                await response.read(10)
        assert caught.value.kind is FailureKind.PROTOCOL
        assert await get(net, server.url) == b"ok"


@pytest.mark.parametrize("size", [10, 300_000])
async def test_over_tls(reporter: CollectingReporter, certificate: Path, size: int) -> None:
    body = bytes(range(250)) * (size // 250) + b"x" * (size % 250)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    scripts = [[head + body], [head, body], [head, body[:9], body[9:]]]
    options = replace(OPTIONS, cert=str(certificate))
    async with (
        raw_server(*scripts, [head, body[:9], HANG_UP], context=server_context(certificate)) as server,
        transport(reporter, options) as net,
    ):
        url = f"https://localhost:{server.port}/"
        for way in ("read", "chunks", "read_into"):
            assert await get(net, url, way) == body
        with pytest.raises(TransportError) as caught:
            await get(net, url, "read_into")
        assert caught.value.kind is FailureKind.CUT
        assert server.connections == 1


async def test_a_handshake_that_does_not_come(reporter: CollectingReporter, certificate: Path) -> None:
    options = replace(OPTIONS, cert=str(certificate), timeout_seconds=0.1)
    async with raw_server([]) as server, transport(reporter, options) as net:
        with anyio.fail_after(3), pytest.raises(TransportError) as caught:
            await get(net, f"https://localhost:{server.port}/")
    assert caught.value.kind is FailureKind.TIMEOUT


async def test_tls_with_a_server_that_speaks_none(reporter: CollectingReporter, certificate: Path) -> None:
    async with raw_server([]) as server, transport(reporter, replace(OPTIONS, cert=str(certificate))) as net:

        async def answer_in_clear() -> None:
            await server.begun.wait()
            server.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer_in_clear)
            with pytest.raises(TransportError) as caught:
                await get(net, f"https://localhost:{server.port}/")
    assert caught.value.kind is FailureKind.TLS


async def test_many_at_once_share_few_connections(reporter: CollectingReporter) -> None:
    bodies = [b"%d" % number * (number * 700 + 1) for number in range(40)]
    scripts = [[b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body] for body in bodies]
    async with raw_server(*scripts) as server, transport(reporter, replace(OPTIONS, connections_per_host=3)) as net:
        got: list[bytes] = []

        async def one(way: str) -> None:
            got.append(await get(net, server.url, way))

        async with anyio.create_task_group() as tasks:
            for way, _ in zip(itertools.cycle(["read", "read_into", "chunks"]), bodies, strict=False):
                tasks.start_soon(one, way)
        assert sorted(got) == sorted(bodies)
        assert server.connections == 3


async def test_slots_survive_cancelled_waiters(reporter: CollectingReporter) -> None:
    stalled = [b"HTTP/1.1 200 OK\r\n"]
    async with (
        raw_server(stalled, [OK], [OK]) as server,
        transport(reporter, replace(OPTIONS, connections_per_host=1)) as net,
    ):
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(get, net, server.url)
            with anyio.fail_after(10):
                while not server.requests:  # noqa: ASYNC110 - a list, which tells nobody
                    await anyio.sleep(0.01)
            await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
        assert len(server.requests) == 1
        with anyio.fail_after(3):
            assert await get(net, server.url) == b"ok"
            assert await get(net, server.url) == b"ok"


async def test_nothing_is_left_open(reporter: CollectingReporter) -> None:
    async with raw_server([OK], [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc"]) as server:
        async with transport(reporter) as net:
            assert await get(net, server.url) == b"ok"
            async with net.get(server.url) as response:
                assert response.status == 200
        with anyio.fail_after(3):
            await server.ended.wait()


async def test_urls_that_need_quoting_are_not_its_business(reporter: CollectingReporter) -> None:
    async with transport(reporter) as net:
        for url in ("http://127.0.0.1:9/\u20ac", "http://127.0.0.1:9/a b", 'http://127.0.0.1:9/"'):
            with pytest.raises(TransportError) as caught:
                await get(net, url)
            assert caught.value.kind is FailureKind.PROTOCOL
