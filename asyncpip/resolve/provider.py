"""The rules of Python packaging as the search asks for them, over a `MetadataSource`.

Decides what a key's pins are, what a pin depends on, and which key comes next; says early which projects will be asked
for. The search itself is in `search.py`; what it tells about itself goes to `resolver.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import InvalidDependencyError, parse_dependency, specifier_of
from asyncpip.core.events import Level, Message
from asyncpip.core.names import normalize_name
from asyncpip.errors import ResolutionError
from asyncpip.resolve.demands import describe, direct_requirement, same_source
from asyncpip.resolve.pins import Matches
from asyncpip.resolve.precedence import Precedence
from asyncpip.resolve.version_order import parse_version
from asyncpip.resolve.wants import RANK_CONFLICTING, RANK_PINNED, Pin, Refusal, Wanted, rank_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.dependency import Dependency, MarkerEvaluator
    from asyncpip.core.events import Reporter
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.ports import MetadataSource
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.demands import Demands
    from asyncpip.resolve.nogoods import Information
    from asyncpip.resolve.pins import PinTable
    from asyncpip.resolve.selection import Selection

_PUBLIC_INDEX = "https://pypi.org/"
"""Distributions that this index lists may not depend on URLs: nobody could tell what a name installs (pip's rule)."""


class Provider:
    """Pins, dependencies and preferences for one resolution; keeps what it learned when the search starts again."""

    def __init__(
        self,
        demands: Demands,
        pins: PinTable,
        source: MetadataSource,
        reporter: Reporter,
        *,
        selection: Selection,
        evaluator: MarkerEvaluator,
        requested: set[NormalizedName],
        no_deps: bool = False,
    ) -> None:
        """``requested`` is filled by `roots`; the table of pins reads it too."""
        self.demands = demands
        self.pins = pins
        self.requested = requested
        self.requested_extras: dict[NormalizedName, frozenset[str]] = {}
        self.precedence = Precedence()
        self.depths: dict[str, int] = {}
        """How far from the user's requirements a key first came up."""
        self.is_silent = False
        """Whether nothing is told: what is looked at is what might have been."""
        self._source = source
        self._reporter = reporter
        self._selection = selection
        self._evaluator = evaluator
        self._no_deps = no_deps
        self._announced: set[NormalizedName] = set()
        self._constraint_ranks: dict[NormalizedName, int] = {}
        self._wanted_now: Mapping[str, Iterable[Information]] | None = None
        """What the search knew to be wanted when it last came to a decision."""
        source.while_waiting(self._hint_meanwhile)
        self._looked_at: set[NormalizedName] = set()
        """Projects whose pins the search has asked for."""

    def roots(self) -> list[Wanted]:
        """Return the user's requirements, in an order that does not depend on theirs; fetches direct references."""
        requirements = self.demands.requirements
        self.requested.update(each.name for each in requirements if each.name is not None)
        in_force = [each for requirement in requirements for each in self._in_force(requirement.name, requirement)]
        self._source.expect_direct([each for each in in_force if each.direct is not None])
        roots = [wanted for requirement in requirements for wanted in self._wanted_by_user(requirement)]
        self._announce(roots)
        # Requirements on extras come last: then what limits the project itself is known already.
        roots.sort(key=lambda wanted: (wanted.extra is not None, wanted.rank, wanted.key, wanted.text))
        return roots

    def _wanted_by_user(self, requirement: UserRequirement) -> Iterator[Wanted]:
        for each in self._in_force(requirement.name, requirement):
            wanted = self._wanted(each, each.extras | requirement.extras, requirement)
            name = wanted[0].name
            self.requested.add(name)
            self.requested_extras[name] = self.requested_extras.get(name, frozenset()) | requirement.extras
            yield from wanted

    def _in_force(self, name: NormalizedName | None, requirement: UserRequirement) -> Sequence[UserRequirement]:
        overrides = self.demands.overrides.get(name) if name is not None else None
        return overrides or (requirement,)

    def _wanted(
        self, requirement: UserRequirement, extras: Iterable[str], user: UserRequirement | None = None
    ) -> list[Wanted]:
        """Return ``requirement`` as the solver takes it: one on the project, and one on each of its extras."""
        text = describe(requirement)
        if requirement.direct is not None:
            pin = self.pins.direct_pin(requirement)
            name = pin.name
            if requirement.name is None and pin.metadata is not None:
                text = f"{pin.metadata.name}=={pin.metadata.version}"  # as pip calls it from here on
            base = Wanted(name, text, pin=pin, user=user)
        elif requirement.name is not None:
            name = requirement.name
            specifier = requirement.specifier
            base = Wanted(name, text, specifier=specifier, specifier_text=str(specifier), user=user)
        else:
            raise AssertionError(f"requirement without name or source: {requirement.text}")
        return [base, *(Wanted(name, text, extra=extra, user=user) for extra in sorted(extras))]

    def _announce(self, wanted: Iterable[Wanted]) -> None:
        """Tell the source which projects' pages will be asked for now."""
        names = []
        for each in wanted:
            if each.name in self._announced or each.pin is not None:
                continue
            self._announced.add(each.name)
            constraint = self.demands.constraint(each.name)
            if not constraint.directs and not self.pins.is_settled(each.name, constraint.specifier & each.specifier):
                names.append(each.name)
        if names:
            self._source.expect_projects(names)

    # Which pins there are

    def is_satisfied_by(self, requirement: Wanted, pin: Pin) -> bool:
        """Return whether the pin meets the requirement; pre-releases were decided about when it was found."""
        if requirement.pin is not None:
            return pin is requirement.pin
        return not requirement.specifier_text or requirement.specifier.contains(pin.version, prereleases=True)

    def matches(self, name: NormalizedName, wanted: Sequence[Wanted]) -> Matches:
        """Return the pins of a project that meet all of ``wanted``, found as far as they are looked at."""
        if any(each.refusal is not None for each in wanted):
            return Matches.of(())
        bases = {each.pin for each in wanted if each.pin is not None} or self.pins.constrained_pins(name)
        if bases is not None:
            return Matches.of([pin for pin in bases if len(bases) == 1 and self._fits(pin, wanted)])
        self._looked_at.add(name)
        return self._matches(name, wanted)

    def _matches(self, name: NormalizedName, wanted: Iterable[Wanted]) -> Matches:
        return self.pins.matches(name, {each.specifier_text: each.specifier for each in wanted if each.specifier_text})

    def extra_match(self, base: Pin, extra: str) -> Matches:
        """Return the one pin for an extra of a project that is pinned."""
        return Matches.of([self.pins.with_extra(base, extra)])

    def knows_candidates(self, wanted: Wanted) -> bool:
        """Return whether the pages of the project were looked at before, so that another look costs no wait."""
        return wanted.pin is not None or wanted.name in self._looked_at

    def hint_arrived(self, wanted: Mapping[str, Iterable[Information]]) -> None:
        """Have the metadata of the best pins fetched of projects whose pages have come."""
        self._wanted_now = wanted
        for name in self._source.arrived_projects():
            information = wanted.get(name)
            if information is None or name in self._looked_at or name == self.pins.waiting_for:
                continue
            if any(each.requirement.pin for each in information):
                continue
            best = self._matches(name, [each.requirement for each in information])
            pin = best.at(0)
            if pin is None or not isinstance(pin.choice, Candidate):
                continue
            is_requested = name in self.requested
            if pin.choice.file.is_wheel or is_requested:  # a source may cost a build: not for a guess
                best.hint([pin])
            if pin.choice.file.is_wheel and is_requested:
                self._source.guess_archive(pin.choice)

    def _hint_meanwhile(self) -> None:
        if self._wanted_now is not None:
            self.hint_arrived(self._wanted_now)

    def _fits(self, pin: Pin, wanted: Iterable[Wanted]) -> bool:
        """Return whether a pin that is demanded as such meets specifiers and constraints as well."""
        constraint = self.demands.constraint(pin.name)
        for each in constraint.directs:
            if each.direct is not None and (pin.direct is None or not same_source(each.direct, pin.direct)):
                return False
        specifiers = [constraint.specifier, *(each.specifier for each in wanted)]
        return all(specifier.contains(pin.version, prereleases=True) for specifier in specifiers)

    # What a pin depends on

    def get_dependencies(self, pin: Pin) -> tuple[Wanted, ...]:
        """Return what a pin wants; for an extra its own base first."""
        base = pin.base
        if base is None:
            return self._wanted_by(pin)
        if pin.wanted is None:
            base_wanted = self._wanted_by(base)
            if any(each.refusal is not None for each in base_wanted):
                pin.wanted = base_wanted
            else:
                own = Wanted(base.name, f"{base.name}=={base.version}", pin=base)
                pin.wanted = (own,) if self._no_deps else (own, *self._wanted_by_extra(pin, base))
        return pin.wanted

    def _wanted_by(self, pin: Pin) -> tuple[Wanted, ...]:
        """Return what the pin of a project depends on without extras; reads its metadata the first time."""
        if pin.wanted is None:
            try:
                pin.wanted = self._read(pin)
            except InvalidDependencyError as error:
                pin.wanted = (self._refuse_invalid(pin, error),)
        if not self._no_deps:
            self._announce(pin.wanted)
        return pin.wanted

    def _read(self, pin: Pin) -> tuple[Wanted, ...]:
        """Return the dependencies; raise `InvalidDependencyError` where one of them does not parse, needed or not."""
        choice = pin.choice
        if isinstance(choice, Candidate):
            metadata = pin.metadata = pin.metadata or self._source.fetch_metadata(choice)
            refusal = self._check(pin, choice, metadata)
            if refusal is not None:
                return (refusal,)
            lines = metadata.requires_dist
        else:
            lines = choice.requires_dist
        pin.dependencies = tuple(parse_dependency(line) for line in lines)
        self._check_origin(pin)
        if self._no_deps:
            return ()
        applying = [each for each in pin.dependencies if self._evaluator.applies(each)]
        return tuple(wanted for dependency in applying for wanted in self._wanted_by_dependency(dependency))

    def _wanted_by_extra(self, pin: Pin, base: Pin) -> tuple[Wanted, ...]:
        """Return what the extra adds to what its base depends on anyhow."""
        extra = pin.extra or ""
        choice = base.choice
        provided = base.metadata.provides_extra if base.metadata is not None else getattr(choice, "provides_extra", ())
        if extra not in {normalize_name(each) for each in provided}:
            text = f"{base.name} {base.version} does not provide the extra '{extra}'"
            self._tell(Level.WARNING, text)
            return ()
        applying = [
            each
            for each in base.dependencies
            if self._evaluator.applies(each, (extra,)) and not self._evaluator.applies(each)
        ]
        wanted = tuple(wanted for dependency in applying for wanted in self._wanted_by_dependency(dependency))
        self._announce(wanted)
        return wanted

    def _wanted_by_dependency(self, dependency: Dependency) -> Iterator[Wanted]:
        overrides = self.demands.overrides.get(dependency.name)
        if overrides is not None:
            for override in overrides:
                yield from self._wanted(override, override.extras | set(dependency.extras))
        elif dependency.url is not None:
            requirement = direct_requirement(dependency)
            yield from self._wanted(requirement, requirement.extras)
        else:
            text = dependency.text
            specifier = specifier_of(dependency.specifier_text)
            yield Wanted(dependency.name, text, specifier=specifier, specifier_text=dependency.specifier_text)
            for extra in dependency.extras:
                yield Wanted(dependency.name, text, extra=extra)

    def _check(self, pin: Pin, candidate: Candidate, metadata: CoreMetadata) -> Wanted | None:
        """Return a refusal where metadata contradicts the file's name or the target's Python is not supported."""
        filename = redact_filename(candidate)
        version = parse_version(metadata.version)
        if normalize_name(metadata.name) != pin.name:
            why = f"inconsistent name: expected {str(pin.name)!r}, but metadata has {metadata.name!r}"
        elif version is None or version != pin.version:
            why = f"inconsistent version: expected {str(pin.version)!r}, but metadata has {metadata.version!r}"
        elif not self._selection.allows_python(metadata.requires_python):
            why = f"{pin.name} {pin.version} needs Python {metadata.requires_python}"
            return Wanted(pin.name, why, refusal=Refusal(why, metadata.requires_python))
        else:
            return None
        self._tell(Level.WARNING, f"Discarding {filename}: it has {why}")
        return Wanted(pin.name, f"{filename} with {why}", refusal=Refusal(f"{filename} has {why}"))

    def _tell(self, level: Level, text: str) -> None:
        if not self.is_silent:
            self._reporter.emit(Message(level, text))

    def _refuse_invalid(self, pin: Pin, error: InvalidDependencyError) -> Wanted:
        """Return a refusal for a pin whose metadata is malformed; raise where it is installed already (as pip does)."""
        choice = pin.choice
        if not isinstance(choice, Candidate):
            raise ResolutionError(
                f"Cannot process installed package {choice.raw_name} {choice.version} in {choice.location!r} "
                "because it has an invalid requirement",
                why=str(error),
                hint="To proceed this package must be uninstalled.",
            ) from error
        why = f"version {pin.version} of {pin.name} has invalid metadata: {error}"
        self._tell(Level.WARNING, f"Ignoring {why}")
        return Wanted(pin.name, why, refusal=Refusal(why))

    def _check_origin(self, pin: Pin) -> None:
        """Raise where a distribution from the public index depends on a URL, whether or not that is needed here."""
        page_url = pin.choice.page_url if isinstance(pin.choice, Candidate) else None
        if page_url is None or not page_url.startswith(_PUBLIC_INDEX):
            return
        for dependency in pin.dependencies:
            if dependency.url is not None:
                raise ResolutionError(
                    "Distributions from PyPI cannot declare direct URL dependencies.",
                    why=f"{pin.name} {pin.version} depends on {describe(direct_requirement(dependency))}",
                    hint=f"name another version of {pin.name}, or give the URL as a requirement of your own",
                )

    # Which key comes next

    def note_depth(self, requirement: Wanted, parent: Pin | None) -> None:
        """Note how far from the user's requirements a key first comes up."""
        if requirement.key not in self.depths:
            self.depths[requirement.key] = 0 if parent is None else self.depths.get(parent.key, 0) + 1

    def preference(
        self, key: str, decided: Container[str], information: Sequence[Information], *, is_cause: bool
    ) -> tuple[bool, int, int, str]:
        """Return what sorts keys: losers of conflicts before winners; direct, pinned, in conflict, bounded; depth.

        The order in which the user named things has no part in it: it must not change the answer.
        """
        name = information[0].requirement.name
        rank = self._constraint_rank(name)
        for each in information:
            rank = min(rank, each.requirement.rank)
        if is_cause and rank > RANK_CONFLICTING:
            rank = RANK_CONFLICTING
        return self.precedence.must_wait(name, decided), rank, self.depths[key], key

    def _constraint_rank(self, name: NormalizedName) -> int:
        rank = self._constraint_ranks.get(name)
        if rank is None:
            rank = self._constraint_ranks[name] = rank_of(self.demands.constraint(name).specifier)
        return rank

    def is_fixed(self, name: NormalizedName) -> bool:
        """Return whether the user left one version of ``name`` only, so that it cannot give way."""
        if self.demands.constraint(name).directs or self._constraint_rank(name) <= RANK_PINNED:
            return True
        return any(
            each.direct is not None or rank_of(each.specifier) <= RANK_PINNED
            for requirement in self.demands.requirements
            if requirement.name == name
            for each in self._in_force(name, requirement)
        )


def redact_filename(candidate: Candidate) -> str:
    """Return what to call a candidate's file in messages: its name, and its page where it has one."""
    return f"{candidate.file.filename} (from {candidate.page_url})" if candidate.page_url else candidate.file.filename
