"""What find-links places list."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from asyncpip.index.links_page import (
    is_archive_url,
    links_of_archive,
    links_of_directory,
    links_page_from_record,
    parse_links_page,
)

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from asyncpip.index.links_page import LinksPage


def listed(links: LinksPage, name: str) -> dict[str, list[str]]:
    page = links.for_project(cast("NormalizedName", name))
    if page is None:
        return {}
    assert page.is_find_links
    return {version: [file.url for file in page.files(version)] for version in page.versions}


def test_page_with_several_projects() -> None:
    text = (
        b'<a href="a-1-py3-none-any.whl">a</a><a href="a_b-1.tar.gz#sha256=1">'
        b'<a href="a-b-2.tar.bz2"><a href="../"><a href="readme.txt">'
    )
    links = parse_links_page(text, content_type="text/html", url="https://u:p@host.test/d/links.html")
    assert listed(links, "a") == {"1": ["https://host.test/d/a-1-py3-none-any.whl"], "b-2": [
        "https://host.test/d/a-b-2.tar.bz2"
    ]}  # fmt: skip
    assert listed(links, "a-b") == {
        "1": ["https://host.test/d/a_b-1.tar.gz"],
        "2": ["https://host.test/d/a-b-2.tar.bz2"],
    }
    assert listed(links, "c") == {}
    again = links_page_from_record(links.to_record())
    assert listed(again, "a-b") == listed(links, "a-b")
    assert again.url == "https://host.test/d/links.html"


def test_damaged_record() -> None:
    with pytest.raises(ValueError, match="record"):
        links_page_from_record(b"\x01")


def test_directory() -> None:
    names = ["b-1.zip", "a-1.tar.gz", "a-1.tar.bz2", "A-1+x y-py3-none-any.whl", "a.txt", "a:b-1.zip"]
    links = links_of_directory(names, "file:///some/dir")
    assert listed(links, "a") == {
        "1+x y": ["file:///some/dir/A-1%2Bx%20y-py3-none-any.whl"],
        "1": ["file:///some/dir/a-1.tar.gz"],
    }
    assert listed(links, "b") == {"1": ["file:///some/dir/b-1.zip"]}


def test_single_archive() -> None:
    links = links_of_archive("https://host.test/d/a-1-py3-none-any.whl#sha256=12")
    assert listed(links, "a") == {"1": ["https://host.test/d/a-1-py3-none-any.whl"]}
    page = links.for_project(cast("NormalizedName", "a"))
    assert page is not None
    assert page.files("1")[0].hashes == {"sha256": "12"}
    assert page.url == "https://host.test/d/a-1-py3-none-any.whl"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/a-1-py3-none-any.whl", True),
        ("https://h/a-1.tar.gz#x", True),
        ("https://h/simple/", False),
        ("https://h/a.html", False),
    ],
)
def test_is_archive_url(url: str, expected: bool) -> None:
    assert is_archive_url(url) is expected
