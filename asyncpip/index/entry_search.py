"""Finds the file entries of one version in a project page's JSON (PEP 691) without reading the rest of it. No I/O.

Known are the place of a row of entries among all, and the version that these, and neither neighbour, belong to. So what
is found can be told from what only looks like it; where there is any doubt, whoever asks reads the whole page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpip.net.content_encoding import Octets

NAME_KEY = b'"filename":'
"""Nowhere else but before a key's value: within a string its quotes would be escaped."""
_SEPARATORS = (b"},{", b"}, {")
_LONGEST_ENTRY_BYTES = 4096
"""Usual ones have 400 to 1000."""
_SPREAD = 8
"""Entries differ in length: a row may lie this part of the page away from where equal ones would put it."""


def find_row(body: Octets, row: range, count: int, version: str) -> bytes | None:
    """Return the entries in ``row`` of a page with ``count`` of them as a JSON list; None where that is in doubt.

    What is returned begins and ends with entries that are named like files of ``version``, and has all between them;
    how many these are is for the caller to compare with the length of ``row``, which has no neighbour of that version.
    """
    text = version.encode("utf-8", "surrogatepass")
    found = _any_name(body, row, count, text)
    if found < 0:
        return None
    first = last = found
    while (before := body.rfind(NAME_KEY, 0, first)) >= 0 and _is_of(body, before, text):
        first = before
    while (behind := body.find(NAME_KEY, last + 1)) >= 0 and _is_of(body, behind, text):
        last = behind
    start = _end_between(body, before, first) if before >= 0 else body.rfind(b"[{", 0, first) + 1
    end = _end_between(body, last, behind) if behind >= 0 else body.find(b"}]", last) + 1
    return b"[%b]" % bytes(body[start:end]).lstrip(b", ") if start and end else None


def _any_name(body: Octets, row: range, count: int, version: bytes) -> int:
    """Return where the name of an entry of ``version`` stands, near to where ``row`` should be; -1 for none."""
    size = len(body)
    middle, spread = size * row.start // count, size // _SPREAD + _LONGEST_ENTRY_BYTES
    for text in (b"-%b-" % version, b"-%b." % version):
        for start, end in ((middle, middle + spread), (max(0, middle - spread), middle)):
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
