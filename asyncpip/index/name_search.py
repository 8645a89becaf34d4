"""Which project names fit what somebody is looking for, the best first.

Exact, then names that begin with it (first those where a word ends with it), names with all its words, names that hold
all its words, and where these are few, names that are spelled much like it (those that differ in dashes only
come right behind an exact one).

Nothing in an index says which project is used. But what is used has followers who put its name into theirs: of
`flask-login` and `flask-aa` the first is the likelier, because more names with `flask` have the word `login`. So within
each group names with fewer other words come first, then those whose rarest other word is in more of the names found.
"""

from __future__ import annotations

import re
from collections import Counter
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
_MOST_RANKED = 50_000
"""So many names fit what says next to nothing, like a single letter; then only those count that begin with it."""
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
    phrase = "-".join(words)
    if len(hits) > _MOST_RANKED:
        begin = [name for name in hits if name.startswith(phrase)]
        return _best({name for name in begin if _NAME.fullmatch(name)}, phrase, words, limit), len(hits)
    fitting = {name for name in hits if _NAME.fullmatch(name)}
    best = _best(fitting, phrase, words, limit)
    if len(best) == limit or len(phrase) < _SHORTEST_MISSPELT:
        return best, len(fitting)
    alike = list(_spelled_like(phrase, names, fitting))
    exact = [name for name in best if name == phrase]
    joined = [name for name in alike if name.replace("-", "") == phrase.replace("-", "")]
    return list(dict.fromkeys([*exact, *joined, *best, *alike]))[:limit], len(fitting) + len(alike)


def _best(fitting: Collection[str], phrase: str, words: Sequence[str], limit: int) -> list[str]:
    """Return the first ``limit`` of the names that fit."""
    known = frozenset(words)
    found = Counter(word for name in fitting for word in set(name.split("-")))

    def key(name: str) -> tuple[int, int, int, int, str]:
        others = [word for word in name.split("-") if word not in known]
        rarest = min(map(found.__getitem__, others), default=0)
        return _rank(name, phrase, words), len(others), -rarest, len(name), name

    return nsmallest(limit, fitting, key=key)


def _rank(name: str, phrase: str, words: Sequence[str]) -> int:
    if name == phrase:
        return _EXACT
    if name.startswith(phrase):
        return _BEGINS_WITH_WORDS if name[len(phrase)] == "-" else _BEGINS
    parts = name.split("-")
    return _HAS_WORDS if all(word in parts for word in words) else _HOLDS_WORDS


def _spelled_like(phrase: str, names: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """Yield names that are one slip away from ``phrase``, then others that look like it, those ``known`` left out."""
    slips = _one_slip_away(phrase).intersection(names).difference(known)
    near = sorted(slips, key=lambda name: (len(name), name))
    yield from (name for name in near if _NAME.fullmatch(name))
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(phrase)
    shortest, longest = len(phrase) - _LENGTHS_APART, len(phrase) + _LENGTHS_APART
    found: list[tuple[float, str]] = []
    first = phrase[0]
    for name in {name for name in names if name[:1] == first and shortest <= len(name) <= longest}:
        if name not in known and name not in slips:
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
