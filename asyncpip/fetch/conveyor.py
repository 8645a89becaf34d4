"""A few buffers that go round: the loop fills them, and threads take each through one step after the other.

So an archive is received, written, hashed and inflated on several cores at once, in the memory of these buffers. One of
anyio's threads for each buffer and step, as other work has it, takes longer to wake than a buffer takes to write.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Step = Callable[[memoryview], None]
    """Does something with the next bytes; blocks."""
    Load = tuple[bytearray, int] | threading.Event | None
    """A buffer and how much of it is filled; a mark, set when all before it is done; None at the end."""

BUFFER_BYTES = 512 * 1024
_SPARE_BUFFERS = 2
"""Beside one for each step: the one that is filled, and one so that nobody waits for the slowest of a moment."""


class Conveyor:
    """Takes bytes in order. Used in one loop; methods that are not `async` or `room` block, for a thread."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """``steps`` are done with each piece one after the other, each step by a thread of its own."""
        self._steps = steps
        self._queues: list[SimpleQueue[Load]] = [SimpleQueue() for _ in steps]
        self._threads: list[threading.Thread] = []
        self._buffer: bytearray | None = None
        """The one that is filled."""
        self._filled_bytes = 0
        self._free: deque[bytearray] = deque()
        self._unmade = len(steps) + _SPARE_BUFFERS
        """How many buffers more there may be."""
        self._awaited: tuple[asyncio.AbstractEventLoop, anyio.Event] | None = None
        """Who waits for a free buffer."""
        self._error: Exception | None = None
        """What a step has raised. Nothing is done with what comes after it."""

    def room(self) -> memoryview:
        """Return where the next bytes go; more than none."""
        if self._buffer is None:
            if self._free:
                self._buffer = self._free.popleft()
            else:
                self._unmade -= 1
                self._buffer = bytearray(BUFFER_BYTES)
        return memoryview(self._buffer)[self._filled_bytes :]

    def take(self, count: int) -> None:
        """Take the next ``count`` bytes, which are where `room` says."""
        self._filled_bytes += count
        if self._buffer is not None and self._filled_bytes == len(self._buffer):
            self._hand_over(self._buffer)

    async def wait(self) -> None:
        """Return when `room` has a buffer; raise what a step has raised."""
        while self._buffer is None and not self._free and not self._unmade:
            event = anyio.Event()
            self._awaited = (asyncio.get_running_loop(), event)
            if not self._free:  # none has come meanwhile
                await event.wait()
        if self._error is not None:
            raise self._error

    def flush(self) -> None:
        """Return when all steps are done with all bytes; raise what a step has raised."""
        if self._buffer is not None and self._filled_bytes:
            self._hand_over(self._buffer)
        if self._threads:
            mark = threading.Event()
            self._queues[0].put(mark)
            mark.wait()
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        """Forget what no step has been told of, and what went wrong; wait for the others."""
        self._filled_bytes = 0
        try:
            self.flush()
        except Exception:  # noqa: BLE001 - it was told to who filled, or is of what is forgotten now
            self._error = None

    def close(self) -> None:
        """End the threads when they are done."""
        self._queues[0].put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _hand_over(self, buffer: bytearray) -> None:
        self._buffer = None
        count, self._filled_bytes = self._filled_bytes, 0
        if not self._threads:
            self._threads += [
                threading.Thread(target=self._work, args=(number,), name="conveyor")
                for number in range(len(self._steps))
            ]
            for thread in self._threads:
                thread.start()
        self._queues[0].put((buffer, count))

    def _work(self, number: int) -> None:
        """Do one step with all that comes; the whole life of a thread."""
        take, step = self._queues[number].get, self._steps[number]
        pass_on = self._queues[number + 1].put if number + 1 < len(self._steps) else self._end
        while (load := take()) is not None:
            if isinstance(load, tuple) and self._error is None:
                buffer, count = load
                try:
                    step(memoryview(buffer)[:count])
                except Exception as error:  # noqa: BLE001 - raised by those who fill
                    self._error = error
            pass_on(load)
        pass_on(None)

    def _end(self, load: Load) -> None:
        """Take what has been through all steps."""
        if isinstance(load, tuple):
            self._free.append(load[0])
            awaited, self._awaited = self._awaited, None
            if awaited is not None:
                loop, event = awaited
                loop.call_soon_threadsafe(event.set)
        elif load is not None:
            load.set()
