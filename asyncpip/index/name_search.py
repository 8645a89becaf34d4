"""Which project names fit what somebody is looking for, the best first.

Exact, then names that begin with it (first those where a word ends with it), names with all its words, names that hold
all its words, and where these are few, names that are spelled much like it. Shorter names come first: they say less
else.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from heapq import nsmallest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_NO_NAME = re.compile(r"[^a-z0-9]+")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_SHORTEST_MISSPELT = 3
"""A shorter text is spelled like everything."""
_ALIKE = 0.8
"""`difflib`'s ratio from which on two names look like the same word."""
_LENGTHS_APART = 2
_EXACT, _BEGINS_WITH_WORDS, _BEGINS, _HAS_WORDS, _HOLDS_WORDS = range(5)


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the words of a query: of each text the runs of letters and digits, in lower case."""
    return [word for text in texts for word in _NO_NAME.split(text.lower()) if word]


def best_matches(names: Sequence[str], words: Sequence[str], *, limit: int) -> tuple[list[str], int]:
    """Return the best of the normalised ``names`` for ``words``, at most ``limit``, and how many fit in all."""
    if not words:
        return [], 0
    hits = list(names)
    for word in sorted(words, key=len, reverse=True):
        hits = [name for name in hits if word in name]
    fitting = {name for name in hits if _NAME.fullmatch(name)}
    phrase = "-".join(words)
    best = nsmallest(limit, fitting, key=lambda name: (_rank(name, phrase, words), len(name), name))
    if len(best) == limit or len(phrase) < _SHORTEST_MISSPELT:
        return best, len(fitting)
    alike = list(_spelled_like(phrase, names, fitting))
    return [*best, *alike[: limit - len(best)]], len(fitting) + len(alike)


def _rank(name: str, phrase: str, words: Sequence[str]) -> int:
    if name == phrase:
        return _EXACT
    if name.startswith(phrase):
        return _BEGINS_WITH_WORDS if name[len(phrase)] == "-" else _BEGINS
    parts = name.split("-")
    return _HAS_WORDS if all(word in parts for word in words) else _HOLDS_WORDS


def _spelled_like(phrase: str, names: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """Yield names that are one slip away from ``phrase``, then others that look like it, those ``known`` left out."""
    everything = frozenset(names)
    near = sorted(_one_slip_away(phrase) & everything - frozenset(known), key=lambda name: (len(name), name))
    yield from (name for name in near if _NAME.fullmatch(name))
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(phrase)
    shortest, longest = len(phrase) - _LENGTHS_APART, len(phrase) + _LENGTHS_APART
    found: list[tuple[float, str]] = []
    for name in everything:
        if name[:1] == phrase[0] and shortest <= len(name) <= longest and name not in known and name not in near:
            matcher.set_seq1(name)
            if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
                ratio = matcher.ratio()
                if ratio >= _ALIKE and _NAME.fullmatch(name):
                    found.append((-ratio, name))
    yield from (name for _, name in sorted(found))


def _one_slip_away(phrase: str) -> frozenset[str]:
    """Return all texts with one letter more, less or another than ``phrase``, or two that changed places."""
    cuts = [(phrase[:at], phrase[at:]) for at in range(len(phrase) + 1)]
    fewer = {left + right[1:] for left, right in cuts if right}
    others = {left + letter + right[1:] for left, right in cuts if right for letter in _LETTERS}
    more = {left + letter + right for left, right in cuts for letter in _LETTERS}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    return frozenset(fewer | others | more | swapped) - {phrase}
