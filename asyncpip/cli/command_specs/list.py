"""`list`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL, INDEX, INSTALLED_PATH, INSTALLED_USER, PROGRESS_BAR, SELECTION
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "List options",
    (
        Option("-o --outdated", "outdated", "flag", "Only those that indexes have a newer version of."),
        Option("-u --uptodate", "uptodate", "flag", "Only those that are the newest version."),
        Option("-e --editable", "editable", "flag", "Only projects in development mode."),
        Option("-l --local", "local", "flag", "Only what the virtual environment itself holds."),
        INSTALLED_USER,
        INSTALLED_PATH,
        Option(
            "--format",
            "list_format",
            "choice",
            "How the list is printed; freeze cannot be combined with --outdated.",
            choices=("columns", "freeze", "json"),
            default="columns",
        ),
        Option("--not-required", "not_required", "flag", "Only those that nothing installed depends on."),
        Option(
            "--exclude-editable",
            "include_editable",
            "flag",
            "Without projects in development mode.",
            stores=False,
            default=True,
        ),
        Option(
            "--include-editable",
            "include_editable",
            "flag",
            "With projects in development mode (default).",
            default=True,
        ),
        Option("--exclude", "excludes", "list", "Leave this project out.", metavar="package"),
        PROGRESS_BAR,
    ),
)

SPEC = CommandSpec(
    "list",
    SUMMARIES["list"],
    description="List installed distributions, sorted by name.",
    groups=(_OPTIONS, SELECTION, INDEX, GENERAL),
    examples=(
        ("list --outdated", "what indexes have newer versions of"),
        ("list --format=json", "for programs"),
        ("list --not-required --format=freeze", "only what nothing else depends on, as requirements"),
    ),
)
