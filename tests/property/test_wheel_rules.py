"""No archive path escapes; RECORD survives a round trip; removed lines leave the rest."""

from __future__ import annotations

import csv
import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncpip.core.target import SchemePaths
from asyncpip.errors import WheelFormatError
from asyncpip.install.pth_lines import without_pth_entry
from asyncpip.install.record import parse_record, row_line
from asyncpip.install.scheme import destination, place_members
from asyncpip.install.scripts import parse_entry_points, stays_inside
from asyncpip.install.wheel import SCHEME_KEYS, read_layout

pytestmark = pytest.mark.property

INFO = "foo-1.dist-info"
FILENAME = "foo-1-py3-none-any.whl"
MEMBERS = {
    f"{INFO}/METADATA": b"Name: foo\nVersion: 1\n",
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\n",
    f"{INFO}/RECORD": b"",
}
SCHEME = SchemePaths(purelib="/t/pure", platlib="/t/plat", scripts="/t/bin", data="/t/data", headers="/t/include")
PART = st.sampled_from(["", ".", "..", "...", "a", "b", "c:", "é", "a b", "foo-1.data", *SCHEME_KEYS, "x\\y", INFO])
NAME = st.lists(PART, min_size=1, max_size=6).map("/".join)
TEXT = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.lists(NAME, max_size=4))
def test_no_member_escapes(extra: list[str]) -> None:
    names = [*MEMBERS, *extra]
    try:
        layout = read_layout(FILENAME, names, MEMBERS.__getitem__)
    except WheelFormatError:
        return
    targets = []
    for key, group in place_members(layout, names).groups.items():
        directory = destination(SCHEME, key, root_is_purelib=True, project="foo")
        for path in group.paths:
            final = os.path.normpath(os.path.join(directory, path))
            assert final.startswith(directory + os.sep)
            targets.append((key, final))
    assert len(set(targets)) == len(targets)


@settings(max_examples=100, deadline=None)
@given(st.lists(NAME, max_size=4))
def test_placing_alone_lets_nothing_escape(names: list[str]) -> None:
    layout = read_layout(FILENAME, list(MEMBERS), MEMBERS.__getitem__)
    try:
        placement = place_members(layout, [name for name in names if name])
    except WheelFormatError:
        return
    for key, group in placement.groups.items():
        directory = destination(SCHEME, key, root_is_purelib=True, project="foo")
        for path in group.paths:
            assert os.path.normpath(os.path.join(directory, path)).startswith(directory + os.sep)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXT.filter(lambda text: not text.startswith("\ufeff") and text != ""), TEXT, TEXT)))
def test_record_round_trip(rows: list[tuple[str, str, str]]) -> None:
    text = "".join(row_line(row) + "\r\n" for row in rows)
    assert parse_record(text) == rows
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    assert stream.getvalue() == text


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["..", ".", "", "a", "b c", "~"]), max_size=5).map("/".join))
def test_script_names_stay_below_the_scripts_directory(name: str) -> None:
    final = os.path.normpath(os.path.join("/t/bin", name))
    assert stays_inside(name) <= final.startswith("/t/bin/")


@settings(max_examples=100, deadline=None)
@given(st.text("ab.:[]()= \n#;\t_1", max_size=30))
def test_entry_points_are_only_what_python_can_import(value: str) -> None:
    try:
        console, gui = parse_entry_points("[console_scripts]\n" + value)
    except ValueError:
        return
    for _, module, attribute in console + gui:
        assert all(part.isidentifier() for part in (*module.split("."), *attribute.split(".")))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"./x", b"./xy", b"", b"import a"])), st.sampled_from([b"\n", b"\r\n"]))
def test_one_line_of_a_pth_file_goes(lines: list[bytes], end: bytes) -> None:
    left = without_pth_entry(b"".join(line + end for line in lines), "./x")
    if b"./x" in lines:
        lines.remove(b"./x")
    assert left == b"".join(line + end for line in lines)
