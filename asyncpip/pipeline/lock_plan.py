"""One run that ends with a resolution and what its files are known by; archives only where no index gives a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from asyncpip.core.candidates import Candidate
from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.values import Value
from asyncpip.pipeline.fetch_plan import beside_solvers
from asyncpip.pipeline.keeping import WholeArchives
from asyncpip.pipeline.loop import run_in_loop
from asyncpip.pipeline.question import answer_question, required_hashes
from asyncpip.pipeline.session import open_session
from asyncpip.resolve.lock_writer import needs_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.resolution import Resolution
    from asyncpip.core.urls import Credentials
    from asyncpip.fetch.archives import StoredArchive
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.limits import Limits
    from asyncpip.pipeline.session import Places, Session
    from asyncpip.resolve.resolver import ResolveRequest
    from asyncpip.store.store import Store

    Prompt = Callable[[str], Credentials | None]


class LockQuestion(Value, shown=False):
    """One run."""

    resolve: ResolveRequest
    places: Places
    limits: Limits
    environ: Mapping[str, str]
    left_out: frozenset[NormalizedName]
    """Projects that are resolved, but not locked (`--only-deps`)."""
    builds: BuildOptions | None
    """How sources are built as far as their metadata needs it; None where none may be."""
    prompt: Prompt | None = None


class LockAnswer(Value, shown=False):
    """What a run ends with."""

    resolution: Resolution
    pages: Mapping[NormalizedName, Sequence[ProjectPage]]
    """Those that were looked at, by project."""
    archives: Mapping[NormalizedName, StoredArchive]
    """Of the projects whose files no index gives a digest of."""
    allowed: Mapping[NormalizedName, AllowedHashes]
    """What the user's hashes allow."""
    timings: Mapping[str, float]
    """Seconds by phase, and counts."""


def run_lock(question: LockQuestion, store: Store, reporter: Reporter) -> LockAnswer:
    """Resolve; blocks until done. Raises `AsyncpipError` of the first cause."""
    with beside_solvers():
        return run_in_loop(_run, question, store, reporter)


def _keeping(store: Store, downloader: Downloader, reporter: Reporter, limits: Limits) -> WholeArchives:
    """Return what fetches the few archives that are wanted; of sources they are wanted as they are."""
    return WholeArchives(store, downloader, reporter, limits, directory=None, builds=False)


async def _fetch_missing(
    pages: dict[NormalizedName, Sequence[ProjectPage]], resolution: Resolution, session: Session[StoredArchive]
) -> None:
    """Add the pages that an answer of an earlier run did not look at again."""

    async def fetch(name: NormalizedName) -> None:
        pages[name] = await session.fetch_pages(name)

    async with anyio.create_task_group() as tasks:
        for each in resolution.decisions:
            if isinstance(each.choice, Candidate) and each.choice.direct_url is None and each.name not in pages:
                tasks.start_soon(fetch, each.name)


async def _run(question: LockQuestion, store: Store, reporter: Reporter) -> LockAnswer:
    hashes = required_hashes(question.resolve)
    async with open_session(
        question.places,
        store,
        reporter,
        question.limits,
        environ=question.environ,
        tags=question.resolve.selection.tags,
        hashes_of=lambda name: hashes.get(name, NO_HASHES),
        make_keeping=_keeping,
        builds=question.builds,
        prompt=question.prompt,
    ) as session:
        answered = await answer_question(
            question.resolve,
            session,
            reporter,
            wanted=lambda resolution: [
                each for each in resolution.decisions if each.name not in question.left_out and needs_digest(each)
            ],
            prefetch_archives=False,
            tell_stage=reporter.emit,
        )
        pages = dict(answered.pages)
        await _fetch_missing(pages, answered.resolution, session)
    return LockAnswer(
        resolution=answered.resolution,
        pages=pages,
        archives=answered.stored,
        allowed=hashes,
        timings=answered.timings(session.requests()),
    )
