"""Lists in sentences, and lists of sentences, cut to what a terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_LINES = 16
"""With the first line and the hint, no more than a terminal of 24 lines shows."""
MOST_VERSIONS = 6
"""Versions named in one sentence; the rest is counted."""


def listed(parts: Iterable[str], *, last: str = " and ", limit: int = 0) -> str:
    """Return ``a, b and c``; past ``limit`` (0: none) the rest is counted."""
    names = list(parts)
    if limit and len(names) > limit:
        names = [*names[: limit - 1], f"{len(names) - limit + 1} more"]
    if len(names) < 2:  # noqa: PLR2004 - one or none needs no joining
        return "".join(names)
    separator = "; " if last == "; " else ", "
    return separator.join(names[:-1]) + last + names[-1]


def shortened(lines: Sequence[str], most: int = MOST_LINES) -> list[str]:
    """Return at most ``most`` lines, the last of them a count of what is left out."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"and {len(lines) - most + 1} more of the kind"]
