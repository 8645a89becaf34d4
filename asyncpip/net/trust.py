"""Origins: where plain http is acceptable, where certificates go unchecked, and where credentials may follow. No I/O.

pip's secure origins are those of Chrome's list: https, this machine, `file:`, `ssh`, and what `--trusted-host` names.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asyncpip.core.values import Row

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECURE_SCHEMES = ("https", "file", "ssh")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origin(Row):
    """Scheme, lower-case host and port of a URL, the scheme's default port filled in (RFC 6454 §4)."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        """Return ``host`` or ``host:port``, the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in (None, _DEFAULT_PORTS.get(self.scheme)) else f"{host}:{self.port}"


@lru_cache(maxsize=512)
def origin_of(url: str) -> Origin:
    """Return the origin of ``url``, its VCS prefix dropped (``git+https:`` is https); raise `ValueError` for none."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower().rpartition("+")[2]
    return Origin(scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme))


def may_share_credentials(known: Origin, target: Origin) -> bool:
    """Return whether credentials for ``known`` may be sent to ``target``: same host and port, never from TLS to none.

    The one port change allowed is from http on its default port to https on its own, as in requests.
    """
    if known.host != target.host or not known.host:
        return False
    if known.scheme == target.scheme:
        return known.port == target.port
    return (known.scheme, known.port, target.scheme, target.port) == ("http", 80, "https", 443)


def is_trusted_origin(url: str, trusted_hosts: Iterable[str] = ()) -> bool:
    """Return whether pages may be taken from ``url``, as far as its transport is concerned.

    ``trusted_hosts`` are ``host`` or ``host:port``; `*` stands for every host.
    """
    try:
        origin = origin_of(url)
    except ValueError:
        return False
    if origin.scheme in _SECURE_SCHEMES:
        return True
    return bool(origin.host) and (_is_this_machine(origin.host) or _is_named(origin, trusted_hosts, wildcard=True))


def skips_verification(url: str, trusted_hosts: Iterable[str]) -> bool:
    """Return whether the TLS certificate of ``url`` is not checked: only for trusted hosts, by name, not by `*`."""
    try:
        origin = origin_of(url)
    except ValueError:
        return False
    return bool(origin.host) and _is_named(origin, trusted_hosts, wildcard=False)


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_named(origin: Origin, trusted_hosts: Iterable[str], *, wildcard: bool) -> bool:
    for text in trusted_hosts:
        # A bare IPv6 address has no port and needs brackets to be one, as in pip.
        netloc = f"[{text}]" if text.count(":") > 1 and "[" not in text else text
        try:
            parts = urlsplit(f"//{netloc}")
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if host and (host == origin.host or (wildcard and host == "*")) and port in (None, origin.port):
            return True
    return False
