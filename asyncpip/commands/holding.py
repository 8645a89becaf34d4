"""An environment held by one process at a time, and put right first where a killed run left it half changed. Lean."""

from __future__ import annotations

from contextlib import contextmanager

from asyncpip.core.events import Level, Message
from asyncpip.environment.lock import lock_environment
from asyncpip.install.transaction import recover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.core.events import Reporter


@contextmanager
def hold_environment(home: str, reporter: Reporter, *, timeout_seconds: float) -> Iterator[None]:
    """Hold the directory ``home``, which exists; undo what was left unfinished in it."""

    def tell_of_wait() -> None:
        reporter.emit(Message(Level.INFO, f"Waiting for another process that is changing {home}"))

    with lock_environment(home, timeout_seconds=timeout_seconds, on_wait=tell_of_wait):
        recover(home, lambda text: reporter.emit(Message(Level.WARNING, text)))
        yield
