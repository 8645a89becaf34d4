"""`search`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL, INDEX, PROGRESS_BAR
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Search options",
    (Option("--index", "index_url", "text", "The same as --index-url.", metavar="url"), PROGRESS_BAR),
)

SPEC = CommandSpec(
    "search",
    SUMMARIES["search"],
    usage=("[options] <word> ...",),
    description=(
        "Look for projects by name: in the list of projects of the index, which is kept until the index says that it"
        " is old. Names that are equal to the words come first, then names that begin with them, that have all of them,"
        " and that are spelled much like them. At most 20 are shown; where none fits, the exit code is 23."
    ),
    groups=(_OPTIONS, INDEX, GENERAL),
    examples=(
        ("search requests", "the newest version and the summary of the projects that fit best"),
        ("search http client", "names that have both words"),
        ("search -v --index https://pypi.org/simple requests", "with all versions and addresses"),
    ),
)
