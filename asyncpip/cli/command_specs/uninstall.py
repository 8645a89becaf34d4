"""`uninstall`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import BREAK_SYSTEM_PACKAGES, GENERAL, LOCK_TIMEOUT, ROOT_USER_ACTION
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Uninstall options",
    (
        Option(
            "-r --requirement",
            "requirement_files",
            "list",
            "Uninstall all that a requirements file names.",
            metavar="file",
        ),
        Option("-y --yes", "yes", "flag", "Do not ask before anything is removed."),
        ROOT_USER_ACTION,
        BREAK_SYSTEM_PACKAGES,
        Option(
            "-t --target",
            "target",
            "text",
            "Uninstall from a directory that `install --target` has filled; nothing outside of it is touched.",
            metavar="dir",
            own=True,
        ),
        Option(
            "--clean-requests-cache --clean-cache",
            "clean_cache",
            "flag",
            "Afterwards, drop what the cache holds of these projects: index pages, archives, built wheels.",
            own=True,
        ),
        LOCK_TIMEOUT,
    ),
)

SPEC = CommandSpec(
    "uninstall",
    SUMMARIES["uninstall"],
    usage=("[options] <package> ...", "[options] -r <requirements file> ..."),
    description=(
        "Remove installed distributions, with their scripts and bytecode: all that are named, or, where one of them"
        " cannot be removed, none. Dependencies stay."
    ),
    groups=(_OPTIONS, GENERAL),
    arguments="installed",
    examples=(
        ("uninstall -y flask", "without a question"),
        ("uninstall --dry-run flask", "only list what would be removed"),
        ("uninstall -y -r requirements.txt", "all that a file names"),
    ),
)
