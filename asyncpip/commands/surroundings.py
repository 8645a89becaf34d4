"""Where a command works: its store and its target, found as the settings say. Lean."""

from __future__ import annotations

from asyncpip.core.events import Level, Message
from asyncpip.environment.target import find_target
from asyncpip.store.store import open_store, process_umask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.commands.context import CommandContext
    from asyncpip.environment.target import TargetSelection
    from asyncpip.store.store import Store


def _nothing() -> None:
    pass


def find_surroundings(
    context: CommandContext, *, meanwhile: Callable[[], None] = _nothing
) -> tuple[Store | None, TargetSelection]:
    """Return the store (None without a cache) and the target; tell what is odd about them.

    ``meanwhile`` is as in `find_target`.
    """
    warnings: list[str] = []
    store = open_store(context.settings.text("cache_dir"), umask=process_umask(), warn=warnings.append)
    selected = find_target(
        python=context.settings.text("python"), environ=context.environ, records=store, meanwhile=meanwhile
    )
    if selected.notice:
        warnings.append(selected.notice)
    for text in warnings:
        context.reporter.emit(Message(Level.WARNING, text))
    return store, selected
