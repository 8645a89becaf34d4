"""What the first request over TLS needs, begun in a thread while modules are imported: a connection, whom to trust.

A context takes 32 ms, most of it in OpenSSL, which lets others run; name and connection take what the way takes. Then
the imports that follow cost nothing more.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from asyncpip.net.trust import origin_of, skips_verification

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Mapping

    from asyncpip.net.transport import TransportOptions
    from asyncpip.net.trust import Origin


_LONGEST_WAIT_SECONDS = 1.0


class Ahead:
    """A context and a connection for one https URL. What fails here is left to whoever asks later, and can say so."""

    def __init__(self, url: str, options: TransportOptions, environ: Mapping[str, str]) -> None:
        self._origin = origin_of(url)
        self._verifies = not skips_verification(url, options.trusted_hosts)
        self._options = options
        self._environ = environ
        self._context: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end, though not for a name server that is silent: what comes next would rather fork."""
        self._thread.join(_LONGEST_WAIT_SECONDS)

    def context(self, *, verifies: bool) -> ssl.SSLContext | None:
        """Return the context, where it is of this kind."""
        return self._context if verifies is self._verifies else None

    def take_socket(self, origin: Origin) -> socket.socket | None:
        """Return a socket that is connected to ``origin``, or about to be; once."""
        if origin != self._origin:
            return None
        taken, self._socket = self._socket, None
        return taken

    def close(self) -> None:
        """Let go of a connection that nobody took."""
        if self._socket is not None:
            self._socket.close()

    def _work(self) -> None:
        try:
            if self._options.bind_address is None:
                self._socket = _begin_connection(self._origin)
            from asyncpip.net.tls import build_context  # noqa: PLC0415 - here, beside other imports

            self._context = build_context(self._options, self._environ, verifies=self._verifies)
        except Exception:  # noqa: BLE001, S110 - see above
            pass


def _begin_connection(origin: Origin) -> socket.socket:
    """Return a socket that does not block, on its way to the first address of the host."""
    import socket  # noqa: PLC0415 - as above

    found = socket.getaddrinfo(origin.host.encode("ascii"), origin.port, type=socket.SOCK_STREAM)
    family, kind, _, _, address = found[0]
    opened = socket.socket(family, kind)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect(address)
    except BlockingIOError:  # on its way
        pass
    except OSError:
        opened.close()
        raise
    return opened
