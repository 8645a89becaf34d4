"""A certificate authority for one run, and a certificate of it for loopback; made by `openssl`."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_DAYS = ("-days", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files."""

    authority: Path
    """What clients are told to trust."""
    server: Path
    """Key and certificate of the server."""


def make_certificates(folder: Path) -> Certificates:
    """Make both in ``folder``; raise `OSError` or `CalledProcessError` where there is no usable openssl."""
    authority, authority_key = folder / "authority.pem", folder / "authority-key.pem"
    certificate, key, both = folder / "server-certificate.pem", folder / "server-key.pem", folder / "server.pem"
    signs = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")  # Python 3.13 and later want that said
    _run(*_NEW_KEY, *_DAYS, *signs, "-subj", "/CN=benchmark authority", "-keyout", authority_key, "-out", authority)
    extensions = ("subjectAltName=IP:127.0.0.1,DNS:localhost", "basicConstraints=critical,CA:FALSE")
    added = [word for extension in extensions for word in ("-addext", extension)]
    by_authority = ("-CA", authority, "-CAkey", authority_key)
    _run(*_NEW_KEY, *_DAYS, *by_authority, *added, "-subj", "/CN=localhost", "-keyout", key, "-out", certificate)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return Certificates(authority=authority, server=both)


def _run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
