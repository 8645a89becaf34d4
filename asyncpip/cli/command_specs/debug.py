"""`debug`: its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL, TARGET
from asyncpip.cli.specs import CommandSpec

SPEC = CommandSpec(
    "debug",
    SUMMARIES["debug"],
    usage=("<options>",),
    description=(
        "Show versions, interpreter, encodings, certificate settings and compatible wheel tags. For people only: the"
        " output may change without notice."
    ),
    groups=(TARGET, GENERAL),
    examples=(("debug --verbose", "with all wheel tags instead of the first ten"),),
)
