"""Project pages: JSON and HTML, grouping, addresses, records."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from asyncpip.errors import IndexAccessError
from asyncpip.index.page import HTML_TYPE, JSON_TYPE, page_from_record, page_record, parse_page
from asyncpip.net.content_encoding import EncodedBody

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from asyncpip.core.page import PageFile, ProjectPage
    from asyncpip.index.json_page import JsonPage
    from asyncpip.index.page import ParsedPage

URL = "https://index.test/simple/demo-app/"
WHEEL = "demo_app-1.0-py3-none-any.whl"


def page_of(*files: object, url: str = URL, **more: object) -> ParsedPage | JsonPage:
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": "demo-app", "files": files, **more}).encode()
    return parse_page(body, content_type=JSON_TYPE, url=url, project=cast("NormalizedName", "demo-app"))


def html_page(text: str, url: str = URL) -> ParsedPage | JsonPage:
    return parse_page(text.encode(), content_type="text/html", url=url, project=cast("NormalizedName", "demo-app"))


def entry(filename: str = WHEEL, /, **more: object) -> dict[str, object]:
    return {"filename": filename, "url": "https://files.test/a/" + filename, "hashes": {}, **more}


def only_file(page: ProjectPage) -> PageFile:
    (version,) = page.versions
    (file,) = page.files(version)
    return file


def test_groups_by_version_text_in_page_order() -> None:
    names = [
        "demo-app-1.0.tar.gz",
        WHEEL,
        "Demo.App-1.0-1-cp311-cp311-linux_x86_64.whl",
        "demo_app-1.0.post1-py3-none-any.whl",
        "demo-app-2.0-beta.zip",
    ]
    page = page_of(*(entry(name) for name in names))
    assert {version: [file.filename for file in page.files(version)] for version in page.versions} == {
        "1.0": names[:3],
        "1.0.post1": names[3:4],
        "2.0-beta": names[4:],
    }
    assert page.left_out == 0
    assert page.files("9") == ()
    assert not page.is_find_links


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl",
        "demo_app-1.0-py3-none.whl",
        "demo_app-1.0-x-py3-none-any.whl",
        "demo_app-1.0-1-2-py3-none-any.whl",
        "demo_app--py3-none-any.whl",
        "demo-app-1.0.exe",
        "demo-app-1.0.egg",
        "demo-app.tar.gz",
        "demo-app-1.0.macosx10.9-x86_64.zip",
        "../demo_app-1.0-py3-none-any.whl",
        "demo_app-1.0-py3-none-any/../../x.whl",
        "demo_app-1.0-py3-none-any\\x.whl",
        "demo_app-1.0\n-py3-none-any.whl",
        "demo_app-1.0\0-py3-none-any.whl",
        "",
    ],
)
def test_files_that_are_no_distribution_of_the_project_are_left_out(filename: str) -> None:
    page = page_of(entry(filename), entry("demo_app-3.0-py3-none-any.whl"))
    assert page.versions == ["3.0"]
    assert page.left_out == 1


def test_all_fields() -> None:
    file = only_file(
        page_of(
            entry(
                hashes={"sha256": "ab"},
                size=12,
                yanked="bad",
                provenance=None,
                **{"requires-python": ">=3.8", "upload-time": "2024-01-01T00:00:00Z", "core-metadata": {"sha256": "c"}},
            )
        )
    )
    assert file.hashes == {"sha256": "ab"}
    assert (file.size, file.requires_python, file.upload_time) == (12, ">=3.8", "2024-01-01T00:00:00Z")
    assert (file.yanked, file.is_yanked, file.core_metadata) == ("bad", True, {"sha256": "c"})


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, None),
        ({"core-metadata": True}, True),
        ({"core-metadata": False, "dist-info-metadata": True}, False),
        ({"dist-info-metadata": {"sha256": "a"}}, {"sha256": "a"}),
        ({"core-metadata": {"sha256": "a"}, "dist-info-metadata": {"sha256": "b"}}, {"sha256": "a"}),
        ({"core-metadata": None, "dist-info-metadata": True}, True),
        ({"data-dist-info-metadata": {"sha256": "b"}}, None),
    ],
)
def test_core_metadata_key_wins_over_the_older_one(keys: dict[str, Any], expected: object) -> None:
    assert only_file(page_of(entry(**keys))).core_metadata == expected


@pytest.mark.parametrize(("said", "expected"), [(True, True), (False, False), ("", False), ("why", True)])
def test_yanked(said: object, expected: bool) -> None:
    assert only_file(page_of(entry(yanked=said))).is_yanked is expected


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({"hashes": None, "yanked": None, "size": None}, True),
        ({"filename": None}, True),  # taken from the address
        ({"url": None}, False),
        ({"size": "12"}, False),
        ({"url": 3}, False),
    ],
)
def test_doubtful_entries_are_used_as_far_as_possible(changes: dict[str, object], is_kept: bool) -> None:
    page = page_of({**entry(), **changes}, entry("demo_app-2.0-py3-none-any.whl"))
    assert [version for version in page.versions if page.files(version)] == ["1.0", "2.0"][not is_kept :]


def test_doubtful_pages() -> None:
    assert page_of("no object", entry()).versions == ["1.0"]
    assert page_of(entry(), meta=None).versions == ["1.0"]
    assert page_of(meta={"api-version": 1}, files=None).versions == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", JSON_TYPE),
        (b"[]", JSON_TYPE),
        (b"0 x", JSON_TYPE),
        (b"[" * 100_000, JSON_TYPE),
        (b"\xff\xfe", JSON_TYPE),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', JSON_TYPE),
        (b'{"meta": {"api-version": "2.0"}, "files": [1]}', JSON_TYPE),
        (b'{"meta": {"api-version": "2.0"}, "files": [], "x": "dist-info-metadata"}', JSON_TYPE),
        (b'<meta name="pypi:repository-version" content="2.0">', HTML_TYPE),
        (b"{}", "application/json"),
        (b"{}", "application/vnd.pypi.simple.v2+json"),
        (b"", ""),
    ],
)
def test_unusable_pages(body: bytes, content_type: str) -> None:
    with pytest.raises(IndexAccessError) as caught:
        parse_page(
            body,
            content_type=content_type,
            url="https://user:secret@index.test/",
            project=cast("NormalizedName", "x"),
        )
    assert "secret" not in f"{caught.value} {caught.value.why} {caught.value.hint}"


@pytest.mark.parametrize("version", ["1.0", "1.99", "1"])
def test_newer_minor_versions_are_read(version: str) -> None:
    assert page_of(entry(), meta={"api-version": version}).versions == ["1.0"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://f.test/a/x.whl", "https://f.test/a/x.whl"),
        ("../../files/x.whl", "https://index.test/files/x.whl"),
        ("/files/x.whl", "https://index.test/files/x.whl"),
        ("//cdn.test/x.whl", "https://cdn.test/x.whl"),
        ("x.whl", "https://index.test/simple/demo-app/x.whl"),
        ("https://f.test/a/x+cpu.whl", "https://f.test/a/x%2Bcpu.whl"),
        ("https://f.test/a/x%2bcpu.whl", "https://f.test/a/x%2Bcpu.whl"),
        ("https://f.test/a b/x.whl", "https://f.test/a%20b/x.whl"),
        ("https://f.test/a%2fb@c/x.whl?t=a+b", "https://f.test/a%2Fb@c/x.whl?t=a+b"),
        ("https://f.test/%FF/x.whl", "https://f.test/%FF/x.whl"),
    ],
)
def test_addresses(written: str, expected: str) -> None:
    assert only_file(page_of(entry() | {"url": written})).url == expected


@pytest.mark.parametrize("written", ["http://[/x.whl", "javascript:alert(1)", "data:,x", "ftp://f.test/x.whl"])
def test_unusable_addresses_are_left_out(written: str) -> None:
    page = page_of(entry() | {"url": written}, entry())
    assert [file.url for file in page.files("1.0")] == ["https://files.test/a/" + WHEEL]


def test_credentials_do_not_reach_the_page() -> None:
    page = page_of(entry() | {"url": "../x.whl"}, url="https://me:secret@index.test/simple/demo-app/")
    assert page.url == URL
    assert only_file(page).url == "https://index.test/simple/x.whl"


def test_hash_in_the_fragment() -> None:
    page = html_page(f'<a href="{WHEEL}#egg=x&sha256=abc">')
    assert only_file(page).hashes == {"sha256": "abc"}
    assert only_file(page).url == URL + WHEEL
    both = page_of(entry(hashes={"md5": "1"}) | {"url": WHEEL + "#sha256=abc"})
    assert only_file(both).hashes == {"md5": "1", "sha256": "abc"}


def test_html_base() -> None:
    assert only_file(html_page(f'<base href="https://cdn.test/d/"><a href="{WHEEL}">')).url == (
        "https://cdn.test/d/" + WHEEL
    )
    assert only_file(html_page(f'<base href="/d/"><a href="{WHEEL}">')).url == "https://index.test/d/" + WHEEL


ENTRIES = (
    entry(hashes={"sha256": "ab"}, size=1, yanked="x", **{"core-metadata": True}),
    entry("demo_app-1.0-py2-none-any.whl", size=None) | {"size": "huge"},
    entry("demo-app-2.tar.gz") | {"url": "../x.tar.gz#sha256=1"},
    entry("no"),
)
OLD_ENTRY = entry("demo_app-3-py3-none-any.whl", **{"dist-info-metadata": True})


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "with blanks"])
@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("entries", [ENTRIES, (*ENTRIES, OLD_ENTRY), ()], ids=["lazy", "old", "empty"])
def test_record_gives_the_same_page(
    separators: tuple[str, str], is_packed: bool, entries: tuple[dict[str, object], ...]
) -> None:
    body = json.dumps({"more": [ENTRIES[0]], "files": entries, "x": "]"}, separators=separators).encode()
    encoded = EncodedBody(gzip.compress(body), "gzip") if is_packed else EncodedBody(body, "")
    page = parse_page(body, encoded, content_type=JSON_TYPE, url=URL, project=cast("NormalizedName", "demo-app"))
    again = page_from_record(b"".join(page_record(page)))
    assert list(again.versions) == list(page.versions) == ["1.0", "2", "3"][: max(0, len(entries) - 2)]
    assert [again.files(version) for version in again.versions] == [page.files(version) for version in page.versions]
    assert again.url == page.url
    assert not again.is_find_links
    assert again.files("7") == ()


def test_record_of_html() -> None:
    page = html_page(f'<a href="{WHEEL}#sha256=ab">')
    again = page_from_record(b"".join(page_record(page)))
    assert only_file(again) == only_file(page)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x93\x01\x02\x03", b"no record"])
def test_damaged_record(data: bytes) -> None:
    with pytest.raises(ValueError, match="record"):
        page_from_record(data)


def test_damaged_files_in_a_record() -> None:
    whole = b"".join(page_record(html_page(f'<a href="{WHEEL}">')))
    page = page_from_record(whole.replace(b"\xa8filename", b"\xa8filenamE"))
    with pytest.raises(IndexAccessError, match="damaged"):
        page.files("1.0")


def test_record_of_another_body() -> None:
    record = b"".join(page_record(page_of(entry())))
    other = msgspec.msgpack.decode(record)
    other[-2:] = "", b"x" * 500
    page = page_from_record(msgspec.msgpack.encode(other))
    with pytest.raises(IndexAccessError, match="damaged"):
        page.files("1.0")
    other[-2:] = "gzip", b"no gzip"
    with pytest.raises(ValueError, match="record"):
        page_from_record(msgspec.msgpack.encode(other))
