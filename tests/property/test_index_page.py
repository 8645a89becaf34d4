"""Pages survive the way through the store, and no input makes the parsers fail otherwise than by their error."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from asyncpip.errors import IndexAccessError
from asyncpip.index.page import JSON_TYPE, page_from_record, page_record, parse_page
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
    page = parse_page(body, content_type=JSON_TYPE, url=URL, project=DEMO)
    encoded = EncodedBody(gzip.compress(body), "gzip") if is_packed else EncodedBody(body, "")
    again = page_from_record(page_record(page, encoded))
    assert list(again.versions) == list(page.versions)
    for version in page.versions:
        assert again.files(version) == page.files(version)
        for file in page.files(version):
            assert file.url.startswith(("http://", "https://", "file:"))
            assert "#" not in file.url
            assert not set(file.filename) & set("/\\\0\n")


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=200), content_type=st.sampled_from([JSON_TYPE, "text/html", "text/plain"]))
def test_any_bytes(body: bytes, content_type: str) -> None:
    try:
        page = parse_page(body, content_type=content_type, url=URL, project=DEMO)
    except IndexAccessError:
        return
    for version in page.versions:
        page.files(version)


@settings(max_examples=150, deadline=None)
@given(text=st.text("<a href=\"'=>!-basemt/ demo-1.tar.gz&;#", max_size=80))
def test_any_markup(text: str) -> None:
    page = parse_page(text.encode(), content_type="text/html", url=URL, project=DEMO)
    for version in page.versions:
        page.files(version)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_record(data: bytes) -> None:
    try:
        page = page_from_record(data)
    except ValueError:
        return
    for version in page.versions:
        page.files(version)
