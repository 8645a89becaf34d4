"""A child process started at once: `subprocess` costs 11 ms to import, in which the child could have run. Lean."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PIPE_BYTES = 64 * 1024


class ChildProcess:
    """A process that reads ``source`` from its stdin; its output is read by `wait`. Raises `OSError`."""

    def __init__(self, command: Sequence[str], source: bytes, environ: Mapping[str, str]) -> None:
        self._command = list(command)
        self._source = source
        self._environ = dict(environ)
        self._pid = 0
        if hasattr(os, "posix_spawn") and len(source) < _PIPE_BYTES:
            self._spawn()

    def wait(self, *, timeout_seconds: float) -> tuple[int, bytes, bytes]:
        """Return exit code, stdout and stderr; a child that takes longer is killed, and `TimeoutError` raised."""
        if not self._pid:
            return self._run_with_subprocess(timeout_seconds)
        import select  # noqa: PLC0415 - after the child has been started

        pieces: dict[int, list[bytes]] = {self._stdout: [], self._stderr: []}
        waiting = [self._stdout, self._stderr]
        deadline = time.monotonic() + timeout_seconds
        try:
            while waiting:
                ready, _, _ = select.select(waiting, [], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    os.kill(self._pid, 9)
                    raise TimeoutError(f"it did not end within {timeout_seconds:g} seconds")
                for descriptor in ready:
                    piece = os.read(descriptor, _PIPE_BYTES)
                    pieces[descriptor].append(piece)
                    if not piece:
                        waiting.remove(descriptor)
        finally:
            os.close(self._stdout)
            os.close(self._stderr)
            _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status), b"".join(pieces[self._stdout]), b"".join(pieces[self._stderr])

    def _spawn(self) -> None:
        stdin, feeding = os.pipe()
        self._stdout, stdout = os.pipe()
        self._stderr, stderr = os.pipe()
        try:
            actions = [(os.POSIX_SPAWN_DUP2, own, standard) for standard, own in enumerate((stdin, stdout, stderr))]
            self._pid = os.posix_spawn(self._command[0], self._command, self._environ, file_actions=actions)
            os.write(feeding, self._source)
        except BrokenPipeError:
            pass  # it ended before it read: `wait` tells how
        except BaseException:
            os.close(self._stdout)
            os.close(self._stderr)
            raise
        finally:
            for descriptor in (stdin, stdout, stderr, feeding):
                os.close(descriptor)

    def _run_with_subprocess(self, timeout_seconds: float) -> tuple[int, bytes, bytes]:
        import subprocess  # noqa: PLC0415 - where nothing else starts a process

        try:
            done = subprocess.run(
                self._command,
                input=self._source,
                capture_output=True,
                env=self._environ,
                timeout=timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(str(error)) from error
        return done.returncode, done.stdout, done.stderr
