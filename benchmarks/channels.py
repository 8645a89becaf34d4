"""A client's socket, plain or encrypted, as the server uses it: without waiting, `BlockingIOError` where it would."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import socket
    from pathlib import Path

_READ_BYTES = 64 * 1024
_ENCRYPTED_BYTES = 256 * 1024  # read from a file for one call: encryption needs it in memory


class Channel(Protocol):
    """What the server does with a client."""

    socket: socket.socket
    """What a selector watches."""

    def receive(self) -> bytes:
        """Return what has come in; nothing at all where the client has ended."""

    def send(self, data: memoryview) -> int:
        """Send some of ``data``; return how much."""

    def send_file(self, fd: int, offset: int, count: int) -> int:
        """Send some of a file; return how much, 0 at its end."""


class PlainChannel:
    """A socket as it is."""

    __slots__ = ("socket",)

    def __init__(self, client: socket.socket) -> None:
        self.socket = client

    def receive(self) -> bytes:
        """Return what has come in."""
        return self.socket.recv(_READ_BYTES)

    def send(self, data: memoryview) -> int:
        """Send some of ``data``."""
        return self.socket.send(data)

    def send_file(self, fd: int, offset: int, count: int) -> int:
        """Send some of a file, by the kernel."""
        return os.sendfile(self.socket.fileno(), fd, offset, count)


class TlsChannel:
    """The server's side of TLS; the handshake happens within the first calls."""

    __slots__ = ("_tls", "socket")

    def __init__(self, client: socket.socket, context: ssl.SSLContext) -> None:
        self._tls = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        self.socket: socket.socket = self._tls

    def receive(self) -> bytes:
        """Return all that has come in: a selector does not see what has been decrypted and not taken."""
        try:
            data = self._tls.recv(_READ_BYTES)
            while self._tls.pending():
                data += self._tls.recv(_READ_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None
        return data

    def send(self, data: memoryview) -> int:
        """Send some of ``data``."""
        try:
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def send_file(self, fd: int, offset: int, count: int) -> int:
        """Send some of a file; asked again after `BlockingIOError`, it sends the same bytes, as TLS wants it."""
        return self.send(memoryview(os.pread(fd, min(count, _ENCRYPTED_BYTES), offset)))


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the server's side for a PEM file with key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
