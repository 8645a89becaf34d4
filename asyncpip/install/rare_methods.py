"""Compression methods that zip archives may have and wheels never do (APPNOTE 6.3.10 §4.4.5): bzip2 and LZMA.

`zipfile` expands each piece of them as a whole, so that a kilobyte becomes gigabytes of memory before anybody can say
stop. Here every piece that comes out is bounded.
"""

from __future__ import annotations

import bz2
import lzma
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DICTIONARY_LIMIT_BYTES = 128 * 1024 * 1024
"""It is allocated at once, whatever comes. The highest preset of LZMA takes 64 MiB."""
_HEAD_BYTES, _PROPERTIES_BYTES = 4, 5
_POSITION_BITS, _LITERAL_CONTEXTS = 5, 9


def expanded_pieces(raw: memoryview, *, is_lzma: bool, chunk_bytes: int) -> Iterator[bytes]:
    """Yield what ``raw`` holds, in pieces of up to ``chunk_bytes``; raises what `bz2` and `lzma` raise."""
    expander: bz2.BZ2Decompressor | lzma.LZMADecompressor
    if is_lzma:
        expander, raw = _lzma_expander(raw)
    else:
        expander = bz2.BZ2Decompressor()
    at = 0
    while not expander.eof:
        piece: bytes | memoryview = b""
        if expander.needs_input:
            piece = raw[at : at + chunk_bytes]
            at += len(piece)
            if not piece:
                return  # the end mark of LZMA may be left out; what is missing shows in the size
        yield expander.decompress(piece, chunk_bytes)


def _lzma_expander(raw: memoryview) -> tuple[lzma.LZMADecompressor, memoryview]:
    """Return what expands the stream, and the stream without its head (APPNOTE §5.8.8)."""
    length = int.from_bytes(raw[2:_HEAD_BYTES], "little")
    properties = raw[_HEAD_BYTES : _HEAD_BYTES + length]
    if length != _PROPERTIES_BYTES or len(properties) != length:
        raise ValueError("the properties of the LZMA stream are damaged")
    packed, dictionary = properties[0], int.from_bytes(properties[1:], "little")
    if dictionary > _DICTIONARY_LIMIT_BYTES:
        raise ValueError(f"the LZMA stream wants {dictionary} bytes of memory")
    packed, contexts = divmod(packed, _LITERAL_CONTEXTS)
    position_bits, literal_bits = divmod(packed, _POSITION_BITS)
    chain = [
        {"id": lzma.FILTER_LZMA1, "dict_size": max(dictionary, 4096), "lc": contexts, "lp": literal_bits}
        | {"pb": position_bits}
    ]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain), raw[_HEAD_BYTES + length :]
