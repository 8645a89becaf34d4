"""What the search has learnt: which pins cannot stand together, and why; and which versions to look at next.

A `Rejection` is a fact about the requirements, true whatever else is decided; so it outlives the state of the search in
which it was found. Only a *presumed* one is a guess: between two versions that fail for the same reason those in
between are taken to fail too. When the search ends without an answer, guesses are given up and it starts again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.values import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from asyncpip.resolve.pins import Matches
    from asyncpip.resolve.wants import Pin, Wanted

STREAK = 8
"""Versions of a project that fail one after the other for the same reason before the search leaps. Then it looks twice
as far each time, and closes in on the first version that does not fail so. Fewer would risk to leap over a version that
fits; each more costs a look at its metadata."""


class Information(Row):
    """A requirement, and the pin that has it; None for the user's own."""

    requirement: Wanted
    parent: Pin | None


class Rejection:
    """``pin`` cannot be chosen together with ``others``."""

    __slots__ = ("against", "conflict", "is_presumed", "key", "others", "pin", "signature", "wanted")

    def __init__(
        self,
        pin: Pin,
        others: frozenset[Pin],
        key: str,
        *,
        wanted: Sequence[Wanted] = (),
        against: Sequence[Information] = (),
        conflict: Conflict | None = None,
        signature: str = "",
        is_presumed: bool = False,
    ) -> None:
        self.pin = pin
        self.others = others
        self.key = key
        """For which nothing would be left."""
        self.wanted = wanted
        """What the pin itself wants of ``key``; empty where the reason lies deeper."""
        self.against = against
        """What the others, and the user, want of it."""
        self.conflict = conflict
        """The dead end from which this was concluded; None where the requirements alone say so."""
        self.signature = conflict.signature if conflict is not None else signature or f"<{key}>"
        """The keys on the way to where it fails, as one text."""
        self.is_presumed = is_presumed

    def is_like(self, other: Rejection) -> bool:
        """Return whether both fail for the same reason, as far as leaping is concerned."""
        return self.signature == other.signature and self.others == other.others

    @property
    def deepest_key(self) -> str:
        """The key that came to the dead end at the bottom of this: once it has a pin, the reason does not hold."""
        key, conflict = self.key, self.conflict
        while conflict is not None:
            key = conflict.key
            conflict = conflict.rejections[0].conflict if conflict.rejections else None
        return key

    def presume(self, pin: Pin) -> Rejection:
        """Return the guess that another pin fails likewise."""
        return Rejection(
            pin,
            self.others,
            self.key,
            wanted=self.wanted,
            against=self.against,
            conflict=self.conflict,
            signature=self.signature,
            is_presumed=True,
        )


class Conflict:
    """A dead end: ``key`` is wanted, and none of its pins can be chosen."""

    __slots__ = ("information", "key", "pins", "rejections")

    def __init__(
        self, key: str, information: Sequence[Information], rejections: Sequence[Rejection], pins: frozenset[Pin]
    ) -> None:
        self.key = key
        self.information = information
        """Who wants it, without those that make no difference."""
        self.rejections = rejections
        """Why not, for each pin that they would allow."""
        self.pins = pins
        """Which decided pins are to blame; empty where nothing can be done."""

    @property
    def signature(self) -> str:
        """The keys on the way to where its best pin fails."""
        return f"{self.key} {self.rejections[0].signature}" if self.rejections else self.key


class Nogoods:
    """All that was learnt, by pin."""

    def __init__(self) -> None:
        self._by_pin: dict[Pin, list[Rejection]] = {}
        self._impossible: dict[Pin, Rejection] = {}
        self.has_presumed = False

    def add(self, rejection: Rejection) -> None:
        """Keep ``rejection``."""
        if rejection.others:
            self._by_pin.setdefault(rejection.pin, []).append(rejection)
        else:
            self._impossible[rejection.pin] = rejection
        self.has_presumed = self.has_presumed or rejection.is_presumed

    def learn(self, conflict: Conflict) -> list[Rejection]:
        """Keep, and return, for each pin that is to blame that it cannot stand together with the others."""
        learnt = [Rejection(pin, conflict.pins - {pin}, conflict.key, conflict=conflict) for pin in conflict.pins]
        for rejection in learnt:
            self.add(rejection)
        return learnt

    def standing(self, pin: Pin, pins: Mapping[str, Pin]) -> Rejection | None:
        """Return why ``pin`` cannot be chosen beside ``pins``, as far as that is known."""
        found = self._impossible.get(pin)
        if found is not None:
            return found
        for rejection in self._by_pin.get(pin, ()):
            if all(pins.get(other.key) is other for other in rejection.others):
                return rejection
        return None

    def impossible(self, pin: Pin) -> Rejection | None:
        """Return why ``pin`` is out of the question, whatever is decided; None where it is not."""
        return self._impossible.get(pin)

    def forget(self) -> None:
        """Give up everything, because some of it was presumed and what was concluded from it is not marked."""
        self._by_pin.clear()
        self._impossible.clear()
        self.has_presumed = False


class Leap(Row):
    """A pin that was chosen past others."""

    pin: Pin
    reason: Rejection
    """Why those before the others failed."""
    skipped: Sequence[Pin]


class Step(Row):
    """The next pin to look at."""

    pin: Pin
    leaps: bool
    """Whether pins before it were passed over."""
    streak_of: Rejection | None
    """Why those before it failed."""


class Walk:
    """Goes through the pins of one key in order of preference, leaping where many fail for one reason."""

    def __init__(
        self,
        matches: Matches,
        standing: Callable[[Pin], Rejection | None],
        passed: set[Pin],
        *,
        may_leap: Callable[[Rejection], bool],
    ) -> None:
        """``passed`` are pins that did not fail when they were looked at; ``may_leap`` over what fails for a reason."""
        self._matches = matches
        self._standing = standing
        self._passed = passed
        self._may_leap = may_leap
        self._place = 0
        """The first pin that is not known to fail."""
        self._streak = 0
        self._reason: Rejection | None = None
        self._probe = 0

    def next(self) -> Step | None:
        """Return what to look at next; None where every pin is known to fail."""
        while True:
            pin = self._matches.at(self._place)
            if pin is None:
                return None
            reason = self._standing(pin)
            if reason is None:
                break
            alike = self._reason is not None and reason.is_like(self._reason)
            self._streak = self._streak + 1 if alike else 1
            self._reason = reason
            self._place += 1
        reason = self._reason
        if self._streak < STREAK or reason is None or pin.is_installed or not self._may_leap(reason):
            self._probe = self._place
            self._matches.hint_from(self._place)
            return Step(pin, leaps=False, streak_of=self._reason)
        return self._leap(pin)

    def skipped(self) -> Iterator[Pin]:
        """Yield the pins that the last leap passed over and that are not known to fail."""
        for place in range(self._place, self._probe):
            pin = self._matches.at(place)
            if pin is not None and self._standing(pin) is None:
                yield pin

    def _leap(self, first: Pin) -> Step:
        bound = self._bound()
        if bound is None:
            self._probe = self._place + self._streak
            while self._probe > self._place and self._matches.at(self._probe) is None:
                self._probe = min(self._probe - 1, self._matches.found - 1)
            ahead = (self._probe, self._probe + self._streak * 2, (self._place + self._probe) // 2)
        else:
            self._probe = (self._place + bound) // 2
            ahead = (self._probe, (self._place + self._probe) // 2, (self._probe + bound) // 2)
        self._matches.hint([each for place in ahead if (each := self._matches.at(place)) is not None])
        pin = self._matches.at(self._probe) or first
        return Step(pin, leaps=self._probe > self._place, streak_of=self._reason)

    def _bound(self) -> int | None:
        """Return the place of the first pin that is known to fail for another reason, or not to fail."""
        reason = self._reason
        for place in range(self._place, self._matches.found):
            pin = self._matches.at(place)
            if pin is None:
                break
            standing = self._standing(pin)
            if pin in self._passed if standing is None else reason is None or not standing.is_like(reason):
                return place
        return None
