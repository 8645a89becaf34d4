from __future__ import annotations

import io

import pytest

from asyncpip.cli.printer import Printer, error_text, level_of, wants_color
from asyncpip.core.events import LEVELS, Event, Level, Message, Stage, StageProgress
from asyncpip.errors import AsyncpipError, UsageError


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

    def __init__(self, stdout: io.StringIO) -> None:
        self.stdout = stdout
        self.calls: list[str] = []

    def show(self, event: Event) -> None:
        self.calls.append(f"show {type(event).__name__}")

    def pause(self) -> None:
        self.calls.append(f"pause at {len(self.stdout.getvalue())}")

    def resume(self) -> None:
        self.calls.append(f"resume at {len(self.stdout.getvalue())}")

    def close(self) -> None:
        self.calls.append("close")


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
        streams.printer.emit(Message(level, level.name))
    threshold = level_of(verbosity)
    plain = [f"{level.name}\n" for level in Level if threshold <= level <= Level.INFO]
    prefixes = {Level.WARNING: "WARNING: ", Level.ERROR: "ERROR: ", Level.CRITICAL: "ERROR: "}
    prefixed = [f"{prefix}{level.name}\n" for level, prefix in prefixes.items() if threshold <= level]
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


def test_errors_are_shown_at_the_quietest_level_and_without_passwords() -> None:
    streams = Streams(-9)
    streams.printer.show_error(AsyncpipError("no https://user:secret@example.org/x", why="see https://token@host/"))
    assert streams.written() == ("", "ERROR: no https://user:****@example.org/x\n  why: see https://****@host/\n")


def test_a_usage_error_has_the_form_of_pip() -> None:
    streams = Streams()
    streams.printer.show_usage_error(UsageError("no such option: --x"), "\nUsage:   \n  p install\n\n")
    assert streams.written() == ("", "\nUsage:   \n  p install\n\nno such option: --x\n")


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
    streams.printer.attach(display)
    streams.printer.emit(progress)
    streams.printer.emit(Message(Level.INFO, "abc"))
    streams.printer.emit(Message(Level.DEBUG, "not shown"))
    streams.printer.close()
    streams.printer.emit(progress)
    assert display.calls == ["show StageProgress", "pause at 0", "resume at 4", "close"]


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
