"""RECORD: parsing, formatting, rows of an installed wheel."""

from __future__ import annotations

import base64
import hashlib

import pytest

from asyncpip.install.record import (
    format_rows,
    installed_rows,
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
    ("rows", "data"),
    [
        ([], b""),
        ([("b", "", ""), ("a", "h", "1")], b"a,h,1\r\nb,,\r\n"),
        ([("a-b", "", ""), ("a", "", ""), ("a!", "", "")], b"a,,\r\na!,,\r\na-b,,\r\n"),
        ([("a,b", "", ""), ("c", "", "")], b'"a,b",,\r\nc,,\r\n'),
        ([('q"q', "", "")], b'"q""q",,\r\n'),
        ([("a\nb", "", "")], b'"a\nb",,\r\n'),
        ([("é", "", "")], b"\xc3\xa9,,\r\n"),
        ([("\udce9", "", "")], b"\xe9,,\r\n"),
        ([("a", "h", "10"), ("a", "h", "9")], b"a,h,10\r\na,h,9\r\n"),
    ],
)
def test_format(rows: list[tuple[str, str, str]], data: bytes) -> None:
    assert format_rows(rows) == data


@pytest.mark.parametrize("path", ["a", "a,b", 'a"b'])
def test_row_line_is_a_line_of_the_file(path: str) -> None:
    row = (path, "h", "1")
    assert row_line(row).encode() + b"\r\n" == format_rows([row])


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 9])
def test_digest(data: bytes) -> None:
    expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    assert urlsafe_sha256(data) == f"sha256={expected}"
    assert row_of("p", data) == ("p", f"sha256={expected}", str(len(data)))


def test_rows_of_an_installed_wheel() -> None:
    rows = installed_rows(
        [
            ("pkg/a.py", "sha256=a", "1"),
            ("foo-1.data/scripts/run", "sha256=s", "2"),
            ("foo-1.data/data/share/x", "sha256=d", "3"),
            ("ghost.py", "sha256=g", "4"),
            ("../../escape", "", ""),
            ("/etc/passwd", "", ""),
            ("foo-1.dist-info/RECORD", "sha256=wrong", "5"),
        ],
        ["pkg/a.py", "pkg/forgotten.txt", "foo-1.data/scripts/run", "foo-1.data/data/share/x"],
        record="foo-1.dist-info/RECORD",
        moved={"foo-1.data/scripts/run": "../../../bin/run", "foo-1.data/data/share/x": "../../../share/x"},
        changed={"foo-1.data/scripts/run": ("sha256=new", "6")},
        generated=[("foo-1.dist-info/INSTALLER", "sha256=i", "9")],
        bytecode=["pkg/__pycache__/a.cpython-311.pyc"],
    )
    assert sorted(rows) == [
        ("../../../bin/run", "sha256=new", "6"),
        ("../../../share/x", "sha256=d", "3"),
        ("foo-1.dist-info/INSTALLER", "sha256=i", "9"),
        ("foo-1.dist-info/RECORD", "", ""),
        ("ghost.py", "sha256=g", "4"),
        ("pkg/__pycache__/a.cpython-311.pyc", "", ""),
        ("pkg/a.py", "sha256=a", "1"),
        ("pkg/forgotten.txt", "", ""),
    ]


def test_unclaimed_rows_stay_inside() -> None:
    rows = [(path, "", "") for path in ("a", "ghost", "../x", "a/../../x", "/x", "\\x", "C:x", "R")]
    assert unclaimed_rows(rows, {"a"}, record="R") == [("ghost", "", "")]
