"""A command in a pseudo-terminal, and what a person would then see: a screen that knows the codes a display may use."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_CODE = re.compile(r"\x1b\[(\d*(?:;\d+)*)([A-Za-z])|\x1b")
_CUT_CODE = re.compile(r"\x1b(?:\[[\d;]*)?\Z")


@dataclass
class Screen:
    """A terminal without scrolling: line 0 is the first that was ever written. An unknown code is an error."""

    columns: int = 80
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    widest: int = 0
    """How many columns were ever written to in one line."""
    _held: str = ""
    """The beginning of a code whose end has not come."""

    def feed(self, text: str) -> None:
        """Take what a program writes; the terminal driver has made `\\r\\n` of each line end."""
        text = self._held + text
        cut = _CUT_CODE.search(text)
        self._held = text[cut.start() :] if cut else ""
        text = text.removesuffix(self._held)
        at = 0
        while at < len(text):
            code = _CODE.match(text, at)
            if code is not None:
                self._obey(code)
                at = code.end()
            else:
                self._put(text[at])
                at += 1

    def shown(self) -> list[str]:
        """Return the lines without trailing blanks, none below the last that has text."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n").split("\n")

    def _put(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            if self.column == self.columns:
                self._put("\r")
                self._put("\n")
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += 1
            self.widest = max(self.widest, self.column)

    def _obey(self, code: re.Match[str]) -> None:
        match code.group(2):
            case "A":
                self.row -= int(code.group(1) or 1)
                if self.row < 0:
                    raise ValueError("the cursor left the screen")
            case "K":
                self.lines[self.row] = self.lines[self.row][: self.column]
            case "J":
                del self.lines[self.row + 1 :]
                self.lines[self.row] = self.lines[self.row][: self.column]
            case "m":
                return
            case _:
                raise ValueError(f"not a code that a display may use: {code.group()!r}")


@dataclass(frozen=True)
class TerminalOutcome:
    """How a command ended, and all that it wrote."""

    returncode: int
    text: str
    frames: tuple[tuple[str, ...], ...]
    """The screen after each piece of output, without repetitions."""

    @property
    def screen(self) -> list[str]:
        """What is seen at the end."""
        return list(self.frames[-1]) if self.frames else []


def run_in_terminal(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path,
    columns: int = 80,
    rows: int = 24,
    watch: Callable[[subprocess.Popen[bytes], list[str]], None] = lambda _process, _screen: None,
    timeout_seconds: float = 30,
) -> TerminalOutcome:
    """Run ``argv`` with all its streams on a pseudo-terminal; ``watch`` is called with each new screen."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(environ), cwd=cwd) as process:
        os.close(theirs)
        deadline = time.monotonic() + timeout_seconds
        screen = Screen(columns)
        text = ""
        decode = codecs.getincrementaldecoder("utf-8")().decode
        frames: list[tuple[str, ...]] = []
        try:
            while data := _read(ours):
                assert time.monotonic() < deadline, f"{argv} did not end"
                piece = decode(data)
                text += piece
                screen.feed(piece)
                now = tuple(screen.shown())
                if not frames or frames[-1] != now:
                    frames.append(now)
                    watch(process, list(now))
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(ours)
    return TerminalOutcome(process.returncode, text, tuple(frames))


def _read(descriptor: int) -> bytes:
    """Return what has come; nothing at the end, which Linux tells by EIO."""
    with contextlib.suppress(OSError):
        return os.read(descriptor, 65536)
    return b""
