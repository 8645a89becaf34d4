"""Undoes `Content-Encoding` (RFC 9110 §8.4): gzip and deflate, never past a limit. No I/O."""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import TYPE_CHECKING

from asyncpip.core.values import Row

if TYPE_CHECKING:
    from types import ModuleType

ACCEPTED = "gzip, deflate"
"""What we ask for; fixed, so that answers with `Vary: Accept-Encoding` are found again by any interpreter (pip)."""
_MOST_LAYERS = 4
_MOST_MEMBERS = 64
"""Servers send one of each. Bounds, since taking off a layer or a member costs a copy of what is left."""
_ZLIB_METHOD = 8
"""Low four bits of a zlib stream's first byte (RFC 1950 §2.2)."""


Octets = bytes | bytearray
"""What a body is held in: pages and what they unpack to are large, and not copied into the other kind."""


class EncodedBody(Row):
    """A body as it was sent."""

    data: Octets
    encoding: str
    """The value of Content-Encoding; empty where there was none."""

    def decoded(self, limit_bytes: int) -> Octets:
        """Return the body itself; raise `ValueError` where it is damaged or longer than ``limit_bytes``."""
        return decode(self.data, self.encoding, limit_bytes) if self.encoding else self.data


def compressed(data: Octets) -> EncodedBody:
    """Return ``data`` packed as fast as can be, for the disk."""
    if _LIBDEFLATE is not None:
        return EncodedBody(_LIBDEFLATE.gzip_compress(data, 1), "gzip")
    import gzip  # noqa: PLC0415 - where libdeflate is missing

    return EncodedBody(gzip.compress(data, 1), "gzip")


def decode(data: Octets, encoding: str, limit_bytes: int) -> Octets:
    """Return ``data`` with the codings of ``encoding`` undone, the last first; raise `ValueError` where that fails.

    A result over ``limit_bytes`` is a failure too, noticed before it is held in memory.
    """
    if not data:
        return data
    codings = [part.strip().lower() for part in encoding.split(",")]
    if len(codings) > _MOST_LAYERS:
        raise ValueError(f"{len(codings)} content-encodings at once")
    for coding in reversed(codings):
        match coding:
            case "" | "identity":
                pass
            case "gzip" | "x-gzip":
                data = _gunzip(data, limit_bytes)
            case "deflate":
                data = _inflate(data, limit_bytes)
            case _:
                raise ValueError(f"content-encoding `{coding}` was not asked for")
    return data


def _load_libdeflate() -> ModuleType | None:
    try:
        return import_module("deflate")
    except ImportError:  # no wheel for this platform: zlib alone serves
        return None


_LIBDEFLATE = _load_libdeflate()


def _gunzip(data: Octets, limit_bytes: int) -> Octets:
    """Return the members of a gzip file in a row (RFC 1952 §2.2)."""
    # libdeflate takes half of zlib's time, but needs the size in advance and sees only the first member. The trailer
    # holds size and checksum of the last one: where they are those of the first, there is no other. For a size of 0,
    # `deflate` 0.9 looks no further, so that a body cut after four zero bytes would pass for an empty one.
    size_bytes = int.from_bytes(data[-4:], "little")
    if _LIBDEFLATE is not None and 0 < size_bytes <= limit_bytes:
        try:
            plain: bytearray = _LIBDEFLATE.gzip_decompress(data)
        except (_LIBDEFLATE.DeflateError, ValueError):
            pass  # damaged, or longer than 4 GiB: zlib decides
        else:
            checksum = int.from_bytes(data[-8:-4], "little")
            if len(plain) == size_bytes and _LIBDEFLATE.crc32(plain) == checksum:
                return plain
    parts: list[bytes] = []
    left_bytes = limit_bytes
    while data:
        if len(parts) == _MOST_MEMBERS:
            raise ValueError(f"more than {_MOST_MEMBERS} gzip members in the compressed content")
        part, data = _decompress(data, zlib.MAX_WBITS | 16, left_bytes)
        parts.append(part)
        left_bytes -= len(part)
        data = data.lstrip(b"\0")  # padding after the last member
    return b"".join(parts)


def _inflate(data: Octets, limit_bytes: int) -> bytes:
    """Return what `deflate` coding holds: zlib format by the RFC, raw deflate by some servers' reading of it."""
    # A zlib header's two bytes are together a multiple of 31.
    is_zlib = len(data) > 1 and data[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(data[:2], "big") % 31 == 0
    return _decompress(data, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS, limit_bytes)[0]


def _decompress(data: Octets, window_bits: int, limit_bytes: int) -> tuple[bytes, bytes]:
    """Return one stream's content and what follows it."""
    stream = zlib.decompressobj(window_bits)
    try:
        plain = stream.decompress(data, limit_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"the compressed content is damaged ({error})") from error
    if len(plain) > limit_bytes:
        raise ValueError("longer than accepted, once decoded")
    if not stream.eof:
        raise ValueError("the compressed content ends too early")
    return plain, stream.unused_data
