"""What indexes are asked by commands that install nothing (`list --outdated`): settings → answers by project.

Any command with the option groups `INDEX` and `GENERAL` can ask for pages (`ask_indexes`); with `SELECTION` too, for
the candidates among their files (`candidate_selection`, `candidates_of`), under pip's rules for such commands: yanked
files never count, pre-releases only where an option admits them. Loads the pipeline, so it is imported late.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from asyncpip.commands.install_options import ANY_INTERPRETER, index_options, limits_of, selection
from asyncpip.commands.requirement_sources import FileOptions
from asyncpip.core.values import replace
from asyncpip.pipeline.lookup import LookUp, look_up_projects
from asyncpip.resolve.candidates import CandidateList
from asyncpip.resolve.explain import mention_silence, no_version_error
from asyncpip.resolve.selection import ALL, ReleaseControl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.core.candidates import Candidate
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.ports import RecordStore
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.errors import NoMatchingDistributionError
    from asyncpip.pipeline.lookup import LookedUp
    from asyncpip.resolve.selection import Selection

_ANY_VERSION = SpecifierSet()


def ask_indexes(context: CommandContext, names: Sequence[NormalizedName], records: RecordStore | None) -> LookedUp:
    """Return what all places list for each of ``names``, all asked at once; blocks.

    ``records`` is the store, or None without a cache. A place that fails is warned of and left out.
    """
    return look_up_projects(names, look_up_of(context, records), context.reporter)


def look_up_of(context: CommandContext, records: RecordStore | None) -> LookUp:
    """Return which places are asked, and how; ``records`` is as in `ask_indexes`."""
    settings = context.settings
    places = index_options(settings, FileOptions(), limits=limits_of(settings, has_jobs=False))
    return LookUp(
        index_urls=places.index_urls,
        find_links=places.find_links,
        refresh=places.refresh,
        offline=places.offline,
        transport=places.transport,
        environ=context.environ,
        records=records,
    )


def candidate_selection(
    context: CommandContext,
    target: TargetEnvironment,
    *,
    choice: TargetChoice = ANY_INTERPRETER,
    ignore_requires_python: bool = False,
) -> Selection:
    """Return which files count for ``target``; with ``choice``, that is what `target_of` has made of it."""
    chosen = selection(
        context.settings,
        FileOptions(),
        target,
        choice,
        ignore_requires_python=ignore_requires_python,
        allow_sdists=True,
        now=dt.datetime.now(dt.UTC),
    )
    welcome = chosen.releases.all_releases
    only_final = chosen.releases.only_final | (frozenset() if ALL in welcome else {ALL})
    return replace(chosen, releases=ReleaseControl(all_releases=welcome, only_final=only_final))


def candidates_of(name: NormalizedName, pages: Sequence[ProjectPage], chosen: Selection) -> Iterator[Candidate]:
    """Yield the best candidate of each version, the best first."""
    return CandidateList(name, pages, chosen).candidates_matching(_ANY_VERSION)


def no_candidate_error(
    project: str, name: NormalizedName, found: LookedUp, chosen: Selection
) -> NoMatchingDistributionError:
    """Return the error for ``project``, as the user wrote it, of which no version counts."""
    error = no_version_error(project, CandidateList(name, found.pages[name], chosen), _ANY_VERSION, chosen)
    mention_silence(error, found.failed_places)
    return error
