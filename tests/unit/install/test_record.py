"""RECORD: parsing, formatting, rows of an installed wheel."""

from __future__ import annotations

import base64
import hashlib

import pytest

from asyncpip.install.record import (
    names_on_disk,
    parse_record,
    row_line,
    row_of,
    unclaimed_rows,
    urlsafe_sha256,
)


@pytest.mark.parametrize("path", ["a/b.py", "é.py", "日本/x\udce9.py"])
def test_names_on_disk_are_utf8(path: str) -> None:
    """Where the locale is another one, there are two: `test_file_names_that_the_locale_cannot_write`."""
    assert names_on_disk(path) == (path,)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("a.py,sha256=x,1\n", [("a.py", "sha256=x", "1")]),
        ("a.py,sha256=x,1\r\nb.py,,\r\n", [("a.py", "sha256=x", "1"), ("b.py", "", "")]),
        ("\ufeffa.py,,\n\nb.py,,", [("a.py", "", ""), ("b.py", "", "")]),
        ("a.py\nb.py,sha256=x\n", [("a.py", "", ""), ("b.py", "sha256=x", "")]),
        ("a.py,h,1,more\n", [("a.py", "h", "1")]),
        ('"a,b.py",h,1\nc.py,,\n', [("a,b.py", "h", "1"), ("c.py", "", "")]),
        ('"a""b.py","h","1"\n', [('a"b.py', "h", "1")]),
        ('"""",,\n', [('"', "", "")]),
        ('"never closed,h,1\n', [("never closed,h,1", "", "")]),
        ('"a"b,h,1\n', [("ab", "h", "1")]),
        ("a\u2028b,,\n", [("a\u2028b", "", "")]),
    ],
)
def test_parse(text: str, rows: list[tuple[str, str, str]]) -> None:
    assert parse_record(text) == rows


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (("a", "h", "1"), "a,h,1"),
        (("é", "", ""), "é,,"),
        (("a,b", "", ""), '"a,b",,'),
        (('q"q', "", ""), '"q""q",,'),
        (("a", "h,h", '"'), 'a,"h,h",""""'),
    ],
)
def test_line_of_a_row(row: tuple[str, str, str], line: str) -> None:
    assert row_line(row) == line
    assert parse_record(line + "\r\n") == [row]


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 9])
def test_digest(data: bytes) -> None:
    expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    assert urlsafe_sha256(data) == f"sha256={expected}"
    assert row_of("p", data) == ("p", f"sha256={expected}", str(len(data)))


def test_unclaimed_rows_stay_inside() -> None:
    rows = [(path, "", "") for path in ("a", "ghost", "../x", "a/../../x", "/x", "\\x", "C:x", "R")]
    assert unclaimed_rows(rows, {"a"}, record="R") == [("ghost", "", "")]
