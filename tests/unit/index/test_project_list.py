"""Root pages of indexes."""

from __future__ import annotations

import pytest

from asyncpip.errors import IndexAccessError
from asyncpip.index.page import HTML_TYPE, JSON_TYPE
from asyncpip.index.project_list import parse_project_list, project_list_from_record, project_list_of

HTML = b"""<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head><body>
<a href="/simple/zope-interface/">zope.interface</a><br>
<a href="pyyaml">PyYAML</a>
<a>no address</a>
</body></html>"""
JSON = (
    b'{"meta": {"api-version": "1.1", "_last-serial": 1}, "projects": [{"name": "Zope.Interface", "_last-serial": 2},'
)
JSON += b' {"name": "PyYAML"}]}'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(JSON_TYPE, JSON), (HTML_TYPE, HTML), ("text/html; charset=utf-8", HTML), (f"{JSON_TYPE}; x=y", JSON)],
)
def test_names_are_normalised(content_type: str, body: bytes) -> None:
    assert parse_project_list(body, content_type=content_type, url="http://x/").names == ["zope-interface", "pyyaml"]


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        ("text/plain", b"flask\n", "content type"),
        ("", b"", "content type"),
        (JSON_TYPE, b"{", "no list of projects"),
        (JSON_TYPE, b'{"projects": [1]}', "no list of projects"),
        (JSON_TYPE, b'{"meta": {"api-version": "2.0"}, "projects": []}', "version 2.0"),
        (HTML_TYPE, b'<meta name="pypi:repository-version" content="2.0">', "version 2.0"),
    ],
)
def test_what_is_no_list(content_type: str, body: bytes, why: str) -> None:
    with pytest.raises(IndexAccessError) as caught:
        parse_project_list(body, content_type=content_type, url="http://user:secret@x/")
    text = f"{caught.value.what} {caught.value.why}"
    assert why in text
    assert "secret" not in text


@pytest.mark.parametrize("names", [[], ["a"], ["A_b", "c.-d", "é"]])
def test_a_record_holds_the_list(names: list[str]) -> None:
    listed = project_list_of(names)
    assert project_list_from_record(listed.to_record()).names == listed.names


@pytest.mark.parametrize("data", [b"", b"x", project_list_of(["a", "b"]).to_record()[:-2]])
def test_a_damaged_record_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        project_list_from_record(data)
