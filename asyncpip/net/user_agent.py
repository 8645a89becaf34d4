"""The User-Agent header: what an index learns about the interpreter and machine, in pip's JSON form. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from asyncpip.core.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping


class HostFacts(Value):
    """What is told. Empty texts are left out."""

    python_version: str
    implementation: str
    implementation_version: str
    distribution: Mapping[str, str] = field(default_factory=dict)
    """``name``, ``version`` and ``id`` (the code name, as pip has it)."""
    libc: tuple[str, str] | None = None
    """Name and version."""
    system: str = ""
    release: str = ""
    machine: str = ""
    openssl_version: str = ""
    in_ci: bool = False
    user_data: str | None = None
    """PIP_USER_AGENT_USER_DATA, any text."""


def format_user_agent(facts: HostFacts, *, version: str) -> str:
    """Return the header's value, ``asyncpip/<version> {json}``."""
    data: dict[str, object] = {
        "installer": {"name": "asyncpip", "version": version},
        "python": facts.python_version,
        "implementation": _filled(name=facts.implementation, version=facts.implementation_version),
        # None and not false: the check was made, and says nothing for sure (pip's reasoning).
        "ci": True if facts.in_ci else None,
    }
    distribution: dict[str, object] = dict(_filled(**facts.distribution))
    if facts.libc:
        distribution["libc"] = {"lib": facts.libc[0], "version": facts.libc[1]}
    optional = {
        "distro": distribution,
        "system": _filled(name=facts.system, release=facts.release),
        "cpu": facts.machine,
        "openssl_version": facts.openssl_version,
    }
    data |= {key: value for key, value in optional.items() if value}
    if facts.user_data is not None:
        data["user_data"] = facts.user_data
    text = msgspec.json.encode(data, order="sorted").decode()
    if not text.isascii() or not text.isprintable():
        import json  # noqa: PLC0415 - 5 ms, for the escapes in somebody's own text

        text = json.dumps(data, separators=(",", ":"), sort_keys=True)
    return f"asyncpip/{version} {text}"


def _filled(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
