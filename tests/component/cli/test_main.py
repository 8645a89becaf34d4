from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import asyncpip
from asyncpip.cli.main import main, program_name
from asyncpip.core.events import Level, Message
from asyncpip.errors import CommandError, ConfigurationError
from asyncpip.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asyncpip.commands.context import CommandContext

PACKAGE = os.path.dirname(asyncpip.__file__)


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "ASYNCPIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def run_module(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "asyncpip", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=os.path.dirname(PACKAGE),
        env=os.environ | environ,
    )


def command(act: Callable[[CommandContext], int]) -> Callable[[str], Callable[[CommandContext], int]]:
    """Return a `load` that knows `install` only, as ``act``."""

    def load(name: str) -> Callable[[CommandContext], int]:
        assert name == "install"
        return act

    return load


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/venv/bin/asyncpip", "asyncpip"),
        ("/x/asyncpip/__main__.py", "/py -m asyncpip"),
        ("-c", "/py -m asyncpip"),
        ("", "/py -m asyncpip"),
    ],
)
def test_program_name(called: str, name: str) -> None:
    assert program_name(called, "/py") == name


def test_version() -> None:
    done = run_module("-V")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.stdout == f"asyncpip {VERSION} from {PACKAGE} (python {python})\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_usage_lines_name_the_way_the_program_was_called() -> None:
    done = run_module("install", "--foo")
    assert done.returncode == 2
    assert done.stderr.startswith(f"\nUsage:   \n  {sys.executable} -m asyncpip install [options]")
    assert done.stderr.endswith("\n\nno such option: --foo\n")
    assert done.stdout == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_results_that_stdout_does_not_take_are_an_error() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "asyncpip", "help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=os.path.dirname(PACKAGE),
        )
    assert done.returncode == 120
    assert done.stderr == "ERROR: stdout cannot be written to: [Errno 28] No space left on device\n"


def test_a_reader_that_went_away_is_exit_code_120() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "asyncpip", "help"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=os.path.dirname(PACKAGE),
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (120, "ERROR: Pipe to stdout was broken\n")


@pytest.mark.parametrize(
    ("argv", "start"),
    [
        ([], "\nUsage:   \n"),
        (["help"], "\nUsage:   \n"),
        (["-q"], "\nUsage:   \n"),
        (["help", "lock"], "\nUsage:   \n"),
        (["install", "--help"], "\nUsage:   \n"),
        (["help", "install"], "\nUsage:   \n"),
    ],
)
def test_pages(argv: list[str], start: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert out.startswith(start)
    assert err == ""


@pytest.mark.parametrize(
    ("argv", "exit_code", "err"),
    [
        (["isntall", "x"], 1, 'ERROR: unknown command "isntall" - maybe you meant "install"\n'),
        (["help", "instal"], 1, 'ERROR: unknown command "instal" - maybe you meant "install"\n'),
        (["https://me:secret@host/x.whl"], 1, 'ERROR: unknown command "https://me:****@host/x.whl"\n'),
    ],
)
def test_command_errors(argv: list[str], exit_code: int, err: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == exit_code
    assert capsys.readouterr() == ("", err)


def test_a_command_gets_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    def act(context: CommandContext) -> int:
        assert context.arguments == ("a", "b")
        assert context.settings.flag("upgrade")
        assert context.settings.source("upgrade") == "command line"
        assert context.environ["PIP_NO_INPUT"] == "1"
        assert context.environ["PIP_EXISTS_ACTION"] == "i w"
        assert "PIP_NO_INPUT" not in os.environ
        context.reporter.emit(Message(Level.INFO, "not shown"))
        context.reporter.emit(Message(Level.WARNING, "careful"))
        context.write_stdout("result\n")
        return 23

    argv = ["install", "-U", "a", "b", "-q", "--no-input", "--exists-action", "i", "--exists-action", "w"]
    assert main(argv, command(act)) == 23
    assert capsys.readouterr() == ("result\n", "WARNING: careful\n")


def test_questions_without_input_end_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--no-input"], command(lambda context: len(context.prompt("Sure? ")))) == 2
    assert capsys.readouterr() == ("", "ERROR: No input was expected ($PIP_NO_INPUT set); question: Sure? \n")


def test_notices_are_shown_before_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_COMPILE", "1")
    assert main(["install", "-C", "x"], command(lambda context: int(context.settings.flag("compile")))) == 1
    out, err = capsys.readouterr()
    assert out.startswith("environment PIP_NO_COMPILE: no-compile = 1 turns `compile` on")
    assert err == "WARNING: -C x: no `=VALUE`, so the value is empty\n"


@pytest.mark.parametrize(
    ("error", "exit_code", "err"),
    [
        (CommandError("bad pair", why="a, b", hint="only a"), 1, "ERROR: bad pair\n  why: a, b\n  hint: only a\n"),
        (ConfigurationError("bad value", exit_code=3), 3, "ERROR: bad value\n"),
        (KeyboardInterrupt(), 1, "ERROR: Operation cancelled by user\n"),
    ],
)
def test_errors_become_text_and_exit_code(
    error: BaseException, exit_code: int, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def act(_: CommandContext) -> int:
        raise error

    assert main(["install"], command(act)) == exit_code
    assert capsys.readouterr() == ("", err)


def test_an_unexpected_exception_asks_for_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    def act(_: CommandContext) -> int:
        raise RuntimeError("https://me:secret@host/")

    assert main(["install", "-qqq"], command(act)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ERROR: Exception:\nTraceback (most recent call last):\n")
    assert "RuntimeError: https://me:****@host/\nThis is a bug in asyncpip. Please report it" in err


@pytest.mark.parametrize("option", ["--debug", "-vv"])
def test_debugging_shows_where_an_error_comes_from(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    def act(_: CommandContext) -> int:
        raise CommandError("no")

    assert main(["install", option], command(act)) == 1
    out, err = capsys.readouterr()
    assert out.startswith("Exception information:\nTraceback")
    assert err == "ERROR: no\n"


def test_the_log_gets_what_the_terminal_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def act(context: CommandContext) -> int:
        context.reporter.emit(Message(Level.DEBUG, "detail"))
        return 0

    assert main(["install", "--log", str(tmp_path / "log")], command(act)) == 0
    assert (tmp_path / "log").read_text().endswith(" detail\n")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("environ", "exit_code", "err"),
    [
        (
            {"PIP_RETRIES": "abc"},
            3,
            "ERROR: An error occurred during configuration: option retries: invalid integer value: 'abc'\n",
        ),
        ({"PIP_NO_DEPS": "abc"}, 2, "ERROR: abc is not a valid value for no-deps option"),
    ],
)
def test_configured_values_that_make_no_sense(
    environ: dict[str, str],
    exit_code: int,
    err: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    assert main(["install", "a"], command(lambda _: 0)) == exit_code
    out, found = capsys.readouterr()
    assert out == ""
    assert found.startswith(err)


def test_a_damaged_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.conf"
    path.write_text("[global\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    assert main(["install", "a"], command(lambda _: 0)) == 2
    assert capsys.readouterr().err == (
        f"ERROR: configuration file {path} could not be loaded\n  why: line 1: stands before the first [section]\n"
    )
