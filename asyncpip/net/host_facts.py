"""Reads what the User-Agent header tells about this interpreter and machine; no child process."""

from __future__ import annotations

import os
import platform
import re
import sys
from typing import TYPE_CHECKING

from asyncpip.core.ci import looks_like_ci
from asyncpip.net.user_agent import HostFacts, format_user_agent
from asyncpip.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping


def current_user_agent(environ: Mapping[str, str]) -> str:
    """Return the User-Agent header of this process (a fraction of a millisecond; reads `os-release`)."""
    return format_user_agent(read_host_facts(environ), version=VERSION)


def read_host_facts(environ: Mapping[str, str]) -> HostFacts:
    """Return what is known of this interpreter and machine."""
    return HostFacts(
        python_version=platform.python_version(),
        implementation=platform.python_implementation(),
        implementation_version=_implementation_version(),
        distribution=_read_distribution(),
        libc=_libc(),
        system=platform.system(),
        release=platform.release(),
        machine=platform.machine(),
        openssl_version=_openssl_version(),
        in_ci=looks_like_ci(environ),
        user_data=environ.get("PIP_USER_AGENT_USER_DATA"),
    )


def _implementation_version() -> str:
    if sys.implementation.name == "cpython":
        return platform.python_version()
    version = sys.implementation.version
    numbers = f"{version.major}.{version.minor}.{version.micro}"
    return numbers if version.releaselevel == "final" else f"{numbers}.{version.releaselevel}.{version.serial}"


def _read_distribution() -> dict[str, str]:
    if sys.platform == "darwin":
        return {"name": "macOS", "version": platform.mac_ver()[0]}
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return {}
    in_parentheses = re.search(r"\(([^)]*)\)", release.get("VERSION", ""))
    code_name = release.get("VERSION_CODENAME") or (in_parentheses.group(1) if in_parentheses else "")
    return {"name": release.get("NAME", ""), "version": release.get("VERSION_ID", ""), "id": code_name}


def _libc() -> tuple[str, str] | None:
    # `platform.libc_ver` reads the interpreter's whole binary; glibc answers the same question at once.
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        return None
    name, _, version = (text or "").partition(" ")
    return (name, version) if version else None


def _openssl_version() -> str:
    try:
        import ssl  # noqa: PLC0415 - an interpreter may lack it
    except ImportError:
        return ""
    return ssl.OPENSSL_VERSION
