"""`asyncpip download`: archives of what is asked for, and of all that it needs, into a directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.commands.inquiry import Inquiry
from asyncpip.commands.surroundings import find_surroundings
from asyncpip.commands.target_matrix import target_choices

if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    store, selected = find_surroundings(context)
    choices = target_choices(
        platforms=settings.texts("platforms"),
        python_versions=settings.texts("python_versions"),
        implementations=settings.texts("implementations"),
        abis=settings.texts("abis"),
        matrix=settings.flag("matrix"),
    )
    inquiry = Inquiry(
        context,
        "download",
        cwd=os.getcwd(),
        running_target=selected.target,
        choice=choices[0],
        takes_editables=False,
    )
    inquiry.begin_ahead(store)
    from asyncpip.commands.download_work import download  # noqa: PLC0415 - loads the pipeline

    return download(inquiry, choices, selected.templates, store)
