"""`completion`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Completion options",
    (
        Option("-b --bash", "shell", "name", "Print the script for bash."),
        Option("-z --zsh", "shell", "name", "Print the script for zsh."),
        Option("-f --fish", "shell", "name", "Print the script for fish."),
        Option("-p --powershell", "shell", "name", "Print the script for PowerShell."),
    ),
)

SPEC = CommandSpec(
    "completion",
    SUMMARIES["completion"],
    description=(
        "Print a script that lets a shell complete commands, options and their choices, paths, and for some commands"
        " the names of installed distributions. Have the shell read it at its start; the examples do so once."
    ),
    groups=(_OPTIONS, GENERAL),
    examples=(
        ("completion --bash >> ~/.bashrc", "for every bash that starts from now on"),
        ("completion --zsh >> ~/.zshrc", "for every zsh; `compinit` has to come before it"),
        ("completion --fish > ~/.config/fish/completions/asyncpip.fish", "for every fish"),
        ("completion --powershell | Out-String | Invoke-Expression", "for this PowerShell; its profile may hold it"),
    ),
)
