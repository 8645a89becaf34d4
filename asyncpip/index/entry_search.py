"""Finds the file entries of one version in a project page's JSON (PEP 691) without reading the rest of it. No I/O.

Known are the place of a row of entries among all, and the version that these, and neither neighbour, belong to. So what
is found can be told from what only looks like it; where there is any doubt, whoever asks reads the whole page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.values import Row

if TYPE_CHECKING:
    from asyncpip.net.content_encoding import Octets

NAME_KEY = b'"filename":'
"""Nowhere else but before a key's value: within a string its quotes would be escaped."""
_SEPARATORS = (b"},{", b"}, {")
_LONGEST_ENTRY_BYTES = 4096
"""Usual ones have 400 to 1000."""
_SPREAD = 4
"""Entries differ in length: a row may lie this part of the way off from where equal ones would put it."""


class Found(Row):
    """Entries of one version."""

    data: bytes
    """As a JSON list."""
    place: int
    """Where the first one's name stands on the page."""


def find_row(body: Octets, row: range, count: int, version: str, known: tuple[int, int] = (0, 0)) -> Found | None:
    """Return the entries in ``row`` of a page with ``count`` of them; None where they are in doubt.

    ``known`` is where an entry stands: its place among all, and on the page.

    What is returned begins and ends with entries that are named like files of ``version``, and has all between them;
    how many these are is for the caller to compare with the length of ``row``, which has no neighbour of that version.
    """
    text = version.encode("utf-8", "surrogatepass")
    found = _any_name(body, text, *_expected(len(body), row.start, count, known))
    if found < 0:
        return None
    first = last = found
    while (before := body.rfind(NAME_KEY, 0, first)) >= 0 and _is_of(body, before, text):
        first = before
    while (behind := body.find(NAME_KEY, last + 1)) >= 0 and _is_of(body, behind, text):
        last = behind
    start = _end_between(body, before, first) if before >= 0 else body.rfind(b"[{", 0, first) + 1
    end = _end_between(body, last, behind) if behind >= 0 else body.find(b"}]", last) + 1
    return Found(b"[%b]" % bytes(body[start:end]).lstrip(b", "), first) if start and end else None


def _expected(size: int, entry: int, count: int, known: tuple[int, int]) -> tuple[int, int]:
    """Return where ``entry`` should stand in ``size`` bytes, and how far from there it may be."""
    from_entry, place = min(((0, 0), (count, size), known), key=lambda each: abs(each[0] - entry))
    distance = (entry - from_entry) * size // count
    return place + distance, abs(distance) // _SPREAD + _LONGEST_ENTRY_BYTES


def _any_name(body: Octets, version: bytes, middle: int, spread: int) -> int:
    """Return where the name of an entry of ``version`` stands, at most ``spread`` from ``middle``; -1 for none."""
    for start, end in ((middle, middle + spread), (max(0, middle - spread), middle)):
        for text in (b"-%b-" % version, b"-%b." % version):
            at = body.find(text, start, end)
            if at >= 0:
                place = body.rfind(NAME_KEY, max(0, at - _LONGEST_ENTRY_BYTES), at)
                if place >= 0 and _is_of(body, place, version):
                    return place
    return -1


def _is_of(body: Octets, place: int, version: bytes) -> bool:
    """Return whether the name whose key stands at ``place`` is one of a usual file of ``version``."""
    start = body.find(b'"', place + len(NAME_KEY)) + 1
    name = body[start : body.find(b'"', start)]
    if name.endswith(b".whl"):
        return name.split(b"-", 2)[1:2] == [version]
    return name.endswith((b"-%b.tar.gz" % version, b"-%b.zip" % version))


def _end_between(body: Octets, start: int, end: int) -> int:
    """Return where an entry ends, given where its name stands and where the next entry's does; 0 where in doubt."""
    for separator in _SEPARATORS:
        at = body.find(separator, start, end)
        if at >= 0:
            return 0 if body.find(separator, at + 1, end) >= 0 else at + 1
    return 0
