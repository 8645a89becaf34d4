"""`asyncpip lock`: what would be installed, as a lock file (PEP 751)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.commands.inquiry import Inquiry
from asyncpip.commands.surroundings import find_surroundings

if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    store, selected = find_surroundings(context)
    inquiry = Inquiry(context, "lock", cwd=os.getcwd(), running_target=selected.target)
    inquiry.begin_ahead(store)
    from asyncpip.commands.lock_work import lock  # noqa: PLC0415 - loads the pipeline

    return lock(inquiry, selected.templates, store)
