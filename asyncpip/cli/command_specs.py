"""The commands: which options each has, and what its help page says.

A new command is data here, and a module of its name in `commands`.
"""

from __future__ import annotations

from asyncpip.cli.options import (
    BUILD,
    EDITABLE,
    GENERAL,
    INDEX,
    INSTALL,
    REQUIREMENTS,
    SELECTION,
    TARGET,
    VERSION_OPTION,
)
from asyncpip.cli.specs import CommandSpec, OptionGroup

MAIN = CommandSpec(
    "",
    "Install Python distributions the way pip does, faster.",
    usage=("<command> [options]",),
    groups=(OptionGroup(GENERAL.title, (VERSION_OPTION, *GENERAL.options)),),
)
"""What stands before the command."""

_INSTALL = CommandSpec(
    "install",
    "Install packages.",
    usage=(
        "[options] <requirement> ...",
        "[options] -r <requirements file> ...",
        "[options] [-e] <VCS URL> ...",
        "[options] [-e] <project directory> ...",
        "[options] <archive path or URL> ...",
    ),
    description=(
        "Install distributions and all that they depend on: from package indexes, archives, project directories and"
        " version control, named on the command line or in requirements files."
    ),
    groups=(REQUIREMENTS, EDITABLE, INSTALL, SELECTION, INDEX, TARGET, BUILD, GENERAL),
    examples=(
        ("install 'flask>=3'", "the newest flask 3 or later, with its dependencies"),
        ("install -r requirements.txt -c constraints.txt", "all requirements of a file, versions held down by another"),
        ("install --no-index --find-links wheels/ flask", "from a directory of archives, without network"),
        ("install --dry-run --report - flask", "only say what would be installed, as JSON"),
    ),
)

_HELP = CommandSpec(
    "help",
    "Show help for commands.",
    usage=("<command>",),
    description="Show the help page of a command.",
    groups=(GENERAL,),
)


def _planned(name: str, summary: str) -> CommandSpec:
    """Return the place of a command of pip's that does not exist here yet."""
    return CommandSpec(name, summary, available=False)


COMMANDS: dict[str, CommandSpec] = {
    spec.name: spec
    for spec in (
        _INSTALL,
        _planned("lock", "Generate a lock file."),
        _planned("download", "Download packages."),
        _planned("uninstall", "Uninstall packages."),
        _planned("freeze", "Print installed packages as requirements."),
        _planned("inspect", "Describe the environment as JSON."),
        _planned("list", "List installed packages."),
        _planned("show", "Show what is known of installed packages."),
        _planned("check", "Check that installed packages fit together."),
        _planned("config", "Read and change configuration files."),
        _planned("search", "Search the index."),
        _planned("cache", "Look at the cache and clear it."),
        _planned("index", "Ask indexes what they offer."),
        _planned("wheel", "Build wheels."),
        _planned("hash", "Compute hashes of archives."),
        _planned("completion", "Print a completion script for a shell."),
        _planned("debug", "Show what helps to find errors."),
        _HELP,
    )
}
