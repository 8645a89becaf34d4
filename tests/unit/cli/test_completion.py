from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncpip.cli.command_specs.registry import COMMANDS, Commands
from asyncpip.cli.completion import complete, requested_completions
from asyncpip.cli.options import GENERAL
from asyncpip.cli.specs import CommandSpec

if TYPE_CHECKING:
    from pathlib import Path


class Some(Commands):
    """Commands of which one takes names of installed distributions, and one an action."""

    def __getitem__(self, name: str) -> CommandSpec:
        if name == "show":
            return CommandSpec("show", "", groups=(GENERAL,), arguments="installed")
        if name == "cache":
            return CommandSpec("cache", "", groups=(GENERAL,), actions=("dir", "info", "list"))
        return super().__getitem__(name)


def offered(line: str, *, installed: tuple[str, ...] = ()) -> list[str]:
    """Return what is offered where `|` stands in ``line``; a blank before it means a new word."""
    before = line.partition("|")[0]
    words = shlex.split(before)
    position = len(words) if before.endswith(" ") or not words else len(words) - 1
    return complete(words, position, lambda _: installed, Some())


def test_commands_that_can_be_run() -> None:
    assert offered("inst|") == ["install"]
    assert set(offered("|")) == set(COMMANDS)
    assert offered("xyz |") == []


def test_options_of_the_program_and_of_commands() -> None:
    assert offered("--ver|") == ["--version", "--verbose"]
    assert offered("install --index-u|") == ["--index-url="]
    assert "--version" not in offered("install --ver|")
    assert "-r" in offered("install -|")
    assert "--use-pep517" not in offered("install --use|")


def test_an_option_given_is_not_offered_again_unless_it_adds_up() -> None:
    assert "--user" not in offered("install --user --us|")
    assert "--requirement=" in offered("install --requirement a.txt --req|")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("install --progress-bar |", ["auto", "on", "off", "raw"]),
        ("install --progress-bar o|", ["on", "off"]),
        ("install --progress-bar=o|", ["--progress-bar=on", "--progress-bar=off"]),
        ("install --progress-bar = o|", ["on", "off"]),
        ("install --progress-bar =|", ["auto", "on", "off", "raw"]),
        ("--exists-action |", ["s", "i", "w", "b", "a"]),
        ("install -i |", []),
    ],
)
def test_values(line: str, values: list[str]) -> None:
    assert offered(line) == values


def test_a_url_that_bash_cut_is_one_value() -> None:
    assert offered("install -i http : //host/simple --no-de|") == ["--no-deps", "--no-dependencies"]


def test_value_of_an_option_is_no_command() -> None:
    assert offered("--python install inst|") == ["install"]


def test_no_options_behind_two_dashes() -> None:
    assert offered("install -- --|") == []


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").touch()
    (tmp_path / ".hidden").touch()
    assert offered("install -r |") == ["file.txt", "folder/"]
    assert offered("install --requirement=f|") == ["--requirement=file.txt", "--requirement=folder/"]
    assert offered("install f|") == ["file.txt", "folder/"]
    assert offered("install ./fi|") == ["./file.txt"]
    assert offered("install .h|") == [".hidden"]
    assert offered("install --cache-dir f|") == ["folder/"]
    assert offered("install missing/|") == []
    monkeypatch.setenv("HOME", str(tmp_path))
    assert offered("install ~/fi|") == ["~/file.txt"]


def test_names_of_what_is_installed() -> None:
    names = ("requests", "requests-cache", "rich")
    assert offered("show req|", installed=names) == ["requests", "requests-cache"]
    assert offered("show Requests_|", installed=names) == ["requests-cache"]
    assert offered("show requests re|", installed=names) == ["requests-cache"]
    assert "--help" in offered("show --h|", installed=names)


def test_actions() -> None:
    assert offered("cache |") == ["dir", "info", "list"]
    assert offered("cache i|") == ["info"]
    assert offered("cache list i|") == []


def test_commands_behind_help() -> None:
    assert offered("help unin|") == ["uninstall"]
    assert offered("help install unin|") == []


def test_the_environment_of_the_target_is_asked(tmp_path: Path) -> None:
    asked = []

    def installed(python: str | None) -> list[str]:
        asked.append(python)
        return []

    complete(["--python", str(tmp_path), "show", ""], 3, installed, Some())
    complete(["show", f"--python={tmp_path}", "a"], 2, installed, Some())
    assert asked == [str(tmp_path)] * 2


@pytest.mark.parametrize("environ", [{}, {"COMP_WORDS": "asyncpip ins"}, {"COMP_WORDS": "asyncpip", "COMP_CWORD": "x"}])
def test_without_a_line_there_is_nothing_to_complete(environ: dict[str, str]) -> None:
    assert requested_completions(environ) is None


@pytest.mark.parametrize(
    ("line", "position", "offered"),
    [
        ("asyncpip inst", "1", ["install"]),
        ("asyncpip inst", "0", []),
        ("asyncpip install --progress-bar", "9", ["auto", "on", "off", "raw"]),
        ("asyncpip =", "1", []),
        ("asyncpip = = :", "2", []),
        (
            "asyncpip install --progress-bar=",
            "2",
            [f"--progress-bar={value}" for value in ("auto", "on", "off", "raw")],
        ),
    ],
)
def test_a_line_in_variables(line: str, position: str, offered: list[str]) -> None:
    assert requested_completions({"COMP_WORDS": line, "COMP_CWORD": position}) == offered


@given(words=st.lists(st.sampled_from(["install", "--python", "-", "--", "=", ":", "-r", "--x=", "help", "a", "-qq"])))
def test_any_line_is_answered(words: list[str]) -> None:
    for position in range(len(words) + 2):
        offered = complete(words, position, lambda _: ["demo"], Some())
        assert len(set(offered)) == len(offered)
        if set("=:").isdisjoint("".join(words)):  # else the shell keeps the beginning of a word
            current = words[position] if position < len(words) else ""
            assert all(text.startswith(current) for text in offered)
