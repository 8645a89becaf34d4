"""`install`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import (
    BREAK_SYSTEM_PACKAGES,
    BUILD,
    EDITABLE,
    GENERAL,
    INDEX,
    LOCK_TIMEOUT,
    REQUIREMENTS,
    ROOT_USER_ACTION,
    SELECTION,
    TARGET,
)
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Install options",
    (
        Option("-U --upgrade", "upgrade", "flag", "Take the newest versions of what is named."),
        Option(
            "--upgrade-strategy",
            "upgrade_strategy",
            "choice",
            "With --upgrade: which dependencies are upgraded too.",
            choices=("only-if-needed", "eager"),
            default="only-if-needed",
        ),
        Option("--force-reinstall", "force_reinstall", "flag", "Install again what is there already."),
        Option("--reinstall", "force_reinstall", "flag", "The same as --force-reinstall.", own=True),
        Option("-I --ignore-installed", "ignore_installed", "flag", "Act as if nothing were installed."),
        Option("--report", "report", "text", "Write an installation report, as JSON.", metavar="file or -"),
        Option("-t --target", "target", "text", "Install into a plain directory.", metavar="dir"),
        Option("--user", "user", "flag", "Install into the user site."),
        Option("--no-user", "user", "flag", "Opposite of --user.", stores=False, hidden=True),
        Option("--root", "root", "text", "Put this directory before all destination paths.", metavar="dir"),
        Option("--prefix", "prefix", "text", "Install below another prefix.", metavar="dir"),
        Option("--compile", "compile", "flag", "Compile modules to bytecode."),
        Option("--no-compile", "compile", "flag", "Do not compile modules (default).", stores=False),
        Option(
            "--no-warn-script-location",
            "warn_script_location",
            "flag",
            "Do not warn about scripts outside PATH.",
            stores=False,
            default=True,
        ),
        Option(
            "--no-warn-conflicts",
            "warn_conflicts",
            "flag",
            "Do not report conflicts with what is installed.",
            stores=False,
            default=True,
        ),
        Option("--warn-conflicts", "warn_conflicts", "flag", "Report them (default).", default=True, own=True),
        Option("--strict-conflicts", "strict_conflicts", "flag", "Fail before installing instead.", own=True),
        BREAK_SYSTEM_PACKAGES,
        ROOT_USER_ACTION,
        Option("--verify", "verify", "flag", "Afterwards, compare every file with RECORD.", own=True),
        Option(
            "--link-mode",
            "link_mode",
            "choice",
            "How files get from the store into the environment; the best that works by default.",
            choices=("hardlink", "clone", "copy", "symlink"),
            own=True,
        ),
        Option("--no-rollback", "no_rollback", "flag", "Keep what was finished where an install fails.", own=True),
        LOCK_TIMEOUT,
    ),
)

SPEC = CommandSpec(
    "install",
    SUMMARIES["install"],
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
    groups=(REQUIREMENTS, EDITABLE, _OPTIONS, SELECTION, INDEX, TARGET, BUILD, GENERAL),
    arguments="paths",
    examples=(
        ("install 'flask>=3'", "the newest flask 3 or later, with its dependencies"),
        ("install -r requirements.txt -c constraints.txt", "all requirements of a file, versions held down by another"),
        ("install --no-index --find-links wheels/ flask", "from a directory of archives, without network"),
        ("install --dry-run --report - flask", "only say what would be installed, as JSON"),
    ),
)
