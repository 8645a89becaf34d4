"""One run of the pipeline: requirements in, a resolution and stored wheels out.

Owns the event loop. The solver runs in a worker thread beside it; archives arrive and unpack while it still works. The
target environment is not touched here.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Stage, StageProgress
from asyncpip.core.hashes import NO_HASHES
from asyncpip.pipeline.bridge import Bridge, SolverCancelledError
from asyncpip.pipeline.keeping import UnpackedWheels
from asyncpip.pipeline.loop import run_in_loop
from asyncpip.pipeline.session import open_session
from asyncpip.resolve.demands import gather_demands
from asyncpip.resolve.resolver import ResolutionCancelled, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.core.urls import Credentials
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.pipeline.limits import Limits
    from asyncpip.pipeline.session import Places
    from asyncpip.resolve.resolver import ResolveRequest
    from asyncpip.store.store import Store

_SWITCH_INTERVAL_SECONDS = 0.002
"""How long a thread that computes keeps the others waiting. With CPython's 5 ms, workers that come back from a system
call of 10 us wait for the solver most of their time."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)  # asyncio asks for one when its loop ends: 40 ms
class FetchedPlan:
    """What a run of the pipeline ends with."""

    resolution: Resolution
    wheels: dict[NormalizedName, StoredWheel]
    """For each decision that ``wanted`` named, its wheel in the store."""
    fresh_until: float
    """Until when the same run would end with the same, in seconds since the epoch."""
    timings: dict[str, float]
    """Seconds by phase, and counts."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PipelineRequest:
    """One run."""

    resolve: ResolveRequest
    places: Places
    limits: Limits
    environ: Mapping[str, str]
    wanted: Callable[[Resolution], Iterable[Resolved]]
    """Which decisions need their archive in the end."""
    prefetch_archives: bool = True
    """Whether archives are fetched as soon as a candidate is pinned."""
    prompt: Callable[[str], Credentials | None] | None = None


def run_pipeline(request: PipelineRequest, store: Store, reporter: Reporter) -> FetchedPlan:
    """Resolve and fetch; blocks until done. Raises `AsyncpipError` of the first cause."""
    switch_interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    try:
        return run_in_loop(_run, request, store, reporter)
    finally:
        sys.setswitchinterval(switch_interval)


async def _run(request: PipelineRequest, store: Store, reporter: Reporter) -> FetchedPlan:
    hashes = _required_hashes(request.resolve)
    async with (
        open_session(
            request.places,
            store,
            reporter,
            request.limits,
            environ=request.environ,
            tags=request.resolve.selection.tags,
            hashes_of=lambda name: hashes.get(name, NO_HASHES),
            make_keeping=UnpackedWheels,
            prompt=request.prompt,
        ) as session,
        anyio.create_task_group() as tasks,
    ):
        bridge = Bridge(
            tasks,
            fetch_pages=session.fetch_pages,
            read_known_metadata=session.read_known_metadata,
            fetch_metadata=session.fetch_metadata,
            fetch_direct=session.fetch_direct,
            fetch_archive=session.fetch_archive,
            prefetches=lambda candidate: request.prefetch_archives and candidate.file.is_wheel,
            on_projects=lambda done, total: reporter.emit(StageProgress(Stage.RESOLVING, done, total)),
        )
        reporter.emit(StageProgress(Stage.RESOLVING, 0, None))
        try:
            started = time.perf_counter()
            resolution = await _solve(request.resolve, bridge, reporter)
            resolved = time.perf_counter()
            reporter.emit(StageProgress(Stage.RESOLVING, len(resolution.decisions), len(resolution.decisions)))
            wheels = await _collect(bridge, request.wanted(resolution), reporter)
            fetched = time.perf_counter()
        finally:
            session.archives.cancel()  # the task group waits for workers: those that are left work for nothing
        tasks.cancel_scope.cancel()  # what was only expected
    return FetchedPlan(
        resolution=resolution,
        wheels=wheels,
        fresh_until=session.index.fresh_until,
        timings={
            "resolve": resolved - started,
            "download": fetched - resolved,
            "rounds": resolution.rounds,
            "backtracks": resolution.backtracks,
            "waits": bridge.waits,
            "requests": session.requests(),
        },
    )


async def _solve(request: ResolveRequest, bridge: Bridge[StoredWheel], reporter: Reporter) -> Resolution:
    """Run the solver in its thread; when the loop ends for another reason, make it return."""

    def solve() -> Resolution:
        try:
            return resolve(replace(request, cancelled=lambda: bridge.is_closed), bridge, reporter)
        except SolverCancelledError as error:
            raise ResolutionCancelled from error

    try:
        return await anyio.to_thread.run_sync(solve, abandon_on_cancel=True)
    finally:
        bridge.close()


async def _collect(
    bridge: Bridge[StoredWheel], wanted: Iterable[Resolved], reporter: Reporter
) -> dict[NormalizedName, StoredWheel]:
    """Return the stored wheels of ``wanted``, all fetched side by side."""
    wheels: dict[NormalizedName, StoredWheel] = {}
    decisions: Sequence[Resolved] = tuple(wanted)
    reporter.emit(StageProgress(Stage.FETCHING, 0, len(decisions)))

    async def collect(decision: Resolved, candidate: Candidate) -> None:
        wheels[decision.name] = await bridge.archive(candidate)
        reporter.emit(StageProgress(Stage.UNPACKING, len(wheels), len(decisions), decision.name))

    async with anyio.create_task_group() as tasks:
        for decision in decisions:
            if isinstance(decision.choice, Candidate):
                tasks.start_soon(collect, decision, decision.choice)
    return wheels


def _required_hashes(request: ResolveRequest) -> Mapping[NormalizedName, AllowedHashes]:
    return gather_demands(request.requirements, request.constraints, request.overrides, request.evaluator).hashes
