"""Builds the sources of one run: source → tree → metadata → wheel, each step once, however many ask.

A step runs as a task of the run, so that somebody who loses interest does not stop it for the others.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from packaging.version import Version

from asyncpip.build.child import Children
from asyncpip.build.project import SourceProject, Workshop
from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Level, Message, Stage, StageProgress
from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.metadata import is_static, parse_core_metadata
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.urls import path_to_url, redact
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import BuildError, StoreError
from asyncpip.fetch.hashes import check_digests
from asyncpip.fetch.wheels import StoredWheel
from asyncpip.pipeline.bridge import parse_metadata
from asyncpip.pipeline.build_requirements import PipelineBuildRequirements
from asyncpip.pipeline.build_sources import DirectSource, IndexSource, SourceFetcher
from asyncpip.pipeline.built_wheels import BuiltWheel, find_built, keep_built
from asyncpip.pipeline.keeping import UnpackedWheels, read_metadata_file
from asyncpip.store.store import read_file

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from anyio.abc import TaskGroup

    from asyncpip.core.events import Reporter
    from asyncpip.core.hashes import AllowedHashes
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.names import Digest
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.fetch.downloader import Downloader
    from asyncpip.index.client import IndexClient
    from asyncpip.pipeline.build_door import BuildDoor
    from asyncpip.pipeline.build_sources import FetchedSource, UseSourceOf
    from asyncpip.pipeline.limits import Limits
    from asyncpip.store.store import Store

    Source = IndexSource | DirectSource


class Builder:
    """Made in the loop, when the first source comes up."""

    def __init__(
        self,
        door: BuildDoor,
        store: Store,
        index: IndexClient,
        downloader: Downloader,
        use_source: UseSourceOf,
        tasks: TaskGroup,
        reporter: Reporter,
        limits: Limits,
        environ: Mapping[str, str],
    ) -> None:
        """``tasks`` is the run's: what is still being built when it ends is stopped."""
        self.built: set[str] = set()
        """Names of projects whose wheels were built, as METADATA spells them."""
        options = self._options = door.options
        self._door = door
        self._store = store
        self._index = index
        self._tasks = tasks
        self._reporter = reporter
        children = Children()
        jobs = anyio.CapacityLimiter(limits.jobs)
        self._scratch = options.scratch(store)
        self._wheels = UnpackedWheels(store, downloader, reporter, limits)
        self._private_wheels = UnpackedWheels(self._scratch.private_store, downloader, reporter, limits)
        self._workshop = Workshop(
            python=options.target.executable,
            template=options.template,
            evaluator=options.evaluator,
            environ=environ,
            children=children,
            jobs=jobs,
            installed=options.installed,
            checks_installed=options.checks_installed,
            tell=lambda text: self._tell(Level.VERBOSE, text),
            warn=lambda text: self._tell(Level.WARNING, text),
        )
        self._sources = SourceFetcher(options, use_source, self._workshop, self._scratch, reporter, umask=store.umask)
        self._under_way: list[str] = []
        self._builds: dict[str, _Build] = {}
        self._waits: dict[str, Counter[str]] = {}
        """What is being built → what it waits for now, and how many times."""
        self.seconds = 0.0
        """How long something was being built, however much side by side."""
        self._began = 0.0

    async def metadata_of(self, candidate: Candidate, required: AllowedHashes, waiting: str | None) -> bytes:
        """Return METADATA of what an index's sdist builds to; ``waiting`` is the build that asks, None for none."""
        build = self._build_of_candidate(candidate, required)
        await self._join(build, build.metadata_flight, self._find_metadata, waiting)
        return build.known_metadata

    async def direct(
        self, requirement: UserRequirement, required: AllowedHashes, waiting: str | None
    ) -> tuple[Candidate, CoreMetadata]:
        """Return the candidate behind a direct reference that is no wheel, with its metadata."""
        source = DirectSource.of(
            requirement, required, editable=requirement.editable and self._options.builds_editables
        )
        build = self._builds.setdefault(source.key, _Build(source))
        await self._join(build, build.metadata_flight, self._find_metadata, waiting)
        metadata = parse_metadata(build.known_metadata, source.label)
        fetched = build.fetched
        direct_url = source.trusted_direct_url if fetched is None else fetched.direct_url
        hashes = dict(source.direct.hashes.digests) if fetched is None else dict(fetched.hashes)
        return (
            Candidate(
                name=normalize_name(metadata.name),
                version=Version(metadata.version),
                file=PageFile(filename=source.filename, url=source.key, hashes=hashes),
                tag_rank=None,
                page_url=None,
                direct_url=direct_url,
            ),
            metadata,
        )

    async def wheel_of(self, candidate: Candidate, required: AllowedHashes, waiting: str | None) -> BuiltWheel:
        """Return the wheel that was or is built from a candidate of `metadata_of` or `direct`."""
        build = self._builds.get(candidate.file.url) or self._build_of_candidate(candidate, required)
        if waiting is None:
            build.level = Level.INFO
        await self._join(build, build.metadata_flight, self._find_metadata, waiting)
        await self._join(build, build.wheel_flight, self._find_wheel, waiting)
        assert build.wheel is not None  # noqa: S101 - set, or an error raised
        return build.wheel

    async def tree_of(
        self, candidate: Candidate, required: AllowedHashes, waiting: str | None
    ) -> tuple[str, bytes, str | None]:
        """Return the source tree of a candidate of `direct`, its METADATA, and the name that its requirement gives."""
        build = self._builds.get(candidate.file.url) or self._build_of_candidate(candidate, required)
        await self._join(build, build.metadata_flight, self._find_metadata, waiting)
        if build.fetched is None:  # the store knew what is built from it
            build.fetched = await self._sources.fetch(build.source)
        name = build.source.project if isinstance(build.source, DirectSource) else None
        return build.fetched.tree, build.known_metadata, name

    def known_metadata(self, candidate: Candidate) -> bytes | None:
        """Return METADATA of a candidate as far as it has been found out."""
        build = self._builds.get(candidate.file.url)
        return None if build is None else build.metadata

    def close(self) -> None:
        """End workers."""
        for wheels in (self._wheels, self._private_wheels):
            wheels.cancel()
            wheels.close()

    def _build_of_candidate(self, candidate: Candidate, required: AllowedHashes) -> _Build:
        build = self._builds.get(candidate.file.url)
        if build is None:
            settings = self._options.config_settings.get(candidate.name, ())
            build = self._builds[candidate.file.url] = _Build(IndexSource(candidate, required, settings))
        return build

    async def _join(
        self, build: _Build, flight: _Flight, work: Callable[[_Build], Awaitable[None]], waiting: str | None
    ) -> None:
        """Wait for a step of a build, which the first to ask starts; raise what it raised."""
        if waiting is not None:
            self._refuse_circle(waiting, build)
            self._waits.setdefault(waiting, Counter())[build.source.key] += 1
        try:
            if not flight.is_started:
                flight.is_started = True
                self._tasks.start_soon(flight.fly, work, build)
            await flight.done.wait()
        finally:
            if waiting is not None:
                self._waits[waiting][build.source.key] -= 1
        if flight.error is not None:
            raise flight.error

    def _refuse_circle(self, waiting: str, build: _Build) -> None:
        """Raise where ``build`` itself waits, directly or not, for the one that is about to wait for it."""
        todo, seen = [build.source.key], set()
        while todo:
            key = todo.pop()
            if key == waiting:
                label = build.source.label
                raise BuildError(
                    f"{label} cannot be built, because building it needs itself",
                    why=f"{redact(waiting)} requires {label} for its own build",
                    hint="allow a wheel for it: leave it out of --no-binary",
                )
            if key not in seen:
                seen.add(key)
                todo += [key for key, count in self._waits.get(key, Counter()).items() if count]

    async def _find_metadata(self, build: _Build) -> None:
        """Find out METADATA: from a wheel built earlier, from static PKG-INFO, else by the backend."""
        source = build.source
        if source.trusted_identity is not None:
            subdirectory = source.direct.subdirectory if isinstance(source, DirectSource) else None
            build.key = self._options.key_of(source.trusted_identity, subdirectory, source.config_settings)
            if await self._take_built(build):
                return
        fetched = build.fetched = await self._sources.fetch(source)
        build.key = None
        if fetched.identity is not None:
            build.key = self._options.key_of(fetched.identity, fetched.subdirectory, source.config_settings)
            if await self._take_built(build):
                return
        build.metadata = await anyio.to_thread.run_sync(_static_metadata, source, fetched)
        if build.metadata is None:
            with self._telling_of_build(source.label):
                build.metadata = await self._project(build, fetched).metadata()

    async def _take_built(self, build: _Build) -> bool:
        """Take the wheel that the store holds for the build, if there is one."""
        assert build.key is not None  # noqa: S101 - the callers set it
        wheel = await anyio.to_thread.run_sync(find_built, self._store, build.key)
        if wheel is None:
            return False
        try:
            build.metadata = await anyio.to_thread.run_sync(read_metadata_file, wheel.stored.tree)
        except StoreError:
            await anyio.to_thread.run_sync(self._store.drop_tree, wheel.stored.digest)
            return False
        build.wheel = wheel
        return True

    async def _find_wheel(self, build: _Build) -> None:
        """Build the wheel, unless it is there, and bring it into the store."""
        if build.wheel is not None:
            return
        source = build.source
        fetched = build.fetched
        assert fetched is not None  # noqa: S101 - else the wheel would be there
        metadata = parse_core_metadata(build.known_metadata)
        kind = "editable" if source.editable else "wheel"
        self._tell(build.level, f"  Building {kind} for {metadata.name} (pyproject.toml)")
        with self._telling_of_build(source.label):
            path = await self._project(build, fetched).wheel()
        filename = os.path.basename(path)
        wheels = self._private_wheels if build.key is None else self._wheels
        size = os.stat(path).st_size
        wheel = await self._store_built(wheels, path)
        if self._options.verifies_built:
            _check_built(metadata, filename, source.label)
        self._tell(
            build.level,
            f"  Created {kind} for {metadata.name}: filename={filename} size={size} sha256={wheel.digest}",
        )
        self.built.add(metadata.name)
        if build.key is None or not self._options.verifies_built:
            build.wheel = BuiltWheel(stored=wheel, path=path)
        else:
            build.wheel = await anyio.to_thread.run_sync(keep_built, self._store, build.key, wheel, path)

    async def _store_built(self, wheels: UnpackedWheels, path: str) -> StoredWheel:
        """Return a built wheel unpacked; one that nobody verifies may be none at all, and only the archive counts."""
        if self._options.verifies_built:
            return await wheels.fetch(PageFile(filename=os.path.basename(path), url=path_to_url(path)), NO_HASHES)
        digest = await anyio.to_thread.run_sync(_sha256, path)
        return StoredWheel(digest=digest, tree=self._store.tree_path(digest), from_store=False)

    @contextmanager
    def _telling_of_build(self, label: str) -> Iterator[None]:
        """Tell progress displays what is being built: all that is, the last to begin at the end."""
        if not self._under_way:
            self._began = time.perf_counter()
        self._under_way.append(label)
        self._reporter.emit(StageProgress(Stage.BUILDING, 0, None, ", ".join(self._under_way)))
        try:
            yield
        finally:
            self._under_way.remove(label)
            if not self._under_way:
                self.seconds += time.perf_counter() - self._began
            self._reporter.emit(StageProgress(Stage.BUILDING, 0, None, ", ".join(self._under_way)))

    def _project(self, build: _Build, fetched: FetchedSource) -> SourceProject:
        if build.project is None:
            source = build.source
            build.project = SourceProject(
                fetched.tree,
                self._scratch.new_workspace(),
                self._workshop,
                PipelineBuildRequirements(
                    self._door, self._store, self._index, self._wheels, self._reporter, source.key
                ),
                label=source.label,
                log=self._scratch.new_log(source.label, self._workshop.tell),
                editable=source.editable,
                warns=fetched.is_users_own,
                config_settings=source.config_settings,
            )
        return build.project

    def _tell(self, level: Level, text: str) -> None:
        self._reporter.emit(Message(level, text))


class _Flight:
    """One step of a build, on its way or done."""

    __slots__ = ("done", "error", "is_started")

    def __init__(self) -> None:
        self.is_started = False
        self.done = anyio.Event()
        self.error: Exception | None = None

    async def fly(self, work: Callable[[_Build], Awaitable[None]], build: _Build) -> None:
        try:
            await work(build)
        except Exception as error:  # noqa: BLE001 - raised in whoever waits for it
            self.error = error
        self.done.set()


class _Build:
    """What is known of one source so far."""

    __slots__ = ("fetched", "key", "level", "metadata", "metadata_flight", "project", "source", "wheel", "wheel_flight")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.metadata_flight = _Flight()
        self.wheel_flight = _Flight()
        self.level = Level.VERBOSE
        """At which its build is told of; what only other builds require is told of with `-v`."""
        self.key: str | None = None
        """Under which its wheel is remembered; None where it may not be."""
        self.fetched: FetchedSource | None = None
        self.metadata: bytes | None = None
        self.project: SourceProject | None = None
        self.wheel: BuiltWheel | None = None

    @property
    def known_metadata(self) -> bytes:
        """METADATA, once its flight has ended well."""
        assert self.metadata is not None  # noqa: S101 - as said
        return self.metadata


def _static_metadata(source: Source, fetched: FetchedSource) -> bytes | None:
    """Return PKG-INFO of an sdist where it can be relied on (PEP 643). Blocks."""
    if not fetched.is_sdist or fetched.subdirectory:
        return None
    data = read_file(os.path.join(fetched.tree, "PKG-INFO"))
    if data is None:
        return None
    try:
        metadata = parse_core_metadata(data)
        version = Version(metadata.version)
    except ValueError:
        return None
    if not is_static(metadata):
        return None
    if isinstance(source, IndexSource) and (
        normalize_name(metadata.name) != source.candidate.name or version != source.candidate.version
    ):
        return None  # let the backend say which of the two is right
    return data


def _sha256(path: str) -> Digest:
    with open(path, "rb") as reading:
        return check_digests(reading.read(), (), label=os.path.basename(path), url=path_to_url(path))


def _check_built(metadata: CoreMetadata, filename: str, label: str) -> None:
    """Raise where a built wheel is not what its metadata promised; its own METADATA agrees with its name."""
    name = parse_wheel_name(filename)
    if (
        name is None
        or normalize_name(name.project) != normalize_name(metadata.name)
        or Version(name.version) != Version(metadata.version)
    ):
        raise BuildError(
            f"Built wheel for {label} is invalid",
            why=f"expected {metadata.name} {metadata.version}, but the build backend made {filename}",
            hint="this is a mistake of the project or of its build backend",
        )
