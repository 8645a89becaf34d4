"""What every transport does, over each of the senders."""

from __future__ import annotations

import base64
import gzip
import random
import ssl
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from asyncpip.core.events import Level
from asyncpip.core.urls import Credentials
from asyncpip.core.values import replace
from asyncpip.errors import ConfigurationError
from asyncpip.net.transport import FailureKind, TransportError, TransportOptions
from tests.component.net.loopback_server import Asked, Reply, server_context, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from asyncpip.net.transport import Transport
    from tests.component.net.conftest import CollectingReporter, OpenTransport

pytestmark = pytest.mark.anyio

proxied = pytest.mark.parametrize("transport", ["aiohttp", "either"], indirect=True)
"""For tests with a proxy, which the direct sender leaves to aiohttp."""

OPTIONS = TransportOptions(timeout_seconds=5.0, retries=2, keyring_provider="disabled", user_agent="asyncpip/test")
LIMIT_BYTES = 1 << 20


async def body_of(net: Transport, url: str, headers: Mapping[str, str] | None = None) -> bytes:
    async with net.get(url, headers) as response:
        assert response.status == 200
        return await response.read(LIMIT_BYTES)


def in_turn(replies: Iterable[Reply]) -> Callable[[Asked], Reply]:
    """Answer with ``replies`` one after the other, then with the last for ever."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def echo(_: Asked) -> Reply:
    return Reply(body=b"hello")


async def test_a_connection_is_used_again(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(lambda asked: Reply(status=404 if asked.target == "/b" else 200, body=b"hello")) as server:
        async with transport(OPTIONS, reporter) as net:
            assert await body_of(net, f"{server.url}/a") == b"hello"
            async with net.get(f"{server.url}/b") as response:  # its body is left alone
                assert response.status == 404
            assert await body_of(net, f"{server.url}/c") == b"hello"
        assert len({asked.connection for asked in server.asked}) == 1


async def test_headers_that_are_sent(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(echo) as server:
        async with transport(OPTIONS, reporter) as net:
            await body_of(net, f"{server.url}/page#fragment")
            await body_of(net, f"{server.url}/x%2By?sig=%2f+", {"accept-encoding": "identity", "Range": "bytes=0-1"})
    page, archive = server.asked
    assert page.target == "/page"
    assert page.headers["accept-encoding"] == "gzip, deflate"
    assert page.headers["user-agent"] == "asyncpip/test"
    assert "authorization" not in page.headers
    assert archive.target == "/x%2By?sig=%2f+"  # the spelling that a signature covers
    assert archive.headers["accept-encoding"] == "identity"
    assert archive.headers["range"] == "bytes=0-1"


async def test_no_more_requests_than_slots_are_open_at_a_host(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    running, most, lock = 0, 0, threading.Lock()
    arrived = threading.Event()

    def count(_: Asked) -> Reply:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        arrived.wait(0.05)
        with lock:
            running -= 1
        return Reply(body=b"x")

    with serving(count) as server:
        async with (
            transport(replace(OPTIONS, connections_per_host=3), reporter) as net,
            anyio.create_task_group() as tasks,
        ):
            for number in range(9):
                tasks.start_soon(body_of, net, f"{server.url}/{number}")
    assert most == 3
    assert len(server.asked) == 9


@pytest.mark.parametrize("size", [10, 200_000])
async def test_pages_are_decoded_and_archives_are_not(
    transport: OpenTransport, reporter: CollectingReporter, size: int
) -> None:
    body = random.Random(1).randbytes(size)  # noqa: S311 - only has to be incompressible
    packed = gzip.compress(body)
    with serving(lambda _: Reply(headers={"Content-Encoding": "gzip"}, body=packed)) as server:
        async with transport(OPTIONS, reporter) as net:
            async with net.get(server.url) as response:
                assert await response.read(LIMIT_BYTES) == body
            async with net.get(server.url) as response:
                assert b"".join([chunk async for chunk in response.chunks()]) == packed


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"x" * 101),
        Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(bytes(100_000))[:99]),
        Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(bytes(101))),
        Reply(headers={"Content-Encoding": "gzip"}, body=b"no gzip"),
        Reply(headers={"Content-Encoding": "br"}, body=b"?"),
    ],
)
async def test_a_body_over_the_limit_or_damaged_is_refused(
    transport: OpenTransport, reporter: CollectingReporter, reply: Reply
) -> None:
    with serving(lambda _: reply) as server:
        async with transport(OPTIONS, reporter) as net, net.get(server.url) as response:
            with pytest.raises(TransportError) as caught:
                await response.read(100)
    assert caught.value.kind is FailureKind.PROTOCOL


@pytest.mark.parametrize("transport", ["direct"], indirect=True)  # takes 2 s, and waiting is not the sender's work
async def test_a_busy_server_is_asked_again_after_the_time_it_names(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    replies = in_turn([Reply(status=503, headers={"Retry-After": "1"}), Reply(status=500), Reply(body=b"done")])
    with serving(replies) as server:
        async with transport(OPTIONS, reporter) as net:
            started = anyio.current_time()
            assert await body_of(net, server.url) == b"done"
            assert anyio.current_time() - started >= 1.0
    assert len(server.asked) == 3
    assert [text.rpartition(" after: ")[2] for text in reporter.texts(Level.WARNING)] == ["status 503", "status 500"]


async def test_the_last_answer_counts_when_retries_are_used_up(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    with serving(lambda _: Reply(status=502, body=b"bad gateway")) as server:
        async with transport(replace(OPTIONS, retries=1), reporter) as net, net.get(server.url) as response:
            assert response.status == 502
            assert await response.read(LIMIT_BYTES) == b"bad gateway"
    assert len(server.asked) == 2


async def test_a_server_that_asks_for_hours_is_not_asked_again(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    with serving(lambda _: Reply(status=429, headers={"Retry-After": "7200"})) as server:
        async with transport(OPTIONS, reporter) as net, net.get(server.url) as response:
            assert response.status == 429
    assert len(server.asked) == 1


async def test_a_connection_closed_before_the_answer_is_tried_again(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    # aiohttp itself tries once more, in case the connection was an old one.
    replies = in_turn([Reply(no_head=True), Reply(no_head=True), Reply(body=b"done")])
    with serving(replies) as server:
        async with transport(OPTIONS, reporter) as net:
            assert await body_of(net, server.url) == b"done"


async def test_a_cut_body_is_an_error_of_its_own_kind(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(lambda _: Reply(body=b"x" * 100, sent_bytes=40)) as server:
        async with transport(OPTIONS, reporter) as net, net.get(server.url) as response:
            chunks = response.chunks()
            assert await anext(chunks) == b"x" * 40
            with pytest.raises(TransportError) as caught:
                await anext(chunks)
    assert caught.value.kind is FailureKind.CUT
    assert len(server.asked) == 1  # what is missing is the caller's to ask for


@pytest.mark.parametrize("size", [9, 300_000])
async def test_a_body_goes_into_the_memory_of_whoever_asks(
    transport: OpenTransport, reporter: CollectingReporter, size: int
) -> None:
    body = random.Random(2).randbytes(size)  # noqa: S311 - only has to be some bytes
    with serving(lambda _: Reply(body=body)) as server:
        async with transport(OPTIONS, reporter) as net:
            for room in (size, size + 1, size * 2):
                heard: list[int] = []
                buffer = bytearray(room)
                async with net.get(server.url) as response:
                    assert await response.read_into(memoryview(buffer), heard.append) == size
                    assert await response.read_into(memoryview(buffer)[size:]) == 0
                    assert response.received_bytes == size == sum(heard)
                assert buffer == body + bytes(room - size)
            async with net.get(server.url) as response:
                first, rest = bytearray(size // 2), bytearray(size)
                assert await response.read_into(memoryview(first)) == size // 2
                assert response.received_bytes == size // 2
                assert await response.read_into(memoryview(rest)) == size - size // 2
                assert bytes(first) + rest[: size - size // 2] == body
            async with net.get(server.url) as response:
                taken = bytearray()
                assert await response.read_to(taken.extend, size // 2) == size // 2
                assert await response.read_to(taken.extend, size) == size - size // 2
                assert await response.read_to(taken.extend, size) == 0
                assert taken == body
                assert response.received_bytes == size
        assert len({asked.connection for asked in server.asked}) == 1


async def test_what_came_into_memory_before_a_cut_is_known(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    with serving(lambda _: Reply(body=b"x" * 100, sent_bytes=40)) as server:
        async with transport(OPTIONS, reporter) as net, net.get(server.url) as response:
            buffer = bytearray(100)
            with pytest.raises(TransportError) as caught:
                await response.read_into(memoryview(buffer))
            assert response.received_bytes == 40
    assert caught.value.kind is FailureKind.CUT
    assert buffer == b"x" * 40 + bytes(60)


async def test_a_body_that_stalls_times_out(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(lambda _: Reply(body=b"x" * 100, sent_bytes=40, stall=True)) as server:
        async with transport(replace(OPTIONS, timeout_seconds=0.3), reporter) as net, net.get(server.url) as response:
            with pytest.raises(TransportError) as caught:
                await response.read(LIMIT_BYTES)
    assert caught.value.kind is FailureKind.TIMEOUT


async def test_an_answer_that_does_not_come_times_out_after_retries(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    options = replace(OPTIONS, timeout_seconds=0.2, retries=1)
    with serving(lambda _: Reply(no_head=True, stall=True)) as server:
        async with transport(options, reporter) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, server.url)
    assert caught.value.kind is FailureKind.TIMEOUT
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "garbage", [b"220 mail.example ESMTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"]
)
async def test_what_comes_is_not_http(transport: OpenTransport, reporter: CollectingReporter, garbage: bytes) -> None:
    with serving(lambda _: Reply(garbage=garbage)) as server:
        async with transport(replace(OPTIONS, retries=0), reporter) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, server.url)
    assert caught.value.kind is FailureKind.PROTOCOL
    assert "\n" not in (caught.value.why or "")


async def test_a_chunked_body_that_is_cut(transport: OpenTransport, reporter: CollectingReporter) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with serving(lambda _: Reply(garbage=head)) as server:
        async with transport(OPTIONS, reporter) as net, net.get(server.url) as response:
            with pytest.raises(TransportError) as caught:
                await response.read(LIMIT_BYTES)
    assert caught.value.kind is FailureKind.CUT


@pytest.mark.parametrize("reply", [Reply(no_head=True, stall=True), Reply(body=b"x" * 9, sent_bytes=4, stall=True)])
async def test_cancelling_gives_the_slot_back(
    transport: OpenTransport, reporter: CollectingReporter, reply: Reply
) -> None:
    with serving(in_turn([reply, Reply(body=b"done")])) as server:
        async with transport(replace(OPTIONS, connections_per_host=1), reporter) as net:
            with anyio.move_on_after(0.2) as scope:
                await body_of(net, server.url)
            assert scope.cancelled_caught
            with anyio.fail_after(3):
                assert await body_of(net, server.url) == b"done"


async def test_a_free_slot_follows_a_failure(transport: OpenTransport, reporter: CollectingReporter) -> None:
    replies = in_turn([Reply(body=b"x" * 100, sent_bytes=40), Reply(body=b"x" * 200_000), Reply(body=b"done")])
    with serving(replies) as server:
        async with transport(replace(OPTIONS, connections_per_host=1), reporter) as net:
            with pytest.raises(TransportError):
                await body_of(net, server.url)
            with anyio.move_on_after(5):
                async with net.get(server.url) as response:
                    assert response.status == 200  # its long body is left unread
                assert await body_of(net, server.url) == b"done"
                return
    pytest.fail("the slot was not given back")


async def test_nobody_listens(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(echo) as server:
        url = server.url
    async with transport(replace(OPTIONS, retries=1), reporter) as net:
        with pytest.raises(TransportError) as caught:
            await body_of(net, url)
    assert caught.value.kind is FailureKind.CONNECT
    assert len(reporter.texts(Level.WARNING)) == 1


async def test_a_name_that_does_not_exist(transport: OpenTransport, reporter: CollectingReporter) -> None:
    async with transport(replace(OPTIONS, retries=0), reporter) as net:
        with pytest.raises(TransportError) as caught:
            await body_of(net, "http://user:secret@no-such-host.invalid/simple/")
    assert caught.value.kind is FailureKind.NAME
    assert "secret" not in f"{caught.value.what}{caught.value.why}{reporter.messages}"


async def test_what_is_not_http(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(lambda _: Reply(no_head=True)) as server:
        async with transport(OPTIONS, reporter) as net:
            for url in ("ftp://host/", "http:///path", "http://host:port/", "file:///etc/hosts", "no url"):
                with pytest.raises(TransportError) as caught:
                    await body_of(net, url)
                assert caught.value.kind is FailureKind.PROTOCOL
    assert server.asked == []


async def test_redirects_are_followed_and_say_where_they_led(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    def reply(asked: Asked) -> Reply:
        if asked.target == "/end?x=1":
            return Reply(body=b"here")
        target = {"/start": "middle/", "/middle/": "../end?x=1#part"}[asked.target]
        return Reply(status=302, headers={"Location": target}, body=b"moved")

    with serving(reply) as server:
        async with transport(OPTIONS, reporter) as net, net.get(f"{server.url}/start") as response:
            assert response.url == f"{server.url}/end?x=1"
            assert await response.read(LIMIT_BYTES) == b"here"
    assert len({asked.connection for asked in server.asked}) == 1


async def test_redirects_in_a_circle_end(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(lambda _: Reply(status=301, headers={"Location": "/again"})) as server:
        async with transport(OPTIONS, reporter) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, server.url)
    assert caught.value.kind is FailureKind.REDIRECT
    assert len(server.asked) == 31


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://host/", "http://[bad"])
async def test_redirects_lead_to_http_only(transport: OpenTransport, reporter: CollectingReporter, target: str) -> None:
    with serving(lambda _: Reply(status=302, headers={"Location": target})) as server:
        async with transport(OPTIONS, reporter) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, server.url)
    assert caught.value.kind in (FailureKind.REDIRECT, FailureKind.PROTOCOL)
    assert len(server.asked) == 1


async def test_credentials_stay_with_their_host(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with (
        serving(echo) as other,
        serving(lambda _: Reply(status=302, headers={"Location": f"{other.url}/file"})) as index,
    ):
        options = replace(OPTIONS, index_urls=(f"http://user:secret@127.0.0.1:{index.port}/simple/",))
        async with transport(options, reporter) as net:
            await body_of(net, f"{index.url}/simple/a/")
            await body_of(net, f"http://other:word@127.0.0.1:{index.port}/b")
    assert [asked.headers.get("authorization") for asked in index.asked] == [basic("user:secret"), basic("other:word")]
    assert ["authorization" in asked.headers for asked in other.asked] == [False, False]


async def test_a_redirect_on_the_same_host_keeps_credentials(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    def reply(asked: Asked) -> Reply:
        return Reply() if asked.target == "/b" else Reply(status=302, headers={"Location": "/b"})

    with serving(reply) as server:
        async with transport(OPTIONS, reporter) as net:
            await body_of(net, f"http://user:secret@127.0.0.1:{server.port}/a")
    assert [asked.headers.get("authorization") for asked in server.asked] == [basic("user:secret")] * 2


async def test_netrc_is_read(transport: OpenTransport, reporter: CollectingReporter, tmp_path: Path) -> None:
    netrc = tmp_path / "my-netrc"
    netrc.write_text("machine 127.0.0.1 login joe password pw\n")
    with serving(echo) as server:
        async with transport(OPTIONS, reporter, {"NETRC": str(netrc)}) as net:
            await body_of(net, server.url)
    assert server.asked[0].headers["authorization"] == basic("joe:pw")


def guarded(password: str) -> Callable[[Asked], Reply]:
    def reply(asked: Asked) -> Reply:
        if asked.headers.get("authorization") == basic(password):
            return Reply(body=b"in")
        return Reply(status=401, headers={"WWW-Authenticate": "Basic"}, body=b"who?")

    return reply


async def test_a_401_asks_once_for_a_host_and_remembers(transport: OpenTransport, reporter: CollectingReporter) -> None:
    prompts = []

    def prompt(host: str) -> Credentials:
        prompts.append(host)
        return Credentials("joe", "pw")

    with serving(guarded("joe:pw")) as server:
        async with transport(OPTIONS, reporter, prompt=prompt) as net:
            async with anyio.create_task_group() as tasks:
                for number in range(5):
                    tasks.start_soon(body_of, net, f"{server.url}/{number}")
            assert await body_of(net, f"{server.url}/last") == b"in"
    assert prompts == [f"127.0.0.1:{server.port}"]
    assert server.asked[-1].headers["authorization"] == basic("joe:pw")
    assert reporter.texts(Level.WARNING) == []


async def test_wrong_credentials_end_in_a_401_and_a_warning(
    transport: OpenTransport, reporter: CollectingReporter
) -> None:
    with serving(guarded("joe:pw")) as server:
        options = replace(OPTIONS, allow_input=False)
        async with (
            transport(options, reporter, prompt=lambda _: pytest.fail("nobody is to be asked")) as net,
            net.get(f"http://joe:wrong@127.0.0.1:{server.port}/") as response,
        ):
            assert response.status == 401
    assert reporter.texts(Level.WARNING) == [f"401 Error, Credentials not correct for {server.url}/"]


@proxied
async def test_a_plain_request_goes_through_the_proxy(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(echo) as proxy:
        options = replace(OPTIONS, proxy=f"joe:p%40w@127.0.0.1:{proxy.port}")
        async with transport(options, reporter) as net:
            assert await body_of(net, "http://user:secret@index.invalid/simple/") == b"hello"
    asked = proxy.asked[0]
    assert asked.target == "http://index.invalid/simple/"
    assert asked.headers["proxy-authorization"] == basic("joe:p@w")
    assert asked.headers["authorization"] == basic("user:secret")


@proxied
async def test_https_goes_through_a_tunnel(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(lambda _: Reply(status=403, body=b"no")) as proxy:
        environ = {"HTTPS_PROXY": f"http://joe:pw@127.0.0.1:{proxy.port}"}
        async with transport(OPTIONS, reporter, environ) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, "https://user:secret@index.invalid/simple/")
    assert caught.value.kind is FailureKind.PROXY
    asked = proxy.asked[0]
    assert (asked.method, asked.target) == ("CONNECT", "index.invalid:443")
    assert asked.headers["proxy-authorization"] == basic("joe:pw")
    assert "authorization" not in asked.headers


@proxied
async def test_requests_in_a_tunnel(transport: OpenTransport, reporter: CollectingReporter, certificate: Path) -> None:
    options = replace(OPTIONS, cert=str(certificate))
    with (
        serving(echo, server_context(certificate)) as server,
        serving(lambda _: Reply(tunnel_to_port=server.port)) as proxy,
    ):
        async with transport(replace(options, proxy=f"http://joe:pw@127.0.0.1:{proxy.port}"), reporter) as net:
            assert await body_of(net, "https://user:secret@localhost/a") == b"hello"
            assert await body_of(net, "https://localhost/b") == b"hello"
    assert [asked.target for asked in proxy.asked] == ["localhost:443"]  # kept alive
    assert [asked.target for asked in server.asked] == ["/a", "/b"]
    assert server.asked[0].headers["authorization"] == basic("user:secret")
    assert "proxy-authorization" not in server.asked[0].headers


@proxied
@pytest.mark.parametrize("url", ["http://index.invalid/", "https://index.invalid/"])
async def test_a_proxy_that_wants_a_password(transport: OpenTransport, reporter: CollectingReporter, url: str) -> None:
    with serving(lambda _: Reply(status=407)) as proxy:
        async with transport(replace(OPTIONS, proxy=proxy.url), reporter) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, url)
    assert caught.value.kind is FailureKind.PROXY
    assert caught.value.hint is not None
    assert len(proxy.asked) == 1


@proxied
async def test_a_proxy_that_does_not_answer(transport: OpenTransport, reporter: CollectingReporter) -> None:
    options = replace(OPTIONS, timeout_seconds=0.1, retries=0)
    with serving(lambda _: Reply(no_head=True, stall=True)) as proxy:
        async with transport(replace(options, proxy=proxy.url), reporter) as net:
            with anyio.fail_after(10), pytest.raises(TransportError) as caught:
                await body_of(net, "https://index.invalid/")
    assert caught.value.kind is FailureKind.TIMEOUT


@proxied
async def test_a_proxy_that_is_not_there(transport: OpenTransport, reporter: CollectingReporter) -> None:
    with serving(echo) as proxy:
        url = proxy.url
    async with transport(replace(OPTIONS, proxy=url, retries=0), reporter) as net:
        with pytest.raises(TransportError) as caught:
            await body_of(net, "http://index.invalid/")
    assert caught.value.kind is FailureKind.PROXY


async def test_a_certificate_must_be_known(
    transport: OpenTransport, reporter: CollectingReporter, certificate: Path
) -> None:
    with serving(echo, server_context(certificate)) as server:
        async with transport(OPTIONS, reporter) as net:
            with pytest.raises(TransportError) as caught:
                await body_of(net, server.url)
        assert caught.value.kind is FailureKind.TLS
        assert "self" in (caught.value.why or "")
        assert "--cert" in (caught.value.hint or "")
        assert server.asked == []


@pytest.mark.parametrize("source", ["cert", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "trusted-host"])
async def test_ways_to_trust(
    transport: OpenTransport, reporter: CollectingReporter, certificate: Path, source: str
) -> None:
    options = OPTIONS
    environ: dict[str, str] = {}
    match source:
        case "cert":
            options = replace(options, cert=str(certificate))
            environ = {"REQUESTS_CA_BUNDLE": "/nonexistent"}
        case "trusted-host":
            options = replace(options, trusted_hosts=("127.0.0.1",))
        case _:
            environ = {source: str(certificate)}
    with serving(echo, server_context(certificate)) as server:
        async with transport(options, reporter, environ) as net:
            assert await body_of(net, f"{server.url}/a") == b"hello"
            assert await body_of(net, f"{server.url}/b") == b"hello"
        assert len({asked.connection for asked in server.asked}) == 1


async def test_the_client_certificate_is_shown(
    transport: OpenTransport, reporter: CollectingReporter, certificate: Path
) -> None:
    context = server_context(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate)
    with serving(echo, context) as server:
        options = replace(OPTIONS, cert=str(certificate), client_cert=str(certificate))
        async with transport(options, reporter) as net:
            assert await body_of(net, server.url) == b"hello"


@pytest.mark.parametrize(
    "options", [replace(OPTIONS, cert="/nonexistent.pem"), replace(OPTIONS, client_cert="/nonexistent.pem")]
)
async def test_certificate_files_that_are_missing(
    transport: OpenTransport, reporter: CollectingReporter, options: TransportOptions
) -> None:
    async with transport(options, reporter) as net:
        with pytest.raises(ConfigurationError) as caught:
            await body_of(net, "https://127.0.0.1:9/")
    assert "/nonexistent.pem" in caught.value.what
    assert caught.value.exit_code == 1


@proxied
@pytest.mark.parametrize("is_trusted", [False, True])
async def test_a_redirect_out_of_tls(
    transport: OpenTransport, reporter: CollectingReporter, certificate: Path, is_trusted: bool
) -> None:
    # A proxy stands in for a host that is not this machine.
    options = replace(OPTIONS, trusted_hosts=("index.invalid",) if is_trusted else ())
    with serving(echo) as proxy:
        reply = Reply(status=302, headers={"Location": "http://index.invalid/"})
        with serving(lambda _: reply, server_context(certificate)) as server:
            environ = {"SSL_CERT_FILE": str(certificate), "http_proxy": proxy.url}
            async with transport(options, reporter, environ) as net:
                if is_trusted:
                    assert await body_of(net, server.url) == b"hello"
                else:
                    with pytest.raises(TransportError) as caught:
                        await body_of(net, server.url)
                    assert caught.value.kind is FailureKind.REDIRECT


@pytest.mark.parametrize(("address", "is_ours"), [("127.0.0.9", True), ("192.0.2.1", False)])
async def test_bind_address(
    transport: OpenTransport, reporter: CollectingReporter, address: str, is_ours: bool
) -> None:
    with serving(echo) as server:
        async with transport(replace(OPTIONS, bind_address=address), reporter) as net:
            if is_ours:
                await body_of(net, server.url)
                assert server.asked[0].connection[0] == address
            else:
                with pytest.raises(TransportError) as caught:
                    await body_of(net, server.url)
                assert address in (caught.value.why or "")
                assert "--bind-address" in (caught.value.hint or "")


@proxied
async def test_socks_is_refused_in_words(transport: OpenTransport, reporter: CollectingReporter) -> None:
    async with transport(OPTIONS, reporter, {"ALL_PROXY": "socks5://joe:secret@127.0.0.1:1080"}) as net:
        with pytest.raises(ConfigurationError) as caught:
            await body_of(net, "http://index.invalid/")
    assert "SOCKS" in (caught.value.why or "")
    assert "secret" not in caught.value.what
