"""The server as a process: what `python -m benchmarks serve` runs, and how the harness starts and asks one."""

from __future__ import annotations

import contextlib
import gc
import http.client
import socket
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from benchmarks.channels import server_context
from benchmarks.mirror import Mirror
from benchmarks.peers import CHECKOUT, DATA
from benchmarks.server import Server
from benchmarks.upstream import DEFAULT_INDEX, WORKERS, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.certificates import Certificates
    from benchmarks.scenarios import Line

MIRROR = DATA / "mirror"
_STOP_SECONDS = 10


class Counters(msgspec.Struct, frozen=True):
    """What a server has done since it was last asked to forget."""

    requests: int
    sent_bytes: int
    connections: int
    missed: list[str]
    cpu_seconds: float


class RunningServer:
    """A server in a child process."""

    def __init__(self, port: int, certificates: Certificates | None = None) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=certificates.authority) if certificates else None
        self.certificates = certificates
        self.index_url = f"{'https' if certificates else 'http'}://127.0.0.1:{port}/simple"

    def counters(self, *, reset: bool = False) -> Counters:
        """Return the counters; with ``reset`` they then start again at nothing."""
        body = self._ask("/-/counters")
        if reset:
            self._ask("/-/reset")
        return msgspec.json.decode(body, type=Counters)

    def stop(self) -> None:
        """Ask the server to end."""
        self._ask("/-/stop")

    def _ask(self, target: str) -> bytes:
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self._port, timeout=_STOP_SECONDS, context=self._tls)
            if self._tls
            else http.client.HTTPConnection("127.0.0.1", self._port, timeout=_STOP_SECONDS)
        )
        with contextlib.closing(connection):
            connection.request("GET", target)
            return connection.getresponse().read()


def serve(
    port: int,
    *,
    record: bool = False,
    index_url: str = DEFAULT_INDEX,
    line: Line | None = None,
    root: Path = MIRROR,
    certificate: Path | None = None,
) -> None:
    """Serve the mirror at ``root`` on loopback until stopped; port 0 takes a free one. The first line is the URL.

    With ``certificate``, a PEM file with key and certificate, by HTTPS.
    """
    mirror = Mirror(root)
    upstream = Upstream(mirror, index_url) if record else None
    tls = server_context(certificate) if certificate else None
    with socket.create_server(("127.0.0.1", port), backlog=512) as listener:
        print(f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}/simple", flush=True)
        gc.freeze()
        gc.disable()  # no cycles are made, and a collection would stand in somebody's measurement
        with contextlib.suppress(KeyboardInterrupt):
            fetch = upstream.fetch if upstream else None
            Server(mirror, line=line, fetch=fetch, workers=WORKERS, tls=tls).serve(listener)


@contextlib.contextmanager
def running_server(
    *,
    record: bool = False,
    line: Line | None = None,
    root: Path = MIRROR,
    certificates: Certificates | None = None,
) -> Iterator[RunningServer]:
    """Run a server of the mirror at ``root`` in a child process for the time of the context."""
    command = [sys.executable, "-m", "benchmarks", "serve", "--port", "0", "--mirror", str(root)]
    command += ["--record"] if record else []
    if line:
        command += ["--throttle-mbit", str(line.mbit_per_second), "--rtt-ms", str(line.round_trip_ms)]
        own = line.connection_mbit_per_second
        command += ["--connection-mbit", str(own)] if own else []
    command += ["--certificate", str(certificates.server)] if certificates else []
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        first = process.stdout.readline()
        try:
            server = RunningServer(int(first.rpartition(":")[2].partition("/")[0]), certificates)
            yield server
            server.stop()
            process.wait(_STOP_SECONDS)
        finally:
            process.kill()
