"""Deflate in pieces: for members that are not here whole yet, or too large to be inflated in one call. Lean."""

from __future__ import annotations

from zlib import decompressobj
from zlib import error as zlib_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    class Stream(Protocol):
        """One deflate stream being inflated."""

        @property
        def eof(self) -> bool:
            """Whether the end of the stream has come."""

        @property
        def needs_input(self) -> bool:
            """Whether all that could be made of what came was given out."""

        def decompress(self, data: bytes | memoryview, max_length: int, /) -> bytes:
            """Return what ``data`` expands to, up to ``max_length`` bytes; the rest is asked for with no data."""


try:
    from isal.igzip_lib import DECOMP_DEFLATE, IgzipDecompressor, IsalError

    _HAVE_ISAL = True
    _BROKEN: tuple[type[Exception], ...] = (zlib_error, IsalError)
except ImportError:  # no wheel of it for this platform: 0.6 of the speed, same result
    _HAVE_ISAL = False
    _BROKEN = (zlib_error,)

_PACKED_CHUNK_BYTES = 128 * 1024


class InflateError(Exception):
    """The stream is none that deflate makes."""


class Inflater:
    """Inflates one stream that comes in any pieces; what it gives out is bounded, whatever it is given."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream: Stream = IgzipDecompressor(flag=DECOMP_DEFLATE) if _HAVE_ISAL else _ZlibStream()

    @property
    def is_at_end(self) -> bool:
        """Whether the end of the stream has come; what comes behind it is passed over."""
        return self._stream.eof

    def pieces(self, packed: memoryview, chunk_bytes: int) -> Iterator[bytes]:
        """Yield what the next bytes of the stream expand to, in pieces of up to ``chunk_bytes``.

        Raises `InflateError`.
        """
        stream = self._stream
        try:
            for at in range(0, len(packed), _PACKED_CHUNK_BYTES):
                if stream.eof:
                    return
                yield stream.decompress(packed[at : at + _PACKED_CHUNK_BYTES], chunk_bytes)
                while not stream.needs_input and not stream.eof:
                    yield stream.decompress(b"", chunk_bytes)
        except _BROKEN as error:
            raise InflateError(str(error)) from error


class _ZlibStream:
    """The standard library's way, which hands back what it had no room for."""

    __slots__ = ("_inflater", "_was_full")

    def __init__(self) -> None:
        self._inflater = decompressobj(-15)
        self._was_full = False
        """Whether there may be more of what was taken in."""

    @property
    def eof(self) -> bool:
        """See `Stream`."""
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        """See `Stream`."""
        return not self._was_full

    def decompress(self, data: bytes | memoryview, max_length: int, /) -> bytes:
        """See `Stream`."""
        piece = self._inflater.decompress(data or self._inflater.unconsumed_tail, max_length)
        self._was_full = len(piece) == max_length
        return piece
