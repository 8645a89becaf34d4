"""`lock`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import BUILD, EDITABLE, GENERAL, INDEX, REQUIREMENTS, SELECTION
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Lock options",
    (
        Option(
            "-o --output",
            "output",
            "path",
            "Write the lock file here; - is stdout.",
            metavar="path",
            default="pylock.toml",
        ),
    ),
)

SPEC = CommandSpec(
    "lock",
    SUMMARIES["lock"],
    usage=(
        "[options] [-e] <project directory> ...",
        "[options] <requirement> ...",
        "[options] -r <requirements file> ...",
        "[options] <archive path or URL> ...",
    ),
    description=(
        "Resolve requirements as `install` would into an empty environment, and write what was chosen into a lock file"
        " (PEP 751), with hashes and all wheels of each release. `install -r pylock.toml` installs exactly that. The"
        " choice is that of this interpreter and platform."
    ),
    groups=(REQUIREMENTS, EDITABLE, _OPTIONS, SELECTION, INDEX, BUILD, GENERAL),
    arguments="paths",
    examples=(
        ("lock -r requirements.txt", "into pylock.toml"),
        ("lock -o pylock.dev.toml --group dev -e .", "a project and a dependency group, under another name"),
        ("lock -o - 'flask>=3'", "on stdout, and nothing else there"),
    ),
)
