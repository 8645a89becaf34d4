"""The only writer to stdout and stderr: messages by level, results, errors, the log file, questions.

What a run tells about itself beyond messages (transfers, stages) goes to a `Display`, which `progress.py` has.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import RLock  # `threading` brings collections and functools, which a run without threads can spare

from asyncpip.core.events import Level, Message
from asyncpip.errors import UsageError

TYPE_CHECKING = False  # `typing` costs half of a bare interpreter's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol, TextIO

    from asyncpip.core.events import Event
    from asyncpip.errors import AsyncpipError

    class Display(Protocol):
        """Draws what is not a message. All but `show` is called under the printer's lock."""

        def show(self, event: Event) -> None:
            """Take one event, in any thread, without waiting for the terminal."""

        @property
        def replaces_lines(self) -> bool:
            """Whether routine messages need not be written beside it."""

        def pause(self) -> str:
            """Leave the terminal to others, who write whole lines; return what removes the drawing."""

        def resume(self) -> None:
            """Go on after `pause`."""

        def close(self, *, ok: bool) -> str:
            """End; return what removes the drawing, and what is to stay of a run that was ``ok``."""

    MakeDisplay = Callable[[], Display | None]


_LEVEL_BY_VERBOSITY = {1: Level.VERBOSE, 0: Level.INFO, -1: Level.WARNING, -2: Level.ERROR}
_LOUDEST, _QUIETEST = max(_LEVEL_BY_VERBOSITY), min(_LEVEL_BY_VERBOSITY)
_YELLOW, _RED, _PLAIN = "\x1b[33m", "\x1b[31m", "\x1b[0m"


def level_of(verbosity: int) -> Level:
    """Return the lowest level shown where `-v` was given ``verbosity`` times more often than `-q`."""
    if verbosity > _LOUDEST:
        return Level.DEBUG
    if verbosity < _QUIETEST:
        return Level.CRITICAL
    return _LEVEL_BY_VERBOSITY[verbosity]


def wants_color(environ: Mapping[str, str], *, is_terminal: bool, no_color: bool) -> bool:
    """Return whether to colour; `NO_COLOR` beats `FORCE_COLOR`, and both count only with a value."""
    if no_color or environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (is_terminal and environ.get("TERM") != "dumb")


class Printer:
    """Writes for one run; it is the `Reporter` of all of it. Any thread may call any method.

    Where stdout breaks (`… | head -1`), the rest for it is dropped and `stdout_problem` tells why; no caller is
    disturbed, because an installation under way has to come to its end.
    """

    def __init__(
        self,
        *,
        verbosity: int = 0,
        color: bool = False,
        log_path: str | None = None,
        stdout: TextIO | None,
        stderr: TextIO | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stdout_problem: str | None = None
        self.transcript: list[tuple[bool, str]] | None = []
        """What was written: whether to stderr, and the text; None once something was drawn that cannot be repeated."""
        self._stdout = stdout
        self._stderr = stderr
        self._clock = clock
        self._display: Display | None = None
        self._make_display: MakeDisplay | None = None
        self._lock = RLock()
        self.configure(verbosity=verbosity, color=color, log_path=log_path)

    def configure(self, *, verbosity: int, color: bool, log_path: str | None) -> None:
        """Set what settings decide; they are loaded after the first error may have to be written."""
        self.level = level_of(verbosity)
        self._color = color
        self._log = _Log(log_path, self._clock) if log_path is not None else None

    def attach(self, make_display: MakeDisplay) -> None:
        """Give all events that are no messages to a display, which the first of them makes: many runs have none."""
        self._make_display = make_display

    def shows(self, level: Level) -> bool:
        """Return whether a message of ``level`` goes anywhere; costly texts need not be made otherwise."""
        return level >= self.level or self._log is not None

    def emit(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Message):
            self._message(event.level, event.text, routine=event.routine)
            return
        if self._make_display is not None:
            self._open_display()
        display = self._display
        if display is not None:
            display.show(event)

    @property
    def stdout_is_terminal(self) -> bool:
        """Whether a person may be looking."""
        return self._stdout is not None and not self._stdout.closed and self._stdout.isatty()

    @property
    def stdout_encoding(self) -> str:
        """What stdout can show."""
        return getattr(self._stdout, "encoding", None) or "ascii"

    def stdout_size(self) -> tuple[int, int]:
        """Return columns and rows of the terminal that stdout is; 80 and 24 where it does not tell."""
        try:
            size = os.get_terminal_size(self._stdout.fileno() if self._stdout is not None else -1)
        except (OSError, ValueError):
            return 80, 24
        return size.columns or 80, size.lines or 24

    def draw(self, make_text: Callable[[], str]) -> None:
        """Write what ``make_text`` returns to stdout, and no message before it or in between: for the display."""
        with self._lock:
            if text := make_text():
                self._write(self._stdout, text)

    def write_stdout(self, text: str) -> None:
        """Write ``text`` as it is, whatever `-q` says: results that other programs read."""
        with self._lock:
            self._console(text, error=False)

    def write_stderr(self, text: str) -> None:
        """Write ``text`` as it is: usage, and output of child processes."""
        with self._lock:
            self._console(text, error=True)

    def show_error(self, error: AsyncpipError) -> None:
        """Write what happened, why, and what to do."""
        self._message(Level.CRITICAL, _redacted(error_text(error)))

    def show_usage_error(self, error: AsyncpipError, usage: str) -> None:
        """Write a usage error in the form of pip (optparse), without `ERROR: `."""
        hint = f"{error.hint}\n" if error.hint else ""
        self.write_stderr(_redacted(f"{usage}{error.what}\n{hint}"))

    def show_traceback(self, level: Level, title: str, *more: str) -> None:
        """Write the traceback of the exception being handled, between ``title`` and ``more``."""
        if self.shows(level):
            import traceback  # noqa: PLC0415 - few runs end this way

            self._message(level, "\n".join([title, _redacted(traceback.format_exc().rstrip()), *more]))

    def ask(self, question: str, *, read_line: Callable[[], str], allowed: bool) -> str:
        """Return the answer to ``question`` without its line end.

        Raises `UsageError` where input is not ``allowed`` (`--no-input`) or has ended.
        """
        if not allowed:
            raise UsageError(f"No input was expected ($PIP_NO_INPUT set); question: {question}")
        with self._lock:
            self._pause()
            try:
                self._write(self._stdout, question)
                answer = read_line()
            finally:
                self._resume()
        if not answer:
            raise UsageError(f"input ended where an answer was expected; question: {question}")
        return answer.rstrip("\r\n")

    def close(self, *, ok: bool = False) -> None:
        """End the display and the log, and write out what is buffered; ``ok`` lets the display sum up."""
        with self._lock:
            self._make_display = None
            if self._display is not None:
                self._write(self._stdout, self._display.close(ok=ok))
                self._display = None
            if self._log is not None:
                self._log.close()
            self._write(self._stdout, "")
            self._write(self._stderr, "")

    def _open_display(self) -> None:
        with self._lock:
            make, self._make_display = self._make_display, None
            if make is not None:  # else another thread was faster
                self._display = make()
                self.transcript = None

    def _message(self, level: Level, text: str, *, routine: bool = False) -> None:
        """Write a message to where its level belongs, and to the log."""
        if not self.shows(level):
            return
        line = _prefix(level, text) + text + "\n"
        with self._lock:
            if level >= self.level and not (routine and self._is_shown_otherwise):
                error = level >= Level.WARNING
                self._console(_colored(level, line) if error and self._color else line, error=error)
            if self._log is not None and (problem := self._log.write(line)):
                self._console(_prefix(Level.WARNING, problem) + problem + "\n", error=True)

    def _console(self, text: str, *, error: bool) -> None:
        """Write ``text`` beside what the display shows."""
        self._pause()
        self._write(self._stderr if error else self._stdout, text)
        if text.endswith("\n"):  # else the line goes on
            self._resume()

    @property
    def _is_shown_otherwise(self) -> bool:
        """Whether routine messages are not written; who wants details (`-v`) gets them."""
        return self._display is not None and self._display.replaces_lines and self.level == Level.INFO

    def _pause(self) -> None:
        if self._display is not None and (text := self._display.pause()):
            self._write(self._stdout, text)

    def _resume(self) -> None:
        if self._display is not None:
            self._display.resume()

    def _write(self, stream: TextIO | None, text: str) -> None:
        """Write and flush; a stream that is closed or broken takes nothing more."""
        is_stdout = stream is self._stdout
        if stream is None or (is_stdout and self.stdout_problem):
            return
        if self.transcript is not None and text:
            self.transcript.append((not is_stdout, text))
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                encoding = stream.encoding or "ascii"
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()
        except BrokenPipeError:
            if is_stdout:
                self.stdout_problem = "Pipe to stdout was broken"
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            if is_stdout:
                self.stdout_problem = f"stdout cannot be written to: {error}"


def error_text(error: AsyncpipError) -> str:
    """Return the three parts of ``error``; further lines of a part are indented below its first."""
    lines = [error.what]
    for label, part in (("why", error.why), ("hint", error.hint)):
        if part:
            first, *more = part.splitlines()
            if first.startswith(" "):  # what stands below one another in it stays so: a caret under its text
                first, more = "", [first, *more]
            lines.append(f"  {label}: {first}".rstrip())
            lines += [f"    {line}" for line in more]
    return "\n".join(lines)


def open_printer(environ: Mapping[str, str]) -> Printer:
    """Return the printer of this process's own streams, for as long as no settings are known."""
    return Printer(
        color=stderr_color(environ, no_color=False),
        stdout=sys.stdout,  # noqa: TID251 - this is the module that writes
        stderr=sys.stderr,
    )


def stderr_color(environ: Mapping[str, str], *, no_color: bool) -> bool:
    """Return whether warnings and errors of this process are coloured."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return wants_color(environ, is_terminal=is_terminal, no_color=no_color)


def discard_stdout() -> None:
    """Lead stdout nowhere, so that the interpreter does not fail when it flushes a broken one at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
    finally:
        os.close(nowhere)


def _prefix(level: Level, text: str) -> str:
    """Return what stands before a message; a deprecation names itself."""
    if level < Level.WARNING or text.startswith("DEPRECATION: "):
        return ""
    return "WARNING: " if level < Level.ERROR else "ERROR: "


def _redacted(text: str) -> str:
    """Return ``text`` without passwords of URLs: arguments and tracebacks may quote some."""
    from asyncpip.core.urls import redact  # noqa: PLC0415 - errors only, and it takes 30 ms to import

    return redact(text)


def _colored(level: Level, text: str) -> str:
    """Return ``text`` in its level's colour, line by line."""
    color = _YELLOW if level < Level.ERROR else _RED
    return "".join(f"{color}{line}{_PLAIN}\n" if line.strip() else "\n" for line in text.splitlines())


class _Log:
    """The file of `--log`: every message of every level, each line with the local time."""

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._stream: TextIO | None = None
        self._failed = False

    def write(self, text: str) -> str | None:
        """Append ``text``; return what to warn of where that fails for the first time."""
        if self._failed:
            return None
        now = self._clock()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now)) + f",{int(now % 1 * 1000):03d} "
        try:
            if self._stream is None:
                os.makedirs(os.path.dirname(os.path.abspath(self._path)), exist_ok=True)
                self._stream = open(self._path, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 - closed by close()
            self._stream.write("".join(stamp + line for line in text.splitlines(keepends=True)))
            self._stream.flush()
        except OSError as error:
            self._failed = True
            return f"the log {self._path} cannot be written: {error.strerror}"
        return None

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
