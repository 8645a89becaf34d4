"""`cache`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Cache options",
    (
        Option(
            "--format",
            "list_format",
            "choice",
            "How `list` prints what it finds.",
            choices=("human", "abspath"),
            default="human",
        ),
        Option(
            "--max-size",
            "max_size",
            "text",
            "With `prune`: drop what was not used for longest until no more than this is left: 500M, 2G, bytes.",
            metavar="size",
            own=True,
            check="size",
        ),
        Option(
            "--older-than",
            "older_than",
            "text",
            "With `prune`: drop what was not used for this long: P30D, 12h, 30d, 4w; 90 days where no limit is given.",
            metavar="age",
            own=True,
            check="age",
        ),
    ),
)

SPEC = CommandSpec(
    "cache",
    SUMMARIES["cache"],
    usage=(
        "dir",
        "info",
        "list [<pattern>] [--format=[human, abspath]]",
        "remove <pattern>",
        "purge",
        "prune [--older-than <age>] [--max-size <size>]",
        "verify",
    ),
    description=(
        "Look at the cache and clear it. It holds downloaded and built wheels, index pages and what else saves a run"
        " time; pip's own cache, where it lies in the same directory, is listed and cleared with it. A pattern is the"
        " name of a project or, with a dash in it, the beginning of a wheel's file name; `*` and `?` may stand in it."
        " All of this is safe while installations run."
    ),
    groups=(_OPTIONS, GENERAL),
    actions=("dir", "info", "list", "remove", "purge", "prune", "verify"),
    examples=(
        ("cache list", "all wheels that are stored"),
        ("cache remove 'numpy-1.*'", "all wheels of one project's releases"),
        ("cache prune --older-than 30d --max-size 5G", "what was not used for longest goes first"),
        ("cache verify", "compare every stored file with its hash, and drop what is damaged"),
    ),
)
