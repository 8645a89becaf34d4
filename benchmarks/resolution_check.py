"""Is a set of versions an answer? Checked with `packaging` alone, apart from the code that found it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packaging.markers import Marker


class Declared(NamedTuple):
    """What one version says about itself."""

    requires_dist: tuple[str, ...]
    requires_python: str | None = None


class Checked(NamedTuple):
    """The outcome of a check."""

    problems: list[str]
    unknown: list[str]
    """Pins of which nobody knows what they declare."""


def check_answer(
    requirements: Iterable[str],
    pins: Mapping[str, str],
    declared: Callable[[str, str], Declared | None],
    *,
    constraints: Iterable[str] = (),
    markers: Mapping[str, str] | None = None,
    python_full_version: str | None = None,
) -> Checked:
    """Return what is wrong with ``pins`` (normalised name to version) as an answer to ``requirements``.

    Every requirement that is reached, extras included, has to be met; whatever is pinned has to be reached.
    ``declared`` gives the metadata of a name and version. ``markers`` are by default those of this process.
    """
    environment: dict[str, str] = {str(key): str(value) for key, value in default_environment().items()}
    environment |= markers or {}
    python = python_full_version or str(environment["python_full_version"])
    problems: list[str] = []
    unknown: dict[str, None] = {}
    seen: set[tuple[str, str]] = set()
    open_ones = [(Requirement(text), "", "the user") for text in requirements]
    limits = [Requirement(text) for text in constraints]
    while open_ones:
        requirement, extra, wanted_by = open_ones.pop()
        if not _holds(requirement.marker, {**environment, "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        version = pins.get(name)
        if version is None:
            problems.append(f"{wanted_by} wants {requirement}, and no version of it is there")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{wanted_by} wants {requirement}, and {version} is there")
        for each in ("", *(canonicalize_name(one) for one in requirement.extras)):
            if (name, each) in seen:
                continue
            seen.add((name, each))
            found = declared(name, version)
            if found is None:
                unknown[f"{name} {version}"] = None
                continue
            if found.requires_python and not SpecifierSet(found.requires_python).contains(python, prereleases=True):
                problems.append(f"{name} {version} needs Python {found.requires_python}")
            try:
                open_ones += [(Requirement(line), each, f"{name} {version}") for line in found.requires_dist]
            except InvalidRequirement as error:
                problems.append(f"{name} {version} has a broken requirement: {error}")
    reached = {name for name, _ in seen}
    problems += [f"{name} is there, and nobody wants it" for name in pins if name not in reached]
    problems += [
        f"the constraint {limit} does not hold for {pins[name]}"
        for limit in limits
        if (name := canonicalize_name(limit.name)) in pins
        and _holds(limit.marker, {**environment, "extra": ""})
        and not limit.specifier.contains(pins[name], prereleases=True)
    ]
    return Checked(problems, list(unknown))


def _holds(marker: Marker | None, environment: Mapping[str, str]) -> bool:
    return marker is None or marker.evaluate(dict(environment))
