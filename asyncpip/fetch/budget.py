"""Bytes of archives in memory, bounded."""

from __future__ import annotations

from collections import deque

import anyio


class ByteBudget:
    """A semaphore in bytes, first come, first served; a request larger than the whole is cut down to it.

    Whoever gives back wakes only those that fit: with 150 waiting downloads, waking all each time cost 0.2 s a run.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._free = limit_bytes
        self._limit = limit_bytes
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    async def take(self, amount: int) -> int:
        """Wait until ``amount`` fits; return what to give back."""
        amount = min(amount, self._limit)
        if not self._waiting and amount <= self._free:
            self._free -= amount
            return amount
        ticket = (amount, anyio.Event())
        self._waiting.append(ticket)
        try:
            await ticket[1].wait()
        except BaseException:
            if ticket[1].is_set():
                self.give_back(amount)
            else:
                self._waiting.remove(ticket)
                self._admit()
            raise
        return amount

    def give_back(self, amount: int) -> None:
        """Return what `take` returned."""
        self._free += amount
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._free:
            amount, event = self._waiting.popleft()
            self._free -= amount
            event.set()
