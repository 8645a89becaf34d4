"""Unpacks archives: the first few small ones in this process, the rest in child processes started when it pays."""

from __future__ import annotations

import _thread
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from asyncpip.errors import StoreError
from asyncpip.install.member_files import UnpackCancelledError
from asyncpip.install.unpack_worker import decode_outcome, encode_job, read_frame, run_job
from asyncpip.pipeline.unpack_children import ForkedChild, StartedChild, may_fork

if TYPE_CHECKING:
    from asyncpip.core.unpacking import Outcome, UnpackJob
    from asyncpip.pipeline.unpack_children import UnpackChild

INLINE_BYTES = 3 * 1024 * 1024
"""Bytes of archives that are unpacked here before children are started: an interpreter's start is 20 ms of a core, in
which one unpacks 3 MB."""


class UnpackPool:
    """Runs jobs; each call of `run` blocks a worker thread. That there are ``jobs`` at most is the caller's affair."""

    def __init__(self, *, jobs: int = 1, children: int = 0) -> None:
        """``children`` are made at once, where that is cheap: for runs that will have much to unpack."""
        self._jobs = jobs
        self._running = 0
        self._all: list[UnpackChild] = []
        if may_fork():
            with suppress(OSError):  # this user may have no more processes
                for _ in range(children):
                    self._all.append(ForkedChild())
        self._idle = list(self._all)
        self._lock = threading.Lock()
        self._inline_left = 0 if self._all else INLINE_BYTES
        self._cancelled = threading.Event()
        self._started: threading.Event | None = None
        """Set when there is a child that was started before there was anything to do."""

    def expect(self, size_bytes: int) -> None:
        """Start a child while an archive of ``size_bytes`` is on its way, if that will need one; return at once."""
        with self._lock:
            if self._all or self._started or size_bytes <= self._inline_left:
                return
            self._started = threading.Event()
        try:
            _thread.start_new_thread(self._start_ahead, (self._started,))
        except RuntimeError:  # this user may have no more threads
            self._started.set()

    def run(self, job: UnpackJob) -> Outcome:
        """Do ``job``; raises `UnpackCancelledError` when the pool is cancelled, `StoreError` when a child died."""
        with self._lock:
            inline = not self._idle and job.size_bytes <= self._inline_left
            if inline:
                self._inline_left -= job.size_bytes
        if inline:
            return run_job(job, self._cancelled.is_set)
        with self._lock:
            self._running += 1
            job.processes = max(1, self._jobs + 1 - self._running)  # what nobody else uses now
        try:
            child = self._take()
            return run_job(job, self._cancelled.is_set) if child is None else self._run_in_child(child, job)
        finally:
            with self._lock:
                self._running -= 1

    def _run_in_child(self, child: UnpackChild, job: UnpackJob) -> Outcome:
        try:
            child.jobs.write(encode_job(job))
            child.jobs.flush()
            fields = read_frame(child.answers)
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
        self._wait_for_start()
        for child in self._all:
            for pipe in (child.jobs, child.answers):
                with suppress(OSError):  # a child that died leaves a job in the pipe
                    pipe.close()
            child.kill()  # an interpreter that ends by itself frees its memory piece by piece first
        for child in self._all:
            child.wait()

    def _take(self) -> UnpackChild | None:
        """Return a child that has nothing to do; None where there can be no more."""
        self._wait_for_start()
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._start()

    def _start(self) -> UnpackChild | None:
        try:
            child = StartedChild()
        except OSError:
            return None
        with self._lock:
            self._all.append(child)
            if self._cancelled.is_set():
                child.kill()
        return child

    def _start_ahead(self, started: threading.Event) -> None:
        try:
            child = self._start()
            if child is not None:
                with self._lock:
                    self._idle.append(child)
        finally:
            started.set()

    def _wait_for_start(self) -> None:
        if self._started is not None:
            self._started.wait()
