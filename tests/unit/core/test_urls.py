"""URLs as text."""

from __future__ import annotations

import pytest

from asyncpip.core.urls import (
    Credentials,
    filename_of,
    filename_of_href,
    fragment_of,
    is_url,
    is_vcs_url,
    path_to_url,
    redact,
    split_credentials,
    url_to_path,
    without_credentials,
    without_fragment,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@h.test/x", "https://user:****@h.test/x"),
        ("https://token@h.test/x", "https://****@h.test/x"),
        ("https://:secret@h.test/x", "https://:****@h.test/x"),
        ("https://u:a:b@h.test/", "https://u:****@h.test/"),
        (
            "from https://u:p@a.test and git+ssh://k:v@b.test!",
            "from https://u:****@a.test and git+ssh://k:****@b.test!",
        ),
        ("https://h.test/path@1.0", "https://h.test/path@1.0"),
        ("https://h.test/?mail=a@b", "https://h.test/?mail=a@b"),
        ("name @ file:///x@y", "name @ file:///x@y"),
        ("somebody@h.test", "somebody@h.test"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    ("url", "bare", "credentials"),
    [
        ("https://h.test/x?q#f", "https://h.test/x?q#f", None),
        ("https://h.test/a@b", "https://h.test/a@b", None),
        ("https://u:p@h.test:8/x", "https://h.test:8/x", Credentials("u", "p")),
        ("https://token@h.test/", "https://h.test/", Credentials("token", None)),
        ("https://u:@h.test/", "https://h.test/", Credentials("u", "")),
        ("https://a%40b:p%2Fq%3A@h.test/", "https://h.test/", Credentials("a@b", "p/q:")),
        ("https://u:p@q@h.test/", "https://h.test/", Credentials("u", "p@q")),
    ],
)
def test_split_credentials(url: str, bare: str, credentials: Credentials | None) -> None:
    assert split_credentials(url) == (bare, credentials)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("ssh://git@h.test/r", "ssh://git@h.test/r"),
        ("https://gitty@h.test/r", "https://h.test/r"),
        ("https://git:secret@h.test/r", "https://h.test/r"),
        ("https://${USER}:${PASS}@h.test/r", "https://${USER}:${PASS}@h.test/r"),
        ("https://${TOKEN}@h.test/r", "https://${TOKEN}@h.test/r"),
        ("https://${USER}:secret@h.test/r", "https://h.test/r"),
        ("https://h.test/r", "https://h.test/r"),
    ],
)
def test_what_direct_url_keeps_of_credentials(url: str, kept: str) -> None:
    assert without_credentials(url) == kept


@pytest.mark.parametrize(
    ("text", "url", "vcs"),
    [
        ("https://h.test/x", True, False),
        ("HTTP://h.test/x", True, False),
        ("file:/x", True, False),
        ("ftp://h.test/x", True, False),
        ("git+https://h.test/x", True, True),
        ("svn+ssh://h.test/x", True, True),
        ("git+x", False, False),
        ("cvs+https://h.test/x", False, False),
        ("demo", False, False),
        ("./demo", False, False),
        ("data:x", False, False),
    ],
)
def test_kinds(text: str, url: bool, vcs: bool) -> None:
    assert (is_url(text), is_vcs_url(text)) == (url, vcs)


@pytest.mark.parametrize("path", ["/a/b", "/a b/#1", "/100%/é", "/x?y"])
def test_paths_come_back(path: str) -> None:
    assert url_to_path(path_to_url(path)) == path


@pytest.mark.parametrize(
    ("url", "path"), [("file:///a%20b", "/a b"), ("file:/a", "/a"), ("file://localhost/a/b", "/a/b")]
)
def test_paths_of_urls(url: str, path: str) -> None:
    assert url_to_path(url) == path


@pytest.mark.parametrize("url", ["https://h.test/a", "file://other.test/a"])
def test_urls_that_are_no_path_here(url: str) -> None:
    with pytest.raises(ValueError, match=r"file: URL"):
        url_to_path(url)


def test_parts() -> None:
    url = "https://h.test/d/demo-1%2B2.zip?x=/y#egg=demo&subdirectory=a%2Fb&egg=other&empty="
    assert filename_of(url) == "demo-1+2.zip"
    assert fragment_of(url) == {"egg": "demo", "subdirectory": "a/b", "empty": ""}
    assert without_fragment(url) == "https://h.test/d/demo-1%2B2.zip?x=/y"


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("../d/demo-1.zip#sha256=a/b", "demo-1.zip"),
        ("demo-1.zip?a=/b", "demo-1.zip"),
        ("d/demo-1.zip/", "demo-1.zip"),
        ("d/demo%2D1.zip", "demo-1.zip"),
        ("d/a%2Fdemo-1.zip", "demo-1.zip"),
    ],
)
def test_file_names_of_anchors(href: str, name: str) -> None:
    assert filename_of_href(href) == name
