"""Records written beside the run or at its end, many at a time: a thread and back for each of 500 cost it 0.05 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

_GATHER_SECONDS = 1.0
"""What is killed meanwhile has to be fetched again. Most runs are over before: then all is written at their end, when
no solver waits for its turn behind four system calls a file. Against 0.02 s that is 5 % of a resolution's time."""


class LateWrites:
    """Does what it is given, in order, in one worker thread. Made inside the event loop.

    ``tasks`` waits for the end; `hurry` before that.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._pending: list[Callable[[], None]] = []
        self._is_running = False
        self._hurry = anyio.Event()
        self._limiter = anyio.CapacityLimiter(1)

    def add(self, write: Callable[[], None]) -> None:
        """Have ``write`` done soon."""
        self._pending.append(write)
        if not self._is_running:
            self._is_running = True
            self._tasks.start_soon(self._run)

    def hurry(self) -> None:
        """Gather no more: nothing else is going on."""
        self._hurry.set()

    async def _run(self) -> None:
        try:
            while self._pending:
                with anyio.move_on_after(_GATHER_SECONDS):
                    await self._hurry.wait()
                batch, self._pending = self._pending, []
                await anyio.to_thread.run_sync(_write_all, batch, limiter=self._limiter)
        finally:
            self._is_running = False


def _write_all(batch: list[Callable[[], None]]) -> None:
    for write in batch:
        write()
