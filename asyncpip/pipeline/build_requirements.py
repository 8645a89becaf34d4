"""Fills the environment of a build by the run's own pipeline: a question of its own, answered, linked into place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import InvalidDependencyError, parse_dependency
from asyncpip.core.events import Level, Message, StageProgress
from asyncpip.core.hashes import NO_HASHES
from asyncpip.errors import BuildError, StoreError
from asyncpip.install.apply import apply_changes
from asyncpip.install.linker import choose_link_mode
from asyncpip.install.placement import Destination, WheelToInstall
from asyncpip.pipeline.loop import first_cause
from asyncpip.pipeline.question import answer_question, required_hashes
from asyncpip.pipeline.session import Session
from asyncpip.pipeline.stored import Late
from asyncpip.pipeline.stored_trees import drop_damaged, read_manifests
from asyncpip.resolve.demands import requirement_of
from asyncpip.resolve.resolver import ResolveRequest
from asyncpip.store.use import hold_shared, release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.core.events import Event, Reporter
    from asyncpip.core.target import SchemePaths
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.index.client import IndexClient
    from asyncpip.pipeline.build_door import BuildDoor
    from asyncpip.pipeline.keeping import UnpackedWheels
    from asyncpip.pipeline.question import Answered
    from asyncpip.store.store import Store

_MOST_REPAIRS = 3


class PipelineBuildRequirements:
    """See `core.ports.BuildRequirements`; for the build that is known as ``waiting``."""

    def __init__(
        self,
        door: BuildDoor,
        store: Store,
        index: IndexClient,
        wheels: UnpackedWheels,
        reporter: Reporter,
        waiting: str,
    ) -> None:
        self._door = door
        self._options = door.options
        self._store = store
        self._index = index
        self._wheels = wheels
        self._reporter = _Undertone(reporter)
        self._waiting = waiting

    async def install(self, requirements: Sequence[str], scheme: SchemePaths) -> Mapping[NormalizedName, Version]:
        """See `BuildRequirements`."""
        request = self._request(requirements)
        hashes = required_hashes(request)
        # Lock files have no say in what builds require.
        session = Session(
            self._store,
            self._index,
            Late(lambda: self._wheels),
            supports=frozenset(self._options.selection.tags).__contains__,
            hashes_of=lambda name: hashes.get(name, NO_HASHES),
            builds=self._door,
            waiting=self._waiting,
        )
        for _ in range(_MOST_REPAIRS):
            try:
                answered = await answer_question(
                    request,
                    session,
                    self._reporter,
                    wanted=lambda resolution: resolution.decisions,
                    prefetch_archives=True,
                )
            except ExceptionGroup as group:
                # The build that waits says whose requirements these are; it knows errors, not groups of them.
                raise first_cause(group) from group
            if await anyio.to_thread.run_sync(self._link, answered, scheme):
                return {
                    each.name: each.choice.version
                    for each in answered.resolution.decisions
                    if isinstance(each.choice, Candidate)
                }
        raise StoreError("wheels in the store are changed faster than they can be fetched")

    def _request(self, requirements: Sequence[str]) -> ResolveRequest:
        try:
            wanted = [requirement_of(parse_dependency(text)) for text in requirements]
        except InvalidDependencyError as error:
            raise BuildError("a build requirement cannot be read", why=str(error)) from error
        return ResolveRequest(
            requirements=tuple(wanted),
            constraints=self._options.constraints,
            selection=self._options.selection,
            evaluator=self._options.evaluator,
        )

    def _link(self, answered: Answered[StoredWheel], scheme: SchemePaths) -> bool:
        """Link all wheels into place; False where some were damaged, and are out of the store now. Blocks."""
        held = hold_shared(self._store.root)
        try:
            return self._link_held(answered, scheme)
        finally:
            release(held)

    def _link_held(self, answered: Answered[StoredWheel], scheme: SchemePaths) -> bool:
        target = self._options.target
        store = self._store
        decisions = answered.resolution.decisions
        manifests = read_manifests(decisions, answered.stored)
        if drop_damaged(answered.stored, manifests, store, self._reporter, jobs=1):
            return False
        wheels = [
            WheelToInstall(manifest, answered.stored[each.name].tree, requested=False, direct_url=None)
            for each in decisions
            if (manifest := manifests[each.name]) is not None
        ]
        apply_changes(
            wheels,
            [],
            Destination(
                scheme=scheme,
                executable=target.executable,
                python_version=".".join(target.python_full_version.split(".")[:2]),
                cache_tag=target.cache_tag,
                ensurepip_options=None,
            ),
            # Never moved, not even out of a store of this run only: the next build may need them too.
            link_mode=choose_link_mode(None, store.root, scheme.purelib, store_is_temporary=False),
            jobs=1,
        )
        return True


class _Undertone:
    """Passes on what a build's own question tells, as something that only `-v` shows; stages are the run's affair."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def emit(self, event: Event) -> None:
        """See `Reporter`."""
        if isinstance(event, StageProgress):
            return
        if isinstance(event, Message) and event.level == Level.INFO:
            event = Message(Level.VERBOSE, event.text)
        self._reporter.emit(event)
