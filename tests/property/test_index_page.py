"""Pages survive the way through the store, and no input makes the parsers fail otherwise than by their error."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile, ProjectPage
from asyncpip.core.wheel_filename import parse_wheel_name, sdist_version
from asyncpip.errors import IndexAccessError
from asyncpip.index.page import JSON_TYPE, page_from_record, page_record, parse_page
from asyncpip.index.page_files import each_row, rows_by_version
from asyncpip.net.content_encoding import EncodedBody

pytestmark = pytest.mark.property
DEMO = NormalizedName("demo")
URL = "https://index.test/simple/demo/"

digests = st.dictionaries(st.sampled_from(["sha256", "md5"]), st.text("0123456789abcdef", min_size=1, max_size=8))
filenames = st.one_of(
    st.builds("demo-{}-py3-none-any.whl".format, st.text("0123456789.ab+", max_size=6)),
    st.builds("demo-{}.tar.gz".format, st.text("0123456789.-", max_size=6)),
    st.text(max_size=30),
)
entries = st.fixed_dictionaries(
    {"filename": filenames, "url": st.one_of(filenames, st.text(max_size=40)), "hashes": digests},
    optional={
        "requires-python": st.one_of(st.none(), st.text(max_size=10)),
        "size": st.one_of(st.none(), st.integers(0, 2**40)),
        "yanked": st.one_of(st.booleans(), st.text(max_size=5)),
        "core-metadata": st.one_of(st.none(), st.booleans(), digests),
        "dist-info-metadata": st.one_of(st.booleans(), digests),
    },
)


@settings(max_examples=150, deadline=None)
@given(
    files=st.lists(entries, max_size=8),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,", ":")]),
    is_packed=st.booleans(),
)
def test_record_is_the_page(files: list[dict[str, object]], separators: tuple[str, str], is_packed: bool) -> None:
    body = json.dumps({"files": files}, separators=separators).encode()
    encoded = EncodedBody(gzip.compress(body), "gzip") if is_packed else EncodedBody(body, "")
    page = parse_page(body, encoded, content_type=JSON_TYPE, url=URL, project=DEMO)
    again = page_from_record(b"".join(page_record(page)))
    assert list(again.versions) == list(page.versions)
    for version in page.versions:
        assert again.files(version) == page.files(version)
    check_files(page)


_reasons = st.sampled_from([False, True, "old", '},{"filename":"demo-1-py3-none-any.whl"', "}, {", "}]", "[{"])
_styles = st.sampled_from(["demo-{}-py{}-none-any.whl", "Demo-{}-{}-py3-none-any.whl", "demo-{}.tar.gz", "demo-{}.zip"])


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["1", "1.0", "1.0.1", "10", "2", "2a1"]), st.lists(_styles, max_size=4))),
    reasons=st.lists(_reasons, min_size=1, max_size=3),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]),
    around=st.sampled_from([{}, {"meta": {"api-version": "1.1", "_x": [{"filename": "demo-1-py3-none-any.whl"}]}}]),
    nested=st.sampled_from([{}, {"core-metadata": {"filename": "demo-1.zip"}}, {"x": [{"a": 1}, {"b": 2}]}]),
)
def test_entries_that_are_looked_up_are_those_of_a_second_pass(
    rows: list[tuple[str, list[str]]],
    reasons: list[bool | str],
    separators: tuple[str, str],
    around: dict[str, object],
    nested: dict[str, object],
) -> None:
    names = [style.format(version, number) for version, styles in rows for number, style in enumerate(styles)]
    files = [
        {"filename": name, "url": f"{at}/{name}", "hashes": {}, "yanked": reasons[at % len(reasons)], **nested}
        for at, name in enumerate(names)
    ]
    for body in (
        json.dumps({**around, "files": files, "versions": []}, separators=separators).encode(),
        json.dumps({"more": files[1:], "files": files, "rest": files[:2]}, separators=separators).encode(),
    ):
        encoded = EncodedBody(gzip.compress(body), "gzip")
        page = parse_page(body, encoded, content_type=JSON_TYPE, url=URL, project=DEMO)
        passed = page_from_record(b"".join(page_record(page)))
        for version in [*page.versions, *page.versions]:
            assert page.files(version) == passed.files(version)


def check_files(page: ProjectPage) -> None:
    """Look at every file that ``page`` lists: nothing of a page's making gets further."""
    for version in page.versions:
        for file in page.files(version):
            assert file.url.startswith(("http://", "https://", "file:"))
            assert "#" not in file.url
            assert not set(file.filename) & set("/\\\0\n")
            wheel = parse_wheel_name(file.filename)
            assert (wheel.version if wheel is not None else sdist_version(file.filename, DEMO)) == version


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=200), content_type=st.sampled_from([JSON_TYPE, "text/html", "text/plain"]))
def test_any_bytes(body: bytes, content_type: str) -> None:
    try:
        page = parse_page(body, content_type=content_type, url=URL, project=DEMO)
    except IndexAccessError:
        return
    check_files(page)


@settings(max_examples=150, deadline=None)
@given(text=st.text("<a href=\"'=>!-basemt/ demo-1.tar.gz&;#", max_size=80))
def test_any_markup(text: str) -> None:
    check_files(parse_page(text.encode(), content_type="text/html", url=URL, project=DEMO))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_record(data: bytes) -> None:
    """Records are sealed, so what is none is an accident: an error that the caller takes for a miss, or some page."""
    try:
        page = page_from_record(data)
    except ValueError:
        return
    for version in page.versions:
        assert all(isinstance(file, PageFile) for file in page.files(version))


_odd = st.sampled_from(
    [
        "", "x.whl", "demo-1.whl", "demo-1-1x-py3-none-any.whl", "demo-1-x-py3-none-any.whl", "demo-1\n.whl",
        "demo-1.zip", "De_mo-1.tar.gz", "demo--1.tar.gz", "demo-.tar.gz", "demo.-1.tar.gz", "-1.tar.gz",
        "demo-1-b.tar.gz", "other-1.tar.gz",
    ]
)  # fmt: skip
_rows = st.builds(
    lambda name, version, count: [f"{name}-{version}-py3-none-any{number}.whl" for number in range(count)],
    st.sampled_from(["demo", "Demo", "other"]),
    st.sampled_from(["1", "2.0", "1a"]),
    st.integers(0, 40),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_rows | _odd.map(lambda name: [name]), max_size=8), st.integers(0, 100), _odd)
def test_files_in_rows_are_grouped_like_each_alone(rows: list[list[str]], place: int, odd: str) -> None:
    names = [name for row in rows for name in row]
    names.insert(min(place, len(names)), odd)
    expected: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        wheel = None if "\n" in name else parse_wheel_name(name)
        if wheel is not None:
            version = wheel.version if normalize_name(wheel.project) == DEMO else None
        else:
            version = None if name.endswith(".whl") else sdist_version(name, DEMO)
        if version:
            expected.setdefault(version, []).append(at)
    found, left_out = rows_by_version(names, DEMO)
    assert {version: [at for row in each_row(place) for at in row] for version, place in found.items()} == expected
    assert left_out == len(names) - sum(map(len, expected.values()))
