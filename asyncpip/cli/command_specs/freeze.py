"""`freeze`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL, INDEX, INSTALLED_PATH, INSTALLED_USER, PROGRESS_BAR
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Freeze options",
    (
        Option(
            "-r --requirement",
            "requirement_files",
            "list",
            "Keep order and comments of this file; where there is none, only this project and what it needs.",
            metavar="file",
        ),
        Option("-l --local", "local", "flag", "Only what the virtual environment itself holds."),
        INSTALLED_USER,
        INSTALLED_PATH,
        Option("--all", "freeze_all", "flag", "Also pip; before Python 3.12 setuptools, wheel and distribute too."),
        Option("--exclude-editable", "exclude_editable", "flag", "Without projects in development mode."),
        Option(
            "--include-editable",
            "exclude_editable",
            "flag",
            "With projects in development mode (default).",
            stores=False,
            own=True,
        ),
        Option("--exclude", "excludes", "list", "Leave this project out.", metavar="package"),
        Option(
            "--dev",
            "development",
            "flag",
            "Only what development needs: dependency groups of pyproject.toml, or requirements-dev.txt.",
            own=True,
        ),
        Option(
            "--require-hashes", "require_hashes", "flag", "With the hashes of all files that indexes list.", own=True
        ),
        PROGRESS_BAR,
    ),
)

SPEC = CommandSpec(
    "freeze",
    SUMMARIES["freeze"],
    description="Print installed distributions in the form of requirements, sorted by name.",
    groups=(_OPTIONS, INDEX, GENERAL),
    examples=(
        ("freeze > requirements.txt", "all that is installed, to be installed elsewhere"),
        ("freeze -r requirements.in", "in the order of a file, with its comments"),
        ("freeze --require-hashes", "with hashes, for `install --require-hashes`"),
    ),
)
