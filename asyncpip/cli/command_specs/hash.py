"""`hash`: its own option, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Hash options",
    (
        Option(
            "-a --algorithm",
            "algorithm",
            "choice",
            "The hash algorithm to use.",
            choices=("sha256", "sha384", "sha512"),
            default="sha256",
        ),
    ),
)

SPEC = CommandSpec(
    "hash",
    SUMMARIES["hash"],
    usage=("[options] <file> ...",),
    description="Print the hash of each archive, as `--hash` in a requirements file wants it.",
    groups=(_OPTIONS, GENERAL),
    arguments="paths",
    examples=(("hash dist/demo-1.0-py3-none-any.whl", "a line to put behind the requirement `demo==1.0`"),),
)
