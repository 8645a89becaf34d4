"""The pins of every project: by version from pages, by direct reference, installed ones, and their extras.

Each is one object, found when somebody looks and remembered, so that the solver may compare by identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.requirement import DirectKind
from asyncpip.core.urls import filename_of, redact, without_fragment
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import ResolutionError, WheelFormatError
from asyncpip.resolve.candidates import CandidateList
from asyncpip.resolve.selection import PreferredVersion, UpgradeStrategy
from asyncpip.resolve.wants import Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.ports import MetadataSource
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.demands import Demands
    from asyncpip.resolve.selection import Selection

_LARGEST_BATCH = 16
"""Metadata asked for ahead when a project's versions fail one after the other: 1, 2, 4, 8, 16, 16, …"""


class Matches:
    """Pins in order of preference, found only as far as somebody looks, and remembered."""

    __slots__ = ("_batch", "_found", "_hint", "_hinted", "_more")

    def __init__(self, more: Iterator[Pin], hint: Callable[[Sequence[Pin]], None]) -> None:
        self._found: list[Pin] = []
        self._more = more
        self._hint = hint
        self._hinted, self._batch = 0, 1

    @classmethod
    def of(cls, pins: Iterable[Pin]) -> Matches:
        """Return ``pins``, which need no hint."""
        return cls(iter(pins), lambda _: None)

    @property
    def found(self) -> int:
        """How many were found so far."""
        return len(self._found)

    def at(self, place: int) -> Pin | None:
        """Return the pin at ``place``, 0 being the best; None past the last."""
        found = self._found
        while len(found) <= place:
            pin = next(self._more, None)
            if pin is None:
                return None
            found.append(pin)
        return found[place]

    def hint(self, pins: Sequence[Pin]) -> None:
        """Say that the metadata of ``pins`` will probably be asked for."""
        self._hint(pins)

    def hint_from(self, place: int) -> None:
        """Say that the pin at ``place`` will be looked at, and probably those behind it: more of them each time."""
        if place >= self._hinted:
            self._hinted = place + self._batch
            self._batch = min(self._batch * 2, _LARGEST_BATCH)
            self.at(self._hinted - 1)
            self._hint(self._found[place : self._hinted])


class _Project:
    """What is known about one project."""

    __slots__ = ("candidates", "extras", "hinted", "installed", "matches", "pins")

    def __init__(self) -> None:
        self.candidates: CandidateList | None = None
        """None until its pages were asked for."""
        self.installed: Pin | None = None
        self.pins: dict[int, Pin] = {}
        """By identity of the candidate, of which the list keeps one object each."""
        self.extras: dict[tuple[int, str], Pin] = {}
        self.matches: dict[frozenset[str], Matches] = {}
        """By the texts of all specifiers."""
        self.hinted: set[int] = set()


class PinTable:
    """Finds pins and keeps them for one resolution."""

    def __init__(
        self,
        demands: Demands,
        source: MetadataSource,
        *,
        selection: Selection,
        installed: Mapping[NormalizedName, InstalledDistribution],
        upgrade: UpgradeStrategy,
        requested: Collection[NormalizedName],
        force_reinstall: bool,
    ) -> None:
        """``installed`` is empty where installed distributions are ignored; ``requested`` may still grow."""
        self._demands = demands
        self._source = source
        self._selection = selection
        self._installed = installed
        self._upgrade = upgrade
        self._requested = requested
        self._force_reinstall = force_reinstall
        self._projects: dict[NormalizedName, _Project] = {}
        self.waiting_for: NormalizedName | None = None
        """The project whose pages were asked for last, while they have not come."""
        self._direct: dict[tuple[str, bool], Pin] = {}

    def direct_pin(self, requirement: UserRequirement) -> Pin:
        """Return the pin behind a direct reference; raise where it is another project or fits no wheel tag."""
        direct = requirement.direct
        if direct is None:
            raise AssertionError(f"not a direct reference: {requirement.text}")
        key = (direct.url, requirement.editable)
        pin = self._direct.get(key)
        if pin is None:
            filename = filename_of(without_fragment(direct.url))
            wheel = parse_wheel_name(filename) if direct.kind is DirectKind.WHEEL else None
            if wheel is not None and self._selection.tag_rank(wheel) is None:
                raise WheelFormatError(
                    f"{filename} is not a supported wheel on this platform.",
                    why=f"none of its tags fits: {wheel.python_tags}-{wheel.abi_tags}-{wheel.platform_tags}",
                )
            candidate, metadata = self._source.fetch_direct(requirement)
            pin = Pin(candidate.name, candidate.version, candidate, metadata=metadata, direct=direct)
            self._direct[key] = pin
        if requirement.name is not None and requirement.name != pin.name:
            raise ResolutionError(
                f"Requested {redact(requirement.text)} has inconsistent name: expected {requirement.name!r}, "
                f"but metadata has {pin.name!r}"
            )
        return pin

    def constrained_pins(self, name: NormalizedName) -> set[Pin] | None:
        """Return the pins that constraints by URL allow; None where no constraint has one."""
        constraints = self._demands.constraint(name).directs
        if not constraints:
            return None
        pins = set()
        for constraint in constraints:
            try:
                pins.add(self.direct_pin(constraint))
            except WheelFormatError:
                return set()  # a wheel for another platform: nothing can fit (as in pip)
        return pins

    def matches(self, name: NormalizedName, specifiers: Mapping[str, SpecifierSet]) -> Matches:
        """Return the pins that meet ``specifiers`` (by a text that stands for each) and the constraint."""
        project = self._project(name)
        key = frozenset(specifiers)
        matches = project.matches.get(key)
        if matches is None:
            combined = self._demands.constraint(name).specifier
            for specifier in specifiers.values():
                combined = combined & specifier if combined else specifier
            matches = Matches(self._search(name, project, combined), lambda pins: self._hint(project, pins))
            project.matches[key] = matches
        return matches

    def with_extra(self, base: Pin, extra: str | None) -> Pin:
        """Return the pin of one extra of ``base``; ``base`` itself for None."""
        if extra is None:
            return base
        extras = self._project(base.name).extras
        key = (id(base), extra)
        pin = extras.get(key)
        if pin is None:
            pin = extras[key] = Pin(base.name, base.version, base.choice, base=base, extra=extra, direct=base.direct)
        return pin

    def candidates(self, name: NormalizedName) -> CandidateList:
        """Return what the pages list for ``name``; waits for them the first time."""
        project = self._project(name)
        if project.candidates is None:
            self.waiting_for = name
            pages = self._source.fetch_pages(name)
            self.waiting_for = None
            project.candidates = CandidateList(
                name,
                pages,
                self._selection,
                self._demands.hashes_of(name),
                lowest_first=self._prefers_lowest(name),
            )
        return project.candidates

    def is_settled(self, name: NormalizedName, specifier: SpecifierSet) -> bool:
        """Return whether the installed distribution meets ``specifier`` and is preferred: no page will be asked for."""
        return self._prefers_installed(name) and self._installed_pin(name, specifier) is not None

    def _project(self, name: NormalizedName) -> _Project:
        project = self._projects.get(name)
        if project is None:
            project = self._projects[name] = _Project()
        return project

    def _prefers_lowest(self, name: NormalizedName) -> bool:
        match self._selection.preferred:
            case PreferredVersion.HIGHEST:
                return False
            case PreferredVersion.LOWEST:
                return True
            case PreferredVersion.LOWEST_DIRECT:
                return name in self._requested

    def _prefers_installed(self, name: NormalizedName) -> bool:
        match self._upgrade:
            case UpgradeStrategy.EAGER:
                return False
            case UpgradeStrategy.ONLY_IF_NEEDED:
                return name not in self._requested
            case UpgradeStrategy.TO_SATISFY_ONLY:
                return True

    def _installed_pin(self, name: NormalizedName, specifier: SpecifierSet) -> Pin | None:
        """Return the installed distribution where it meets ``specifier``; an installed pre-release is acceptable."""
        distribution = None if self._force_reinstall else self._installed.get(name)
        if distribution is None:
            return None
        version = distribution.version
        if not isinstance(version, Version):
            raise ResolutionError(
                f"Cannot process installed package {distribution.raw_name} {version} in {distribution.location!r} "
                "because it has an invalid version",
                why=f"{version!r} does not follow PEP 440 ({distribution.info_path})",
                hint="To proceed this package must be uninstalled.",
            )
        if not specifier.contains(version, prereleases=True):
            return None
        project = self._project(name)
        if project.installed is None:
            project.installed = Pin(name, version, distribution)
        return project.installed

    def _search(self, name: NormalizedName, project: _Project, specifier: SpecifierSet) -> Iterator[Pin]:
        """Yield the installed pin and those of the pages, in the order that the upgrade strategy wants."""
        installed = self._installed_pin(name, specifier)
        waiting, lowest = installed, self._prefers_lowest(name)
        if installed is not None and self._prefers_installed(name):
            yield installed
            waiting = None
        for candidate in self.candidates(name).candidates_matching(specifier):
            if waiting is not None and (
                waiting.version <= candidate.version if lowest else waiting.version >= candidate.version
            ):
                yield waiting
                waiting = None
            if installed is not None and installed.version == candidate.version:
                continue
            pin = project.pins.get(id(candidate))
            if pin is None:
                pin = project.pins[id(candidate)] = Pin(name, candidate.version, candidate)
            yield pin
        if waiting is not None:
            yield waiting

    def _hint(self, project: _Project, pins: Sequence[Pin]) -> None:
        candidates = [pin.choice for pin in pins if isinstance(pin.choice, Candidate) and id(pin) not in project.hinted]
        project.hinted.update(id(pin) for pin in pins)
        if candidates:
            self._source.expect_metadata(candidates)
