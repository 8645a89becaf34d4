"""Processes that unpack: interpreters of their own, or copies of this process where nothing else runs in it yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from asyncpip.install.parallel import be_a_child
from asyncpip.install.unpack_worker import serve

if TYPE_CHECKING:
    from typing import BinaryIO

_CHILD = (
    "import sys; sys.path[:0] = sys.argv[1:]; import gc; gc.disable(); "
    "from asyncpip.install.unpack_worker import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"
)
_KEPT_BYTES = 256 * 1024 * 1024
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(_KEPT_BYTES), "MALLOC_TRIM_THRESHOLD_": str(_KEPT_BYTES)}
"""For glibc: keep the buffers that members are inflated into. Else each above 128 KiB is mapped, cleared page by page
by the kernel and unmapped again: a tenth of a cold run."""
_LAST_STANDARD_STREAM, _MOST_DESCRIPTORS = 2, 65536
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h


class UnpackChild(Protocol):
    """A process that takes jobs on `jobs` and answers on `answers`."""

    jobs: BinaryIO
    answers: BinaryIO
    pid: int

    def kill(self) -> None:
        """End it at once; one that has ended is no error."""

    def wait(self) -> None:
        """Return when it has ended."""

    @property
    def has_ended(self) -> bool:
        """Whether it was waited for."""


class StartedChild:
    """An interpreter of its own, with nothing in it but what unpacking needs: 25 ms of a core."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _CHILD, *_import_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_KEEP_MEMORY},
        )
        jobs, answers = self._process.stdin, self._process.stdout
        if jobs is None or answers is None:
            raise AssertionError("both were asked for as pipes")
        self.jobs: BinaryIO = jobs  # type: ignore[assignment]  # IO[bytes] is written and read like BinaryIO
        self.answers: BinaryIO = answers  # type: ignore[assignment]  # the same
        self.pid = self._process.pid

    def kill(self) -> None:
        """See `UnpackChild`."""
        self._process.kill()

    def wait(self) -> None:
        """See `UnpackChild`."""
        self._process.wait()

    @property
    def has_ended(self) -> bool:
        """See `UnpackChild`."""
        return self._process.returncode is not None


class ForkedChild:
    """A copy of this process, in 2 ms; only while it has one thread (`may_fork`)."""

    def __init__(self) -> None:
        job_end, self._jobs_descriptor = os.pipe()
        self._answers_descriptor, answer_end = os.pipe()
        try:
            self.pid = os.fork()
        except OSError:
            for descriptor in (job_end, self._jobs_descriptor, self._answers_descriptor, answer_end):
                os.close(descriptor)
            raise
        if self.pid == 0:
            _serve_and_end(job_end, answer_end)
        os.close(job_end)
        os.close(answer_end)
        self.jobs: BinaryIO = open(self._jobs_descriptor, "wb")  # noqa: SIM115 - closed by whoever ends the child
        self.answers: BinaryIO = open(self._answers_descriptor, "rb")  # noqa: SIM115 - the same
        self.has_ended = False

    def kill(self) -> None:
        """See `UnpackChild`."""
        if not self.has_ended:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """See `UnpackChild`."""
        if not self.has_ended:
            os.waitpid(self.pid, 0)
            self.has_ended = True


def may_fork() -> bool:
    """Return whether a copy of this process can go on by itself: what other threads hold would stay locked in it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _serve_and_end(jobs: int, answers: int) -> None:
    """Live as a child: with nothing of the parent's open, deaf to Ctrl-C, and ended with the parent."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        be_a_child()
        _close_all_but(jobs, answers)
        _keep_memory()
        with open(jobs, "rb") as reading, open(answers, "wb") as writing:
            serve(reading, writing)
        code = 0
    finally:
        os._exit(code)


def _close_all_but(*kept: int) -> None:
    """Let go of what the parent had open, but keep the numbers.

    The lock on the target is among it, and the ends of other children's pipes, which must end with the parent. Some
    numbers are libuv's: its handler closes them whenever this process forks in its turn, and must not meet files of
    ours.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        found = list(map(int, os.listdir("/proc/self/fd")))
    except OSError:  # no /proc
        found = list(range(min(os.sysconf("SC_OPEN_MAX"), _MOST_DESCRIPTORS)))
    for descriptor in found:
        if descriptor > _LAST_STANDARD_STREAM and descriptor not in kept:
            with suppress(OSError):  # that of the listing itself is closed by now
                os.fstat(descriptor)
                os.dup2(nothing, descriptor, inheritable=False)


def _keep_memory() -> None:
    """Have the C library keep what was freed, as `_KEEP_MEMORY` says it to others."""
    import ctypes  # noqa: PLC0415 - in the child only

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def _import_path() -> list[str]:
    """Return where a child without `site` finds this package and libdeflate."""
    places = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))]
    deflate = sys.modules.get("deflate")
    if deflate is not None and deflate.__file__:
        places.append(os.path.dirname(os.path.dirname(deflate.__file__)))
    return places
