"""Byte-compiles in long-lived child processes of the target interpreter, several at a time.

Like pip: quietly, with errors passed over, stamped by modification time or, where SOURCE_DATE_EPOCH asks for
reproducible files, by checked hash of the source (PEP 552). Targets from CPython 3.8 on.
"""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from asyncpip.core.values import Value
from asyncpip.errors import TargetEnvironmentError
from asyncpip.install.in_threads import run_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CHILD = r"""
import gc, os, py_compile, sys
gc.disable()
mode = getattr(py_compile.PycInvalidationMode, sys.argv[1])
source, answers = sys.stdin.buffer, sys.stdout.buffer
while True:
    count = source.readline()
    if not count:
        break
    lengths = [int(source.readline()) for _ in range(2 * int(count))]
    names = [os.fsdecode(source.read(length)) for length in lengths]
    for path, shown in zip(names[::2], names[1::2]):
        try:
            made = os.fsencode(py_compile.compile(path, dfile=shown, doraise=True, invalidation_mode=mode) or "")
        except Exception:
            made = b""
        answers.write(b"%d\n%s" % (len(made), made))
    answers.flush()
"""
_BATCH_FILES = 16
"""Small enough that all children end at about the same time, and that both pipes hold a batch (64 KiB on Linux)."""
_RESTARTS = 3
"""A source that kills the compiler costs its batch and a new child, this often for each child."""


class CompileResult(Value):
    """What became of the sources, each in the order given."""

    made: tuple[str, ...]
    """Paths of the `.pyc` files."""
    failed: tuple[str, ...]
    """Sources that do not compile."""


def compile_files(
    executable: str,
    paths: Sequence[str],
    *,
    jobs: int,
    source_date_epoch: bool = False,
    base: tuple[str, str] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> CompileResult:
    """Compile ``paths`` with up to ``jobs`` processes of ``executable``, and wait for the end; for a worker thread.

    ``base`` is a directory that all paths lie in, and the directory that tracebacks shall name instead of it.
    ``cancelled`` is asked before each batch; what is left out then appears in neither list. Raises
    `TargetEnvironmentError` where the interpreter cannot be started.
    """
    run = _Run(executable, paths, "CHECKED_HASH" if source_date_epoch else "TIMESTAMP", base, cancelled)
    workers = min(jobs, -(-len(paths) // _BATCH_FILES))
    run_in_threads(run.work, range(workers), jobs=workers)
    if run.error is not None:
        raise TargetEnvironmentError(
            f"could not byte-compile with {executable}",
            why=str(run.error),
            hint="`--no-compile` installs without byte-compiling",
        ) from run.error
    return CompileResult(
        made=tuple(made for made in run.answers if made),
        failed=tuple(path for path, made in zip(paths, run.answers, strict=True) if made == ""),
    )


class _Run:
    """The work that the threads of one call share."""

    def __init__(
        self,
        executable: str,
        paths: Sequence[str],
        mode: str,
        base: tuple[str, str] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        # -I and -S: neither the user's environment variables nor site-packages change what is compiled.
        self.command = [executable, "-I", "-S", "-W", "ignore", "-c", _CHILD, mode]
        self.paths = paths
        self.base = base
        self.cancelled = cancelled
        self.answers: list[str | None] = [None] * len(paths)
        """For each path that of its `.pyc`; empty for a failure, None while it has not had its turn."""
        self.error: OSError | None = None
        self._next = 0
        self._lock = threading.Lock()
        self._is_given_up = False

    def take_batch(self) -> range:
        """Return the indexes of the next batch; empty where there is none."""
        with self._lock:
            if self._is_given_up or self.error is not None or (self.cancelled is not None and self.cancelled()):
                return range(0)
            start = self._next
            self._next = min(start + _BATCH_FILES, len(self.paths))
            return range(start, self._next)

    def work(self, _: int) -> None:
        """Feed batches to one child after the other, until there are none or children die too often."""
        try:
            self._work()
        except BaseException:
            self._is_given_up = True
            raise

    def _work(self) -> None:
        batch = self.take_batch()
        restarts = 0
        while batch:
            try:
                child = subprocess.Popen(
                    self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
            except OSError as error:
                self.error = error
                return
            try:
                batch = self._feed(child, batch)
            finally:
                _end(child)
            if batch:  # that child died on it
                self.answers[batch.start : batch.stop] = [made or "" for made in self.answers[batch.start : batch.stop]]
                restarts += 1
                if restarts > _RESTARTS:
                    self.error = OSError(f"the interpreter ended {restarts} times before its work was done")
                    return
                batch = self.take_batch()

    def _feed(self, child: subprocess.Popen[bytes], batch: range) -> range:
        """Have ``child`` compile batches; return the one that it died on, or an empty range at the end."""
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the child has pipes")
        while batch:
            try:
                child.stdin.write(self._request(batch))
                child.stdin.flush()
            except OSError:
                return batch
            for index in batch:
                made = _read_answer(child.stdout)
                if made is None:
                    return batch
                self.answers[index] = made
            batch = self.take_batch()
        return batch

    def _request(self, batch: range) -> bytes:
        names = [os.fsencode(name) for index in batch for name in (self.paths[index], self._shown(self.paths[index]))]
        lengths = "".join(f"{len(name)}\n" for name in names)
        return f"{len(batch)}\n{lengths}".encode() + b"".join(names)

    def _shown(self, path: str) -> str:
        if self.base is None:
            return path
        real, shown = self.base
        return shown + path.removeprefix(real) if path.startswith(real) else path


def _read_answer(stream: IO[bytes]) -> str | None:
    line = stream.readline()
    if not line.endswith(b"\n") or not line[:-1].isdigit():
        return None
    length = int(line)
    made = stream.read(length)
    return os.fsdecode(made) if len(made) == length else None


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close the pipes, which ends a healthy child, and wait for it."""
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    child.wait()
