from __future__ import annotations

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS
from asyncpip.cli.parser import CommandLineError, parse
from asyncpip.cli.suggestions import close_command, option_hint


@pytest.mark.parametrize(
    ("argv", "what", "hint"),
    [
        (
            ["install", "--upgrad-stratgy", "eager"],
            "no such option: --upgrad-stratgy",
            "did you mean --upgrade-strategy?",
        ),
        (["install", "--Requirments=x"], "no such option: --Requirments", "did you mean --requirement?"),
        (["install", "--foo"], "no such option: --foo", None),
        (["--verzion"], "no such option: --verzion", "did you mean --version?"),
        (["completion", "--no-deps"], "no such option: --no-deps", None),
        (["install", "-y"], "no such option: -y", None),
    ],
)
def test_a_misspelt_option(argv: list[str], what: str, hint: str | None) -> None:
    with pytest.raises(CommandLineError) as caught:
        parse(argv)
    assert (caught.value.what, caught.value.exit_code) == (what, 2)
    if what.endswith("--no-deps"):
        assert caught.value.hint is not None
        assert caught.value.hint.startswith("--no-deps is an option of install")
    else:
        assert caught.value.hint == hint


def test_an_option_before_its_command() -> None:
    hint = option_hint("--upgrade-strategy", COMMANDS["help"], COMMANDS)
    assert hint == "--upgrade-strategy is an option of install"
    with pytest.raises(CommandLineError) as caught:
        parse(["--upgrade-strategy", "eager", "install"])
    assert caught.value.hint == f"{hint}: it stands behind the command"


def test_hidden_options_are_not_suggested() -> None:
    assert option_hint("--use-pep51", COMMANDS["install"], COMMANDS) != "did you mean --use-pep517?"


def test_commands() -> None:
    assert close_command("isntall", COMMANDS) == "install"
    assert close_command("xyzzy", COMMANDS) is None
