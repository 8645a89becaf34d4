from __future__ import annotations

import pytest

from asyncpip.net.http1 import (
    HEAD_LIMIT_BYTES,
    AnswerHead,
    ChunkedDecoder,
    ProtocolError,
    build_request_head,
    find_head_end,
    parse_head,
)


def head_of(*lines: str, status: str = "HTTP/1.1 200 OK") -> AnswerHead:
    return parse_head("\r\n".join([status, *lines, "", ""]).encode("latin-1"))


def test_a_request_head() -> None:
    head = build_request_head("/simple/a/?x=%2f", [("Host", "example.org"), ("User-Agent", "x/1 {\xe4}")])
    assert head == b"GET /simple/a/?x=%2f HTTP/1.1\r\nHost: example.org\r\nUser-Agent: x/1 {\xe4}\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        ("/a b", "Host", "h"),
        ("/a\r\nX: y", "Host", "h"),
        ("", "Host", "h"),
        ("/", "Ho st", "h"),
        ("/", "", "h"),
        ("/", "Host", "h\r\nX: y"),
        ("/", "Host", "h\n"),
        ("/", "Host", "\u20ac"),
    ],
)
def test_what_would_leave_its_line(target: str, name: str, value: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        build_request_head(target, [(name, value)])


@pytest.mark.parametrize("ending", [b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n"])
def test_where_a_head_ends(ending: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nA: b" + ending
    for cut in range(len(head)):
        seen = cut
        assert find_head_end(bytearray(head), 0, 0, cut) == -1
        assert find_head_end(bytearray(head + b"body\n\n"), 0, seen, len(head)) == len(head)
    assert parse_head(head).headers == {"a": "b"}


def test_fields_are_found_by_lower_case_names_and_joined() -> None:
    head = head_of("Content-Type:text/html", 'ETAG: "x" \t', "Link: a", "link:\tb", "Empty:", "Content-Length: 5")
    assert head.headers == {
        "content-type": "text/html",
        "etag": '"x"',
        "link": "a, b",
        "empty": "",
        "content-length": "5",
    }


def test_a_folded_line_is_one_line() -> None:
    assert head_of("A: one", " two", "\t three", "B: x").headers == {"a": "one two three", "b": "x"}


@pytest.mark.parametrize("status", ["HTTP/1.1 404 Not Found", "HTTP/1.1 404 ", "HTTP/1.1 404", "HTTP/1.0 404 \xe4"])
def test_status_lines(status: str) -> None:
    assert head_of(status=status).status == 404


@pytest.mark.parametrize(
    "status",
    [
        "",
        "HTTP/2 200 OK",
        "HTTP/1.1 99 x",
        "HTTP/1.1 2000 x",
        "HTTP/1.1  200",
        "http/1.1 200 OK",
        "ICY 200 OK",
        "220 hi",
    ],
)
def test_what_is_no_status_line(status: str) -> None:
    with pytest.raises(ProtocolError, match="Bad status line"):
        head_of(status=status)


@pytest.mark.parametrize(
    "line",
    ["no colon", ": no name", "Na me: x", "Name : x", "N\xe4me: x", "A: nul\0", "A: carriage\rreturn", " A: fold"],
)
def test_lines_that_are_refused(line: str) -> None:
    with pytest.raises(ProtocolError):
        head_of(line)


def test_too_many_fields() -> None:
    lines = [f"A{number}: x" for number in range(256)]
    assert len(head_of(*lines).headers) == 256
    with pytest.raises(ProtocolError, match="256"):
        head_of(*lines, "One: more")


@pytest.mark.parametrize(
    ("status", "lines", "length", "is_chunked"),
    [
        ("HTTP/1.1 200 OK", ["Content-Length: 7"], 7, False),
        ("HTTP/1.1 200 OK", ["Content-Length: 0"], 0, False),
        ("HTTP/1.1 200 OK", ["Content-Length: 7", "Content-Length: 7"], 7, False),
        ("HTTP/1.1 200 OK", [], None, False),
        ("HTTP/1.1 200 OK", ["Transfer-Encoding: Chunked"], None, True),
        ("HTTP/1.1 204 No Content", ["Content-Length: 7"], 0, False),
        ("HTTP/1.1 304 Not Modified", ["Content-Length: 7"], 0, False),
        ("HTTP/1.1 304 Not Modified", ["Transfer-Encoding: chunked"], 0, False),
        ("HTTP/1.1 100 Continue", [], 0, False),
    ],
)
def test_framing(status: str, lines: list[str], length: int | None, is_chunked: bool) -> None:
    head = head_of(*lines, status=status)
    assert (head.length, head.is_chunked) == (length, is_chunked)


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: many"],
        ["Content-Length:"],
        ["Content-Length: -1"],
        ["Content-Length: +1"],
        ["Content-Length: 1_0"],
        ["Content-Length: \xb2"],
        ["Content-Length: 7", "Content-Length: 8"],
        ["Content-Length: 7, many"],
        ["Content-Length: 7,"],
        ["Content-Length: 1234567890123456789"],
        ["Content-Length: 7", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
def test_framing_that_can_be_read_in_two_ways(lines: list[str]) -> None:
    with pytest.raises(ProtocolError):
        head_of(*lines)


def test_a_change_of_protocol_was_not_asked_for() -> None:
    with pytest.raises(ProtocolError, match="not asked for"):
        head_of(status="HTTP/1.1 101 Switching Protocols")


@pytest.mark.parametrize(
    ("status", "lines", "keeps_alive"),
    [
        ("HTTP/1.1 200 OK", ["Content-Length: 1"], True),
        ("HTTP/1.1 200 OK", ["Content-Length: 1", "Connection: keep-alive"], True),
        ("HTTP/1.1 200 OK", ["Content-Length: 1", "Connection: x, Close"], False),
        ("HTTP/1.1 200 OK", [], False),
        ("HTTP/1.1 200 OK", ["Transfer-Encoding: chunked"], True),
        ("HTTP/1.0 200 OK", ["Content-Length: 1"], False),
        ("HTTP/1.0 200 OK", ["Content-Length: 1", "Connection: Keep-Alive"], True),
        ("HTTP/1.0 200 OK", ["Transfer-Encoding: chunked", "Connection: keep-alive"], False),
    ],
)
def test_whether_the_connection_serves_again(status: str, lines: list[str], keeps_alive: bool) -> None:
    assert head_of(*lines, status=status).keeps_alive is keeps_alive


def test_interim_answers() -> None:
    assert head_of(status="HTTP/1.1 103 Early Hints").is_interim
    assert not head_of().is_interim


def test_chunks_with_extensions_and_trailers() -> None:
    decoder = ChunkedDecoder()
    body = b'5;name="value"\r\nhello\r\n00006 ; x\r\n world\r\n0\r\nExpires: never\r\n\r\nHTTP'
    assert decoder.feed(body) == b"hello world"
    assert decoder.is_done
    assert decoder.excess_bytes == 4


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b"0x5\r\n",
        b"-1\r\n",
        b" 5\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello!\r\n",
        b"5\r\nhello\n",
        b"g\r\n",
        b"1234567890abcdef\r\n",
        b"5;" + b"x" * 5000,
        b"5;" + b"x" * 5000 + b"\r\n",
        b"0\r\n" + b"T: x\r\n" * (HEAD_LIMIT_BYTES // 4 + 1) + b"\r\n",
    ],
)
def test_chunks_that_are_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        ChunkedDecoder().feed(body)


def test_chunks_that_end_too_early() -> None:
    decoder = ChunkedDecoder()
    steps = [(decoder.feed(piece), decoder.is_done) for piece in (b"5\r\nhel", b"lo\r\n0\r\n", b"\r\n")]
    assert steps == [(b"hel", False), (b"lo", False), (b"", True)]
    assert decoder.excess_bytes == 0
