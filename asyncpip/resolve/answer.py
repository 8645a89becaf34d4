"""The outcome of a search, as the graph of what the user's requirements need: who wants whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.resolve.provider import Provider
    from asyncpip.resolve.state import State
    from asyncpip.resolve.wants import Pin, Wanted


class Answer:
    """The pins that the user's requirements need, and who wants whom."""

    def __init__(self, roots: Iterable[Wanted], state: State, provider: Provider) -> None:
        self.roots = list(dict.fromkeys(root.key for root in roots))
        self.pins: dict[str, Pin] = {}
        self.children: dict[str, list[str]] = {}
        """Keys by key, each once."""
        open_keys = list(self.roots)
        while open_keys:
            key = open_keys.pop()
            if key in self.pins:
                continue
            pin = self.pins[key] = state.pins[key]
            self.children[key] = list(dict.fromkeys(wanted.key for wanted in provider.get_dependencies(pin)))
            open_keys.extend(self.children[key])
        self._wanted = state.wanted

    def first_wanted(self, key: str) -> tuple[Wanted, Pin | None]:
        """Return the requirement that made ``key`` known, and the pin that has it; the user's own before all others."""
        information = [
            each for each in self._wanted[key] if each.parent is None or self.pins.get(each.parent.key) is each.parent
        ]
        by_user = next((each for each in information if each.parent is None), None)
        chosen = by_user or information[0]
        return chosen.requirement, chosen.parent
