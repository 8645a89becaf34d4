"""The search: pins one key after the other, learns from dead ends, and gives its outcome as a graph of what is needed.

It follows resolvelib in what it prefers, so that answers are pip's: the newest pin that leaves something to choose of
everything it wants; where that contradicts an earlier pin which could be another, the earlier one is decided anew. It
differs in what it does at a dead end (docs/decisions/0016): it works out which pins are to blame, keeps that for good,
and goes back to the last of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asyncpip.resolve.key_queue import KeyQueue
from asyncpip.resolve.nogoods import Conflict, Information, Leap, Nogoods, Rejection, Walk
from asyncpip.resolve.state import State
from asyncpip.resolve.wants import split_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from asyncpip.resolve.pins import Matches
    from asyncpip.resolve.provider import Provider
    from asyncpip.resolve.wants import Pin, Wanted

_MOST_REPINS = 3
"""How often a pin may give way to a later one before that counts as a conflict. Without a bound, projects that want
other versions of one another could go round in circles."""


class Watcher(Protocol):
    """Is told how the search goes, and may end it by raising."""

    def starting_round(self) -> None:
        """One more key is about to be decided."""

    def pinned(self, pin: Pin, pins: Mapping[str, Pin], *, replaces: bool) -> None:
        """``pin`` was chosen; ``replaces``: earlier pins gave way."""

    def rejected(self, rejection: Rejection, movable: Sequence[Pin]) -> None:
        """A pin was found not to fit; each of ``movable`` would have to be another for it."""

    def leapt(self, reason: Rejection, count: int) -> None:
        """``count`` pins were passed over, because those before and behind them fail for ``reason``."""

    def went_back(self, conflict: Conflict, latest: Pin, pins: Mapping[str, Pin]) -> None:
        """A dead end; ``latest``, the last of the pins to blame, was given up."""


class SearchFailed(Exception):  # noqa: N818 - an outcome; resolver.py makes an error of it
    """There is no answer."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(conflict.key)
        self.conflict = conflict


class Search:
    """One question; keeps what it learnt when it is run again."""

    def __init__(self, provider: Provider, watcher: Watcher) -> None:
        self._provider = provider
        self._watcher = watcher
        self._nogoods = Nogoods()
        self._passed: set[Pin] = set()
        self._leaps: dict[str, Leap] = {}
        self._may_leap = True
        self._causes: frozenset[str] = frozenset()
        """The keys of the last dead end."""

    def run(self, roots: Sequence[Wanted]) -> State:
        """Return the state in which everything is decided; raise `SearchFailed`, or what the watcher raises."""
        while True:
            try:
                return self._run(roots)
            except SearchFailed:
                if not self._nogoods.has_presumed:
                    raise
                self._nogoods.forget()
                self._passed.clear()
                self._may_leap = False

    def _run(self, roots: Sequence[Wanted]) -> State:
        state = State()
        self._queue = KeyQueue(
            lambda key: self._provider.preference(key, state.pins, state.wanted[key], is_cause=key in self._causes)
        )
        for root in roots:
            self._add(state, root, None)
        self._leaps.clear()
        self._causes = frozenset()
        moments: list[int] = []
        while True:
            self._watcher.starting_round()
            self._provider.hint_arrived(state.wanted)
            key = self._choose(state)
            decided = self._decide(key, state) if key is not None else None
            if isinstance(decided, Conflict):
                self._go_back(decided, state, moments)
                continue
            if decided is not None:
                moments.append(state.moment)
                replaces = self._pin(state, decided, len(moments))
                self._watcher.pinned(decided, state.pins, replaces=replaces)
            leapt = self._leap_to_close(state, decided)
            if leapt is not None:
                self._passed.add(leapt)
                self._queue.forget()
                while state.pins.get(leapt.key) is leapt:
                    state.back_to(moments.pop())
            elif decided is None:
                return state

    def _choose(self, state: State) -> str | None:
        """Return the key to decide next; None where all are."""
        provider, pins, wanted, causes = self._provider, state.pins, state.wanted, self._causes
        if provider.precedence.is_empty:
            return self._queue.best(state)
        # An extra's own key comes once the project's is decided: then there is one pin for it.
        ready = [key for key in state.open if "[" not in key or key.partition("[")[0] in pins]
        if not ready:
            return None
        return min(ready, key=lambda key: provider.preference(key, pins, wanted[key], is_cause=key in causes))

    def _decide(self, key: str, state: State) -> Pin | Conflict:
        information = state.wanted[key]
        matches = self._matches_of(key, information, state)
        walk = Walk(
            matches,
            lambda pin: self._nogoods.standing(pin, state.pins),
            self._passed,
            # Where another pin could give way there may be a better end than a version from long ago.
            may_leap=lambda reason: self._may_leap and all(map(self._is_fixed, reason.others)),
        )
        while (step := walk.next()) is not None:
            pin, reason = step.pin, step.streak_of
            rejection = self._check(pin, state)
            if rejection is None:
                if not step.leaps or reason is None:
                    return pin
                if reason.conflict is not None:
                    self._leaps[key] = Leap(pin, reason, list(walk.skipped()))
                    return pin
                self._passed.add(pin)
                continue
            if step.leaps and reason is not None and rejection.is_like(reason):
                self._presume(reason, walk.skipped())
            self._nogoods.add(rejection)
            self._watcher.rejected(rejection, self._blockers(rejection))
        return self._conflict(key, information, matches, state)

    def _is_fixed(self, pin: Pin) -> bool:
        return self._provider.is_fixed(pin.name)

    def _presume(self, reason: Rejection, pins: Iterable[Pin]) -> None:
        """Take ``pins`` to fail as those before and behind them do."""
        count = 0
        for pin in pins:
            self._nogoods.add(reason.presume(pin))
            count += 1
        if count:
            self._watcher.leapt(reason, count)

    def _matches_of(self, key: str, information: Sequence[Information], state: State) -> Matches:
        name, extra = split_key(key)
        if extra is None:
            return self._provider.matches(name, [each.requirement for each in information])
        return self._provider.extra_match(state.pins[name], extra)

    def _check(self, pin: Pin, state: State) -> Rejection | None:
        """Return why ``pin`` cannot be chosen now, as far as its own requirements tell; reads its metadata."""
        for wanted in self._provider.get_dependencies(pin):
            if wanted.pin is not None and wanted.pin is pin.base:
                continue
            if wanted.refusal is not None:
                return Rejection(pin, frozenset(), wanted.key, wanted=[wanted])
            if wanted.extra is not None:
                continue  # the project's own requirement stands beside it
            if wanted.name == pin.name:
                if not self._provider.is_satisfied_by(wanted, pin.base or pin):
                    return Rejection(pin, frozenset(), wanted.key, wanted=[wanted])
                continue
            rejection = self._check_wanted(pin, wanted, state)
            if rejection is not None:
                return rejection
        return None

    def _check_wanted(self, pin: Pin, wanted: Wanted, state: State) -> Rejection | None:
        provider, key = self._provider, wanted.key
        current = state.pins.get(key)
        if current is not None and provider.is_satisfied_by(wanted, current):
            return None
        information = [
            each for each in state.wanted.get(key, ()) if each.parent is None or each.parent.name != pin.name
        ]
        if current is None and not information and not provider.knows_candidates(wanted):
            return None  # nobody else wants it, and its page need not be here yet
        if self._has_live([*information, Information(wanted, pin)]):
            if current is None or state.repins.get(key, 0) < _MOST_REPINS:
                return None
            return Rejection(pin, frozenset([current]), key, wanted=[wanted], against=information)
        others = self._blame(information, wanted, pin, state.levels)
        return Rejection(
            pin, others, key, wanted=[wanted], against=information, signature=self._signature(wanted, others)
        )

    def _signature(self, wanted: Wanted, others: frozenset[Pin]) -> str:
        """Return the keys on the way to where a pin fails that wants ``wanted``."""
        best = None if others else self._provider.matches(wanted.name, [wanted]).at(0)
        deeper = self._nogoods.impossible(best) if best is not None else None
        if best is not None and deeper is None:
            return f"{wanted.key} <user>"
        return f"{wanted.key} {deeper.signature}" if deeper is not None else wanted.key

    def _has_live(self, information: Sequence[Information]) -> bool:
        """Return whether some pin that may still be chosen meets all of ``information``, which is for one project."""
        requirements = [each.requirement for each in information]
        matches = self._provider.matches(requirements[0].name, requirements)
        place = 0
        while (pin := matches.at(place)) is not None:
            if self._nogoods.impossible(pin) is None:
                if place == 0:
                    matches.hint([pin])
                return True
            place += 1
        return False

    def _blame(
        self, information: Sequence[Information], wanted: Wanted, pin: Pin, levels: Mapping[str, int]
    ) -> frozenset[Pin]:
        """Return a small set of pins whose requirements, beside the user's and ``wanted``, leave nothing."""
        own = [Information(wanted, pin)]
        fixed = own + [each for each in information if each.parent is None]
        if not self._has_live(fixed):
            return frozenset()
        by_parent: dict[Pin, list[Information]] = {}
        for each in information:
            if each.parent is not None and (each.requirement.specifier_text or each.requirement.pin is not None):
                by_parent.setdefault(each.parent, []).append(each)
        parents = sorted(by_parent, key=lambda each: levels[each.key])
        for parent in parents:  # the one that was decided first: changing it is what helps
            if not self._has_live(fixed + by_parent[parent]):
                return frozenset([parent])
        needed = list(parents)
        for parent in reversed(parents):
            rest = [each for other in needed if other is not parent for each in by_parent[other]]
            if not self._has_live(fixed + rest):
                needed.remove(parent)
        return frozenset(needed)

    def _blockers(self, rejection: Rejection) -> list[Pin]:
        """Return the pins each of which alone, beside the user's requirements, stands against the rejected one."""
        if not rejection.others:
            return []
        own = [Information(each, rejection.pin) for each in rejection.wanted]
        fixed = own + [each for each in rejection.against if each.parent is None]
        by_parent: dict[Pin, list[Information]] = {}
        for each in rejection.against:
            if each.parent is not None:
                by_parent.setdefault(each.parent, []).append(each)
        alone = [parent for parent, theirs in by_parent.items() if not self._has_live(fixed + theirs)]
        return alone or list(rejection.others)

    def _conflict(self, key: str, information: Sequence[Information], matches: Matches, state: State) -> Conflict:
        """Return the dead end, with as few as possible to blame."""
        rejections: list[Rejection] = []
        for place in range(matches.found):
            pin = matches.at(place)
            rejection = self._nogoods.standing(pin, state.pins) if pin is not None else None
            if rejection is None:
                raise AssertionError(f"{pin} was not looked at")
            rejections.append(rejection)
        blamed = {other for rejection in rejections for other in rejection.others}
        name, extra = split_key(key)
        needed = list(information)
        if extra is not None:
            blamed.add(state.pins[name])
        for each in reversed(information):
            if each.parent is None or each.parent in blamed:
                continue
            rest = [other for other in needed if other.parent is not each.parent]
            if rest and (extra is not None or self._all_fail(rest, blamed, state)):
                needed = rest
        blamed.update(each.parent for each in needed if each.parent is not None)
        blamed.update(*[rejection.others for rejection in rejections])
        return Conflict(key, needed, rejections, frozenset(blamed))

    def _all_fail(self, information: Sequence[Information], blamed: set[Pin], state: State) -> bool:
        """Return whether every pin that ``information`` allows is known to fail for reasons that are blamed anyhow."""
        matches = self._provider.matches(information[0].requirement.name, [each.requirement for each in information])
        place = 0
        while (pin := matches.at(place)) is not None:
            rejection = self._nogoods.standing(pin, state.pins)
            if rejection is None or not rejection.others <= blamed:
                return False
            place += 1
        return True

    def _go_back(self, conflict: Conflict, state: State, moments: list[int]) -> None:
        """Learn from a dead end, and go back to before the last of the pins to blame was chosen."""
        if not conflict.pins:
            raise SearchFailed(conflict)
        for rejection in self._nogoods.learn(conflict):
            leap = self._leaps.get(rejection.pin.key)
            if leap is not None and leap.pin is rejection.pin:
                del self._leaps[leap.pin.key]
                if rejection.is_like(leap.reason):
                    self._presume(leap.reason, leap.skipped)
        latest = max(conflict.pins, key=lambda pin: state.levels[pin.key])
        self._causes = frozenset([conflict.key, *(pin.key for pin in conflict.pins)])
        self._queue.forget()
        while state.pins.get(latest.key) is latest:
            state.back_to(moments.pop())
        self._watcher.went_back(conflict, latest, state.pins)

    def _leap_to_close(self, state: State, decided: Pin | None) -> Pin | None:
        """Return a pin that was chosen past others and has turned out well, so that those may be looked at now."""
        for key, leap in list(self._leaps.items()):
            if state.pins.get(key) is not leap.pin:
                del self._leaps[key]
            elif decided is None or decided.key == leap.reason.deepest_key:
                del self._leaps[key]
                return leap.pin
        return None

    def _pin(self, state: State, pin: Pin, level: int) -> bool:
        """Choose ``pin``; return whether earlier pins gave way."""
        state.put(state.pins, pin.key, pin)
        state.put(state.levels, pin.key, level)
        state.drop(state.open, pin.key)
        self._queue.decided(pin.key)
        replaces = False
        for wanted in self._provider.get_dependencies(pin):
            if wanted.pin is not None and wanted.pin is pin.base:
                continue
            self._add(state, wanted, pin)
            current = state.pins.get(wanted.key)
            if current is not None and current.base is None and not self._provider.is_satisfied_by(wanted, current):
                state.put(state.repins, wanted.key, state.repins.get(wanted.key, 0) + 1)
                self._unpin(state, current)
                replaces = True
                if state.pins.get(pin.key) is not pin:
                    break  # nobody else wanted it
        return replaces

    def _add(self, state: State, wanted: Wanted, parent: Pin | None) -> None:
        self._provider.note_depth(wanted, parent)
        state.put(state.wanted, wanted.key, (*state.wanted.get(wanted.key, ()), Information(wanted, parent)))
        if wanted.key not in state.pins:
            if wanted.key not in state.open:
                state.put(state.open, wanted.key, None)
            self._queue.push(wanted.key)

    def _unpin(self, state: State, pin: Pin) -> None:
        """Take back ``pin`` and what it wants; what nobody else wants goes with it."""
        self._queue.forget()
        going = [pin]
        while going:
            each = going.pop()
            if state.pins.get(each.key) is not each:
                continue
            state.drop(state.pins, each.key)
            if each.key in state.wanted:
                state.put(state.open, each.key, None)
            if each.base is None:
                going.extend(other for other in state.pins.values() if other.base is each)
            for wanted in self._provider.get_dependencies(each):
                information = state.wanted.get(wanted.key)
                if information is None:
                    continue
                left = tuple(info for info in information if info.parent is not each)
                if left:
                    state.put(state.wanted, wanted.key, left)
                    continue
                state.drop(state.wanted, wanted.key)
                state.drop(state.open, wanted.key)
                orphan = state.pins.get(wanted.key)
                if orphan is not None:
                    going.append(orphan)
