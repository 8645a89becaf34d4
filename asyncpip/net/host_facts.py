"""Reads what the User-Agent header tells about this interpreter and machine; no child process."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from asyncpip.net.user_agent import HostFacts, format_user_agent, looks_like_ci
from asyncpip.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}
_RELEASE_FILES = ("/etc/os-release", "/usr/lib/os-release")
_RELEASE_LINE = re.compile(r"""^([A-Za-z_][A-Za-z0-9_]*)=(["']?)(.*)\2$""", re.MULTILINE)


def current_user_agent(environ: Mapping[str, str]) -> str:
    """Return the User-Agent header of this process (a fraction of a millisecond; reads `os-release`)."""
    return format_user_agent(read_host_facts(environ), version=VERSION)


def read_host_facts(environ: Mapping[str, str]) -> HostFacts:
    """Return what is known of this interpreter and machine."""
    system, release, machine = _machine()
    return HostFacts(
        python_version=sys.version.partition(" ")[0].rstrip("+"),
        implementation=_IMPLEMENTATIONS.get(sys.implementation.name, sys.implementation.name),
        implementation_version=_implementation_version(),
        distribution=_read_distribution(),
        libc=_libc(),
        system=system,
        release=release,
        machine=machine,
        openssl_version=_openssl_version(),
        in_ci=looks_like_ci(environ),
        user_data=environ.get("PIP_USER_AGENT_USER_DATA"),
    )


def _implementation_version() -> str:
    if sys.implementation.name == "cpython":
        return sys.version.partition(" ")[0].rstrip("+")
    version = sys.implementation.version
    numbers = f"{version.major}.{version.minor}.{version.micro}"
    return numbers if version.releaselevel == "final" else f"{numbers}.{version.releaselevel}.{version.serial}"


def _machine() -> tuple[str, str, str]:
    """Return the names of system, release and machine."""
    if sys.platform == "win32":
        import platform  # noqa: PLC0415 - 7 ms; elsewhere the kernel tells the same

        return platform.system(), platform.release(), platform.machine()
    told = os.uname()
    return told.sysname, told.release, told.machine


def _read_distribution() -> dict[str, str]:
    if sys.platform == "darwin":
        import platform  # noqa: PLC0415 - as above

        return {"name": "macOS", "version": platform.mac_ver()[0]}
    release = _read_os_release()
    in_parentheses = re.search(r"\(([^)]*)\)", release.get("VERSION", ""))
    code_name = release.get("VERSION_CODENAME") or (in_parentheses.group(1) if in_parentheses else "")
    return {"name": release.get("NAME", ""), "version": release.get("VERSION_ID", ""), "id": code_name}


def _read_os_release() -> dict[str, str]:
    """Return the fields of os-release(5); none where there is no such file."""
    for path in _RELEASE_FILES:
        try:
            with open(path, encoding="utf-8", errors="replace") as reading:
                text = reading.read()
        except OSError:
            continue
        return {name: re.sub(r"\\(.)", r"\1", value) for name, _, value in _RELEASE_LINE.findall(text)}
    return {}


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
        import _ssl  # noqa: PLC0415 - an interpreter may lack it; `ssl` takes 9 ms more
    except ImportError:
        return ""
    return str(_ssl.OPENSSL_VERSION)
