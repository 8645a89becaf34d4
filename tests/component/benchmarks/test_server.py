from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from benchmarks.certificates import make_certificates
from benchmarks.channels import server_context
from benchmarks.mirror import Mirror, write_whole
from benchmarks.scenarios import Line
from benchmarks.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.certificates import Certificates

LARGE = bytes(range(256)) * 8192


@contextmanager
def serving(
    mirror: Mirror,
    *,
    line: Line | None = None,
    fetch: Callable[[str], None] | None = None,
    certificates: Certificates | None = None,
) -> Iterator[tuple[str, int]]:
    """Serve in a thread; ask the server to stop at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        tls = server_context(certificates.server) if certificates else None
        thread = threading.Thread(target=Server(mirror, line=line, fetch=fetch, tls=tls).serve, args=(listener,))
        thread.start()
        try:
            yield "127.0.0.1", port
        finally:
            with closing(connect(("127.0.0.1", port), certificates)) as connection:
                ask(connection, "/-/stop")
            thread.join()


def connect(address: tuple[str, int], certificates: Certificates | None) -> http.client.HTTPConnection:
    if certificates is None:
        return http.client.HTTPConnection(*address, timeout=20)
    context = ssl.create_default_context(cafile=certificates.authority)
    return http.client.HTTPSConnection(*address, timeout=20, context=context)


def get(address: tuple[str, int], target: str, **headers: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        return ask(connection, target, **headers)


def ask(connection: http.client.HTTPConnection, target: str, **headers: str) -> tuple[int, bytes]:
    connection.request("GET", target, headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    write_whole(tmp_path / "files" / "0" / "large.whl", LARGE)
    write_whole(tmp_path / "files" / "0" / "small.whl", b"small")
    mirror = Mirror(tmp_path)
    mirror.keep_page("a", "https://index.example/simple/a/", b'{"files": [], "name": "a"}')
    return mirror


def test_many_answers_on_one_connection(mirror: Mirror) -> None:
    with serving(mirror) as address, closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        assert ask(connection, "/files/0/large.whl") == (200, LARGE)
        assert ask(connection, "/files/0/large.whl", Range="bytes=1000000-1000999") == (206, LARGE[1000000:1001000])
        assert ask(connection, "/files/0/small.whl") == (200, b"small")
        assert json.loads(ask(connection, "/simple/A/")[1]) == {"files": [], "name": "a"}
        assert ask(connection, "/simple/b/")[0] == 404
        counters = json.loads(ask(connection, "/-/counters")[1])
    assert (counters["requests"], counters["connections"], counters["missed"]) == (5, 1, ["/simple/b/"])


def test_answers_say_when_they_were_given(mirror: Mirror) -> None:
    with serving(mirror) as address, closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        connection.request("GET", "/simple/a/")
        response = connection.getresponse()
        given = parsedate_to_datetime(response.headers["Date"]).timestamp()
    assert abs(time.time() - given) < 10


def test_requests_sent_at_once_are_answered_in_order(mirror: Mirror) -> None:
    wanted = b"GET /files/0/large.whl HTTP/1.1\r\n\r\nGET /files/0/small.whl HTTP/1.1\r\nConnection: close\r\n\r\n"
    with serving(mirror) as address, socket.create_connection(address, timeout=20) as client:
        client.sendall(wanted)
        received = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert received.endswith(b"\r\n\r\nsmall")
    assert LARGE in received


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(mirror: Mirror) -> None:
    with serving(mirror) as address:
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"GET /files/0/large.whl HTTP/1.1\r\n\r\n")
            client.recv(10)
        assert get(address, "/files/0/small.whl") == (200, b"small")


def test_slow_line_shares_its_bandwidth_and_delays_answers(mirror: Mirror) -> None:
    # Two files of 2 MiB at 160 Mbit/s need 0.21 s, together; 20 ms go by for the connection, 20 ms for the request.
    line = Line(mbit_per_second=160, round_trip_ms=20)
    with serving(mirror, line=line) as address, ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        assert get(address, "/files/0/small.whl") == (200, b"small")
        assert time.monotonic() - started >= 0.039
        started = time.monotonic()
        bodies = list(pool.map(lambda target: get(address, target)[1], ["/files/0/large.whl"] * 2))
        taken = time.monotonic() - started
    assert bodies == [LARGE, LARGE]
    assert taken >= 0.2


def test_a_connection_has_no_more_than_its_share(mirror: Mirror) -> None:
    # 2 MiB at 80 Mbit/s need 0.21 s, on two connections as on one.
    line = Line(mbit_per_second=10_000, round_trip_ms=0, connection_mbit_per_second=80)
    with serving(mirror, line=line) as address, ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        bodies = list(pool.map(lambda target: get(address, target)[1], ["/files/0/large.whl"] * 2))
        taken = time.monotonic() - started
    assert bodies == [LARGE, LARGE]
    assert taken >= 0.19


def test_a_client_that_leaves_a_slow_line_disturbs_nobody(mirror: Mirror) -> None:
    with serving(mirror, line=Line(mbit_per_second=80, round_trip_ms=1)) as address:
        with socket.create_connection(address, timeout=20) as client:
            client.sendall(b"GET /files/0/large.whl HTTP/1.1\r\n\r\n")
            client.recv(10)
        assert get(address, "/files/0/small.whl") == (200, b"small")
        assert get(address, "/files/0/large.whl") == (200, LARGE)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")
def test_https_with_an_authority_of_its_own(mirror: Mirror, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with serving(mirror, certificates=certificates) as address:
        with closing(connect(address, certificates)) as connection:
            assert ask(connection, "/files/0/large.whl") == (200, LARGE)
            assert ask(connection, "/files/0/small.whl") == (200, b"small")
            assert ask(connection, "/files/0/large.whl", Range="bytes=5-9") == (206, LARGE[5:10])
        stranger = http.client.HTTPSConnection(*address, timeout=20, context=ssl.create_default_context())
        with closing(stranger), pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/files/0/small.whl")


def test_recording_fetches_what_is_missing_once(mirror: Mirror) -> None:
    asked: list[str] = []

    def fetch(target: str) -> None:
        asked.append(target)
        time.sleep(0.05)
        if "refused" in target:
            raise OSError("refused")
        path = mirror.file_path(target)
        if path and "new" in target:
            write_whole(path, b"new")

    with serving(mirror, fetch=fetch) as address, ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda target: get(address, target), ["/files/0/new.whl"] * 3))
        assert answers == [(200, b"new")] * 3
        assert get(address, "/files/0/absent.whl")[0] == 404
        assert get(address, "/files/0/absent.whl")[0] == 404
        assert get(address, "/files/0/refused.whl")[0] == 502
    assert asked == ["/files/0/new.whl", "/files/0/absent.whl", "/files/0/refused.whl"]
