"""The order of versions (PEP 440, "Summary of permitted suffixes and relative ordering") as plain tuples.

A resolution of 175 projects sorts 19,000 versions and looks at few of them. `packaging.Version` objects cost 85 ms to
make, compare and hash there; a tuple for the usual ``1.2.3`` is made by two string operations and compared in C.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from packaging.version import Version

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

OrderKey: TypeAlias = tuple[
    int,
    tuple[int, ...],
    tuple[int, str, int],
    int,
    tuple[int, int],
    tuple[tuple[int, int, str], ...],
]
"""Epoch, release, pre-release, post-release, development release, local version."""

ReleaseKey: TypeAlias = tuple[int, tuple[int, ...]]
"""Epoch and release of an `OrderKey`."""
Bounds: TypeAlias = tuple[ReleaseKey | None, ReleaseKey | None]
"""The lowest and the highest that can be; None for no limit."""
NO_BOUNDS: Bounds = (None, None)

_BEFORE_ALL, _AMONG, _AFTER_ALL = -1, 0, 1
_NO_PRE = (_AFTER_ALL, "", 0)
_NO_POST = -1
_NO_DEV = (_AFTER_ALL, 0)


@lru_cache(maxsize=65536)
def parse_version(text: str) -> Version | None:
    """Return the version ``text``, shared; None where it does not follow PEP 440."""
    try:
        return Version(text)
    except ValueError:  # `InvalidVersion`, or a number with more digits than Python reads
        return None


@lru_cache(maxsize=65536)
def order_key(text: str) -> OrderKey | None:
    """Return what sorts like the version ``text``, equal for equal versions; None where it does not follow PEP 440.

    Remembered: of 14,000 texts on the pages of 171 projects 6,000 differ.
    """
    if text.isascii() and text.replace(".", "").isdigit():
        try:
            release = tuple(map(int, text.split(".")))
        except ValueError:
            return None  # nothing between two dots, or more digits than Python reads
        return 0, release if release[-1] else _release_key(release), _NO_PRE, _NO_POST, _NO_DEV, ()
    version = parse_version(text)
    if version is None:
        return None
    pre = _NO_PRE
    if version.pre is not None:
        pre = (_AMONG, *version.pre)
    elif version.post is None and version.dev is not None:
        pre = (_BEFORE_ALL, "", 0)
    local: tuple[tuple[int, int, str], ...] = ()
    if version.local is not None:
        # Numbers sort after words.
        local = tuple(
            (_AFTER_ALL, int(part), "") if part.isdigit() else (_AMONG, 0, part) for part in version.local.split(".")
        )
    return (
        version.epoch,
        _release_key(version.release),
        pre,
        _NO_POST if version.post is None else version.post,
        _NO_DEV if version.dev is None else (_AMONG, version.dev),
        local,
    )


def _release_key(release: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``release`` without its trailing zeros, which do not count."""
    end = len(release)
    while end and not release[end - 1]:
        end -= 1
    return release[:end]


def bounds_of(specifier: SpecifierSet) -> Bounds:
    """Return between which releases all versions lie that ``specifier`` allows, these included.

    Nothing is said about pre-releases and the like, so a version within the bounds need not be allowed.
    """
    lowest: ReleaseKey | None = None
    highest: ReleaseKey | None = None
    for clause in specifier:
        low, high = _bounds_of_clause(clause.operator, clause.version)
        lowest = low if lowest is None or (low is not None and low > lowest) else lowest
        highest = high if highest is None or (high is not None and high < highest) else highest
    return lowest, highest


@lru_cache(maxsize=16384)
def _bounds_of_clause(operator: str, text: str) -> Bounds:
    is_prefix = text.endswith(".*")
    key = None if operator in ("===", "!=") else order_key(text.removesuffix(".*"))
    if key is None:
        return NO_BOUNDS
    here = key[:2]
    if operator in ("<", "<="):
        return None, here
    if operator in (">", ">="):
        return here, None
    if operator == "~=" or is_prefix:
        release = Version(text.removesuffix(".*")).release
        prefix = release if is_prefix else release[:-1]
        return here, (key[0], (*prefix[:-1], prefix[-1] + 1))
    return here, here
