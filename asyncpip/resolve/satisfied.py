"""Do installed distributions meet the requirements already? The door before the resolver: most runs end here.

Says yes only where the resolver, asked the same, would keep everything as it is without looking at an index; every
doubt is a no, and then the resolver decides. Without `--upgrade`, what is installed and fits is kept (pip's rule).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from asyncpip.core.dependency import InvalidDependencyError, parse_dependency, specifier_of
from asyncpip.core.events import Level, Message
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import DirectKind
from asyncpip.core.resolution import Resolved
from asyncpip.core.urls import filename_of, without_fragment
from asyncpip.core.values import Value
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.resolve.demands import describe, gather_demands
from asyncpip.resolve.selection import UpgradeStrategy
from asyncpip.resolve.version_order import parse_version
from asyncpip.resolve.wants import rank_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

    from asyncpip.core.dependency import Dependency, MarkerEvaluator
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.demands import Demands


class Satisfied(Value):
    """Everything asked for is there."""

    decisions: tuple[Resolved, ...]
    """In the order of pip's `Requirement already satisfied:` lines, not that of installing."""
    messages: tuple[Message, ...]
    """What else is to be said: requirements that do not count here, extras that nobody provides."""


class _NotSatisfied(Exception):  # noqa: N818 - a way out of the walk, not an error
    """Something is missing, does not fit, or cannot be told from what is installed."""


def check_satisfied(
    requirements: Iterable[UserRequirement],
    constraints: Iterable[UserRequirement],
    installed: Mapping[NormalizedName, InstalledDistribution],
    evaluator: MarkerEvaluator,
    *,
    overrides: Iterable[UserRequirement] = (),
    upgrade: UpgradeStrategy = UpgradeStrategy.TO_SATISFY_ONLY,
    no_deps: bool = False,
    ignore_installed: bool = False,
    force_reinstall: bool = False,
) -> Satisfied | None:
    """Return what meets the requirements, or None where an index or a source has to be asked.

    `--upgrade` always has to ask: even ``==1.0`` may find a newer local version (``1.0+cpu``).
    """
    demands = gather_demands(requirements, constraints, overrides, evaluator)
    messages = [
        Message(Level.INFO, f"Ignoring {each.name}: markers '{each.marker}' don't match your environment")
        for each in demands.ignored
    ]
    is_final = upgrade is UpgradeStrategy.TO_SATISFY_ONLY and not ignore_installed and not force_reinstall
    if demands.requirements and not is_final:
        return None
    walk = _Walk(demands, installed, evaluator, no_deps=no_deps)
    try:
        walk.run()
    except (_NotSatisfied, InvalidDependencyError):
        return None
    return Satisfied(decisions=walk.decisions(), messages=(*messages, *walk.messages))


class _Seen:
    """One project on the walk."""

    __slots__ = ("dependencies", "extras", "rank", "text", "walked_extras", "wanted_by")

    def __init__(self, text: str, wanted_by: str, rank: int) -> None:
        self.text = text
        self.wanted_by = wanted_by
        self.rank = rank
        self.extras: set[str] = set()
        self.walked_extras: set[str] = set()
        self.dependencies: set[NormalizedName] = set()


class _Walk:
    """Follows requirements through installed distributions; raises `_NotSatisfied` at the first that is not met."""

    def __init__(
        self,
        demands: Demands,
        installed: Mapping[NormalizedName, InstalledDistribution],
        evaluator: MarkerEvaluator,
        *,
        no_deps: bool,
    ) -> None:
        self.messages: list[Message] = []
        self._demands = demands
        self._installed = installed
        self._evaluator = evaluator
        self._no_deps = no_deps
        self._seen: dict[NormalizedName, _Seen] = {}
        self._waiting: set[NormalizedName] = set()
        """Those that are not followed yet, or have new extras."""
        self._requested: dict[NormalizedName, set[str]] = {}
        self._places: dict[NormalizedName, int] = {}
        """Of the user's own requirements, in his order."""
        self._parsed: dict[NormalizedName, Sequence[Dependency]] = {}

    def run(self) -> None:
        """Walk until nothing new comes up."""
        for requirement in self._demands.requirements:
            overrides = self._demands.overrides.get(requirement.name) if requirement.name else None
            for each in overrides or (requirement,):
                name = self._name_of(each)
                self._requested.setdefault(name, set()).update(requirement.extras)
                self._want(
                    name,
                    describe(each),
                    str(requirement.origin),
                    each.specifier,
                    extras=each.extras | requirement.extras,
                )
        self._places.update((name, place) for place, name in enumerate(self._requested))
        while (waiting := self._next()) is not None:
            self._follow(waiting)

    def decisions(self) -> tuple[Resolved, ...]:
        """Return the projects in the order in which they were first wanted."""
        return tuple(
            Resolved(
                name=name,
                choice=self._installed[name],
                requested=name in self._requested,
                requested_extras=frozenset(self._requested.get(name, ())),
                dependencies=tuple(sorted(seen.dependencies - {name})),
                wanted_by=seen.wanted_by,
                requirement_text=seen.text,
            )
            for name, seen in self._seen.items()
        )

    def _name_of(self, requirement: UserRequirement) -> NormalizedName:
        """Return the project of a requirement; one by URL counts only where it is a wheel of the installed version."""
        direct = requirement.direct
        if direct is None:
            if requirement.name is None:
                raise _NotSatisfied
            return requirement.name
        wheel = parse_wheel_name(filename_of(without_fragment(direct.url)))
        if direct.kind is not DirectKind.WHEEL or wheel is None or direct.hashes or requirement.hashes:
            raise _NotSatisfied  # sources are always built anew; digests have to be compared
        name = normalize_name(wheel.project)
        distribution = self._installed.get(name)
        if distribution is None or distribution.editable_location is not None:
            raise _NotSatisfied
        if distribution.version != parse_version(wheel.version) or requirement.name not in (None, name):
            raise _NotSatisfied
        return name

    def _want(
        self,
        name: NormalizedName,
        text: str,
        wanted_by: str,
        specifier: SpecifierSet,
        *,
        extras: Iterable[str] = (),
    ) -> None:
        """Note one requirement; raise where what is installed does not meet it."""
        distribution = self._installed.get(name)
        constraint = self._demands.constraint(name)
        if distribution is None or not isinstance(distribution.version, Version) or constraint.directs:
            raise _NotSatisfied
        version = distribution.version
        if not specifier.contains(version, prereleases=True):
            raise _NotSatisfied
        if not constraint.specifier.contains(version, prereleases=True):
            raise _NotSatisfied
        seen = self._seen.get(name)
        rank = rank_of(specifier)
        if seen is None:
            seen = self._seen[name] = _Seen(text, wanted_by, rank)
            self._waiting.add(name)
        seen.rank = min(seen.rank, rank)
        seen.extras.update(extras)
        if not seen.extras <= seen.walked_extras:
            self._waiting.add(name)

    def _next(self) -> NormalizedName | None:
        """Return the project whose dependencies pip would follow next, None at the end."""
        if not self._waiting:
            return None
        places = self._places
        return min(self._waiting, key=lambda name: (self._seen[name].rank, places.get(name, len(places)), name))

    def _follow(self, name: NormalizedName) -> None:
        """Want everything that the installed ``name`` depends on."""
        seen = self._seen[name]
        self._waiting.discard(name)
        new_extras = sorted(seen.extras - seen.walked_extras)
        seen.walked_extras.update(new_extras)
        if self._no_deps:
            return
        distribution = self._installed[name]
        provided = {normalize_name(extra) for extra in distribution.provides_extra}
        for extra in new_extras:
            if extra not in provided:
                text = f"{name} {distribution.version} does not provide the extra '{extra}'"
                self.messages.append(Message(Level.WARNING, text))
        for dependency in self._dependencies(distribution, seen.walked_extras & provided):
            seen.dependencies.add(dependency.name)
            wanted_by = f"{seen.text}->{seen.wanted_by}" if seen.wanted_by else seen.text
            for override in self._demands.overrides.get(dependency.name, ()):
                if override.direct is not None:
                    raise _NotSatisfied
                self._want(
                    dependency.name,
                    describe(override),
                    wanted_by,
                    override.specifier,
                    extras=override.extras | set(dependency.extras),
                )
            if dependency.name in self._demands.overrides:
                continue
            if dependency.url is not None:
                raise _NotSatisfied
            specifier = specifier_of(dependency.specifier_text)
            self._want(dependency.name, dependency.text, wanted_by, specifier, extras=dependency.extras)

    def _dependencies(self, distribution: InstalledDistribution, extras: Iterable[str]) -> Iterator[Dependency]:
        parsed = self._parsed.get(distribution.name)
        if parsed is None:
            parsed = self._parsed[distribution.name] = [parse_dependency(each) for each in distribution.requires_dist]
        asked_for = tuple(extras)
        for dependency in parsed:
            if self._evaluator.applies(dependency) or (asked_for and self._evaluator.applies(dependency, asked_for)):
                yield dependency
