"""From a failed search to what it failed for: the fewest of the user's requirements, and which of them to relax.

Both are found by searching again with other requirements. What was read is at hand, so that costs little; what was not
is fetched only within a small budget, and where that is used up nothing is claimed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncpip.errors import AsyncpipError
from asyncpip.resolve.gate import OutOfBudgetError
from asyncpip.resolve.search import Search, SearchFailed
from asyncpip.resolve.wants import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.version import Version

    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.gate import Gate
    from asyncpip.resolve.nogoods import Conflict, Rejection
    from asyncpip.resolve.provider import Provider
    from asyncpip.resolve.state import State
    from asyncpip.resolve.wants import Pin

_MOST_ROUNDS = 500
_MOST_FETCHES = 40
"""For one relaxed requirement, on top of a run that has failed. Most need a page and a metadata file or two."""
_MOST_FETCHES_IN_ALL = 100
_MOST_INVOLVED = 12
"""With more of the user's requirements in it, a conflict is not looked at again."""
_MOST_RELAXED = 6


class Relaxation(NamedTuple):
    """A requirement of the user without whose bounds there is an answer, and the version that the answer has."""

    requirement: UserRequirement
    version: Version


class _Silent:
    """A watcher that ends a search which takes long."""

    def __init__(self) -> None:
        self._rounds = 0

    def starting_round(self) -> None:
        self._rounds += 1
        if self._rounds > _MOST_ROUNDS:
            raise OutOfBudgetError

    def pinned(self, pin: Pin, pins: Mapping[str, Pin], *, replaces: bool) -> None:
        """Do nothing."""

    def rejected(self, rejection: Rejection, movable: Sequence[Pin]) -> None:
        """Do nothing."""

    def leapt(self, reason: Rejection, count: int) -> None:
        """Do nothing."""

    def went_back(self, conflict: Conflict, latest: Pin, pins: Mapping[str, Pin]) -> None:
        """Do nothing."""


class Narrowing:
    """Looks at one failed search again."""

    def __init__(self, roots: Sequence[Wanted], provider: Provider, gate: Gate) -> None:
        self._roots = roots
        self._provider = provider
        self._gate = gate

    def core(self, conflict: Conflict) -> Conflict:
        """Return the dead end that is left with as few of the user's requirements as can be found."""
        involved = involved_in(conflict)
        if len(involved) > _MOST_INVOLVED:
            return conflict
        for user in involved:
            still = {id(each) for each in involved_in(conflict)}
            if len(still) > 1 and id(user) in still:
                rest = [each for each in self._roots if id(each.user) in still and each.user is not user]
                outcome, _ = self._search(rest, 0)
                conflict = outcome.conflict if isinstance(outcome, SearchFailed) else conflict
        return conflict

    def relaxations(self, conflict: Conflict) -> list[Relaxation]:
        """Return each requirement in ``conflict`` that only has to lose its bounds for an answer to be there."""
        found = []
        bounded = [each for each in involved_in(conflict) if each.specifier and each.name is not None]
        left = _MOST_FETCHES_IN_ALL
        for user in bounded[:_MOST_RELAXED]:
            roots = [_unbounded(each) if each.user is user else each for each in self._roots]
            budget = min(left, _MOST_FETCHES)
            outcome, unspent = self._search(roots, budget)
            left -= budget - unspent
            if user.name is not None and outcome is not None and not isinstance(outcome, SearchFailed):
                found.append(Relaxation(user, outcome.pins[user.name].version))
        return found

    def _search(self, roots: Sequence[Wanted], budget: int) -> tuple[State | SearchFailed | None, int]:
        """Return the outcome for other requirements, None where it is not known; and what is left of the budget."""
        self._gate.budget = budget
        self._provider.is_silent = True
        outcome: State | SearchFailed | None = None
        try:
            outcome = Search(self._provider, _Silent()).run(roots)
        except SearchFailed as failed:
            outcome = failed
        except (OutOfBudgetError, AsyncpipError):
            pass
        left = max(0, self._gate.budget)
        self._gate.budget = None
        self._provider.is_silent = False
        return outcome, left


def involved_in(conflict: Conflict) -> list[UserRequirement]:
    """Return the user's requirements from which a dead end follows, in an order that does not depend on theirs."""
    found: dict[int, UserRequirement] = {}
    for each in conflicts_in(conflict):
        wanted = [info.requirement for info in each.information]
        wanted += [info.requirement for rejection in each.rejections for info in rejection.against]
        found.update({id(one.user): one.user for one in wanted if one.user is not None})
    return sorted(found.values(), key=lambda user: (user.text, str(user.origin)))


def conflicts_in(conflict: Conflict) -> Iterable[Conflict]:
    """Yield a dead end and all those from which it was concluded, each once."""
    open_ones, seen = [conflict], {id(conflict)}
    while open_ones:
        each = open_ones.pop()
        yield each
        for rejection in each.rejections:
            deeper = rejection.conflict
            if deeper is not None and id(deeper) not in seen:
                seen.add(id(deeper))
                open_ones.append(deeper)


def _unbounded(wanted: Wanted) -> Wanted:
    """Return a requirement without its bounds."""
    return wanted if wanted.extra is not None else Wanted(wanted.name, wanted.name, user=wanted.user)
