"""`config`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Config options",
    (
        Option("--editor", "editor", "text", "The editor to use; else that of VISUAL or EDITOR."),
        Option("--global", "global_file", "flag", "Use the system-wide configuration file only."),
        Option("--user", "user_file", "flag", "Use the user's configuration file only."),
        Option("--site", "site_file", "flag", "Use the configuration file of the current environment only."),
    ),
)

SPEC = CommandSpec(
    "config",
    SUMMARIES["config"],
    usage=(
        "[<file-option>] list",
        "[<file-option>] [--editor <editor-path>] edit",
        "[<file-option>] get command.option",
        "[<file-option>] set command.option value",
        "[<file-option>] unset command.option",
        "[<file-option>] debug",
    ),
    description=(
        "Read and change pip's configuration files. A key is the name of a section, a dot and the name of an option:"
        " `global.index-url` counts for all commands, `download.timeout` for `download` only. Without a file option,"
        " changes go to the file of the virtual environment where there is one, else to the user's."
    ),
    groups=(_OPTIONS, GENERAL),
    actions=("list", "edit", "get", "set", "unset", "debug"),
    examples=(
        ("config set global.index-url https://pypi.example.org/simple", "use another index, for all commands"),
        ("config --site set install.no-binary :none:", "for the current environment only"),
        ("config debug", "which files there are, and what stands in them"),
    ),
)
