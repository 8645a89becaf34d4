"""A server that sends bytes as it is told, piece by piece: for what no proper HTTP server would do."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence

HANG_UP = b""
"""As a piece: close the connection."""


class RawServer:
    """Answers the requests that come, in their order and over whichever connection, with one script each."""

    def __init__(self, scripts: Sequence[Sequence[bytes]]) -> None:
        self._scripts = list(scripts)
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when a connection begins, and when one ends."""
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self.begun.set()
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                for piece in self._scripts.pop(0):
                    if piece == HANG_UP:
                        return
                    writer.write(piece)
                    await writer.drain()
                    for _ in range(3):  # so that the other side reads this piece on its own
                        await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.set()

    def send(self, data: bytes) -> None:
        """Send ``data`` over every open connection, unasked."""
        for writer in self._writers:
            writer.write(data)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def raw_server(*scripts: Sequence[bytes], context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Run a server in this loop for the length of the block."""
    server = RawServer(scripts)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        server.hang_up()
        await asyncio.sleep(0)
