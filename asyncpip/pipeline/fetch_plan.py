"""One run of the pipeline: requirements in, a resolution and stored wheels out.

Owns the event loop. The solver runs in a worker thread beside it; archives arrive and unpack while it still works. The
target environment is not touched here.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.values import Value, field
from asyncpip.pipeline.loop import run_in_loop
from asyncpip.pipeline.question import answer_question, required_hashes
from asyncpip.pipeline.session import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.core.urls import Credentials
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.keeping import UnpackedWheels
    from asyncpip.pipeline.limits import Limits
    from asyncpip.pipeline.session import Places
    from asyncpip.resolve.resolver import ResolveRequest
    from asyncpip.store.store import Store

_SWITCH_INTERVAL_SECONDS = 0.002
"""How long a thread that computes keeps the others waiting. With CPython's 5 ms, workers that come back from a system
call of 10 us wait for the solver most of their time."""


_MANY_REQUIREMENTS = 4
"""From so many on, processes that unpack are made before the first archive comes."""


class FetchedPlan(Value, shown=False):
    """What a run of the pipeline ends with."""

    resolution: Resolution
    wheels: dict[NormalizedName, StoredWheel]
    """For each decision that ``wanted`` named, its wheel in the store."""
    fresh_until: float
    """Until when the same run would end with the same, in seconds since the epoch."""
    pages: Mapping[str, str] | None
    """`IndexClient.recognisable_pages`; None too where the resolution rests on more than pages."""
    timings: dict[str, float]
    """Seconds by phase, and counts."""
    built: tuple[str, ...] = ()
    """Projects whose wheels this run has built, sorted, as METADATA spells them."""
    source_metadata: Mapping[NormalizedName, bytes] = field(default_factory=dict)
    """METADATA of what was chosen as a source."""


class PipelineRequest(Value, shown=False):
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
    builds: BuildOptions | None = None
    """How sources are built; None where none may be."""


def run_pipeline(request: PipelineRequest, store: Store, reporter: Reporter) -> FetchedPlan:
    """Resolve and fetch; blocks until done. Raises `AsyncpipError` of the first cause."""
    with beside_solvers():
        return run_in_loop(_run, request, store, reporter)


@contextmanager
def beside_solvers() -> Iterator[None]:
    """Have the interpreter change threads more often, for a run in which solvers compute beside workers."""
    switch_interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(switch_interval)


def _unpacked(
    store: Store, downloader: Downloader, reporter: Reporter, limits: Limits, *, expects_many: bool
) -> UnpackedWheels:
    from asyncpip.pipeline.keeping import UnpackedWheels  # noqa: PLC0415 - a dry run wants no archive

    return UnpackedWheels(store, downloader, reporter, limits, expects_many=expects_many)


async def _run(request: PipelineRequest, store: Store, reporter: Reporter) -> FetchedPlan:
    hashes = required_hashes(request.resolve)
    async with open_session(
        request.places,
        store,
        reporter,
        request.limits,
        environ=request.environ,
        tags=request.resolve.selection.tags,
        hashes_of=lambda name: hashes.get(name, NO_HASHES),
        make_keeping=partial(
            _unpacked,
            expects_many=request.prefetch_archives and len(request.resolve.requirements) >= _MANY_REQUIREMENTS,
        ),
        expects_archives=request.prefetch_archives,
        builds=request.builds,
        prompt=request.prompt,
    ) as session:
        answered = await answer_question(
            request.resolve,
            session,
            reporter,
            wanted=request.wanted,
            prefetch_archives=request.prefetch_archives,
            # The task group waits for workers: those that are left work for nothing.
            give_up=session.give_up,
            tell_stage=reporter.emit,
        )
        source_metadata = session.source_metadata(answered.resolution)
    return FetchedPlan(
        resolution=answered.resolution,
        wheels=answered.stored,
        fresh_until=session.index.fresh_until,
        pages=session.index.recognisable_pages if answered.rests_on_digests else None,
        timings=answered.timings(session.requests()) | {"build": session.build_seconds()},
        built=session.built_names(),
        source_metadata=source_metadata,
    )
