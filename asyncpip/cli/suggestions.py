"""What was probably meant by a command or option that does not exist."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from asyncpip.cli.command_specs.registry import MAIN

if TYPE_CHECKING:
    from asyncpip.cli.command_specs.registry import Commands
    from asyncpip.cli.specs import CommandSpec

_CLOSE_OPTIONS = 0.75
"""How alike (`difflib`) an option has to be; less makes `--log` of `--foo`."""
_MOST = 3


def close_command(name: str, commands: Commands) -> str | None:
    """Return the command that is most like ``name`` (pip's rule), or None."""
    close = get_close_matches(name.lower(), commands, n=1)
    return close[0] if close else None


def option_hint(spelling: str, spec: CommandSpec, commands: Commands) -> str | None:
    """Return what to say about the unknown long option ``spelling`` of ``spec``, or None.

    Either options that it may be a slip for, or which commands have it.
    """
    known = [flag for option in spec.options if not option.hidden for flag in option.long_flags]
    wanted = spelling.removeprefix("--").lower()
    if wanted:
        close = get_close_matches(wanted, [flag[2:] for flag in known], n=2, cutoff=_CLOSE_OPTIONS)
        takers = [each.name for each in commands.values() if any(spelling in option.flags for option in each.options)]
        if takers:
            return _of_others(spelling, spec, takers)
        if close:
            return "did you mean " + " or ".join(f"--{flag}" for flag in close) + "?"
    return None


def _of_others(spelling: str, spec: CommandSpec, takers: list[str]) -> str:
    """Say which commands have the option."""
    more = " and others" if len(takers) > _MOST else ""
    names = ", ".join(takers[:_MOST]) + more
    if spec is MAIN:
        return f"{spelling} is an option of {names}: it stands behind the command"
    return f"{spelling} is an option of {names}"
