"""An environment held by one process at a time, and put right first where a killed run left it half changed. Lean."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from asyncpip.core.events import Level, Message
from asyncpip.environment.lock import lock_environment
from asyncpip.errors import EnvironmentBusyError, TargetEnvironmentError
from asyncpip.install.transaction import recover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from asyncpip.core.events import Reporter


@contextmanager
def hold_environment(home: str, reporter: Reporter, *, timeout_seconds: float) -> Iterator[None]:
    """Hold the directory ``home``, and undo what was left unfinished in it.

    It is made where it is missing, so that of two runs that would make it one waits; what is empty in the end goes.
    """
    made = _missing(home)

    def tell_of_wait() -> None:
        reporter.emit(Message(Level.INFO, f"Waiting for another process that is changing {home}"))

    with lock_environment(home, timeout_seconds=timeout_seconds, on_wait=tell_of_wait):
        try:
            recover(home, lambda text: reporter.emit(Message(Level.WARNING, text)))
            yield
        finally:
            for path in made:
                with suppress(OSError):
                    os.rmdir(path)


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
