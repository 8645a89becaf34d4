"""`asyncpip search`: projects of an index by name. PyPI has ended pip's way, XML-RPC; its list of projects is open."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.commands import versions_output as output
from asyncpip.commands.surroundings import find_surroundings
from asyncpip.core.events import Level, Message
from asyncpip.environment.installed import InstalledDistributions
from asyncpip.errors import EXIT_NOTHING_FOUND, CommandError

if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext
    from asyncpip.pipeline.lookup import LookUp

MOST_RESULTS = 20
_XML_RPC, _SIMPLE = "/pypi", "/simple"


def run(context: CommandContext) -> int:
    """Run the command; return its exit code: 23 where nothing is found, as in pip."""
    if not context.arguments:
        raise CommandError("Missing required argument (search query).")
    from asyncpip.commands.index_questions import look_up_of  # noqa: PLC0415 - loads the pipeline
    from asyncpip.index.name_search import words_of  # noqa: PLC0415
    from asyncpip.pipeline.search import search_projects  # noqa: PLC0415

    store, selected = find_surroundings(context)
    words = words_of(context.arguments)
    answer = search_projects(words, with_simple_index(look_up_of(context, store)), context.reporter, limit=MOST_RESULTS)
    tell = context.reporter.emit
    if not answer.projects:
        tell(Message(Level.WARNING, output.nothing_found_text(words)))
        return EXIT_NOTHING_FOUND
    installed = InstalledDistributions.scan(selected.target.sys_path, selected.target)
    results = {(found.written, str(found.latest)): found.about.summary for found in answer.projects}
    for found, line in zip(answer.projects, output.search_lines(results, _terminal_width()), strict=True):
        tell(Message(Level.INFO, line))
        beside = installed.find(found.name)
        for more in output.installed_lines(found.latest, None if beside is None else str(beside.version)):
            tell(Message(Level.INFO, more))
        for more in output.details_lines(found.versions, found.about.urls):
            tell(Message(Level.VERBOSE, more))
    if answer.fitting > len(answer.projects) == MOST_RESULTS:
        tell(Message(Level.INFO, output.more_fit_text(len(answer.projects), answer.fitting)))
    return 0


def with_simple_index(how: LookUp) -> LookUp:
    """Return ``how`` with the simple index in the place of XML-RPC addresses, which pip's `--index` takes."""
    from asyncpip.core.values import replace  # noqa: PLC0415 - like all here, behind the first door

    urls = [url.rstrip("/") for url in how.index_urls]
    return replace(
        how, index_urls=tuple(url.removesuffix(_XML_RPC) + _SIMPLE if url.endswith(_XML_RPC) else url for url in urls)
    )


def _terminal_width() -> int | None:
    """Return how wide the terminal is that stdout is; None where it is none."""
    try:
        return os.get_terminal_size(1).columns or None
    except OSError:
        return None
