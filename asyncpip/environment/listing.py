"""Names of what is installed, by directory listing alone. Lean: it is all that a remembered install needs to know."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIXES = (".dist-info", ".egg-info", ".egg-link", ".egg")


def installed_entries(paths: Iterable[str]) -> list[str]:
    """Return directory and name of every dist-info and its like on ``paths``, sorted: the same list, the same set."""
    found: list[str] = []
    for path in paths:
        try:
            entries = os.listdir(path)
        except OSError:
            continue
        found += [f"{path}{os.sep}{entry}" for entry in entries if entry.endswith(_SUFFIXES)]
    found.sort()
    return found
