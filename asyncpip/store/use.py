"""Who uses the store: any number of runs that link from it, or one that takes things out of it.

POSIX: an advisory lock (`flock`) on the store's directory, which ends with the process. Readers and writers of single
paths need none of it, because a path is absent or complete; linking a tree does, because that is many steps. Where a
directory cannot be locked, nobody waits. Lean.
"""

from __future__ import annotations

import os
import sys
import time

from asyncpip.errors import StoreError

if sys.platform != "win32":
    import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SLEEP_SECONDS = 0.01
_MOST_SECONDS = 120.0
"""Much more than a run holds the store for: what it links takes seconds at most."""


def hold_shared(root: str) -> int | None:
    """Wait until nobody takes anything out of the store, and keep it so; return what `release` takes.

    None where there is no store yet, where it cannot be locked, or somebody keeps it for unreasonably long.
    """
    held = _lock(root, shared=True, deadline=time.monotonic() + _MOST_SECONDS)
    return None if held == _BUSY else held


def release(held: int | None) -> None:
    """End a hold; None ends nothing."""
    if held is not None:
        os.close(held)


def hold_alone(root: str, *, on_wait: Callable[[], None], most_seconds: float = _MOST_SECONDS) -> int | None:
    """Wait until nobody links from the store, and keep it so; return what `release` takes. For renames, not long work.

    Raises `StoreError` after ``most_seconds``.
    """
    held = _lock(root, shared=False, deadline=time.monotonic())
    if held == _BUSY:
        on_wait()
        held = _lock(root, shared=False, deadline=time.monotonic() + most_seconds)
    if held == _BUSY:
        raise StoreError(
            f"the store at {root} is in use",
            why=f"installations that link from it did not end within {most_seconds:g} seconds",
            hint="try again when they are done",
        )
    return held


_BUSY = -1


def _lock(root: str, *, shared: bool, deadline: float) -> int | None:
    """Return a descriptor that holds the lock, `_BUSY` where the deadline has passed, None where there is no lock."""
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return _BUSY
                time.sleep(_SLEEP_SECONDS)
            else:
                return descriptor
    except OSError:  # a file system without locks
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
