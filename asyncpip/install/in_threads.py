"""Calls in threads, which are waited for however it ends."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    Item = TypeVar("Item")

_LOOK_AGAIN_SECONDS = 0.05
_threads: set[_Worker] = set()
"""Threads that are at work."""


def wait_for_threads() -> None:
    """Return once no thread is at work any more; see `parallel.wait_for_workers`."""
    for thread in list(_threads):
        thread.wait()
        _threads.discard(thread)


def run_in_threads(action: Callable[[Item], None], items: Sequence[Item], *, jobs: int) -> None:
    """Call ``action`` on each of ``items``, in order of start, in up to ``jobs`` threads; raise the first error.

    No thread is left when this returns or raises, also where it is interrupted (KeyboardInterrupt) while it waits.

    Bare threads: a pool's queue and futures cost 12 ms to import and 20 us an item.
    """
    iterator = iter(items)
    lock = threading.Lock()
    errors: list[BaseException] = []

    def work() -> None:
        while not errors:
            with lock:
                item = next(iterator, None)
            if item is None:
                return
            try:
                action(item)
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                errors.append(error)

    others = [_Worker(work) for _ in range(min(jobs, len(items)) - 1)]
    _threads.update(others)
    try:
        for thread in others:
            thread.start()
        work()
        for thread in others:
            thread.wait()
    except BaseException as error:
        errors.append(error)  # the others end after what they have in hand
        for thread in others:
            thread.wait()
        raise
    _threads.difference_update(others)
    if errors:
        raise errors[0]


class _Worker(threading.Thread):
    """A thread that can be waited for again after the waiting was interrupted.

    Until CPython 3.13, a `join` that is interrupted takes a thread that goes on for one that has ended.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=False)
        self._work = work
        self._end = threading.Event()

    def run(self) -> None:
        try:
            self._work()
        finally:
            self._end.set()

    def wait(self) -> None:
        """Return once it has ended, or was never started."""
        while self.is_alive() and not self._end.wait(_LOOK_AGAIN_SECONDS):
            continue
        if self.is_alive():
            self.join()
