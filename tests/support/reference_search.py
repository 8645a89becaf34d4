"""pip's search, resolvelib's, over an index of small dicts: a second opinion on what the resolver finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.version import Version
from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible
from resolvelib.resolvers import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Index = Mapping[str, Mapping[str, Sequence[str]]]


class _Candidate(NamedTuple):
    name: str
    extras: frozenset[str]
    version: str


class _Provider(AbstractProvider[Requirement, _Candidate, str]):
    def __init__(self, index: Index) -> None:
        self._index = index

    def identify(self, requirement_or_candidate: Requirement | _Candidate) -> str:
        return f"{requirement_or_candidate.name}[{','.join(sorted(requirement_or_candidate.extras))}]"

    def get_preference(self, identifier: str, **_: object) -> str:  # type: ignore[override]  # it passes all by name
        return identifier

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Requirement]],
        incompatibilities: Mapping[str, Iterator[_Candidate]],
    ) -> list[_Candidate]:
        name, _, extras = identifier[:-1].partition("[")
        wanted = list(requirements[identifier])
        if extras and f"{name}[]" in requirements:
            wanted += requirements[f"{name}[]"]
        forbidden = {each.version for each in incompatibilities[identifier]}
        return [
            _Candidate(name, frozenset(filter(None, extras.split(","))), version)
            for version in sorted(self._index.get(name, ()), key=Version, reverse=True)
            if version not in forbidden and all(each.specifier.contains(version) for each in wanted)
        ]

    def is_satisfied_by(self, requirement: Requirement, candidate: _Candidate) -> bool:
        return requirement.specifier.contains(candidate.version)

    def get_dependencies(self, candidate: _Candidate) -> Iterable[Requirement]:
        if candidate.extras:
            yield Requirement(f"{candidate.name}=={candidate.version}")
        for line in self._index[candidate.name][candidate.version]:
            requirement = Requirement(line)
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *candidate.extras)
            ):
                requirement.marker = None
                yield requirement


def reference_answer(index: Index, roots: Sequence[str]) -> dict[str, str] | None:
    """Return what resolvelib finds for ``roots``; None where it finds nothing.

    Its own last step, which leaves out what is not needed any more, recurses for ever where projects want one another.
    """
    provider = _Provider(index)
    wanted = [Requirement(root) for root in roots]
    try:
        state = Resolution(provider, BaseReporter()).resolve(wanted, max_rounds=10_000)
    except ResolutionImpossible:
        return None
    needed: dict[str, _Candidate] = {}
    while wanted:
        key = provider.identify(wanted.pop())
        if key not in needed:
            needed[key] = state.mapping[key]
            wanted += provider.get_dependencies(needed[key])
    return {candidate.name: candidate.version for candidate in needed.values()}
