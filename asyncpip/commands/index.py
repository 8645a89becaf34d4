"""`asyncpip index versions`: which versions of a project the target could use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.commands import versions_output as output
from asyncpip.commands.inquiry import target_of
from asyncpip.commands.install_options import target_choice
from asyncpip.commands.surroundings import find_surroundings
from asyncpip.core.events import Level, Message
from asyncpip.core.names import normalize_name
from asyncpip.environment.installed import InstalledDistributions
from asyncpip.errors import CommandError

if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext

_ACTIONS = ("versions",)


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    if not context.arguments or context.arguments[0] not in _ACTIONS:
        raise CommandError(f"Need an action ({', '.join(_ACTIONS)}) to perform.")
    if len(context.arguments) != 1 + 1:
        raise CommandError("You need to specify exactly one argument")
    return _versions(context, context.arguments[1])


def _versions(context: CommandContext, project: str) -> int:
    """Tell of the versions of ``project``."""
    from asyncpip.commands import index_questions as indexes  # noqa: PLC0415 - loads the pipeline

    name = normalize_name(project)
    store, selected = find_surroundings(context)
    chosen = indexes.candidate_selection(
        context,
        target_of(selected.target, target_choice(context.settings)),
        ignore_requires_python=context.settings.flag("ignore_requires_python"),
    )
    found = indexes.ask_indexes(context, [name], store)
    candidates = indexes.candidates_of(name, found.pages[name], chosen)
    versions = sorted({candidate.version for candidate in candidates}, reverse=True)
    if not versions:
        raise indexes.no_candidate_error(project, name, found, chosen)
    installed = InstalledDistributions.scan(selected.target.sys_path, selected.target).find(name)
    version = None if installed is None else str(installed.version)
    text = output.versions_json if context.settings.flag("json") else output.versions_text
    context.reporter.emit(Message(Level.INFO, text(project, versions, version)))
    return 0
