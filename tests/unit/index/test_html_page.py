"""Anchors to file entries."""

from __future__ import annotations

import time

import pytest

from asyncpip.core.urls import filename_of_href
from asyncpip.index.html_page import parse_html


def hrefs(text: str) -> list[str]:
    return [file.url for file in parse_html(text.encode(), "text/html").files]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="x-1.whl">x</a>', ["x-1.whl"]),
        ("<a href='x-1.whl'>x</a>", ["x-1.whl"]),
        ("<a href=x-1.whl>x</a>", ["x-1.whl"]),
        ('<A\n HREF = "x-1.whl"\n>x</A>', ["x-1.whl"]),
        ('<a class="a" href="x?a=1&amp;b=2#sha256=0">x</a>', ["x?a=1&b=2#sha256=0"]),
        ('<a data-requires-python=">=3.8" href="x">x</a>', ["x"]),
        ("<a>no address</a><a href>none either</a><a href=''>nor here</a>", []),
        ('<!-- <a href="old"> --><a href="new">', ["new"]),
        ('<!-- never closed <a href="old">', []),
        ('<abbr href="x"><address href="y"><area href="z">', []),
        ('<a title=it\'s href="x">', ["x"]),
        ('<a title="never closed href=x>text<a href=y>', ["x", "y"]),
        ('<a href="  x  ">', ["x"]),
        ('<a href="x"', ["x"]),
        ('<p>1 < 2 and <a href="x">', ["x"]),
    ],
)
def test_addresses(text: str, expected: list[str]) -> None:
    assert hrefs(text) == expected


def test_first_base_counts() -> None:
    page = parse_html(b'<base><base href="https://a/"><base href="https://b/">', "text/html")
    assert page.base == "https://a/"


def test_api_version() -> None:
    page = parse_html(b'<meta charset="utf-8"><meta name="pypi:repository-version" content="1.3">', "text/html")
    assert page.api_version == "1.3"
    assert parse_html(b"", "text/html").api_version is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", False),
        ("data-yanked", True),
        ('data-yanked=""', True),
        ('data-yanked="broken &lt;3"', "broken <3"),
    ],
)
def test_yanked(attributes: str, expected: bool | str) -> None:
    (file,) = parse_html(f'<a href="x" {attributes}>'.encode(), "text/html").files
    assert file.yanked == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", None),
        ('data-core-metadata="true"', True),
        ('data-core-metadata="false"', False),
        ('data-core-metadata="sha256=ab"', {"sha256": "ab"}),
        ('data-core-metadata="sha256="', True),
        ('data-dist-info-metadata="sha256=cd"', {"sha256": "cd"}),
        ('data-dist-info-metadata="sha256=cd" data-core-metadata="true"', True),
    ],
)
def test_core_metadata(attributes: str, expected: object) -> None:
    (file,) = parse_html(f'<a href="x" {attributes}>'.encode(), "text/html").files
    assert file.core_metadata == expected


def test_requires_python_is_unescaped() -> None:
    (file,) = parse_html(b'<a href="x" data-requires-python="&gt;=3.8,&lt;4">', "text/html").files
    assert file.requires_python == ">=3.8,<4"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("<a href='é'>".encode(), "text/html", "é"),
        ("<a href='é'>".encode("latin-1"), "text/html; charset=ISO-8859-1", "é"),
        ("<a href='é'>".encode(), 'text/html; charset="utf-8"', "é"),
        ("<a href='é'>".encode(), "text/html; charset=klingon", "é"),
        (b"<a href='\xff'>", "text/html", "\ufffd"),
    ],
)
def test_charset(body: bytes, content_type: str, expected: str) -> None:
    assert parse_html(body, content_type).files[0].url == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("../x-1.tar.gz", "x-1.tar.gz"),
        ("https://host/a/x-1.tar.gz?b=/c#d/e", "x-1.tar.gz"),
        ("x-1%2Bcpu.whl", "x-1+cpu.whl"),
        ("a%2F..%2Fx.whl", "x.whl"),
        ("dir/", "dir"),
    ],
)
def test_filename(href: str, expected: str) -> None:
    assert filename_of_href(href) == expected


@pytest.mark.parametrize("piece", ["<a ", '<a x="', "<a x='", "<!--", "<a x=", "<base\n"])
def test_hostile_pages_take_linear_time(piece: str) -> None:
    body = (piece * 200_000 + '"').encode()
    start = time.perf_counter()
    parse_html(body, "text/html")
    assert time.perf_counter() - start < 5
