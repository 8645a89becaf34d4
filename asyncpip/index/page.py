"""Project pages, JSON (PEP 691, 700, 714) or HTML (PEP 503), grouped by version; and their form in the store.

JSON pages, the large ones, are read as far as they are looked at (`json_page`); HTML and faulty JSON at once.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from asyncpip.core.page import PageFile
from asyncpip.core.urls import join, redact, split_credentials
from asyncpip.core.values import Row
from asyncpip.errors import IndexAccessError
from asyncpip.index.answer_records import before_octets
from asyncpip.index.json_page import JsonPage, JsonRecord, entry_names
from asyncpip.index.page_files import (
    OldFile,
    check_api_version,
    finished_files,
    group_by_version,
    lenient_file,
    renamed,
    rows_by_version,
)
from asyncpip.net.content_encoding import EncodedBody

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.page import ProjectPage
    from asyncpip.net.content_encoding import Octets

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
PAGE_LIMIT_BYTES = 200 * 1024 * 1024
"""The largest known project page is 50 MB of JSON; beyond this an index is out of order or hostile."""


class Links(Row):
    """The file entries of a page as written, and what their addresses are relative to."""

    base_url: str
    files: list[PageFile]


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _JsonPage(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    files: list[PageFile] = []


class _OldJsonPage(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    files: list[OldFile] = []


_JSON_PAGE = msgspec.json.Decoder(_JsonPage)
_OLD_JSON_PAGE = msgspec.json.Decoder(_OldJsonPage)


class _Record(msgspec.Struct, array_like=True, tag="files"):
    """A page as it is kept: HTML, and JSON that has its faults."""

    url: str
    base_url: str
    left_out: int
    groups: dict[str, msgspec.Raw]
    """The files of each version stay encoded until they are asked for."""


_RECORD = msgspec.msgpack.Encoder()
_RECORDS = msgspec.msgpack.Decoder(_Record | JsonRecord)
_FILES = msgspec.msgpack.Decoder(list[PageFile])


class ParsedPage:
    """A project page or find-links place whose file entries are in memory."""

    __slots__ = ("_base_url", "_groups", "is_find_links", "is_private", "left_out", "url")

    def __init__(
        self,
        url: str,
        base_url: str,
        groups: Mapping[str, list[PageFile]],
        *,
        left_out: int = 0,
        is_find_links: bool = False,
    ) -> None:
        self.url = url
        self.is_find_links = is_find_links
        self.is_private = False
        self.left_out = left_out
        """How many entries of the page are no distribution of the project."""
        self._base_url = base_url
        self._groups = groups

    @property
    def versions(self) -> Sequence[str]:
        """The version texts that occur, each once."""
        return list(self._groups)

    def files(self, version: str) -> Sequence[PageFile]:
        """Return the files of ``version``, in the order of the page."""
        return finished_files(self._groups.get(version, ()), self._base_url)

    def to_record(self) -> _Record:
        """Return the page as it is kept."""
        groups = {version: msgspec.Raw(_RECORD.encode(files)) for version, files in self._groups.items()}
        return _Record(self.url, self._base_url, self.left_out, groups)


class RecordedPage:
    """A project page out of the store."""

    __slots__ = ("_record", "is_find_links", "is_private", "left_out", "url")

    def __init__(self, record: _Record) -> None:
        self.url = record.url
        self.is_find_links = False
        self.is_private = False
        self.left_out = record.left_out
        self._record = record

    @property
    def versions(self) -> Sequence[str]:
        """The version texts that occur, each once."""
        return list(self._record.groups)

    def files(self, version: str) -> Sequence[PageFile]:
        """Return the files of ``version``, in the order of the page; raises `IndexAccessError` for a damaged record."""
        raw = self._record.groups.get(version)
        if raw is None:
            return ()
        try:
            return finished_files(_FILES.decode(raw), self._record.base_url)
        except msgspec.DecodeError as error:
            raise IndexAccessError(
                f"the stored copy of {self.url} is damaged",
                why=str(error),
                hint="`--refresh` fetches the page again",
            ) from error


def parse_page(
    body: Octets, encoded: EncodedBody | None = None, *, content_type: str, url: str, project: NormalizedName
) -> ParsedPage | JsonPage:
    """Return the page of ``project`` that came from ``url``, after redirects; raise `IndexAccessError`.

    ``encoded`` is the body as it came; None where that is no other.
    """
    if content_type.lower().startswith(JSON_TYPE):
        with _json_errors(url):
            found = entry_names(body, url)
            if found is not None:
                rows, left_out = rows_by_version(found.names, project, are_plain=b"\\" not in body)
                count = len(found.names) if found.are_findable else None
                encoded = encoded or EncodedBody(body, "")
                return JsonPage(split_credentials(url)[0], encoded, body, rows, left_out=left_out, count=count)
    links = read_links(body, content_type=content_type, url=url)
    groups, left_out = group_by_version(links.files, project)
    return ParsedPage(split_credentials(url)[0], links.base_url, groups, left_out=left_out)


def page_record(page: ParsedPage | JsonPage) -> Sequence[Octets]:
    """Return ``page`` as `page_from_record` takes it, in parts to be joined."""
    if isinstance(page, ParsedPage):
        return [_RECORD.encode(page.to_record())]
    record, body = page.to_record()
    return before_octets(_RECORD.encode(record), len(body)), body


def page_from_record(data: bytes) -> ProjectPage:
    """Return the page that `page_record` wrote; raise `ValueError` where ``data`` is not one."""
    try:
        record = _RECORDS.decode(data)
        return (
            JsonPage.from_record(record, PAGE_LIMIT_BYTES) if isinstance(record, JsonRecord) else RecordedPage(record)
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"not a page record: {error}") from error


def read_links(body: Octets, *, content_type: str, url: str) -> Links:
    """Return all file entries of a page of either kind; raise `IndexAccessError` where it is neither, or too new."""
    base_url = split_credentials(url)[0]
    kind = content_type.lower()
    if kind.startswith(JSON_TYPE):
        return Links(base_url, _json_files(body, url))
    if not kind.startswith(("text/html", HTML_TYPE)):
        raise IndexAccessError(
            f"the page {redact(url)} has the content type {content_type or 'Unknown'}",
            why=f"a project page is {JSON_TYPE}, {HTML_TYPE} or text/html",
            hint="is this the address of an index, as pip takes it (often it ends with /simple)?",
        )
    from asyncpip.index.html_page import parse_html  # noqa: PLC0415 - most indexes speak JSON

    html = parse_html(body, content_type)
    check_api_version(html.api_version, url)
    return Links(join(base_url, html.base) if html.base else base_url, html.files)


def _json_files(body: Octets, url: str) -> list[PageFile]:
    with _json_errors(url):
        try:
            return _strict_json_files(body, url)
        except msgspec.ValidationError:
            return _doubtful_json_files(body, url)


@contextmanager
def _json_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IndexAccessError(f"the page {redact(url)} is not JSON, though it says so", why=str(error)) from error


def _strict_json_files(body: Octets, url: str) -> list[PageFile]:
    if b'"dist-info-metadata"' in body:
        old = _OLD_JSON_PAGE.decode(body)
        check_api_version(old.meta.api_version, url)
        return [renamed(file) for file in old.files]
    page = _JSON_PAGE.decode(body)
    check_api_version(page.meta.api_version, url)
    return page.files


def _doubtful_json_files(body: Octets, url: str) -> list[PageFile]:
    """Return what can be used of a page that breaks PEP 691 in places (nulls, keys left out), as pip does."""
    page: Any = msgspec.json.decode(body)
    if not isinstance(page, dict):
        raise IndexAccessError(f"the page {redact(url)} is not a project page", why="its JSON is not an object")
    meta = page.get("meta")
    if isinstance(meta, dict):
        check_api_version(str(meta.get("api-version", "1.0")), url)
    entries = page.get("files")
    files = [lenient_file(entry) for entry in entries] if isinstance(entries, list) else []
    return [file for file in files if file is not None]
