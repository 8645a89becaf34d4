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


def installed_names(paths: Iterable[str]) -> list[str]:
    """Return the normalised names of what is installed on ``paths``, each once, sorted."""
    names = set()
    for entry in installed_entries(paths):
        stem = os.path.splitext(os.path.basename(entry))[0]
        raw = stem if entry.endswith(".egg-link") else stem.partition("-")[0]
        if raw and raw[0] != "~":  # what a broken uninstall left
            names.add("-".join(filter(None, raw.lower().replace("_", "-").replace(".", "-").split("-"))))
    return sorted(names)
