"""What a downloader returns, as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.fetch.received import ReceivedFile

if TYPE_CHECKING:
    from asyncpip.fetch.sinks import Received


def bytes_of(received: Received) -> bytes:
    """Return the archive, wherever it lies, and let others have the file."""
    if not isinstance(received, ReceivedFile):
        return bytes(received)
    try:
        with open(received.path, "rb") as reading:
            return reading.read(received.size_bytes)
    finally:
        received.release()
