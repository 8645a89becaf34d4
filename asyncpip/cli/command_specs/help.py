"""`help`: its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec

SPEC = CommandSpec(
    "help",
    SUMMARIES["help"],
    usage=("<command>",),
    description="Show the help page of a command.",
    groups=(GENERAL,),
    arguments="commands",
)
