"""Between the solver's thread and the event loop: a `MetadataSource` whose questions are tasks in the loop.

A question already answered costs a dictionary look-up; an expected one is usually under way; only a miss blocks, and
then it is the solver's thread that waits, never the loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Generic

import anyio
from packaging.version import Version

from asyncpip.core.metadata import CoreMetadata, has_endless_number, parse_core_metadata
from asyncpip.errors import WheelFormatError
from asyncpip.pipeline.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any, TypeVar

    from anyio.abc import TaskGroup
    from packaging.utils import NormalizedName

    from asyncpip.core.candidates import Candidate
    from asyncpip.core.page import ProjectPage
    from asyncpip.core.requirement import UserRequirement

    Answer = TypeVar("Answer")
    Key = TypeVar("Key")
    FetchPages = Callable[[NormalizedName], Awaitable[Sequence[ProjectPage]]]
    ReadKnown = Callable[[Candidate], CoreMetadata | None]
    FetchMetadata = Callable[[Candidate], Awaitable[CoreMetadata]]
    FetchArchive = Callable[[Candidate], Awaitable[Stored]]
    FetchDirect = Callable[[UserRequirement], Awaitable[tuple[Candidate, CoreMetadata]]]


GUESS_FROM_BYTES = 1024 * 1024
"""Of an archive that is fetched before its candidate is pinned. Large ones of what the user named pay: while the first
pages are read one core has nothing to do, and unpacking takes longest of all."""
AT_ONCE = 200
"""Pages, and archives, on their way at once, most of them waiting for a connection. More only take memory: 5 to 10 KB
for each task."""
_LOOK_SECONDS = 0.01


class SolverCancelledError(Exception):
    """The loop is ending; the solver's question will not be answered."""


class Bridge(Generic[Stored]):
    """The run's `MetadataSource`, for one solver or several. Made in the loop, with a task group that outlives them."""

    def __init__(
        self,
        tasks: TaskGroup,
        *,
        fetch_pages: FetchPages,
        read_known_metadata: ReadKnown,
        fetch_metadata: FetchMetadata,
        fetch_direct: FetchDirect,
        fetch_archive: FetchArchive[Stored],
        prefetches: Callable[[Candidate], bool],
        on_projects: Callable[[int, int], object] | None = None,
        requests: Callable[[], int] | None = None,
    ) -> None:
        """``prefetches`` says which archives are fetched as soon as their candidate is pinned.

        ``requests`` counts what was sent: while that is nothing, the store answers, and what nobody has asked for yet
        is not fetched either. None counts as if something was sent.
        ``on_projects`` is told in the solver's thread of how many projects the page is here, of how many asked.
        """
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        """The loop's own. In the solver thread's, anyio finds no event loop where sniffio is installed."""
        self._pages: dict[NormalizedName, Future[Sequence[ProjectPage]]] = {}
        self._metadata: dict[str, Future[CoreMetadata]] = {}
        self._direct: dict[UserRequirement, Future[tuple[Candidate, CoreMetadata]]] = {}
        self._archives: dict[str, _Archive[Stored]] = {}
        self._loading, self._asking_pages = _Line(tasks), _Line(tasks)
        self._ask_pages = fetch_pages
        self._read_known = read_known_metadata
        self._ask_metadata = fetch_metadata
        self._ask_direct = fetch_direct
        self._ask_archive = fetch_archive
        self._prefetches = prefetches
        self._on_projects = on_projects
        self._requests = requests
        self._pages_here = 0
        self._arrived: deque[NormalizedName] = deque()
        self._closed = False
        self._solver = threading.local()
        self._guesses: dict[NormalizedName, str] = {}
        """Addresses of archives that nobody has asked for yet, by project."""
        self.waits = 0
        """How often the solver had to wait."""
        self.rests_on_digests = True
        """Whether all metadata asked for is that of a wheel whose digest its page gives: nothing else can change it."""

    # --- the solver's thread

    def fetch_pages(self, name: NormalizedName) -> Sequence[ProjectPage]:
        """See `MetadataSource`."""
        return self._wait(self._start_pages(name))

    def fetch_metadata(self, candidate: Candidate) -> CoreMetadata:
        """See `MetadataSource`."""
        return self._wait(self._start_metadata(candidate))

    def fetch_direct(self, requirement: UserRequirement) -> tuple[Candidate, CoreMetadata]:
        """See `MetadataSource`."""
        return self._wait(self._start_direct(requirement))

    def expect_direct(self, requirements: Sequence[UserRequirement]) -> None:
        """See `MetadataSource`."""
        for requirement in requirements:
            self._start_direct(requirement)

    def expect_projects(self, names: Sequence[NormalizedName]) -> None:
        """See `MetadataSource`."""
        for name in names:
            self._start_pages(name)

    def arrived_projects(self) -> Sequence[NormalizedName]:
        """See `MetadataSource`."""
        names = []
        while self._arrived:
            names.append(self._arrived.popleft())
        return names if self._is_online() else ()

    def expect_metadata(self, candidates: Sequence[Candidate]) -> None:
        """See `MetadataSource`."""
        for candidate in candidates:
            # Metadata of a source may cost a build: started ahead for the likeliest candidate only, but always then.
            if self._is_online() if candidate.file.is_wheel else len(candidates) == 1:
                self._start_metadata(candidate)

    def while_waiting(self, look: Callable[[], None]) -> None:
        """See `MetadataSource`."""
        self._solver.look = look

    def guess_archive(self, candidate: Candidate) -> None:
        """See `MetadataSource`."""
        if (candidate.file.size or 0) >= GUESS_FROM_BYTES and self._prefetches(candidate) and self._is_online():
            self._in_loop(self._guess, candidate)

    def expect_archive(self, candidate: Candidate) -> None:
        """See `MetadataSource`."""
        if self._prefetches(candidate):
            self._in_loop(self._want_archive, candidate)

    def retract_archive(self, candidate: Candidate) -> None:
        """See `MetadataSource`."""
        if self._prefetches(candidate):
            self._in_loop(self._stop_archive, candidate.file.url)

    # --- the loop

    async def archive(self, candidate: Candidate) -> Stored:
        """Return the stored archive of ``candidate``, joining a fetch that is under way."""
        archive = self._want_archive(candidate)
        await archive.done.wait()
        if archive.error is not None:
            raise archive.error
        assert archive.value is not None  # noqa: S101 - set before `done`, or `error` is
        return archive.value

    def pages_here(self) -> dict[NormalizedName, Sequence[ProjectPage]]:
        """Return the pages of all projects that were asked for and have come."""
        return {
            name: future.result()
            for name, future in self._pages.items()
            if future.done() and not future.cancelled() and future.exception() is None
        }

    def close(self) -> None:
        """Answer every open question with an end, so that the solver's thread returns."""
        self._closed = True
        futures: list[Future[Any]] = [*self._pages.values(), *self._metadata.values(), *self._direct.values()]
        for future in futures:
            future.cancel()

    @property
    def is_closed(self) -> bool:
        """Whether the solver is to give up."""
        return self._closed

    # ---

    def _is_online(self) -> bool:
        return self._requests is None or self._requests() > 0

    def _start_pages(self, name: NormalizedName) -> Future[Sequence[ProjectPage]]:
        future, is_new = _future_of(self._pages, name)
        if is_new:
            future.add_done_callback(partial(self._count_page, name))
            self._in_loop(self._run, future, self._ask_pages, name, self._asking_pages.start)
            if self._on_projects is not None:
                self._on_projects(self._pages_here, len(self._pages))
        return future

    def _count_page(self, name: NormalizedName, _: Future[Sequence[ProjectPage]]) -> None:
        self._pages_here += 1
        self._arrived.append(name)

    def _start_direct(self, requirement: UserRequirement) -> Future[tuple[Candidate, CoreMetadata]]:
        future, is_new = _future_of(self._direct, requirement)
        if is_new:
            self.rests_on_digests = False
            self._in_loop(self._run, future, self._ask_direct, requirement)
        return future

    def _start_metadata(self, candidate: Candidate) -> Future[CoreMetadata]:
        future, is_new = _future_of(self._metadata, candidate.file.url)
        if is_new:
            if not (candidate.file.is_wheel and "sha256" in candidate.file.hashes):
                self.rests_on_digests = False
            known = self._read_known(candidate)
            if known is not None:
                future.set_result(known)
            else:
                self._in_loop(self._run, future, self._ask_metadata, candidate)
        return future

    def _wait(self, future: Future[Answer]) -> Answer:
        if not future.done():
            self.waits += 1
            self._look_meanwhile(future)
        try:
            if self._closed and not future.done():
                raise SolverCancelledError
            return future.result()
        except CancelledError as error:
            raise SolverCancelledError from error

    def _look_meanwhile(self, future: Future[Answer]) -> None:
        look: Callable[[], None] | None = getattr(self._solver, "look", None)
        while look is not None and not self._closed:
            try:
                future.exception(_LOOK_SECONDS)
            except TimeoutError:
                if self._arrived:
                    look()
            except CancelledError:
                return
            else:
                return

    def _in_loop(self, function: Callable[..., object], *args: object) -> None:
        if not self._closed:
            self._loop.call_soon_threadsafe(function, *args, context=self._context)

    def _run(
        self,
        future: Future[object],
        ask: Callable[[object], Awaitable[object]],
        key: object,
        start: Callable[..., object] | None = None,
    ) -> None:
        if self._closed:
            return
        try:
            (start or self._tasks.start_soon)(self._answer, future, ask, key)
        except BaseException as error:
            future.set_exception(error)  # else the solver would wait for ever
            raise

    async def _answer(self, future: Future[object], ask: Callable[[object], Awaitable[object]], key: object) -> None:
        try:
            result = await ask(key)
        except Exception as error:  # noqa: BLE001 - raised where it was asked, if anybody ever does
            if not future.cancelled():
                future.set_exception(error)
        except BaseException:
            future.cancel()
            raise
        else:
            if not future.cancelled():
                future.set_result(result)

    def _want_archive(self, candidate: Candidate) -> _Archive[Stored]:
        """Start to fetch, or join; whoever wanted it may say that it is not wanted any more, once."""
        guessed = self._guesses.pop(candidate.name, None)
        archive = self._start_archive(candidate)
        archive.wanted += 1
        if guessed is not None and guessed != candidate.file.url:
            self._cancel_unwanted(guessed)
        return archive

    def _guess(self, candidate: Candidate) -> None:
        if candidate.name not in self._guesses and candidate.file.url not in self._archives:
            self._guesses[candidate.name] = candidate.file.url
            self._start_archive(candidate)

    def _start_archive(self, candidate: Candidate) -> _Archive[Stored]:
        archive = self._archives.get(candidate.file.url)
        if archive is None or (archive.scope.cancel_called and archive.value is None):
            archive = self._archives[candidate.file.url] = _Archive()
            self._loading.start(self._load_archive, archive, candidate)
        return archive

    def _stop_archive(self, url: str) -> None:
        archive = self._archives.get(url)
        if archive is None:
            return
        archive.wanted -= 1
        self._cancel_unwanted(url)

    def _cancel_unwanted(self, url: str) -> None:
        archive = self._archives[url]
        if archive.wanted == 0 and not archive.done.is_set():
            archive.scope.cancel()

    async def _load_archive(self, archive: _Archive[Stored], candidate: Candidate) -> None:
        with archive.scope:
            try:
                if not archive.scope.cancel_called:  # while it stood in line
                    archive.value = await self._ask_archive(candidate)
            except Exception as error:  # noqa: BLE001 - raised where the archive is wanted; it may never be
                archive.error = error
        archive.done.set()


class _Line:
    """Starts tasks in the order in which they come, a bounded number of them at once."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._running = 0
        self._waiting: deque[tuple[Callable[..., Awaitable[None]], tuple[object, ...]]] = deque()

    def start(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """Have ``work`` done with ``args`` as soon as there is room."""
        if self._running < AT_ONCE:
            self._running += 1
            self._tasks.start_soon(self._run, work, args)
        else:
            self._waiting.append((work, args))

    async def _run(self, work: Callable[..., Awaitable[None]], args: tuple[object, ...]) -> None:
        await work(*args)
        while self._waiting:
            work, args = self._waiting.popleft()
            await work(*args)
        self._running -= 1


class _Archive(Generic[Stored]):
    """One archive on its way into the store; a candidate dropped by backtracking has its own cancel scope."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.done = anyio.Event()
        self.value: Stored | None = None
        self.error: Exception | None = None
        self.wanted = 0
        """How many wait for it: solvers that have its candidate pinned, and the run itself in the end."""


def _future_of(futures: dict[Key, Future[Answer]], key: Key) -> tuple[Future[Answer], bool]:
    """Return the future of ``key``, and whether it was just made; solvers in several threads may ask at once."""
    future = futures.get(key)
    if future is not None:
        return future, False
    made: Future[Answer] = Future()
    future = futures.setdefault(key, made)
    return future, future is made


def parse_metadata(data: bytes, filename: str) -> CoreMetadata:
    """Return the core metadata in ``data``; raise `WheelFormatError` naming the file it is of."""
    try:
        metadata = parse_core_metadata(data)
        Version(metadata.version)
    except ValueError as error:
        raise WheelFormatError(f"{filename} has invalid metadata", why=str(error)) from error
    if any(map(has_endless_number, (metadata.requires_python or "", *metadata.requires_dist))):
        raise WheelFormatError(f"{filename} has invalid metadata", why="it asks for a version with an endless number")
    return metadata
