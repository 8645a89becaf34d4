"""Command lines of asyncpip, each in a fork of one process that has everything imported: 50 ms instead of 400.

Started as a program, it takes argument lists as lines of JSON on stdin and answers each with exit code and output.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Self

from tests.support.environments import REPOSITORY, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import IO, Any

_IMPORTED = (
    "asyncpip.cli.main",
    "asyncpip.commands.install_work",
    "asyncpip.commands.installed_view",
    "asyncpip.commands.list",
    "asyncpip.commands.uninstall",
    "asyncpip.net.direct_transport",
)


class ForkedCommands:
    """Runs ``asyncpip ARGUMENTS`` in forks of a process with this environment and working directory."""

    def __init__(self, *, cwd: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked_commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**environ, "PYTHONPATH": str(REPOSITORY)},
        )

    def __call__(self, *arguments: str) -> Outcome:
        """Run one command line to its end."""
        asking, answering = self._streams()
        asking.write(json.dumps(arguments) + "\n")
        asking.flush()
        return Outcome(*json.loads(answering.readline()))

    def _streams(self) -> tuple[IO[str], IO[str]]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("it has no streams")
        return self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asking, answering = self._streams()
        asking.close()
        answering.close()
        self._process.wait()


def start_fork(
    arguments: list[str], stdout: int, stderr: int, hook: Callable[[str, tuple[Any, ...]], None] | None = None
) -> int:
    """Start ``asyncpip ARGUMENTS`` in a fork that leads a process group; return its process id.

    ``hook`` becomes an audit hook there.
    """
    child = os.fork()
    if child:
        with contextlib.suppress(PermissionError):  # it has done so itself, and more
            os.setpgid(child, child)
        return child
    os.setpgid(0, 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    code = 2
    try:
        from asyncpip.cli.main import main  # noqa: PLC0415 - imported before the fork

        if hook is not None:
            sys.addaudithook(hook)
        code = main(arguments)
    finally:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        os._exit(code)


def import_all() -> None:
    """Import what commands import late; no thread is started by that."""
    for name in _IMPORTED:
        importlib.import_module(name)


def serve() -> None:
    """Answer until stdin ends."""
    answering = os.fdopen(os.dup(1), "w")
    import_all()
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = start_fork(json.loads(line), out.fileno(), err.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            for stream in (out, err):
                stream.seek(0)
            print(json.dumps((code, out.read().decode(), err.read().decode())), file=answering, flush=True)


if __name__ == "__main__":
    serve()
