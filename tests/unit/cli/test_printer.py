from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.printer import Printer, error_text, level_of, wants_color
from asyncpip.core.events import LEVELS, Event, Level, Message, Stage, StageProgress
from asyncpip.errors import AsyncpipError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Streams:
    """A printer over two streams in memory."""

    def __init__(self, verbosity: int = 0, *, color: bool = False) -> None:
        self.stdout = io.StringIO()
        self.stderr = io.StringIO()
        self.printer = Printer(verbosity=verbosity, color=color, stdout=self.stdout, stderr=self.stderr)

    def written(self) -> tuple[str, str]:
        """Return what both streams have got."""
        return self.stdout.getvalue(), self.stderr.getvalue()


class RecordingDisplay:
    """Notes what is asked of it, and how much stdout had got by then."""

    def __init__(self, stdout: io.StringIO, *, replaces_lines: bool = False) -> None:
        self.stdout = stdout
        self.replaces_lines = replaces_lines
        self.calls: list[str] = []

    def show(self, event: Event) -> None:
        self.calls.append(f"show {type(event).__name__}")

    def pause(self) -> str:
        self.calls.append(f"pause at {len(self.stdout.getvalue())}")
        return "<"

    def resume(self) -> None:
        self.calls.append(f"resume at {len(self.stdout.getvalue())}")

    def close(self, *, ok: bool) -> str:
        self.calls.append(f"close {ok}")
        return "end"


class BrokenStream(io.StringIO):
    """Takes nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.attempts = 0

    def write(self, _: str, /) -> int:
        self.attempts += 1
        raise self.error


@pytest.mark.parametrize(
    ("verbosity", "level"),
    [
        (3, Level.DEBUG),
        (2, Level.DEBUG),
        (1, Level.VERBOSE),
        (0, Level.INFO),
        (-1, Level.WARNING),
        (-2, Level.ERROR),
        (-3, Level.CRITICAL),
        (-9, Level.CRITICAL),
    ],
)
def test_level_of(verbosity: int, level: Level) -> None:
    assert level_of(verbosity) is level


@pytest.mark.parametrize("verbosity", range(-4, 4))
def test_each_message_goes_to_the_stream_of_its_level_or_nowhere(verbosity: int) -> None:
    streams = Streams(verbosity)
    for level in LEVELS:
        streams.printer.emit(Message(level, f"level {level}"))
    threshold = level_of(verbosity)
    plain = [f"level {level}\n" for level in LEVELS if threshold <= level <= Level.INFO]
    prefixes = {Level.WARNING: "WARNING: ", Level.ERROR: "ERROR: ", Level.CRITICAL: "ERROR: "}
    prefixed = [f"{prefix}level {level}\n" for level, prefix in prefixes.items() if threshold <= level]
    assert streams.written() == ("".join(plain), "".join(prefixed))


def test_only_the_first_line_is_prefixed() -> None:
    streams = Streams()
    streams.printer.emit(Message(Level.WARNING, "one\n  two"))
    assert streams.written() == ("", "WARNING: one\n  two\n")


def test_a_deprecation_names_itself() -> None:
    streams = Streams()
    streams.printer.emit(Message(Level.WARNING, "DEPRECATION: old"))
    assert streams.written() == ("", "DEPRECATION: old\n")


def test_results_are_written_whatever_quiet_says() -> None:
    streams = Streams(-3)
    streams.printer.write_stdout("a==1\n")
    streams.printer.write_stderr("usage\n")
    assert streams.written() == ("a==1\n", "usage\n")


def test_an_error_has_three_parts() -> None:
    error = AsyncpipError("no version of x", why="listed:\n1.0\n2.0", hint="try `--pre`")
    assert error_text(error) == "no version of x\n  why: listed:\n    1.0\n    2.0\n  hint: try `--pre`"
    assert error_text(AsyncpipError("alone")) == "alone"
    caret = AsyncpipError("bad", why="    x==\n       ^")
    assert error_text(caret) == "bad\n  why:\n        x==\n           ^"


def test_errors_are_shown_at_the_quietest_level_and_without_passwords() -> None:
    streams = Streams(-9)
    streams.printer.show_error(AsyncpipError("no https://user:secret@example.org/x", why="see https://token@host/"))
    assert streams.written() == ("", "ERROR: no https://user:****@example.org/x\n  why: see https://****@host/\n")


def test_a_usage_error_has_the_form_of_pip() -> None:
    streams = Streams()
    streams.printer.show_usage_error(UsageError("no such option: --x"), "\nUsage:   \n  p install\n\n")
    assert streams.written() == ("", "\nUsage:   \n  p install\n\nno such option: --x\n")


def test_a_usage_error_has_its_hint_behind_it() -> None:
    streams = Streams()
    streams.printer.show_usage_error(UsageError("no such option: --x", hint="did you mean --y?"), "\n")
    assert streams.written() == ("", "\nno such option: --x\ndid you mean --y?\n")


def test_a_traceback_is_made_for_a_level_that_is_shown() -> None:
    for verbosity, shown in [(2, True), (0, False)]:
        streams = Streams(verbosity)
        try:
            int("https://u:secret@h/")
        except ValueError:
            streams.printer.show_traceback(Level.DEBUG, "Exception information:", "end")
        text = streams.written()[0]
        assert ("ValueError: invalid literal for int() with base 10: 'https://u:****@h/'\nend\n" in text) is shown
        assert text.startswith("Exception information:\nTraceback") is shown


@pytest.mark.parametrize(
    ("environ", "is_terminal", "no_color", "wanted"),
    [
        ({}, True, False, True),
        ({}, False, False, False),
        ({}, True, True, False),
        ({"TERM": "dumb"}, True, False, False),
        ({"NO_COLOR": "1"}, True, False, False),
        ({"NO_COLOR": ""}, True, False, True),
        ({"FORCE_COLOR": "1"}, False, False, True),
        ({"FORCE_COLOR": ""}, False, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False, False),
        ({"FORCE_COLOR": "1"}, True, True, False),
    ],
)
def test_wants_color(environ: dict[str, str], *, is_terminal: bool, no_color: bool, wanted: bool) -> None:
    assert wants_color(environ, is_terminal=is_terminal, no_color=no_color) is wanted


def test_colours_are_per_line_and_for_warnings_and_errors_only() -> None:
    streams = Streams(color=True)
    streams.printer.emit(Message(Level.INFO, "plain"))
    streams.printer.emit(Message(Level.WARNING, "a\n\nb"))
    streams.printer.emit(Message(Level.ERROR, "c"))
    assert streams.written() == (
        "plain\n",
        "\x1b[33mWARNING: a\x1b[0m\n\n\x1b[33mb\x1b[0m\n\x1b[31mERROR: c\x1b[0m\n",
    )


def test_a_display_gets_events_and_makes_room_for_messages() -> None:
    streams = Streams()
    display = RecordingDisplay(streams.stdout)
    progress = StageProgress(Stage.UNPACKING, 1, 2)
    streams.printer.emit(progress)
    streams.printer.attach(lambda: display)
    streams.printer.emit(progress)
    streams.printer.emit(Message(Level.INFO, "abc"))
    streams.printer.emit(Message(Level.DEBUG, "not shown"))
    streams.printer.close(ok=True)
    streams.printer.emit(progress)
    assert display.calls == ["show StageProgress", "pause at 0", "resume at 5", "close True"]
    assert streams.written() == ("<abc\nend", "")


def test_a_display_is_made_once_and_only_where_there_is_progress() -> None:
    streams = Streams()
    made: list[str] = []
    streams.printer.attach(lambda: made.append("display"))  # and it is None: no display is wanted after all
    streams.printer.emit(Message(Level.INFO, "abc"))
    assert made == []
    streams.printer.emit(StageProgress(Stage.UNPACKING, 1, 2))
    streams.printer.emit(StageProgress(Stage.UNPACKING, 2, 2))
    assert made == ["display"]
    streams.printer.attach(lambda: made.append("too late"))
    streams.printer.close()
    streams.printer.emit(StageProgress(Stage.UNPACKING, 2, 2))
    assert made == ["display"]


def test_a_display_waits_for_the_end_of_a_line() -> None:
    streams = Streams()
    display = RecordingDisplay(streams.stdout)
    streams.printer.attach(lambda: display)
    streams.printer.emit(StageProgress(Stage.UNPACKING, 1, 2))
    streams.printer.write_stdout("Proceed")
    streams.printer.write_stderr(" now\n")
    assert display.calls[1:] == ["pause at 0", "pause at 8", "resume at 9"]


@pytest.mark.parametrize(
    ("verbosity", "replaces_lines", "written"), [(0, True, ""), (0, False, "a\n"), (1, True, "a\n")]
)
def test_routine_messages_are_left_to_a_display_that_replaces_them(
    verbosity: int, *, replaces_lines: bool, written: str, tmp_path: Path
) -> None:
    streams = Streams(verbosity)
    log = tmp_path / "log"
    streams.printer.configure(verbosity=verbosity, color=False, log_path=str(log))
    display = RecordingDisplay(streams.stdout, replaces_lines=replaces_lines)
    streams.printer.attach(lambda: display)
    streams.printer.emit(StageProgress(Stage.UNPACKING, 1, 2))
    streams.printer.emit(Message(Level.INFO, "a", routine=True))
    assert streams.written()[0].removeprefix("<") == written
    streams.printer.close()
    assert log.read_text().endswith(" a\n")


def test_what_is_drawn_is_made_under_the_lock_and_only_if_there_is_something() -> None:
    streams = Streams()
    streams.printer.draw(lambda: "x")
    streams.printer.draw(lambda: "")
    assert streams.written() == ("x", "")


def test_a_stdout_that_is_no_terminal_is_described_without_asking_too_much() -> None:
    for printer in (Streams().printer, Printer(stdout=None, stderr=None)):
        assert not printer.stdout_is_terminal
        assert printer.stdout_size() == (80, 24)
    assert Printer(stdout=None, stderr=None).stdout_encoding == "ascii"
    assert Printer(stdout=io.TextIOWrapper(io.BytesIO(), encoding="latin-1"), stderr=None).stdout_encoding == "latin-1"


def test_a_question_stands_on_stdout_and_the_answer_has_no_line_end() -> None:
    streams = Streams(-3)
    answer = streams.printer.ask("Proceed (Y/n)? ", read_line=lambda: "y\r\n", allowed=True)
    assert (answer, streams.written()) == ("y", ("Proceed (Y/n)? ", ""))


@pytest.mark.parametrize("allowed", [True, False])
def test_a_question_that_nobody_answers_is_a_usage_error(*, allowed: bool) -> None:
    with pytest.raises(UsageError, match="question: Proceed") as caught:
        Streams().printer.ask("Proceed? ", read_line=lambda: "", allowed=allowed)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (BrokenPipeError(), "Pipe to stdout was broken"),
        (OSError(28, "No space left"), "stdout cannot be written to: [Errno 28] No space left"),
        (ValueError("closed"), "stdout cannot be written to: closed"),
    ],
)
def test_a_broken_stdout_is_noted_and_not_tried_again(error: Exception, problem: str) -> None:
    stdout, stderr = BrokenStream(error), io.StringIO()
    printer = Printer(stdout=stdout, stderr=stderr)
    printer.emit(Message(Level.INFO, "a"))
    printer.write_stdout("b")
    printer.emit(Message(Level.WARNING, "c"))
    assert printer.stdout_problem == problem
    assert stdout.attempts == 1
    assert stderr.getvalue() == "WARNING: c\n"


def test_a_broken_stderr_disturbs_nobody() -> None:
    printer = Printer(stdout=io.StringIO(), stderr=BrokenStream(BrokenPipeError()))
    printer.emit(Message(Level.ERROR, "a"))
    assert printer.stdout_problem is None


def test_missing_streams_disturb_nobody() -> None:
    printer = Printer(stdout=None, stderr=None)
    printer.emit(Message(Level.ERROR, "a"))
    printer.write_stdout("b")
    printer.close()
    assert printer.stdout_problem is None


def test_what_an_encoding_lacks_is_escaped() -> None:
    raw = io.BytesIO()
    printer = Printer(stdout=io.TextIOWrapper(raw, encoding="ascii", write_through=True), stderr=None)
    printer.write_stdout("caf\u00e9\n")
    assert raw.getvalue() == b"caf\\xe9\n"
