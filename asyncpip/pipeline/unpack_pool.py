"""Unpacks archives: the first few small ones in this process, the rest in child processes started when it pays."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from asyncpip.errors import StoreError
from asyncpip.install.unpack_worker import decode_outcome, encode_job, read_frame, run_job
from asyncpip.install.unpacker import UnpackCancelledError

if TYPE_CHECKING:
    from asyncpip.core.unpacking import Outcome, UnpackJob

INLINE_BYTES = 3 * 1024 * 1024
"""Bytes of archives that are unpacked here before children are started: an interpreter's start is 20 ms of a core, in
which one unpacks 3 MB."""
_CHILD = (
    "import sys; sys.path[:0] = sys.argv[1:]; import gc; gc.disable(); "
    "from asyncpip.install.unpack_worker import serve; serve()"
)

_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "268435456", "MALLOC_TRIM_THRESHOLD_": "268435456"}
"""For glibc: keep the buffers that members are inflated into. Else each above 128 KiB is mapped, cleared page by page
by the kernel and unmapped again: a tenth of a cold run."""


class UnpackPool:
    """Runs jobs; each call of `run` blocks a worker thread, at most ``jobs`` at once are the caller's to see to."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[bytes]] = []
        self._all: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._inline_left = INLINE_BYTES
        self._cancelled = threading.Event()

    def run(self, job: UnpackJob) -> Outcome:
        """Do ``job``; raises `UnpackCancelledError` when the pool is cancelled, `StoreError` when a child died."""
        with self._lock:
            self._inline_left -= job.size_bytes
            inline = self._inline_left >= 0
        if inline:
            return run_job(job, self._cancelled.is_set)
        child = self._take()
        try:
            assert child.stdin is not None  # noqa: S101 - opened as pipes
            assert child.stdout is not None  # noqa: S101
            child.stdin.write(encode_job(job))
            child.stdin.flush()
            fields = read_frame(child.stdout)  # type: ignore[arg-type]  # IO[bytes] reads like BinaryIO
        except OSError:
            fields = None
        if fields is None:
            child.kill()
            if self._cancelled.is_set():
                raise UnpackCancelledError
            raise StoreError(f"could not unpack {job.filename}", why="the process that unpacked it ended unexpectedly")
        with self._lock:
            self._idle.append(child)
        return decode_outcome(fields)

    def cancel(self) -> None:
        """End all work soon: children are killed, what runs here stops at the next member."""
        self._cancelled.set()
        with self._lock:
            for child in self._all:
                child.kill()

    def close(self) -> None:
        """End the children and wait for them; they have nothing to do any more."""
        for child in self._all:
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(OSError):  # a child that died leaves a job in the pipe
                        pipe.close()
            child.kill()  # an interpreter that ends by itself frees its memory piece by piece first
        for child in self._all:
            child.wait()

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CHILD, *_import_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_KEEP_MEMORY},
        )
        with self._lock:
            self._all.append(child)
            if self._cancelled.is_set():
                child.kill()
        return child


def _import_path() -> list[str]:
    """Return where a child without `site` finds this package and libdeflate."""
    places = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))]
    deflate = sys.modules.get("deflate")
    if deflate is not None and deflate.__file__:
        places.append(os.path.dirname(os.path.dirname(deflate.__file__)))
    return places
