"""`asyncpip wheel`: wheels of what is asked for, and of all that it needs, downloaded or built, into a directory."""

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
    inquiry = Inquiry(context, "wheel", cwd=os.getcwd(), running_target=selected.target)
    inquiry.begin_ahead(store)
    from asyncpip.commands.wheel_work import make_wheels  # noqa: PLC0415 - loads the pipeline

    return make_wheels(inquiry, selected.templates, store)
