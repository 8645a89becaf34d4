"""One installation into an environment at a time.

POSIX: an advisory lock (`flock`) on the directory itself, which leaves no file behind and ends with the process that
holds it, however that ends. Where a directory cannot be locked (Windows, NFS), a file in the temporary directory stands
for it.
"""

from __future__ import annotations

import os
import sys
import time

from asyncpip.errors import EnvironmentBusyError, TargetEnvironmentError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SLEEP_SECONDS = 0.01
LONGEST_SLEEP_SECONDS = 0.5
"""A waiting process is not told when the lock is free; half a second is little beside an installation."""


class EnvironmentLock:
    """A lock that is held, until the end of a `with` block; without `contextlib`, which costs 0.5 ms to import."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.let_go()

    def let_go(self) -> None:
        """Let others have the lock."""
        os.close(self._descriptor)


def lock_environment(path: str, *, timeout_seconds: float, on_wait: Callable[[], None]) -> EnvironmentLock:
    """Take the lock of the directory ``path``, which is made where it is missing.

    Blocks, so it belongs in a worker thread or before the loop; ``on_wait`` is called once if it has to wait. Raises
    `EnvironmentBusyError` after ``timeout_seconds`` and `TargetEnvironmentError` where there can be no such directory.
    Not reentrant: a second lock of the same directory waits for the first, in one process too.
    """
    deadline = time.monotonic() + timeout_seconds
    sleep_seconds = FIRST_SLEEP_SECONDS
    descriptor = _try_lock(path)
    if descriptor is None:
        on_wait()
    while descriptor is None:
        remaining_seconds = deadline - time.monotonic()
        if remaining_seconds <= 0:
            raise EnvironmentBusyError(
                f"another process is changing {path}",
                why=f"it did not end within {timeout_seconds:g} seconds",
                hint="wait for it, or allow more time with `--lock-timeout`",
            )
        time.sleep(min(sleep_seconds, remaining_seconds))
        sleep_seconds = min(sleep_seconds * 1.5, LONGEST_SLEEP_SECONDS)
        descriptor = _try_lock(path)
    return EnvironmentLock(descriptor)


def _try_lock(path: str) -> int | None:
    """Return a descriptor that holds the lock, or None where another holds it."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise TargetEnvironmentError(f"cannot install into {path}", why=error.strerror or str(error)) from error
    if sys.platform == "win32":
        return _try_lock_file(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # a directory may be writable and not readable
        return _try_lock_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        # NFS wants a file that is open for writing.
        os.close(descriptor)
        return _try_lock_file(path)
    # Held by another, or removed or replaced since it was opened.
    os.close(descriptor)
    return None


def _try_lock_file(path: str) -> int | None:
    """Do as `_try_lock` with a file of this user's in the temporary directory."""
    import hashlib  # noqa: PLC0415 - most systems lock the directory
    import tempfile  # noqa: PLC0415 - as above

    key = hashlib.sha256(os.path.normcase(os.path.realpath(path)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    user = str(os.getuid()) if sys.platform != "win32" else "user"
    name = os.path.join(tempfile.gettempdir(), f"asyncpip-{user}-{key}.lock")
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise TargetEnvironmentError(f"cannot lock {path}", why=f"{name}: {error.strerror}") from error
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
