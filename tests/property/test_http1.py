"""An answer reads the same however the network cuts it; and no bytes make the reader fail in any way but its own."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncpip.net.http1 import ChunkedDecoder, ProtocolError, build_request_head, find_head_end, parse_head

pytestmark = pytest.mark.property

names = st.from_regex(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}", fullmatch=True)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
fields = st.lists(st.tuples(names, values), max_size=8)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@given(fields)
def test_the_fields_that_went_in_come_out(sent: list[tuple[str, str]]) -> None:
    framed = ("content-length", "transfer-encoding", "connection")
    sent = [(name, value) for name, value in sent if name.lower() not in framed]
    request = build_request_head("/", sent)
    answer = parse_head(request.replace(b"GET / HTTP/1.1", b"HTTP/1.1 200 OK", 1))
    expected: dict[str, str] = {}
    for name, value in sent:
        key = name.lower()
        expected[key] = f"{expected[key]}, {value}" if key in expected else value
    assert answer.headers == expected


@given(fields, st.binary(max_size=40), st.lists(st.integers(min_value=0), max_size=8))
def test_the_end_of_a_head_is_found_wherever_it_is_cut(
    sent: list[tuple[str, str]], body: bytes, cuts: list[int]
) -> None:
    head = build_request_head("/", sent)
    buffer, seen, found = bytearray(), 0, -1
    for piece in pieces(head + body, cuts):
        buffer += piece
        found = find_head_end(buffer, 0, seen, len(buffer))
        if found >= 0:
            break
        seen = len(buffer)
    assert found == len(head)


@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.binary(max_size=9), st.lists(st.integers(min_value=0))
)
def test_chunks_read_the_same_wherever_they_are_cut(chunks: list[bytes], excess: bytes, cuts: list[int]) -> None:
    coded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: x\r\n\r\n"
    decoder = ChunkedDecoder()
    content, excess_bytes = b"", 0
    for piece in pieces(coded + excess, cuts):
        if decoder.is_done:
            excess_bytes += len(piece)
            continue
        content += decoder.feed(piece)
        excess_bytes += decoder.excess_bytes
    assert content == b"".join(chunks)
    assert decoder.is_done
    assert excess_bytes == len(excess)


@given(st.binary(max_size=60))
def test_heads_of_any_bytes(data: bytes) -> None:
    try:
        head = parse_head(b"HTTP/1.1 200 OK\r\n" + data + b"\r\n\r\n")
    except ProtocolError:
        return
    assert all(name == name.lower() and "\n" not in value for name, value in head.headers.items())


@given(st.lists(st.sampled_from([b"5", b"0", b"\r\n", b"\n", b"hello", b";x", b"A: b", b"\0"]), max_size=20))
def test_chunks_of_any_bytes(parts: list[bytes]) -> None:
    data = b"".join(parts)
    decoder = ChunkedDecoder()
    try:
        content = decoder.feed(data)
    except ProtocolError:
        return
    assert len(content) <= len(data)
    one_by_one = ChunkedDecoder()
    assert b"".join(one_by_one.feed(bytes([byte])) for byte in data[: len(data) - decoder.excess_bytes]) == content
    assert one_by_one.is_done == decoder.is_done
