"""The pages of `--help`, and the usage lines of errors."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from asyncpip.cli.command_specs.registry import COMMANDS, MAIN, SUBJECTS

if TYPE_CHECKING:
    from asyncpip.cli.command_specs.registry import Commands
    from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_TEXT_COLUMN = 30
_LEAST_TEXT_WIDTH = 20
_KINDS = {"choice": "choice", "number": "number"}
_MOST_WIDTH = 100
"""Longer lines are hard to read, however wide the terminal is."""
_MORE = (
    "`{prog} help <command>` shows the options of a command, with examples. All options can be set in configuration "
    "files and environment variables too: --index-url is index-url there, and PIP_INDEX_URL."
)


def usage_text(spec: CommandSpec, prog: str) -> str:
    """Return the usage lines as pip prints them, with an empty line before and after."""
    start = f"{prog} {spec.name}".rstrip()
    lines = "".join(f"  {start} {line}\n" for line in spec.usage)
    return f"\nUsage:   \n{lines}\n"


def main_help(prog: str, width: int, commands: Commands = COMMANDS) -> str:
    """Return the page of the program itself: its commands and the options that all of them have."""
    width = min(width, _MOST_WIDTH)
    page = usage_text(MAIN, prog) + "Description:\n" + _wrapped(MAIN.summary, width, "  ")
    for subject, names in SUBJECTS.items():
        page += f"\n{subject}:\n" + "".join(_row(name, commands[name].summary, width) for name in names)
    page += "".join(_group(group, width) for group in MAIN.groups)
    return page + "\n" + _wrapped(_MORE.format(prog=prog), width, "")


def command_help(spec: CommandSpec, prog: str, width: int) -> str:
    """Return the page of one command."""
    width = min(width, _MOST_WIDTH)
    page = usage_text(spec, prog) + "Description:\n" + _wrapped(spec.description or spec.summary, width, "  ")
    page += "".join(_group(group, width) for group in spec.groups)
    if spec.examples:
        page += "\nExamples:\n"
        page += "".join(f"  {prog} {line}\n" + _wrapped(meaning, width, "      ") for line, meaning in spec.examples)
    return page


def _group(group: OptionGroup, width: int) -> str:
    """Return the options of one group under their title."""
    rows = [_row(_spellings(option), _meaning(option), width) for option in group.options if not option.hidden]
    return f"\n{group.title}:\n" + "".join(rows)


def _spellings(option: Option) -> str:
    """Return the short and the first long spelling, and what the value is called."""
    short = [flag for flag in option.flags if not flag.startswith("--")][:1]
    spelled = ", ".join([*short, option.long_flags[0]])
    return f"{spelled} <{_value_name(option)}>" if option.takes_value else spelled


def _value_name(option: Option) -> str:
    """Return what the value is called; a name that would only repeat the option's says its kind instead."""
    if option.metavar == option.dest:
        return _KINDS.get(option.kind, option.metavar)
    return option.metavar.lower()


def _meaning(option: Option) -> str:
    """Return the help text with choices and default."""
    notes = []
    if option.choices:
        notes.append(f"one of {', '.join(option.choices)}")
    if option.takes_value and option.default:
        notes.append(
            f"default: {option.default:g}" if isinstance(option.default, float) else f"default: {option.default}"
        )
    return f"{option.help} ({'; '.join(notes)})" if notes else option.help


def _row(left: str, text: str, width: int) -> str:
    """Return ``text`` in the right column; below ``left`` where that reaches into it."""
    blanks = " " * _TEXT_COLUMN
    lines = _wrapped(text, width, blanks)
    if len(left) + 4 > _TEXT_COLUMN:
        return f"  {left}\n{lines}"
    return f"  {left}".ljust(_TEXT_COLUMN) + lines[_TEXT_COLUMN:]


def _wrapped(text: str, width: int, indent: str) -> str:
    """Return ``text`` in lines of at most ``width`` columns, or a few more where almost none are left."""
    lines = textwrap.wrap(
        text, max(width - len(indent), _LEAST_TEXT_WIDTH), break_long_words=False, break_on_hyphens=False
    )
    return "".join(f"{indent}{line}\n" for line in lines)
