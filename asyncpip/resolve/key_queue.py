"""The keys that are to be decided, the most preferred first, without a look at all of them in every round.

Thousands of requirements have as many rounds. A preference changes while a key waits: it is pushed again where it may
have become better, and looked at again before it is believed.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.resolve.state import State

Preference: TypeAlias = "tuple[bool, int, int, str]"


class KeyQueue:
    """Open keys by preference; belongs to one state as long as that only goes on."""

    def __init__(self, preference: Callable[[str], Preference]) -> None:
        """``preference`` ends with the key itself."""
        self._preference = preference
        self._heap: list[Preference] | None = None
        self._extras: dict[str, list[str]] = {}
        """Keys of extras, by the project that has to be decided before."""

    def forget(self) -> None:
        """Start anew: the state went back, or preferences have changed otherwise."""
        self._heap = None

    def push(self, key: str) -> None:
        """Note that ``key`` is open, or is wanted by one more."""
        if self._heap is not None:
            heappush(self._heap, self._preference(key))

    def decided(self, key: str) -> None:
        """Note that ``key`` has a pin, so that its extras may come."""
        for extra in self._extras.pop(key, ()):
            self.push(extra)

    def best(self, state: State) -> str | None:
        """Return the most preferred open key; None where there is none. It stays in the queue until it is decided."""
        if self._heap is None:
            self._heap = [self._preference(key) for key in state.open]
            self._extras.clear()
            heapify(self._heap)
        heap = self._heap
        while heap:
            noted = heap[0]
            key = noted[-1]
            if key not in state.open:
                heappop(heap)
                continue
            project, bracket, _ = key.partition("[")
            if bracket and project not in state.pins:
                heappop(heap)
                self._extras.setdefault(project, []).append(key)
                continue
            now = self._preference(key)
            if now == noted:
                return key
            heappop(heap)
            heappush(heap, now)
        return None
