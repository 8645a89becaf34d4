"""`check`: its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec

SPEC = CommandSpec(
    "check",
    SUMMARIES["check"],
    description="Check that what installed distributions depend on is installed, in versions that they accept.",
    groups=(GENERAL,),
    examples=(
        ("check", "exit code 1 and a line for each requirement that is not met"),
        ("check --python .venv", "of another environment"),
    ),
)
