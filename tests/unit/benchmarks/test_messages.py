from __future__ import annotations

import pytest

from benchmarks.messages import Request, answer_to, parse_head, parse_range
from benchmarks.mirror import Resource

FILE = Resource(content_type="a/b", cache_control="immutable", etag='"1"', size_bytes=10, body=b"0123456789")
PAGE = Resource(
    content_type="a/json", cache_control="max-age=600", etag='"2"', size_bytes=4, body=b"page", compressed=b"gz"
)


def request(method: str = "GET", byte_range: str = "", if_none_match: str = "", gzip: bool = False) -> Request:
    return Request(method, "/x", byte_range, if_none_match, gzip, close=False)


def test_head_is_taken_apart() -> None:
    head = b'GET /simple/a/ HTTP/1.1\r\nHost: x\r\nRANGE: bytes=0-1\r\nIf-None-Match: "e"\r\nAccept-Encoding: br, gzip'
    assert parse_head(head) == Request("GET", "/simple/a/", "bytes=0-1", '"e"', gzip=True, close=False)


@pytest.mark.parametrize(
    ("head", "close"),
    [
        (b"GET / HTTP/1.1", False),
        (b"GET / HTTP/1.0", True),
        (b"GET / HTTP/1.1\r\nConnection: close", True),
        (b"GET / HTTP/1.1\r\nConnection: keep-alive", False),
    ],
)
def test_connection_is_kept_as_the_client_says(head: bytes, close: bool) -> None:
    assert parse_head(head).close is close


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-3", (0, 4)),
        ("bytes=8-99", (8, 2)),
        ("bytes=4-", (4, 6)),
        ("bytes=-3", (7, 3)),
        ("bytes=-99", (0, 10)),
        ("bytes=10-", (0, 0)),
        ("bytes=-0", (10, 0)),
        ("bytes=3-1", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=-", None),
        ("", None),
    ],
)
def test_range(text: str, expected: tuple[int, int] | None) -> None:
    assert parse_range(text, 10) == expected


def test_part_of_a_file() -> None:
    answer = answer_to(request(byte_range="bytes=2-4"), FILE)
    assert answer.body == b"234"
    assert answer.head.startswith(b"HTTP/1.1 206 ")
    assert b"Content-Range: bytes 2-4/10\r\n" in answer.head
    assert b"Content-Length: 3\r\n" in answer.head


def test_range_that_cannot_be_met() -> None:
    answer = answer_to(request(byte_range="bytes=10-"), FILE)
    assert answer.head.startswith(b"HTTP/1.1 416 ")
    assert answer.body == b""


def test_validator_that_still_holds() -> None:
    answer = answer_to(request(if_none_match='W/"x", "1"'), FILE)
    assert answer.head.startswith(b"HTTP/1.1 304 ")
    assert answer.body == b""


@pytest.mark.parametrize(("gzip", "body"), [(True, b"gz"), (False, b"page")])
def test_page_goes_out_in_the_coding_that_the_client_takes(gzip: bool, body: bytes) -> None:
    answer = answer_to(request(gzip=gzip, byte_range="bytes=0-0"), PAGE)
    assert answer.body == body
    assert answer.head.startswith(b"HTTP/1.1 200 ")
    assert (b"Content-Encoding: gzip" in answer.head) is gzip
    assert f"Content-Length: {len(body)}\r\n".encode() in answer.head


def test_head_has_no_body() -> None:
    answer = answer_to(request(method="HEAD"), FILE)
    assert answer.body == b""
    assert b"Content-Length: 10\r\n" in answer.head


@pytest.mark.parametrize(("method", "resource", "status"), [("GET", None, b"404"), ("PUT", FILE, b"405")])
def test_refusals(method: str, resource: Resource | None, status: bytes) -> None:
    assert answer_to(request(method=method), resource).head.split(b" ")[1] == status
