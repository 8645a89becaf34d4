"""`wheel`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import BUILD, EDITABLE, GENERAL, INDEX, REQUIREMENTS, SELECTION
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Wheel options",
    (
        Option("-w --wheel-dir", "wheel_dir", "path", "Put wheels into this directory.", metavar="dir", default="."),
        Option(
            "--no-verify",
            "verify",
            "flag",
            "Do not check whether built wheels are what their metadata says.",
            stores=False,
            default=True,
        ),
    ),
)

SPEC = CommandSpec(
    "wheel",
    SUMMARIES["wheel"],
    usage=(
        "[options] <requirement> ...",
        "[options] -r <requirements file> ...",
        "[options] [-e] <VCS URL> ...",
        "[options] [-e] <project directory> ...",
        "[options] <archive path or URL> ...",
    ),
    description=(
        "Put wheels of distributions and of all that they depend on into a directory: those of an index as they are,"
        " others built, side by side."
    ),
    groups=(REQUIREMENTS, EDITABLE, _OPTIONS, SELECTION, INDEX, BUILD, GENERAL),
    examples=(
        ("wheel --wheel-dir wheels/ -r requirements.txt", "wheels of all that a file asks for"),
        ("wheel --no-deps -w dist/ .", "a wheel of the project in this directory"),
    ),
)
