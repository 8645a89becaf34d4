"""The test index answers as its switches and scripts say."""

from __future__ import annotations

import base64
import http.client
import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.index_server import HTML_TYPE, JSON_TYPE, Fault, IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = "/simple/demo/"
WHEEL = "/files/demo-1.0-py3-none-any.whl"


class Client:
    """One kept-alive connection."""

    def __init__(self, server: IndexServer) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], bytes]:
        self.connection.request("GET", path, headers=dict(headers or {}))
        response = self.connection.getresponse()
        body = response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, body


@pytest.fixture
def client(index_server: IndexServer) -> Iterator[Client]:
    index_server.add_wheel("demo", "1.0", requires=["a"], requires_python=">=3.8", yanked="bad")
    client = Client(index_server)
    yield client
    client.connection.close()


def test_json_page(client: Client) -> None:
    status, headers, body = client.get(PAGE, {"Accept": JSON_TYPE})
    assert (status, headers["content-type"]) == (200, JSON_TYPE)
    (file,) = json.loads(body)["files"]
    assert file["url"] == "../../files/demo-1.0-py3-none-any.whl"
    assert (file["requires-python"], file["yanked"]) == (">=3.8", "bad")
    assert set(file) >= {"hashes", "size", "upload-time", "core-metadata"}


def test_html_page(index_server: IndexServer, client: Client) -> None:
    _, headers, body = client.get(PAGE, {"Accept": "text/html"})
    assert headers["content-type"].startswith("text/html")
    assert b'data-requires-python="&gt;=3.8" data-yanked="bad" data-core-metadata="sha256=' in body
    index_server.switches.json = False
    assert client.get(PAGE, {"Accept": f"{JSON_TYPE}, {HTML_TYPE};q=0.1"})[1]["content-type"] == HTML_TYPE


def test_switches(index_server: IndexServer, client: Client) -> None:
    switches = index_server.switches
    switches.metadata = switches.sizes = switches.hashes = switches.upload_times = switches.etags = False
    switches.cache_control = None
    status, headers, body = client.get(PAGE, {"Accept": JSON_TYPE})
    assert set(json.loads(body)["files"][0]) == {"filename", "url", "hashes", "yanked", "requires-python"}
    assert not {"etag", "cache-control"} & set(headers)
    assert status == 200
    assert client.get(WHEEL + ".metadata")[0] == 404


def test_metadata_file(client: Client) -> None:
    status, _, body = client.get(WHEEL + ".metadata")
    assert status == 200
    assert b"Requires-Dist: a\n" in body


def test_conditional_requests(client: Client) -> None:
    _, headers, _ = client.get(PAGE)
    assert headers["cache-control"] == "max-age=600, public"
    assert client.get(PAGE, {"If-None-Match": headers["etag"]})[::2] == (304, b"")
    assert client.get(PAGE, {"If-None-Match": '"old"'})[0] == 200


def test_ranges(index_server: IndexServer, client: Client) -> None:
    _, headers, whole = client.get(WHEEL)
    assert headers["accept-ranges"] == "bytes"
    status, headers, part = client.get(WHEEL, {"Range": "bytes=10-19"})
    assert (status, headers["content-range"], part) == (206, f"bytes 10-19/{len(whole)}", whole[10:20])
    assert client.get(WHEEL, {"Range": "bytes=-5"})[2] == whole[-5:]
    assert client.get(WHEEL, {"Range": "bytes=5-"})[2] == whole[5:]
    assert client.get(WHEEL, {"Range": "bytes=99999999-"})[0] == 416
    assert client.get(WHEEL, {"Range": "bytes=5-", "If-Range": '"old"'})[0] == 200
    index_server.switches.suffix_ranges = False
    assert client.get(WHEEL, {"Range": "bytes=-5"})[0] == 416
    index_server.switches.ranges = False
    assert client.get(WHEEL, {"Range": "bytes=5-9"})[::2] == (200, whole)


def test_credentials(index_server: IndexServer, client: Client) -> None:
    index_server.switches.credentials = ("me", "secret")
    status, headers, _ = client.get(PAGE)
    assert (status, "www-authenticate" in headers) == (401, True)
    token = base64.b64encode(b"me:secret").decode()
    assert client.get(PAGE, {"Authorization": f"Basic {token}"})[0] == 200


def test_requests_are_logged(index_server: IndexServer, client: Client) -> None:
    client.get(PAGE, {"X-Test": "1"})
    client.get("/simple/other/")
    assert index_server.paths() == [PAGE, "/simple/other/"]
    assert index_server.requests[0].headers["x-test"] == "1"


def test_faults_are_taken_in_order(index_server: IndexServer, client: Client) -> None:
    index_server.script(
        PAGE,
        Fault(status=503, headers={"Retry-After": "1"}),
        None,
        Fault(redirect="/simple/other/"),
        Fault(status=520),
        Fault(headers={"ETag": '"stale"'}),
        Fault(body=b"else"),
    )
    status, headers, _ = client.get(PAGE)
    assert (status, headers["retry-after"]) == (503, "1")
    assert client.get(PAGE)[0] == 200
    status, headers, _ = client.get(PAGE)
    assert (status, headers["location"]) == (302, "/simple/other/")
    assert client.get(PAGE)[0] == 520
    assert client.get(PAGE)[1]["etag"] == '"stale"'
    assert client.get(PAGE)[2] == b"else"
    assert client.get(PAGE)[0] == 200


@pytest.mark.parametrize("fault", [Fault(cut_at=10), Fault(length=100_000)])
def test_bodies_that_end_early(index_server: IndexServer, client: Client, fault: Fault) -> None:
    index_server.script(WHEEL, fault)
    with pytest.raises(http.client.IncompleteRead):
        client.get(WHEEL)


def test_connections_that_are_dropped(index_server: IndexServer, client: Client) -> None:
    index_server.script(PAGE, Fault(close_silently=True))
    index_server.script(WHEEL, Fault(drop=True))
    assert client.get(PAGE)[0] == 200
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.get(PAGE)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.get(WHEEL)


def test_slow_answers(index_server: IndexServer, client: Client) -> None:
    index_server.script(PAGE, Fault(stall_seconds=0.05), Fault(stall_at=5, stall_seconds=0.05))
    index_server.script(WHEEL, Fault(drip_bytes=200, drip_seconds=0.01))
    start = time.monotonic()
    assert client.get(PAGE)[2] == client.get(PAGE)[2]
    assert client.get(WHEEL)[0] == 200
    assert time.monotonic() - start > 0.1


def test_ignored_range(index_server: IndexServer, client: Client) -> None:
    index_server.script(WHEEL, Fault(ignore_range=True))
    assert client.get(WHEEL, {"Range": "bytes=1-2"})[0] == 200
    assert client.get(WHEEL, {"Range": "bytes=1-2"})[0] == 206


def test_stop_does_not_wait_for_stalls() -> None:
    with IndexServer() as server:
        server.script(PAGE, Fault(stall_seconds=60))
        client = Client(server)
        client.connection.request("GET", PAGE)
        while not server.paths():
            time.sleep(0.01)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 10
        client.connection.close()
