from __future__ import annotations

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS, SUBJECTS
from asyncpip.cli.help import command_help, main_help, usage_text

INSTALL = COMMANDS["install"]


def test_usage_has_the_form_of_pip() -> None:
    assert usage_text(COMMANDS["help"], "asyncpip") == "\nUsage:   \n  asyncpip help <command>\n\n"


@pytest.mark.parametrize("width", [40, 78, 200])
def test_every_visible_option_is_on_the_page_of_its_command(width: int) -> None:
    lines = command_help(INSTALL, "asyncpip", width).splitlines()
    for option in INSTALL.options:
        shown = any(
            line.startswith("  -") and option.long_flags[0] in line.split("<")[0].replace(",", "").split()
            for line in lines
        )
        assert shown is not option.hidden, option.flags


def test_lines_keep_to_the_width() -> None:
    page = command_help(INSTALL, "asyncpip", 78)
    described = page[page.index("Description:") : page.index("Examples:")]
    assert max(len(line) for line in described.splitlines()) <= 78


def test_defaults_and_choices_are_told() -> None:
    page = " ".join(command_help(INSTALL, "asyncpip", 200).split())
    assert "(default: 15)" in page
    assert "(default: https://pypi.org/simple)" in page
    assert "(one of auto, on, off, raw; default: auto)" in page


def test_examples_are_command_lines_of_this_program() -> None:
    page = command_help(INSTALL, "PROG", 78)
    assert "\n  PROG install --dry-run --report - flask\n" in page


def test_the_main_page_lists_commands_by_subject() -> None:
    page = main_help("asyncpip", 78)
    assert "\nChange an environment:\n  install                     Install packages.\n" in page
    assert "-V, --version" in page


def test_every_command_stands_in_one_group_of_the_main_page() -> None:
    names = [name for names in SUBJECTS.values() for name in names]
    assert sorted(names) == sorted(COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_examples(name: str) -> None:
    spec = COMMANDS[name]
    if name != "help":
        assert spec.description
        assert spec.examples
        assert all(line.split()[0] == name or f" {name} " in f" {line} " for line, _ in spec.examples)


def test_wide_terminals_do_not_make_wide_lines() -> None:
    page = command_help(INSTALL, "asyncpip", 300)
    assert max(len(line) for line in page.splitlines()) <= 100
