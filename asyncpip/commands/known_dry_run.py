"""A dry run that was carried out before, in this environment or one like it: its lines are told again. Lean."""

from __future__ import annotations

from asyncpip.core.events import Level, Message
from asyncpip.store.answers import read_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.install_start import Start


def tell_known_dry_run(start: Start) -> int | None:
    """Tell what the same question was answered with over the same pages, which are still fresh; None where it was not.

    What could make it stale is part of the question (`install_start`), or stamped with the answer.
    """
    store, question = start.store, start.question
    if store is None or question is None or start.context.settings.number("verbose"):
        return None
    lines = read_lines(store, question)
    if not lines:
        return None
    *before, last = lines
    for line in before:
        start.context.reporter.emit(Message(Level.INFO, line, routine=not line.startswith("Looking in ")))
    start.context.reporter.emit(Message(Level.INFO, last))
    return 0
