"""Who may work next: of those that wait, the one with the most to do, so that no long job is left to the end alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Turns:
    """A semaphore of a single loop whose waiters are let in by size, the largest first.

    Last come as the largest of 171 wheels, one of 12 MB kept one of two cores waiting for 0.1 s of a cold run of 1.8.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[tuple[int, int, anyio.Event]] = []
        self._counter = 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def borrow(self) -> bool:
        """Take a place that nobody waits for, until `give_back`; return whether there was one."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    @asynccontextmanager
    async def turn(self, size_bytes: int) -> AsyncIterator[None]:
        """Hold a place, after those with more to do that wait already; who is cancelled meanwhile gets none."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(size_bytes)
        try:
            yield
        finally:
            self.give_back()

    async def _wait(self, size_bytes: int) -> None:
        self._counter += 1
        ticket = (-size_bytes, self._counter, anyio.Event())
        heappush(self._waiting, ticket)
        try:
            await ticket[2].wait()
        except BaseException:
            if ticket[2].is_set():
                self.give_back()
            else:
                self._waiting.remove(ticket)
                self._waiting.sort()  # a sorted list is a heap
            raise

    def give_back(self) -> None:
        """Leave a place to others; or make one that there was not."""
        if self._waiting:
            heappop(self._waiting)[2].set()
        else:
            self._free += 1
