"""resolvelib's search, with less repeated work, and its outcome as the graph of what is needed.

What resolvelib does of its own when a search ends walks parents without looking where it has been: two projects that
want one another and that a re-pinned third no longer wants make it recurse for ever. So the graph is drawn here, from
the user's requirements downwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolvelib.resolvers import Resolution as _Resolution

from asyncpip.resolve.wants import Pin, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from resolvelib import BaseReporter
    from resolvelib.resolvers import Criterion
    from resolvelib.structs import State

    from asyncpip.resolve.provider import Provider


class _Search(_Resolution[Wanted, Pin, str]):
    """Asks about a key again only when its requirements or its pin have changed.

    In each round resolvelib compares every pin with all its requirements, which for 171 projects is most of its work.
    """

    def __init__(self, provider: Provider, reporter: BaseReporter[Wanted, Pin, str]) -> None:
        super().__init__(provider, reporter)
        self._answers: dict[str, tuple[Criterion[Wanted, Pin], Pin, bool]] = {}

    def _is_current_pin_satisfying(self, name: str, criterion: Criterion[Wanted, Pin]) -> bool:
        if not criterion.information:
            return True  # nobody wants it any more
        pin = self.state.mapping.get(name)
        if pin is None:
            return False
        known = self._answers.get(name)
        if known is not None and known[0] is criterion and known[1] is pin:
            return known[2]
        answer = super()._is_current_pin_satisfying(name, criterion)
        self._answers[name] = (criterion, pin, answer)
        return answer


class Answer:
    """The pins that the user's requirements need, and who wants whom."""

    def __init__(self, roots: Iterable[Wanted], state: State[Wanted, Pin, str], provider: Provider) -> None:
        self.roots = list(dict.fromkeys(root.key for root in roots))
        self.pins: dict[str, Pin] = {}
        self.children: dict[str, list[str]] = {}
        """Keys by key, each once."""
        open_keys = list(self.roots)
        while open_keys:
            key = open_keys.pop()
            if key in self.pins:
                continue
            pin = self.pins[key] = state.mapping[key]
            self.children[key] = list(dict.fromkeys(wanted.key for wanted in provider.get_dependencies(pin)))
            open_keys.extend(self.children[key])
        self._criteria = state.criteria

    def first_wanted(self, key: str) -> tuple[Wanted, Pin | None]:
        """Return the requirement that made ``key`` known, and the pin that has it; the user's own before all others."""
        information = [
            each
            for each in self._criteria[key].information
            if each.parent is None or self.pins.get(each.parent.key) is each.parent
        ]
        by_user = next((each for each in information if each.parent is None), None)
        by_version = next((each for each in information if each.requirement.pin is None), None)
        chosen = by_user or by_version or information[0]
        return chosen.requirement, chosen.parent


def search(
    roots: list[Wanted], provider: Provider, reporter: BaseReporter[Wanted, Pin, str], *, max_rounds: int
) -> Answer:
    """Return what the roots need; raises resolvelib's errors, and what ``provider`` and ``reporter`` raise."""
    state = _Search(provider, reporter).resolve(roots, max_rounds=max_rounds)
    return Answer(roots, state, provider)
