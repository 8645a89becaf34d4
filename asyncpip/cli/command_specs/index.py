"""`index`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL, INDEX, PROGRESS_BAR, SELECTION, TARGET
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Index command options",
    (
        Option("--ignore-requires-python", "ignore_requires_python", "flag", "Ignore Requires-Python."),
        Option("--json", "json", "flag", "Print one JSON object."),
        PROGRESS_BAR,
    ),
)

SPEC = CommandSpec(
    "index",
    SUMMARIES["index"],
    usage=("versions <project>",),
    description=(
        "Ask indexes what they offer. `versions` prints the versions of a project that the target could use, newest"
        " first, and which one is installed."
    ),
    groups=(_OPTIONS, SELECTION, INDEX, TARGET, GENERAL),
    examples=(
        ("index versions flask", "all final releases that run here"),
        ("index versions --pre --json flask", "pre-releases too, for programs"),
        ("index versions --python-version 3.8 flask", "those for another Python"),
    ),
    actions=("versions",),
)
