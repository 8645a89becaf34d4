"""A record's bytes with a checksum behind them, over its key too: damaged, cut, or another's is a miss. Lean, sans-IO.

What a flipped bit in a record might do otherwise is beyond telling: another hash, another version, a page that is fresh
for ever. A CRC of the 10 MB that a warm run of 171 projects reads takes 3 ms.
"""

from __future__ import annotations

from binascii import crc32

_LENGTH = 8


def seal(data: bytes, key: str) -> bytes:
    """Return ``data`` as it is kept under ``key``."""
    return data + _seal_of(data, key)


def unseal(sealed: bytes | None, key: str) -> bytes | None:
    """Return what `seal` was given; None where there is nothing, or something else."""
    if sealed is None or len(sealed) < _LENGTH:
        return None
    data = sealed[:-_LENGTH]
    return data if sealed[-_LENGTH:] == _seal_of(data, key) else None


def _seal_of(data: bytes, key: str) -> bytes:
    return b"%08x" % crc32(data, crc32(key.encode("utf-8", "surrogatepass")))
