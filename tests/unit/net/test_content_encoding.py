from __future__ import annotations

import gzip
import zlib

import pytest

from asyncpip.net.content_encoding import decode

TEXT = b"simple " * 1000
LIMIT_BYTES = 10_000


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("identity", TEXT, TEXT),
        ("", TEXT, TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0), TEXT),
        ("x-gzip", gzip.compress(TEXT, mtime=0), TEXT),
        (" GZIP ", gzip.compress(TEXT, mtime=0), TEXT),
        ("gzip", gzip.compress(b"", mtime=0), b""),
        ("gzip", b"", b""),
        ("gzip", gzip.compress(b"one", mtime=0) + gzip.compress(b"three", mtime=0), b"onethree"),
        ("gzip", gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), b"onetwo"),
        ("gzip", gzip.compress(TEXT, mtime=0) + bytes(10), TEXT),
        ("deflate", zlib.compress(TEXT), TEXT),
        ("deflate", raw_deflate(TEXT), TEXT),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT), mtime=0), TEXT),
    ],
)
def test_codings(encoding: str, data: bytes, expected: bytes) -> None:
    assert decode(data, encoding, LIMIT_BYTES) == expected


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("br", TEXT),
        ("gzip", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-9]),
        ("gzip", gzip.compress(TEXT, mtime=0)[:20]),
        ("gzip", gzip.compress(bytes(9000), mtime=0)[:24]),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-8] + b"wrongcrc"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-4] + bytes(4)),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"trailing"),
        ("deflate", b"\x78\x9c damaged"),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("deflate", b"?"),
        ("gzip", gzip.compress(b"", mtime=0) * 65),
        ("identity," * 4 + "gzip", gzip.compress(TEXT, mtime=0)),
    ],
)
def test_damage(encoding: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"compressed content|not asked for|at once"):
        decode(data, encoding, LIMIT_BYTES)


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", gzip.compress(bytes(LIMIT_BYTES + 1), mtime=0)),
        ("gzip", gzip.compress(bytes(LIMIT_BYTES * 50), mtime=0)[:-4] + b"\1\0\0\0"),
        ("gzip", gzip.compress(bytes(LIMIT_BYTES), mtime=0) + gzip.compress(b"x", mtime=0)),
        ("deflate", zlib.compress(bytes(LIMIT_BYTES + 1))),
    ],
)
def test_bombs(encoding: str, data: bytes) -> None:
    with pytest.raises(ValueError, match="longer than accepted"):
        decode(data, encoding, LIMIT_BYTES)


def test_the_limit_itself_is_allowed() -> None:
    assert decode(gzip.compress(bytes(LIMIT_BYTES), mtime=0), "gzip", LIMIT_BYTES) == bytes(LIMIT_BYTES)
