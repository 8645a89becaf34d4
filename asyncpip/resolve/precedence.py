"""Which project is decided before which other one: learned from conflicts, kept when the search starts again.

The search pins one project after the other. Where a project loses against an earlier pin again and again, walking down
its versions seldom ends well: its oldest version may have forgotten to declare the dependency in question, and "fits".
So the search starts again with the loser decided first, and now the other one walks down. Where that one loses as well,
they change places again, each time with more patience: the answer is the one for which fewer versions are given up.
Patience soon exceeds the number of versions that there are, so this ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Container

_FIRST_PATIENCE = 4
"""Versions that may fail in a row before places are changed for the first time. Fewer would give up the newest version
of a project where the next but one of the other does; each more costs a wait for metadata."""
_GROWTH = 4
"""Each change of places starts the search again, so there should be few of them."""


class Precedence:
    """Learned pairs of names: one has to be decided before the other."""

    def __init__(self) -> None:
        self._earlier: dict[str, set[str]] = {}
        """For a name those that come before it."""
        self._patience: dict[frozenset[str], int] = {}

    def patience(self, loser: str, winners: Collection[str]) -> int:
        """Return how many versions of ``loser`` may fail in a row against ``winners``."""
        return max(self._patience.get(frozenset((loser, winner)), _FIRST_PATIENCE) for winner in winners)

    def put_first(self, loser: str, winners: Collection[str]) -> bool:
        """Let ``loser`` come before ``winners``; False where it does already, and nothing is to be gained."""
        changed = False
        for winner in winners:
            before = self._earlier.setdefault(winner, set())
            if loser in before:
                continue
            before.add(loser)
            self._earlier.setdefault(loser, set()).discard(winner)
            pair = frozenset((loser, winner))
            self._patience[pair] = _GROWTH * self._patience.get(pair, _FIRST_PATIENCE)
            changed = True
        return changed

    def must_wait(self, name: str, decided: Container[str]) -> bool:
        """Return whether a project that comes before ``name`` is not among ``decided`` yet."""
        earlier = self._earlier.get(name)
        return earlier is not None and any(each not in decided for each in earlier)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was learned."""
        return not self._earlier
