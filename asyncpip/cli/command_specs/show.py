"""`show`: its own option, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

SPEC = CommandSpec(
    "show",
    SUMMARIES["show"],
    usage=("[options] <package> ...",),
    description="Show metadata, dependencies and dependents of installed distributions.",
    groups=(
        OptionGroup("Show options", (Option("-f --files", "files", "flag", "Also list the installed files."),)),
        GENERAL,
    ),
    arguments="installed",
    examples=(("show -f requests", "with its files"), ("show -v requests", "with classifiers, URLs and entry points")),
)
