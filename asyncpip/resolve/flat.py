"""A resolution without dependencies: each project by itself, nothing to search.

resolvelib copies all that it knows in every round, which for a list of five thousand pins would take gigabytes; and it
would read each pin's metadata before it looks at the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolvelib.resolvers import Criterion
from resolvelib.resolvers import ResolutionImpossible as SearchFailed
from resolvelib.structs import RequirementInformation, State

from asyncpip.core.candidates import Candidate
from asyncpip.resolve.search import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from resolvelib import BaseReporter

    from asyncpip.core.ports import MetadataSource
    from asyncpip.resolve.provider import Provider
    from asyncpip.resolve.wants import Pin, Wanted

    Information = RequirementInformation[Wanted, Pin]


def pick(
    roots: list[Wanted],
    provider: Provider,
    watcher: BaseReporter[Wanted, Pin, str],
    source: MetadataSource,
    *,
    needs_metadata: Callable[[Candidate], bool],
) -> Answer:
    """Return the best pin of each root; raises resolvelib's error where one has none.

    All are pinned, and their archives expected, before metadata is looked at; what turns out to be of no use there
    gives way to the next version. ``needs_metadata`` False takes the page's word for a candidate.
    """
    wanted: dict[str, list[Wanted]] = {}
    for root in roots:
        wanted.setdefault(root.key, []).append(root)
    remaining: dict[str, Iterator[Pin]] = {}
    pins: dict[str, Pin] = {}
    for key, wants in wanted.items():
        if wants[0].extra is None:
            remaining[key] = provider.matches(wants)
            pins[key] = _next(remaining[key], watcher, _information(wants))
    doubtful = {
        key: pin
        for key, pin in pins.items()
        if pin.wanted is None and not (isinstance(pin.choice, Candidate) and not needs_metadata(pin.choice))
    }
    for key, pin in pins.items():
        if key not in doubtful and pin.wanted is None:
            pin.wanted = ()
    source.expect_metadata([pin.choice for pin in doubtful.values() if isinstance(pin.choice, Candidate)])
    for key, first in doubtful.items():
        pin = first
        while refusals := [each for each in provider.get_dependencies(pin) if each.refusal is not None]:
            pins[key] = pin = _next(remaining[key], watcher, [RequirementInformation(each, pin) for each in refusals])
    for key, wants in wanted.items():
        if wants[0].extra is not None:
            pins[key] = provider.pins.with_extra(pins[wants[0].name], wants[0].extra)
    criteria = {key: Criterion([pins[key]], _information(wants), []) for key, wants in wanted.items()}
    return Answer(roots, State(mapping=pins, criteria=criteria, backtrack_causes=[]), provider)


def _information(wants: list[Wanted]) -> list[Information]:
    return [RequirementInformation(each, None) for each in wants]


def _next(matches: Iterator[Pin], watcher: BaseReporter[Wanted, Pin, str], causes: list[Information]) -> Pin:
    pin = next(matches, None)
    if pin is None:
        raise SearchFailed(causes)
    watcher.pinning(pin)
    return pin
