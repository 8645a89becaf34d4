"""What the search has decided so far, and who wants what; every change can be taken back.

Changes are noted, not copied: a list of thousands of requirements has as many rounds, and a copy for each would take
gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TypeVar

    from asyncpip.resolve.nogoods import Information
    from asyncpip.resolve.wants import Pin

    Value = TypeVar("Value")

_ABSENT: Final = object()


class State:
    """What is decided, and who wants what."""

    __slots__ = ("_notes", "levels", "open", "pins", "repins", "wanted")

    def __init__(self) -> None:
        self.pins: dict[str, Pin] = {}
        """By key."""
        self.levels: dict[str, int] = {}
        """When the pin of a key was chosen: later ones are greater."""
        self.wanted: dict[str, tuple[Information, ...]] = {}
        self.open: dict[str, None] = {}
        """Keys that are wanted and not decided."""
        self.repins: dict[str, int] = {}
        """How often the pin of a key gave way to a later one."""
        self._notes: list[tuple[dict[str, object], str, object]] = []
        """What each change replaced, oldest first."""

    @property
    def moment(self) -> int:
        """What `back_to` takes to come back to the state as it is now."""
        return len(self._notes)

    def back_to(self, moment: int) -> None:
        """Take back all changes since ``moment``."""
        notes = self._notes
        while len(notes) > moment:
            values, key, before = notes.pop()
            if before is _ABSENT:
                del values[key]
            else:
                values[key] = before

    def put(self, values: dict[str, Value], key: str, value: Value) -> None:
        """Set an entry of one of the dictionaries."""
        self._note(values, key)
        values[key] = value

    def drop(self, values: dict[str, Value], key: str) -> None:
        """Remove an entry of one of the dictionaries, where it is there."""
        if key in values:
            self._note(values, key)
            del values[key]

    def _note(self, values: dict[str, Value], key: str) -> None:
        noted: dict[str, object] = values  # type: ignore[assignment]  # only what came out of it is put back
        self._notes.append((noted, key, values.get(key, _ABSENT)))
