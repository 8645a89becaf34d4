"""The newest version of each installed distribution, from all indexes at once: `list --outdated` and `--uptodate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from asyncpip.commands import list_output as output
from asyncpip.commands.index_questions import ask_indexes, candidate_selection, candidates_of
from asyncpip.environment.target import find_target
from asyncpip.store.store import open_store, process_umask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.installed_view import InstalledView
    from asyncpip.environment.scan import FoundDistribution


def find_latest(
    context: CommandContext, view: InstalledView, distributions: Sequence[FoundDistribution], *, outdated: bool
) -> dict[str, tuple[str, str]]:
    """Return version and kind of file of the newest candidate, by name, of those that it is newer than.

    Without ``outdated``: of those that it is the same as. What no index knows is left out.
    """
    store = open_store(context.settings.text("cache_dir"), umask=process_umask(), warn=view.warn)
    target = find_target(python=context.settings.text("python"), environ=context.environ, records=store).target
    chosen = candidate_selection(context, target)
    pages = ask_indexes(context, [each.name for each in distributions], store).pages
    latest: dict[str, tuple[str, str]] = {}
    for each in distributions:
        try:
            installed = Version(each.version)
        except ValueError:  # `InvalidVersion`, or endless digits
            view.warn(output.not_comparable(each.raw_name, each.version))
            continue
        candidate = next(candidates_of(each.name, pages[each.name], chosen), None)
        if candidate is None:
            continue
        if candidate.version > installed if outdated else candidate.version == installed:
            latest[each.name] = str(candidate.version), "wheel" if candidate.file.is_wheel else "sdist"
    return latest
