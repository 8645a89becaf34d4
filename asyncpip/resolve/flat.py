"""A resolution without dependencies: each project by itself, nothing to search.

The search would read each pin's metadata before it looks at the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.candidates import Candidate
from asyncpip.resolve.answer import Answer
from asyncpip.resolve.nogoods import Conflict, Information, Rejection
from asyncpip.resolve.search import SearchFailed
from asyncpip.resolve.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.core.ports import MetadataSource
    from asyncpip.resolve.pins import Matches
    from asyncpip.resolve.provider import Provider
    from asyncpip.resolve.search import Watcher
    from asyncpip.resolve.wants import Pin, Wanted


def pick(
    roots: list[Wanted],
    provider: Provider,
    watcher: Watcher,
    source: MetadataSource,
    *,
    needs_metadata: Callable[[Candidate], bool],
) -> Answer:
    """Return the best pin of each root; raises `SearchFailed` where one has none.

    All are pinned, and their archives expected, before metadata is looked at; what turns out to be of no use there
    gives way to the next version. ``needs_metadata`` False takes the page's word for a candidate.
    """
    wanted: dict[str, tuple[Information, ...]] = {}
    for root in roots:
        wanted[root.key] = (*wanted.get(root.key, ()), Information(root, None))
    choices: dict[str, _Choice] = {}
    pins: dict[str, Pin] = {}
    for key, information in wanted.items():
        first = information[0].requirement
        if first.extra is None:
            matches = provider.matches(first.name, [each.requirement for each in information])
            choices[key] = _Choice(key, information, matches, watcher, pins)
            choices[key].take_next()
    doubtful = {
        key: pin
        for key, pin in pins.items()
        if pin.wanted is None and not (isinstance(pin.choice, Candidate) and not needs_metadata(pin.choice))
    }
    for key, pin in pins.items():
        if key not in doubtful and pin.wanted is None:
            pin.wanted = ()
    source.expect_metadata([pin.choice for pin in doubtful.values() if isinstance(pin.choice, Candidate)])
    for key in doubtful:
        while refusals := [each for each in provider.get_dependencies(pins[key]) if each.refusal is not None]:
            choices[key].rejections.append(Rejection(pins[key], frozenset(), key, wanted=refusals))
            choices[key].take_next()
    for key, information in wanted.items():
        first = information[0].requirement
        if first.extra is not None:
            pins[key] = provider.pins.with_extra(pins[first.name], first.extra)
    state = State()
    state.pins, state.wanted = pins, wanted
    return Answer(roots, state, provider)


class _Choice:
    """The choice of one key's pin."""

    def __init__(
        self,
        key: str,
        information: tuple[Information, ...],
        matches: Matches,
        watcher: Watcher,
        pins: dict[str, Pin],
    ) -> None:
        self.rejections: list[Rejection] = []
        """Of the pins that were taken before."""
        self._key = key
        self._information = information
        self._matches = matches
        self._watcher = watcher
        self._pins = pins

    def take_next(self) -> None:
        """Pin what comes next; raise `SearchFailed` where nothing is left."""
        pin = self._matches.at(len(self.rejections))
        if pin is None:
            raise SearchFailed(Conflict(self._key, self._information, self.rejections, frozenset()))
        self._pins[self._key] = pin
        self._watcher.pinned(pin, self._pins, replaces=False)
