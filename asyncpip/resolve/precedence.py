"""Which project is decided before which other one: learned from conflicts, kept when the solver starts again.

The solver pins one project after the other. Where a project loses against an earlier pin again and again, walking down
its versions seldom ends well: among its oldest ones is some version that forgot to declare the dependency. The cure is
to decide the loser first and let the winner give way. Each pair is turned round once at most, and never so that the
pairs contradict one another: so the solver starts again a bounded number of times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable


class Precedence:
    """Learned pairs of names: one has to be decided before the other."""

    def __init__(self) -> None:
        self._earlier: dict[str, set[str]] = {}

    def learn(self, loser: str, winners: Iterable[str]) -> bool:
        """Let ``loser`` come before ``winners``; False where that is known already or contradicts what is."""
        learned = False
        for winner in sorted(winners):
            if winner == loser or self._comes_before(winner, loser):
                continue
            earlier = self._earlier.setdefault(winner, set())
            if loser not in earlier:
                earlier.add(loser)
                learned = True
        return learned

    def must_wait(self, name: str, decided: Container[str]) -> bool:
        """Return whether a project that comes before ``name`` is not among ``decided`` yet."""
        earlier = self._earlier.get(name)
        return earlier is not None and any(each not in decided for each in earlier)

    def _comes_before(self, name: str, other: str) -> bool:
        """Return whether ``name`` comes before ``other``, be it through others."""
        open_names = [other]
        seen: set[str] = set()
        while open_names:
            for each in self._earlier.get(open_names.pop(), ()):
                if each == name:
                    return True
                if each not in seen:
                    seen.add(each)
                    open_names.append(each)
        return False
