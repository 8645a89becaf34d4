"""Writes the pages of `docs/reference` that follow from data in the program: `python docs/reference_pages.py`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from asyncpip.cli.command_specs.registry import COMMANDS, MAIN
from asyncpip.errors import AsyncpipError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncpip.cli.specs import Option, OptionGroup

HERE = os.path.dirname(os.path.abspath(__file__))
_NOTE = "<!-- Written by `make docs` from {source}; do not edit. -->\n"
_PLAIN_KINDS = {"number": "whole number", "seconds": "seconds", "counter": "flag, counted"}
_REPEATABLE = ("list", "several", "control", "key_value")


def options_page() -> str:
    """Return `options.md`: every option of every command."""
    lines = [
        "# Options",
        "",
        _NOTE.format(source="`asyncpip/cli/options.py` and `asyncpip/cli/command_specs`"),
        (
            "An option is set on the command line by any of its spellings; the first column has them all. Its long "
            "spellings without the dashes are its keys in configuration files (`index-url = …` in `[global]`, in the "
            "section of a command or in `[asyncpip]`) and its environment variables (`PIP_INDEX_URL`, "
            "`ASYNCPIP_INDEX_URL`). See [configuration](configuration.md) for their order."
        ),
        "",
        "**+** marks what pip does not have. *No effect* means that pip's command lines go on working.",
    ]
    for title, options, commands in _sections():
        where = "before the command" if not commands else ", ".join(f"`{name}`" for name in commands)
        lines += ["", f"## {title}", "", f"Taken by: {where}.", ""]
        lines += ["| option | value | default | meaning |", "|---|---|---|---|"]
        lines += [_row(option) for option in options]
    return "\n".join(lines) + "\n"


def exit_codes_page() -> str:
    """Return `exit-codes.md`: what the shell is told, and which error means what."""
    lines = [
        "# Exit codes",
        "",
        _NOTE.format(source="`asyncpip/errors.py`"),
        "They are pip's.",
        "",
        "| code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | an error that is told in three parts: what, why, hint; or an interrupt |",
        "| 2 | the command line does not parse, or a bug of ours (with a traceback) |",
        "| 3 | `--require-virtualenv`, and the target is none; a configured value of a wrong type |",
        "| 23 | nothing was found |",
        "| 120 | all went well, but stdout would not take the results |",
        "",
        "## Errors",
        "",
        "| error | code | meaning |",
        "|---|---|---|",
    ]
    for error in _subclasses(AsyncpipError):
        meaning = _cell((error.__doc__ or "").strip().partition("\n")[0])
        lines.append(f"| `{error.__name__}` | {error.exit_code} | {meaning} |")
    return "\n".join(lines) + "\n"


PAGES = {"reference/options.md": options_page, "reference/exit-codes.md": exit_codes_page}


def _sections() -> Iterable[tuple[str, Sequence[Option], Sequence[str]]]:
    """Return each group once, with the commands that take it; what only the program itself takes comes first."""
    groups: dict[str, OptionGroup] = {}
    takers: dict[str, list[str]] = {}
    for spec in COMMANDS.values():
        for group in spec.groups:
            groups.setdefault(group.title, group)
            takers.setdefault(group.title, []).append(spec.name)
    own = [option for option in MAIN.options if not any(option in group.options for group in groups.values())]
    yield "The program", own, ()
    for title, group in groups.items():
        yield title, group.options, takers[title]


def _row(option: Option) -> str:
    spellings = ", ".join(f"`{flag}`" for flag in option.flags) + (" **+**" if option.own else "")
    return f"| {spellings} | {_value(option)} | {_default(option)} | {_cell(option.help)} |"


def _value(option: Option) -> str:
    """Return what may follow the option."""
    if option.choices:
        text = ", ".join(f"`{choice}`" for choice in option.choices)
    elif option.kind in _PLAIN_KINDS:
        text = _PLAIN_KINDS[option.kind]
    elif option.takes_value:
        text = "text" if option.metavar == option.dest else f"`{option.metavar}`"
    else:
        text = "flag"
    return f"{text}, repeatable" if option.kind in _REPEATABLE else text


def _default(option: Option) -> str:
    """Return the default; for a flag whether what it says holds without it."""
    if not option.default:
        return ""
    if option.kind == "flag":
        return "on" if option.stores else ""
    return f"`{option.default:g}`" if isinstance(option.default, float) else f"`{option.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _subclasses(error: type[AsyncpipError]) -> Iterable[type[AsyncpipError]]:
    yield error
    for each in error.__subclasses__():
        if each.__module__ == error.__module__:  # others are details of the modules that they stand in
            yield from _subclasses(each)


if __name__ == "__main__":
    for page, text in PAGES.items():
        with open(os.path.join(HERE, page), "w", encoding="utf-8") as writing:
            writing.write(text())
