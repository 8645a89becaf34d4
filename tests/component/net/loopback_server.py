"""A small HTTP server on loopback whose answers are functions; it keeps what it was asked."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    connection: tuple[str, int]
    """The client's end: equal for requests over one kept-alive connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, and how it goes wrong."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent_bytes: int | None = None
    """Cut the body there, whatever Content-Length says."""
    stall: bool = False
    """After the bytes, send nothing more until the test is over."""
    no_head: bool = False
    """Close, or stall, without any answer."""
    garbage: bytes = b""
    """Send this instead of an answer."""
    tunnel_to_port: int | None = None
    """Answer a CONNECT with a tunnel to that port of this machine, whatever host was asked for."""


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, outer: Server, replies: Callable[[Asked], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.outer = outer
        self.replies = replies

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that hang up are what some tests are about


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart: the second would wait 40 ms for an ACK
    server: _QuietServer

    def do_GET(self) -> None:
        asked = Asked(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            connection=self.client_address,
        )
        self.server.outer.asked.append(asked)
        reply = self.server.replies(asked)
        if reply.tunnel_to_port is not None:
            self.close_connection = True
            self.tunnel(reply.tunnel_to_port)
        else:
            self.answer(reply)

    do_CONNECT = do_GET  # noqa: N815 - http.server's name for it

    def tunnel(self, port: int) -> None:
        """Pass bytes both ways until one side ends."""
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.send_response(200, "Connection established")
            self.end_headers()
            self.wfile.flush()
            peers = {self.connection: far, far: self.connection}
            while True:
                ready, _, _ = select.select(list(peers), [], [], 20)
                for side in ready:
                    data = side.recv(65536)
                    if not data:
                        return
                    peers[side].sendall(data)

    def answer(self, reply: Reply) -> None:
        if reply.garbage:
            self.wfile.write(reply.garbage)
            self.close_connection = True
            return
        if not reply.no_head:
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body if reply.sent_bytes is None else reply.body[: reply.sent_bytes])
            self.wfile.flush()
        if reply.stall:
            self.server.outer.stopping.wait(20)
        if reply.stall or reply.no_head or reply.sent_bytes is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        pass


class Server:
    """A running server. ``replies`` is asked for each request; CONNECT requests too."""

    def __init__(self, replies: Callable[[Asked], Reply], context: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self._server = _QuietServer(self, replies)
        self._scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def serving(replies: Callable[[Asked], Reply], context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server for the length of the block."""
    server = Server(replies, context)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return a TLS context for a server whose key and certificate are in one PEM file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
