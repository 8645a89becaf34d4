"""One question to the solver, and the archives that its answer needs. A run has one, and one for each build."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic

import anyio
import anyio.to_thread

from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Stage, StageProgress
from asyncpip.core.values import Value, replace
from asyncpip.errors import NoMatchingDistributionError
from asyncpip.pipeline.bridge import Bridge, SolverCancelledError
from asyncpip.pipeline.known_resolutions import Listener
from asyncpip.pipeline.stored import Stored
from asyncpip.resolve.demands import gather_demands
from asyncpip.resolve.resolver import ResolutionCancelled, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from anyio.abc import TaskGroup
    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.pipeline.session import Session
    from asyncpip.resolve.resolver import ResolveRequest


class Answered(Value, Generic[Stored]):
    """What one question came to."""

    resolution: Resolution
    stored: dict[NormalizedName, Stored]
    """For each decision that was wanted, its archive."""
    resolve_seconds: float
    fetch_seconds: float
    waits: int
    """How often the solver had to wait."""
    pages: Mapping[NormalizedName, Sequence[ProjectPage]]
    """Those that were looked at, by project."""
    rests_on_digests: bool
    """See `Bridge.rests_on_digests`."""

    def timings(self, requests: int) -> dict[str, float]:
        """Return what `--timings` says of it: seconds by stage, and how often what happened."""
        return {
            "resolve": self.resolve_seconds,
            "download": self.fetch_seconds,
            "rounds": self.resolution.rounds,
            "backtracks": self.resolution.backtracks,
            "waits": self.waits,
            "requests": requests,
        }


async def answer_question(
    request: ResolveRequest,
    session: Session[Stored],
    reporter: Reporter,
    *,
    wanted: Callable[[Resolution], Iterable[Resolved]],
    prefetch_archives: bool,
    give_up: Callable[[], None] = lambda: None,
    tell_stage: Callable[[StageProgress], None] = lambda _: None,
) -> Answered[Stored]:
    """Resolve and fetch side by side. What was only expected of ``session`` is given up at the end.

    ``give_up`` is called when nothing more is wanted, before those that work for nothing are waited for.
    """
    async with anyio.create_task_group() as tasks:
        bridge = open_bridge(
            tasks,
            session,
            prefetches=lambda candidate: prefetch_archives and candidate.file.is_wheel,
            tell_stage=tell_stage,
        )
        try:
            started = time.perf_counter()
            try:
                resolution = await solve(request, session, bridge, reporter)
            finally:
                bridge.close()
            session.end_of_questions()
            resolved = time.perf_counter()
            tell_stage(StageProgress(Stage.RESOLVING, len(resolution.decisions), len(resolution.decisions)))
            stored = await _collect(bridge, session, tuple(wanted(resolution)), tell_stage)
            fetched = time.perf_counter()
        finally:
            give_up()
        tasks.cancel_scope.cancel()  # what was only expected
    return Answered(
        resolution=resolution,
        stored=stored,
        resolve_seconds=resolved - started,
        fetch_seconds=fetched - resolved,
        waits=bridge.waits,
        pages=bridge.pages_here(),
        rests_on_digests=bridge.rests_on_digests,
    )


def open_bridge(
    tasks: TaskGroup,
    session: Session[Stored],
    *,
    prefetches: Callable[[Candidate], bool],
    tell_stage: Callable[[StageProgress], None],
) -> Bridge[Stored]:
    """Return what leads from the solver's thread to ``session``; the stage of resolving begins."""
    bridge = Bridge(
        tasks,
        fetch_pages=session.fetch_pages,
        read_known_metadata=session.read_known_metadata,
        fetch_metadata=session.fetch_metadata,
        fetch_direct=session.fetch_direct,
        fetch_archive=session.fetch_archive,
        prefetches=prefetches,
        on_projects=lambda done, total: tell_stage(StageProgress(Stage.RESOLVING, done, total)),
        requests=session.requests,
    )
    tell_stage(StageProgress(Stage.RESOLVING, 0, None))
    return bridge


async def solve(
    request: ResolveRequest, session: Session[Stored], bridge: Bridge[Stored], reporter: Reporter
) -> Resolution:
    """Return what an earlier run found; else run the solver in a thread, which returns when ``bridge`` is closed.

    That is the caller's part.
    """
    known = session.known_resolutions
    key = None if known is None else known.key_of(request)
    found = None if known is None else await known.find(key, request, reporter)
    if found is not None:
        session.take_as_read(found)
        return found
    listener = Listener(reporter)

    def run() -> Resolution:
        try:
            return resolve(replace(request, cancelled=lambda: bridge.is_closed), bridge, listener)
        except SolverCancelledError as error:
            raise ResolutionCancelled from error

    try:
        resolution = await anyio.to_thread.run_sync(run, abandon_on_cancel=True)
    except NoMatchingDistributionError as error:
        from asyncpip.resolve.explain import mention_silence  # noqa: PLC0415 - who fails has loaded it

        mention_silence(error, session.index.failed_places)
        raise
    resolution = replace(resolution, has_warnings=listener.has_warnings, has_messages=bool(listener.messages))
    if known is not None and bridge.rests_on_digests:
        known.keep(key, resolution, listener)
    return resolution


async def _collect(
    bridge: Bridge[Stored],
    session: Session[Stored],
    decisions: Sequence[Resolved],
    tell_stage: Callable[[StageProgress], None],
) -> dict[NormalizedName, Stored]:
    """Return the archives of ``decisions``, all fetched side by side."""
    stored: dict[NormalizedName, Stored] = {}
    tell_stage(StageProgress(Stage.FETCHING, 0, len(decisions)))

    async def collect(decision: Resolved, candidate: Candidate) -> None:
        archive = stored[decision.name] = await bridge.archive(candidate)
        await session.check_agreement(candidate.file, archive)
        tell_stage(StageProgress(Stage.UNPACKING, len(stored), len(decisions), decision.name))

    async with anyio.create_task_group() as tasks:
        for decision in decisions:
            if isinstance(decision.choice, Candidate):
                tasks.start_soon(collect, decision, decision.choice)
    return stored


def required_hashes(request: ResolveRequest) -> Mapping[NormalizedName, AllowedHashes]:
    """Return what `--hash` allows for each project."""
    return gather_demands(request.requirements, request.constraints, request.overrides, request.evaluator).hashes
