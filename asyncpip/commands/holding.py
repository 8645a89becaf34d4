"""An environment held by one process at a time, and put right first where a killed run left it half changed. Lean."""

from __future__ import annotations

import os

from asyncpip.core.events import Level, Message
from asyncpip.environment.lock import lock_environment
from asyncpip.errors import EnvironmentBusyError, TargetEnvironmentError
from asyncpip.install.transaction import recover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncpip.core.events import Reporter
    from asyncpip.environment.lock import EnvironmentLock


class HeldEnvironment:
    """A directory that is held, until the end of a `with` block."""

    __slots__ = ("_lock", "_made")

    def __init__(self, lock: EnvironmentLock, made: list[str]) -> None:
        self._lock = lock
        self._made = made

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.let_go()

    def let_go(self) -> None:
        """Remove what was made and is empty, and let others have the directory."""
        try:
            for path in self._made:
                os.rmdir(path)
        except OSError:
            pass
        finally:
            self._lock.let_go()


def hold_environment(home: str, reporter: Reporter, *, timeout_seconds: float) -> HeldEnvironment:
    """Hold the directory ``home``, and undo what was left unfinished in it.

    It is made where it is missing, so that of two runs that would make it one waits; what is empty in the end goes.
    """
    made = _missing(home)

    def tell_of_wait() -> None:
        reporter.emit(Message(Level.INFO, f"Waiting for another process that is changing {home}"))

    held = HeldEnvironment(lock_environment(home, timeout_seconds=timeout_seconds, on_wait=tell_of_wait), made)
    try:
        recover(home, lambda text: reporter.emit(Message(Level.WARNING, text)))
    except BaseException:
        held.let_go()
        raise
    return held


def settle(directories: Iterable[str], warn: Callable[[str], None]) -> None:
    """Undo, for a command that only looks, what killed runs left in ``directories``, as far as that is possible now."""
    for directory in directories:
        if not os.access(directory, os.W_OK):
            warn(f"{directory} holds an unfinished installation, which only who may write there can undo")
            continue
        try:
            with lock_environment(directory, timeout_seconds=0, on_wait=lambda: None):
                recover(directory, warn)
        except EnvironmentBusyError:
            warn(f"Another process is changing {directory}; what is shown may be out of date in a moment")
        except TargetEnvironmentError as error:
            warn(f"{directory} holds an unfinished installation: {error.why or error.what}")


def _missing(path: str) -> list[str]:
    """Return ``path`` and what lies above it as far as it does not exist, the deepest first."""
    missing = []
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        missing.append(path)
        path = os.path.dirname(path)
    return missing
