"""`freeze -r PROJECT` and `freeze --dev`: parts of what is installed, by following dependencies."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from asyncpip.commands.requirement_input import read_requirement_input
from asyncpip.commands.requirement_sources import path_kind
from asyncpip.core.dependency import InvalidDependencyError, MarkerEvaluator, parse_dependency
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import Origin
from asyncpip.core.toml_text import parse_toml
from asyncpip.errors import CommandError, RequirementError
from asyncpip.resolve.dependency_groups import DependencyGroups
from asyncpip.resolve.requirement_text import parse_standard_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.frozen import FrozenRequirement
    from asyncpip.commands.installed_view import InstalledView
    from asyncpip.core.requirement import UserRequirement

DEVELOPMENT_EXTRAS = frozenset(
    (
        "benchmark", "ci", "cov", "coverage", "dev", "develop", "development", "doc", "docs", "format", "lint", "style",
        "test", "testing", "tests", "type", "types", "typing",
    )
)  # fmt: skip
"""Extras by which projects named their development tools before there were dependency groups (PEP 735)."""
DEVELOPMENT_FILE = "requirements-dev.txt"
MAIN_FILE = "requirements.txt"
_PROJECT_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def only_wanted(
    context: CommandContext, view: InstalledView, frozen: dict[str, FrozenRequirement]
) -> tuple[tuple[str, ...], dict[str, FrozenRequirement]]:
    """Return the values of `-r` that are files, and what of ``frozen`` the other values and `--dev` leave."""
    files: list[str] = []
    projects: list[str] = []
    for value in context.settings.texts("requirement_files"):
        if os.path.exists(value) or not _PROJECT_NAME.fullmatch(value):
            files.append(value)
        else:
            projects.append(value)
    graph = _Graph(view)
    if projects:
        wanted: set[str] = set()
        for project in projects:
            if normalize_name(project) not in graph.found:
                raise CommandError(
                    f"{project} is neither a requirements file nor an installed project",
                    hint="`freeze -r` takes a file, or the name of an installed project",
                )
            view.warn(f"There is no file {project}: freezing the project {project} and what it needs")
            wanted |= graph.reach([(normalize_name(project), frozenset())])
        frozen = {name: each for name, each in frozen.items() if name in wanted}
    if context.settings.flag("development"):
        frozen = _development_only(context, view, graph, frozen)
    return tuple(files), frozen


class _Graph:
    """Installed distributions and what they depend on."""

    def __init__(self, view: InstalledView) -> None:
        self.found = {each.name: each for each in view.all}
        self._view = view
        self._evaluator = MarkerEvaluator(view.environment.markers)

    def reach(self, start: Iterable[tuple[str, frozenset[str]]]) -> set[str]:
        """Return the names of what is installed and needed by ``start``, pairs of a name and extras."""
        seen: dict[str, frozenset[str]] = {}
        waiting = list(start)
        while waiting:
            name, extras = waiting.pop()
            known = seen.get(name)
            if name not in self.found or (known is not None and extras <= known):
                continue
            seen[name] = (known or frozenset()) | extras
            waiting += self._dependencies(name, seen[name])
        return set(seen)

    def _dependencies(self, name: str, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
        needed: list[tuple[str, frozenset[str]]] = []
        for line in self.found[name].requires_dist:  # type: ignore[index]  # a name is normalised where it is found
            try:
                dependency = parse_dependency(line)
                if self._evaluator.applies(dependency) or (extras and self._evaluator.applies(dependency, extras)):
                    needed.append((dependency.name, frozenset(dependency.extras)))
            except InvalidDependencyError as error:
                self._view.warn(f"Error parsing dependencies of {name}: {error}")
        return needed


def _development_only(
    context: CommandContext, view: InstalledView, graph: _Graph, frozen: dict[str, FrozenRequirement]
) -> dict[str, FrozenRequirement]:
    """Return what development needs and the main requirements do not."""
    project = _Project(context, view)
    development = project.development()
    if development is None:
        view.warn(f"--dev: neither dependency groups in pyproject.toml nor a {DEVELOPMENT_FILE}, so all is frozen")
        return frozen
    wanted = graph.reach(_named(graph, view, development)) - graph.reach(_named(graph, view, project.main()))
    return {name: each for name, each in frozen.items() if name in wanted}


class _Project:
    """What the working directory says about the project there."""

    def __init__(self, context: CommandContext, view: InstalledView) -> None:
        self._context = context
        self._view = view
        self._cwd = os.getcwd()
        self._data = b""
        self._document: dict[str, Any] = {}
        try:
            with open("pyproject.toml", "rb") as file:
                self._data = file.read()
            self._document = parse_toml(self._data.decode("utf-8"))
        except OSError:
            pass
        except ValueError as error:
            raise RequirementError(f"Error parsing pyproject.toml: {error}") from error

    def development(self) -> list[UserRequirement] | None:
        """Return what groups, extras named for development, or else `requirements-dev.txt` ask for; None: nothing."""
        found: list[UserRequirement] = []
        groups = self._document.get("dependency-groups")
        if groups:
            reader = DependencyGroups(self._data, "pyproject.toml")
            for group in groups:
                found += reader.select(group, cwd=self._cwd, exists=path_kind)
        extras: dict[str, Any] = self._table().get("optional-dependencies") or {}
        named = [name for name in extras if normalize_name(name) in DEVELOPMENT_EXTRAS]
        for name in named:
            found += self._parsed(extras[name], f"extra `{name}`")
        if groups or named:
            return found
        # An empty one is what `freeze --dev > requirements-dev.txt` finds: the shell has made it.
        return (self._read(DEVELOPMENT_FILE) if os.path.isfile(DEVELOPMENT_FILE) else None) or None

    def main(self) -> list[UserRequirement]:
        """Return what `project.dependencies`, else `requirements.txt`, asks for."""
        dependencies = self._table().get("dependencies")
        if dependencies is not None:
            return self._parsed(dependencies, "project.dependencies")
        return self._read(MAIN_FILE) if os.path.isfile(MAIN_FILE) else []

    def _table(self) -> dict[str, Any]:
        table = self._document.get("project")
        return table if isinstance(table, dict) else {}

    def _parsed(self, lines: object, detail: str) -> list[UserRequirement]:
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise RequirementError(f"pyproject.toml: {detail} is no list of requirements")
        origin = Origin(file="pyproject.toml", detail=detail)
        return [parse_standard_requirement(line, origin=origin, cwd=self._cwd, exists=path_kind) for line in lines]

    def _read(self, path: str) -> list[UserRequirement]:
        result = read_requirement_input(
            requirement_files=[path],
            cwd=self._cwd,
            environ=self._context.environ,
            fetch_text=_fetch_nothing,
            markers=self._view.environment.markers,
            tags=(),
        )
        return list(result.requirements)


def _named(
    graph: _Graph, view: InstalledView, requirements: Iterable[UserRequirement]
) -> list[tuple[str, frozenset[str]]]:
    """Return names and extras of requirements that apply here; an editable one without name is that of its place."""
    by_place = {view.editable_location(each): each.name for each in graph.found.values()}
    named: list[tuple[str, frozenset[str]]] = []
    markers = dict(view.environment.markers)
    for each in requirements:
        if each.marker is not None and not each.marker.evaluate({**markers, "extra": ""}):
            continue
        if each.name is not None:
            named.append((each.name, frozenset(each.extras)))
        elif each.direct is not None and each.direct.url.startswith("file://"):
            name = by_place.get(each.direct.url.removeprefix("file://").partition("#")[0])
            named += [(name, frozenset(each.extras))] if name is not None else []
    return named


def _fetch_nothing(url: str) -> bytes:
    raise RequirementError(f"freeze --dev reads local files only, not {url}")
