"""Which commands there are. The spec of each is a module of its own in this package, imported when it is asked for.

A new command is a module here, which holds `SPEC`, and a module of its name in `asyncpip/commands`.
"""

from __future__ import annotations

import importlib

from asyncpip.cli.options import GENERAL, VERSION_OPTION
from asyncpip.cli.specs import CommandSpec, OptionGroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAIN = CommandSpec(
    "",
    "Install Python distributions the way pip does, faster.",
    usage=("<command> [options]",),
    groups=(OptionGroup(GENERAL.title, (VERSION_OPTION, *GENERAL.options)),),
)
"""What stands before the command."""

SUMMARIES = {
    "install": "Install packages.",
    "lock": "Generate a lock file.",
    "download": "Download packages.",
    "uninstall": "Uninstall packages.",
    "freeze": "Print installed packages as requirements.",
    "inspect": "Describe the environment as JSON.",
    "list": "List installed packages.",
    "show": "Show what is known of installed packages.",
    "check": "Check that installed packages fit together.",
    "config": "Read and change configuration files.",
    "search": "Search the index.",
    "cache": "Look at the cache and clear it.",
    "index": "Ask indexes what they offer.",
    "wheel": "Build wheels.",
    "hash": "Compute hashes of archives.",
    "completion": "Print a completion script for a shell.",
    "debug": "Show what helps to find errors.",
    "help": "Show help for commands.",
}
"""All commands, in pip's order, and what each does in a line."""

SUBJECTS = {
    "Change an environment": ("install", "uninstall"),
    "Fetch, build and lock": ("download", "wheel", "lock"),
    "Look at an environment": ("list", "show", "freeze", "check", "inspect"),
    "Look at indexes and archives": ("index", "search", "hash"),
    "Settings and help": ("config", "cache", "completion", "debug", "help"),
}
"""The commands again, as the main help page groups them."""


class Commands:
    """The specs by name, each imported when it is asked for."""

    def __init__(self) -> None:
        self._specs: dict[str, CommandSpec] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __getitem__(self, name: str) -> CommandSpec:
        spec = self._specs.get(name)
        if spec is None:
            made: CommandSpec = importlib.import_module(f"asyncpip.cli.command_specs.{name}").SPEC
            spec = self._specs[name] = made
        return spec

    def get(self, name: str) -> CommandSpec | None:
        """Return the spec of the command called ``name``; None where there is none."""
        return self[name] if name in SUMMARIES else None

    def values(self) -> Iterator[CommandSpec]:
        """Yield all specs, in pip's order."""
        return (self[name] for name in self)


COMMANDS = Commands()
