"""One run that ends with archives: requirements in, for one target or several; resolutions and archives out.

All targets share pages, metadata and archives: each is asked for once, however many need it. An archive is on its way
as soon as a solver has pinned its candidate; it is put in its place when all resolutions are final.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Stage, StageProgress
from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.values import Value
from asyncpip.errors import AsyncpipError, BuildError, DownloadError, WheelFormatError
from asyncpip.pipeline.fetch_plan import beside_solvers
from asyncpip.pipeline.keeping import WholeArchives
from asyncpip.pipeline.loop import run_in_loop
from asyncpip.pipeline.question import open_bridge, required_hashes, solve
from asyncpip.pipeline.session import open_session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.core.urls import Credentials
    from asyncpip.fetch.archives import StoredArchive
    from asyncpip.pipeline.bridge import Bridge
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.limits import Limits
    from asyncpip.pipeline.session import Places, Session
    from asyncpip.resolve.resolver import ResolveRequest
    from asyncpip.store.store import Store

_SOLVERS = 4
"""Solvers at once. They share one interpreter lock, but wait for different pages and metadata."""

_COLLECTORS = 64
"""Archives that are waited for and put in their place at once. A task for each of thousands took 5 KB of memory."""


class TargetRequest(Value, shown=False):
    """What is asked for one target."""

    label: str
    """For people; empty where there is one target only."""
    resolve: ResolveRequest


class DownloadRequest(Value, shown=False):
    """One run."""

    targets: tuple[TargetRequest, ...]
    places: Places
    limits: Limits
    environ: Mapping[str, str]
    directory: str | None
    """Where archives are to end, and good ones may lie already; None fetches none."""
    wanted: Callable[[Resolution], Iterable[Resolved]]
    """Which decisions need their archive in the end."""
    place: Callable[[Candidate, StoredArchive], bool]
    """Puts one archive where it is to end, and tells whether it was not there. Blocks; called in worker threads."""
    prefetches: bool = True
    """Whether archives are fetched as soon as a candidate is pinned."""
    builds: BuildOptions | None = None
    """How sources are built, where their metadata or their wheel is wanted; None where none may be."""
    wants_wheels: bool = False
    """Whether sources are to end as wheels; a build that fails does not stop the others then."""
    prompt: Callable[[str], Credentials | None] | None = None


class Downloaded(Value, shown=False):
    """What a run ends with."""

    resolutions: tuple[Resolution, ...]
    """One for each target."""
    archives: dict[str, StoredArchive]
    """By URL, for each decision that ``wanted`` named."""
    placed: set[str]
    """URLs of archives that were put where they were not before."""
    failures: dict[str, AsyncpipError]
    """By URL, why no wheel could be built."""
    timings: dict[str, float]
    """Seconds by phase, and counts."""


def run_downloads(request: DownloadRequest, store: Store, reporter: Reporter) -> Downloaded:
    """Resolve and fetch; blocks until done. Raises `AsyncpipError` of the first cause."""
    with beside_solvers():
        return run_in_loop(_run, request, store, reporter)


async def _run(request: DownloadRequest, store: Store, reporter: Reporter) -> Downloaded:
    hashes = _hashes_of_all(request.targets)
    fetches = request.directory is not None
    async with (
        open_session(
            request.places,
            store,
            reporter,
            request.limits,
            environ=request.environ,
            tags=tuple({tag for target in request.targets for tag in target.resolve.selection.tags}),
            hashes_of=lambda name: hashes.get(name, NO_HASHES),
            make_keeping=partial(WholeArchives, directory=request.directory, builds=request.wants_wheels),
            builds=request.builds,
            prompt=request.prompt,
        ) as session,
        anyio.create_task_group() as tasks,
    ):
        bridge = open_bridge(
            tasks,
            session,
            prefetches=lambda _candidate: fetches and request.prefetches,
            tell_stage=reporter.emit,
        )
        started = time.perf_counter()
        resolutions = await _solve_all(request.targets, session, bridge, reporter)
        resolved = time.perf_counter()
        candidates = _distinct(each for resolution in resolutions for each in request.wanted(resolution))
        reporter.emit(StageProgress(Stage.RESOLVING, len(candidates), len(candidates)))
        collected = _Collected()
        if fetches:
            await _collect(candidates, bridge, request, reporter, collected)
        tasks.cancel_scope.cancel()  # what was only expected
    return Downloaded(
        resolutions=tuple(resolutions),
        archives=collected.archives,
        placed=collected.placed,
        failures=collected.failures,
        timings={
            "resolve": resolved - started,
            "download": time.perf_counter() - resolved,
            "rounds": sum(resolution.rounds for resolution in resolutions),
            "backtracks": sum(resolution.backtracks for resolution in resolutions),
            "waits": bridge.waits,
            "requests": session.requests(),
        },
    )


async def _solve_all(
    targets: Sequence[TargetRequest],
    session: Session[StoredArchive],
    bridge: Bridge[StoredArchive],
    reporter: Reporter,
) -> list[Resolution]:
    """Return one resolution for each target, in their order."""
    found: dict[int, Resolution] = {}
    slots = anyio.CapacityLimiter(_SOLVERS)

    async def solve_one(number: int, target: TargetRequest) -> None:
        async with slots:
            try:
                found[number] = await solve(target.resolve, session, bridge, reporter)
            except AsyncpipError as error:
                if target.label:
                    error.why = "\n".join(filter(None, (f"for {target.label}", error.why)))
                raise

    try:
        async with anyio.create_task_group() as tasks:
            for number, target in enumerate(targets):
                tasks.start_soon(solve_one, number, target)
    finally:
        bridge.close()
    return [found[number] for number in range(len(targets))]


class _Collected:
    """What has become of the candidates so far, by URL."""

    def __init__(self) -> None:
        self.archives: dict[str, StoredArchive] = {}
        self.placed: set[str] = set()
        self.failures: dict[str, AsyncpipError] = {}


async def _collect(
    candidates: Mapping[str, Candidate],
    bridge: Bridge[StoredArchive],
    request: DownloadRequest,
    reporter: Reporter,
    collected: _Collected,
) -> None:
    """Fetch the archives of all candidates, and put each in its place as soon as it is here."""
    reporter.emit(StageProgress(Stage.SAVING, 0, len(candidates)))
    here: list[tuple[Candidate, StoredArchive]] = []
    turn = anyio.Lock()

    async def collect(url: str, candidate: Candidate) -> None:
        try:
            stored = await bridge.archive(candidate)
        except (BuildError, WheelFormatError) as error:
            if not request.wants_wheels or candidate.file.is_wheel:
                raise
            collected.failures[url] = error
            return
        here.append((candidate, stored))
        async with turn:
            await place_all(here.copy())

    async def place_all(batch: Sequence[tuple[Candidate, StoredArchive]]) -> None:
        """Mostly many are here before the resolution is final: one visit to a worker does for them."""
        del here[: len(batch)]
        if not batch:
            return  # whoever had the turn before took them along
        with anyio.CancelScope(shield=True):  # a thread that writes is waited for
            were_new = await anyio.to_thread.run_sync(lambda: [request.place(*each) for each in batch])
        for (candidate, stored), is_new in zip(batch, were_new, strict=True):
            url = candidate.file.url
            if is_new:
                collected.placed.add(url)
            collected.archives[url] = stored
            reporter.emit(StageProgress(Stage.SAVING, len(collected.archives), len(candidates), candidate.name))

    await _for_each(candidates.items(), collect)


async def _for_each(items: Iterable[tuple[str, Candidate]], work: Callable[[str, Candidate], Awaitable[None]]) -> None:
    """Do ``work`` with each of ``items``, with several of them at once."""
    left = iter(items)

    async def work_on() -> None:
        for item in left:
            await work(*item)

    async with anyio.create_task_group() as tasks:
        for _ in range(_COLLECTORS):
            tasks.start_soon(work_on)


def _distinct(decisions: Iterable[Resolved]) -> dict[str, Candidate]:
    """Return the candidates by URL; raise `DownloadError` where two archives of one name are not the same."""
    found: dict[str, Candidate] = {}
    by_name: dict[str, Candidate] = {}
    for decision in decisions:
        candidate = decision.choice
        if not isinstance(candidate, Candidate) or candidate.file.url in found:
            continue
        other = by_name.setdefault(candidate.file.filename, candidate)
        if other is not candidate:
            same = other.file.hashes.items() & candidate.file.hashes.items()
            if not same:
                raise DownloadError(
                    f"two archives are called {candidate.file.filename}",
                    why="targets take it from different places, which give no digest that both have in common",
                )
        found[candidate.file.url] = candidate
    return found


def _hashes_of_all(targets: Sequence[TargetRequest]) -> dict[NormalizedName, AllowedHashes]:
    """Return the digests that the user allows for each project, for whichever target."""
    found: dict[NormalizedName, AllowedHashes] = {}
    for target in targets:
        for name, allowed in required_hashes(target.resolve).items():
            found[name] = AllowedHashes(digests=found.get(name, NO_HASHES).digests | allowed.digests)
    return found
