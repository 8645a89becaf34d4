"""`inspect`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL, INSTALLED_PATH, INSTALLED_USER
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

SPEC = CommandSpec(
    "inspect",
    SUMMARIES["inspect"],
    description="Print all that is known of the installed distributions and of the environment, as JSON.",
    groups=(
        OptionGroup(
            "Inspect options",
            (
                Option("--local", "local", "flag", "Only what the virtual environment itself holds."),
                INSTALLED_USER,
                INSTALLED_PATH,
            ),
        ),
        GENERAL,
    ),
    examples=(
        ("inspect --local", "what the virtual environment itself holds"),
        ("inspect --path vendor", "what a plain directory holds"),
    ),
)
