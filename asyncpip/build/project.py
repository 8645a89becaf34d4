"""One source tree on its way to a wheel: its environment, its metadata, the wheel. Each step is done once.

The hooks run in child processes, each of which takes a place among the run's jobs; filling an environment takes none,
for what it needs may have to be built as well.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from packaging.requirements import InvalidRequirement, Requirement

from asyncpip.build.backend import Backend
from asyncpip.build.build_system import parse_build_system
from asyncpip.build.isolated import NORMAL, OVERLAY, IsolatedEnvironment
from asyncpip.core.names import normalize_name
from asyncpip.core.values import Value
from asyncpip.errors import AsyncpipError, BuildError
from asyncpip.store.store import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from asyncpip.build.build_system import BuildSystem
    from asyncpip.build.child import Children, OutputLog
    from asyncpip.core.dependency import MarkerEvaluator
    from asyncpip.core.ports import BuildRequirements
    from asyncpip.core.target import SchemePaths

    Result = TypeVar("Result")


class Workshop(Value):
    """What the builds of one run have in common."""

    python: str
    """The target's interpreter, which runs the hooks."""
    template: SchemePaths
    """The target's scheme for `--prefix` (`SchemeTemplates`)."""
    evaluator: MarkerEvaluator
    environ: Mapping[str, str]
    children: Children
    jobs: anyio.CapacityLimiter
    installed: Callable[[], Mapping[NormalizedName, Version | str]] | None
    """What is installed in the target, for builds without isolation; None with isolation."""
    checks_installed: bool
    """Without isolation: whether what `pyproject.toml` requires must be there (`--check-build-dependencies`)."""
    tell: Callable[[str], None]
    """Takes lines that only `-v` shows."""
    warn: Callable[[str], None]


class SourceProject:
    """One tree. Not for several tasks at a time."""

    def __init__(
        self,
        tree: str,
        workspace: str,
        workshop: Workshop,
        requirements: BuildRequirements,
        *,
        label: str,
        log: OutputLog,
        editable: bool = False,
        warns: bool = False,
        config_settings: Sequence[tuple[str, str]] = (),
    ) -> None:
        """``workspace`` is an empty directory for environment, metadata and wheel.

        ``warns`` says that what the backend warns of is for the user's eyes: the tree is his own.
        """
        self.tree = tree
        self.label = label
        self.log = log
        self._workspace = workspace
        self._workshop = workshop
        self._requirements = requirements
        self._editable = editable
        self._warn = workshop.warn if warns else workshop.tell
        self._config_settings = merged_settings(config_settings)
        self._backend: Backend | None = None
        self._metadata: bytes | None = None
        self._wheel: str | None = None

    async def metadata(self) -> bytes:
        """Return METADATA of what the tree builds to; raises `BuildError` and what `BuildRequirements` does."""
        if self._metadata is None:
            backend = await self._ready()
            directory = self._directory("metadata")
            self._metadata = await self._in_thread(lambda: backend.metadata(directory))
        return self._metadata

    async def wheel(self) -> str:
        """Return the path of the built wheel; raises as `metadata` does."""
        if self._wheel is None:
            backend = await self._ready()
            prepared = os.path.join(self._workspace, "metadata") if self._metadata is not None else None
            directory = self._directory("wheel")
            self._wheel = await self._in_thread(lambda: backend.wheel(directory, prepared))
        return self._wheel

    async def _ready(self) -> Backend:
        """Return the backend with all that it requires at hand."""
        if self._backend is None:
            self._backend = await self._prepare()
        return self._backend

    async def _prepare(self) -> Backend:
        system = await anyio.to_thread.run_sync(self._read_build_system)
        workshop = self._workshop
        environment = None
        environ = workshop.environ
        if workshop.installed is None:
            environment = IsolatedEnvironment(self._directory("environment"), workshop.template, environ)
            environ = environment.environ()
        backend = Backend(
            self.tree,
            system,
            label=self.label,
            python=workshop.python,
            environ=environ,
            children=workshop.children,
            log=self.log,
            editable=self._editable,
            config_settings=self._config_settings,
            warn=self._warn,
        )
        if environment is None:
            self._check_installed(system.requires)
            return backend
        there = dict(await self._install(system.requires, environment.scheme(OVERLAY), "build dependencies"))
        missing, conflicts = self._compare(system.check, there)
        self._refuse_conflicts(conflicts, "PEP 517/518 supported requirements")
        if missing:
            self._warn(f"Missing build requirements in pyproject.toml for {self.label}.")
            self._warn(
                "The project does not specify a build backend, and asyncpip cannot fall back to setuptools without "
                + " and ".join(map(repr, missing))
                + "."
            )
        asked_for = await self._in_thread(backend.requires)
        missing, conflicts = self._compare(asked_for, there)
        self._refuse_conflicts(conflicts, "the backend dependencies")
        await self._install(missing, environment.scheme(NORMAL), "backend dependencies")
        return backend

    def _read_build_system(self) -> BuildSystem:
        return parse_build_system(
            read_file(os.path.join(self.tree, "pyproject.toml")),
            has_setup_py=os.path.isfile(os.path.join(self.tree, "setup.py")),
            label=self.label,
        )

    async def _install(
        self, requirements: Sequence[str], scheme: SchemePaths, kind: str
    ) -> Mapping[NormalizedName, Version]:
        if not requirements:
            return {}
        self._workshop.tell(f"{self.label}: installing {kind}: {', '.join(requirements)}")
        try:
            return await self._requirements.install(requirements, scheme)
        except AsyncpipError as error:
            raise BuildError(
                f"Failed to build '{self.label}' when installing {kind}",
                why="\n".join(filter(None, (error.what, error.why))),
                hint=error.hint,
            ) from error

    def _check_installed(self, requires: Sequence[str]) -> None:
        if not self._workshop.checks_installed or self._workshop.installed is None:
            return
        missing, conflicts = self._compare(requires, self._workshop.installed())
        self._refuse_conflicts(conflicts, "the backend dependencies")
        if missing:
            raise BuildError(
                f"Some build dependencies for {self.label} are missing: {', '.join(map(repr, missing))}.",
                hint="install them first, or build without --no-build-isolation",
            )

    def _compare(
        self, requirements: Sequence[str], there: Mapping[NormalizedName, Version | str]
    ) -> tuple[list[str], list[tuple[str, str]]]:
        """Return which requirements are missing, and pairs of what is there and what it should have been."""
        missing: dict[str, None] = {}
        conflicts = []
        for text in requirements:
            try:
                requirement = Requirement(text)
            except InvalidRequirement as error:
                raise BuildError(
                    f"Failed to build '{self.label}' when installing backend dependencies",
                    why=f"the backend asks for {text!r}, which is no requirement: {error}",
                ) from error
            if requirement.marker is not None and not self._workshop.evaluator.evaluate(str(requirement.marker)):
                continue
            name = normalize_name(requirement.name)
            version = there.get(name)
            if version is None:
                missing[text] = None
            elif not requirement.specifier.contains(str(version), prereleases=True):
                conflicts.append((f"{name}=={version}", text))
        return list(missing), sorted(conflicts)

    def _refuse_conflicts(self, conflicts: Sequence[tuple[str, str]], what: str) -> None:
        if conflicts:
            described = ", ".join(f"{there} is incompatible with {wanted}" for there, wanted in conflicts)
            raise BuildError(f"Some build dependencies for {self.label} conflict with {what}: {described}.")

    def _directory(self, name: str) -> str:
        path = os.path.join(self._workspace, name)
        os.makedirs(path, exist_ok=True)
        return path

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await run_cancellable(work, self._workshop.children.cancel, self._workshop.jobs)


async def run_cancellable(
    work: Callable[[], Result], cancel: Callable[[], None], jobs: anyio.CapacityLimiter
) -> Result:
    """Run ``work`` in a thread with one of the ``jobs``; given up, ``cancel`` it and wait for its end."""

    async def watch() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            if not done:
                cancel()

    done = False
    failure: Exception | None = None
    result: Result | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            result = await anyio.to_thread.run_sync(work, limiter=jobs)
        except Exception as error:  # noqa: BLE001 - raised below, out of the group
            failure = error
        done = True
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return result  # type: ignore[return-value]  # set, or `failure` is


def merged_settings(pairs: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return settings as backends take them: the values of a key that is repeated are a list (pip's rule)."""
    merged: dict[str, str | list[str]] = {}
    for key, value in pairs:
        before = merged.get(key)
        if before is None:
            merged[key] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            merged[key] = [before, value]
    return merged
