"""Child processes of a build: backends and version control.

They block a worker thread and are killed when the run is given up. What they print is kept whole in a file, and its end
at hand.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from asyncpip.core.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_TAIL_LINES = 40
"""Enough for a traceback with the message that matters; the whole is in the log."""


class BuildCancelledError(Exception):
    """The run is being given up."""


class OutputLog:
    """All that the steps of one build print. The file is made with the first line."""

    def __init__(self, path: str, tell: Callable[[str], None]) -> None:
        self.path = path
        self.is_wanted = False
        """Whether somebody was told to look into it."""
        self._tell = tell
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._file = -1

    def begin(self, command: str) -> None:
        """Say which command comes next; the tail starts anew."""
        self._tail.clear()
        self._write(f"$ {command}")

    def take(self, line: str) -> None:
        """Keep one line."""
        self._tail.append(line)
        self._write(line)

    def show(self, most_lines: int) -> str:
        """Return the last lines of the last command as a paragraph, and say where the rest is, which is kept."""
        self.is_wanted = True
        shown = list(self._tail)[-most_lines:]
        lines = [f"  | {redact(line)}".rstrip() for line in shown] or ["  | (nothing)"]
        return "\n".join([*lines, f"the whole output is in {self.path}"])

    def holds(self, text: str) -> bool:
        """Return whether ``text`` stands in the last lines of the last command."""
        return any(text in line for line in self._tail)

    def tail(self) -> list[str]:
        """Return the last lines of the last command."""
        return list(self._tail)

    def close(self) -> None:
        """Close the file; it stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: str) -> None:
        self._tell(redact(line))
        if self._file < 0:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        os.write(self._file, redact(line).encode("utf-8", "backslashreplace") + b"\n")


class Children:
    """The child processes of a run. `run` may be called in several threads."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._cancelled = False

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: str | None,
        environ: Mapping[str, str],
        log: OutputLog,
        shown: str,
        keeps_terminal: bool = False,
    ) -> int:
        """Run ``command`` to its end and return its exit code; ``shown`` is how it is written in the log.

        ``keeps_terminal`` lets it ask for a password. Raises `OSError` where it cannot be started, and
        `BuildCancelledError`.
        """
        log.begin(shown)
        with self._started(command, cwd, environ, subprocess.STDOUT, keeps_terminal=keeps_terminal) as child:
            assert child.stdout is not None  # noqa: S101 - opened as a pipe
            for line in child.stdout:
                log.take(line.decode("utf-8", "backslashreplace").rstrip())
            return child.wait()

    def read(self, command: Sequence[str], *, cwd: str | None, environ: Mapping[str, str]) -> tuple[int, str]:
        """Run ``command`` to its end; return its exit code and what it prints, complaints aside. Raises as `run`."""
        with self._started(command, cwd, environ, subprocess.DEVNULL, keeps_terminal=False) as child:
            assert child.stdout is not None  # noqa: S101 - opened as a pipe
            output = child.stdout.read().decode("utf-8", "backslashreplace")
            return child.wait(), output

    @contextmanager
    def _started(
        self,
        command: Sequence[str],
        cwd: str | None,
        environ: Mapping[str, str],
        stderr: int,
        *,
        keeps_terminal: bool,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a child; it is not left behind, and what it said when the run is given up does not count."""
        with self._lock:
            if self._cancelled:
                raise BuildCancelledError
            child = subprocess.Popen(
                list(command),
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # A group of its own, so that compilers end with the backend that started them.
                start_new_session=not keeps_terminal,
            )
            self._running.add(child)
        try:
            yield child
        except BaseException:
            _kill(child)
            raise
        finally:
            with self._lock:
                self._running.discard(child)
            if child.stdout is not None:
                child.stdout.close()
            child.wait()
        if self._cancelled:
            raise BuildCancelledError

    def cancel(self) -> None:
        """End all of them, and start no more."""
        with self._lock:
            self._cancelled = True
            for child in self._running:
                _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if os.name == "posix" and os.getpgid(child.pid) == child.pid:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
