"""Project pages, JSON (PEP 691, 700, 714) or HTML (PEP 503), grouped by version; and their form in the store.

A resolution looks at a few of a page's thousands of files. So parsing does per file only what grouping needs; making
an address absolute, quoting it and reading its fragment wait until somebody asks for that version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import msgspec

from asyncpip.core.hashes import KNOWN_ALGORITHMS
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.urls import join, redact, split_credentials
from asyncpip.core.wheel_filename import sdist_version
from asyncpip.errors import IndexAccessError
from asyncpip.index.html_page import filename_of_href, parse_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.core.page import ProjectPage

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
SUPPORTED_MAJOR = 1

_UNSAFE_NAME = re.compile(r"[/\\\x00-\x1f\x7f]")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._-]+(?::\d+)?/[A-Za-z0-9._~/-]*")
_RESERVED = re.compile("(@|%2F)", re.IGNORECASE)
_FRAGMENT_HASH = re.compile(rf"(?:^|&)({'|'.join(KNOWN_ALGORITHMS)})=([^&]*)")


class Links(NamedTuple):
    """The file entries of a page as written, and what their addresses are relative to."""

    base_url: str
    files: list[PageFile]


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _JsonPage(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    files: list[PageFile] = []


class _OldFile(PageFile, frozen=True, gc=False):
    """A file entry with the name that PEP 658 first had for ``core-metadata``."""

    dist_info_metadata: bool | dict[str, str] | None = None


class _OldJsonPage(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    files: list[_OldFile] = []


_JSON_PAGE = msgspec.json.Decoder(_JsonPage)
_OLD_JSON_PAGE = msgspec.json.Decoder(_OldJsonPage)


class _Record(msgspec.Struct, array_like=True):
    """A page as it is written to the store."""

    url: str
    base_url: str
    left_out: int
    groups: dict[str, list[PageFile]]


class _LazyRecord(msgspec.Struct, array_like=True):
    """A page as it is read back: the files of each version stay encoded until they are asked for."""

    url: str
    base_url: str
    left_out: int
    groups: dict[str, msgspec.Raw]


_RECORD = msgspec.msgpack.Encoder()
_LAZY_RECORD = msgspec.msgpack.Decoder(_LazyRecord)
_FILES = msgspec.msgpack.Decoder(list[PageFile])


class ParsedPage:
    """A project page or find-links place whose file entries are in memory."""

    __slots__ = ("_base_url", "_groups", "is_find_links", "left_out", "url")

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
        return _finished(self._groups.get(version, ()), self._base_url)

    def to_record(self) -> bytes:
        """Return the page as `page_from_record` takes it."""
        return _RECORD.encode(_Record(self.url, self._base_url, self.left_out, dict(self._groups)))


class RecordedPage:
    """A project page out of the store."""

    __slots__ = ("_record", "is_find_links", "left_out", "url")

    def __init__(self, record: _LazyRecord) -> None:
        self.url = record.url
        self.is_find_links = False
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
            return _finished(_FILES.decode(raw), self._record.base_url)
        except msgspec.DecodeError as error:
            raise IndexAccessError(
                f"the stored copy of {self.url} is damaged",
                why=str(error),
                hint="`--refresh` fetches the page again",
            ) from error


def parse_page(body: bytes, *, content_type: str, url: str, project: NormalizedName) -> ParsedPage:
    """Return the page of ``project`` that came from ``url``, after redirects; raise `IndexAccessError`."""
    links = read_links(body, content_type=content_type, url=url)
    groups, left_out = group_by_version(links.files, project)
    return ParsedPage(split_credentials(url)[0], links.base_url, groups, left_out=left_out)


def page_from_record(data: bytes) -> ProjectPage:
    """Return the page that `ParsedPage.to_record` wrote; raise `ValueError` where ``data`` is not one."""
    try:
        return RecordedPage(_LAZY_RECORD.decode(data))
    except msgspec.DecodeError as error:
        raise ValueError(f"not a page record: {error}") from error


def read_links(body: bytes, *, content_type: str, url: str) -> Links:
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
    html = parse_html(body, content_type)
    check_api_version(html.api_version, url)
    return Links(join(base_url, html.base) if html.base else base_url, html.files)


def group_by_version(files: Sequence[PageFile], project: NormalizedName) -> tuple[dict[str, list[PageFile]], int]:
    """Return the distributions of ``project`` among ``files`` by version text, and how many files are none."""
    count = len(files)
    if _UNSAFE_NAME.search("".join([file.filename for file in files])):
        files = [file for file in files if not _UNSAFE_NAME.search(file.filename)]
    groups: dict[str, list[PageFile]] = {}
    is_ours: dict[str, bool] = {}
    kept = 0
    for file in files:
        filename = file.filename
        version: str | None
        if filename.endswith(".whl"):
            parts = filename.split("-")
            # name-version(-build)?-python-abi-platform.whl; a build tag starts with a digit
            if len(parts) != 5 and (len(parts) != 6 or not parts[2][:1].isdigit()):  # noqa: PLR2004 - as said above
                continue
            spelled = parts[0]
            if spelled not in is_ours:
                is_ours[spelled] = normalize_name(spelled) == project
            version = parts[1] if is_ours[spelled] else None
        elif filename.endswith(".zip") and "macosx10" in filename:
            continue  # a binary that bdist_dumb made, as pip has it
        else:
            version = sdist_version(filename, project)
        if version:
            kept += 1
            if version in groups:
                groups[version].append(file)
            else:
                groups[version] = [file]
    return groups, count - kept


def _json_files(body: bytes, url: str) -> list[PageFile]:
    try:
        try:
            return _strict_json_files(body, url)
        except msgspec.ValidationError:
            return _doubtful_json_files(body, url)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IndexAccessError(f"the page {redact(url)} is not JSON, though it says so", why=str(error)) from error


def _strict_json_files(body: bytes, url: str) -> list[PageFile]:
    if b'"dist-info-metadata"' in body:
        old = _OLD_JSON_PAGE.decode(body)
        check_api_version(old.meta.api_version, url)
        return [_renamed(file) for file in old.files]
    page = _JSON_PAGE.decode(body)
    check_api_version(page.meta.api_version, url)
    return page.files


def _renamed(file: _OldFile) -> PageFile:
    """Return ``file`` with ``core-metadata`` alone; where both are given the new name wins (PEP 714)."""
    return PageFile(
        filename=file.filename,
        url=file.url,
        hashes=file.hashes,
        requires_python=file.requires_python,
        size=file.size,
        upload_time=file.upload_time,
        yanked=file.yanked,
        core_metadata=file.dist_info_metadata if file.core_metadata is None else file.core_metadata,
    )


def _doubtful_json_files(body: bytes, url: str) -> list[PageFile]:
    """Return what can be used of a page that breaks PEP 691 in places (nulls, keys left out), as pip does."""
    page: Any = msgspec.json.decode(body)
    if not isinstance(page, dict):
        raise IndexAccessError(f"the page {redact(url)} is not a project page", why="its JSON is not an object")
    meta = page.get("meta")
    if isinstance(meta, dict):
        check_api_version(str(meta.get("api-version", "1.0")), url)
    entries = page.get("files")
    files = [_doubtful_file(entry) for entry in entries] if isinstance(entries, list) else []
    return [file for file in files if file is not None]


def _doubtful_file(entry: Any) -> PageFile | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        return None
    fields = {str(key): value for key, value in entry.items() if value is not None}
    fields.setdefault("filename", filename_of_href(entry["url"]))
    try:
        return _renamed(msgspec.convert(fields, _OldFile))
    except msgspec.ValidationError:
        return None


def check_api_version(api_version: str | None, url: str) -> None:
    """Refuse a major version that we do not know; a newer minor one only adds things (PEP 629)."""
    major = (api_version or "1").partition(".")[0].strip()
    if major.isdecimal() and int(major) > SUPPORTED_MAJOR:
        raise IndexAccessError(
            f"the index answers {redact(url)} in version {api_version} of the simple API",
            why=f"this version knows up to {SUPPORTED_MAJOR}.x",
            hint="a newer asyncpip may know it",
        )


def _finished(files: Iterable[PageFile], base_url: str) -> tuple[PageFile, ...]:
    """Return ``files`` with addresses absolute and quoted, and hashes out of fragments; without unusable ones."""
    finished = (_finished_file(file, base_url) for file in files)
    return tuple(file for file in finished if file is not None)


def _finished_file(file: PageFile, base_url: str) -> PageFile | None:
    if _PLAIN_URL.fullmatch(file.url) and file.yanked != "":
        return file
    try:
        url = file.url if file.url.startswith(("https://", "http://")) else join(base_url, file.url)
        url, _, fragment = url.partition("#")
        url = _quoted(url)
    except ValueError:  # a host that is none, like `http://[`
        return None
    if url.partition(":")[0] not in ("http", "https", "file"):
        return None
    found = _FRAGMENT_HASH.search(fragment)
    return PageFile(
        filename=file.filename,
        url=url,
        hashes={**file.hashes, found[1]: found[2]} if found else file.hashes,
        requires_python=file.requires_python,
        size=file.size,
        upload_time=file.upload_time,
        yanked=file.yanked or False,  # an empty reason in JSON says nothing (PEP 691: "non-empty")
        core_metadata=file.core_metadata,
    )


def _quoted(url: str) -> str:
    """Return ``url`` with its path quoted once, `@` and `%2F` kept, as pip sends it.

    `+` becomes `%2B`: object stores behind some indexes read a bare `+` as a blank.
    """
    if _PLAIN_URL.fullmatch(url):
        return url
    parts = urlsplit(url)
    safe = "/:" if parts.scheme == "file" else "/"  # drive letters
    path = "".join(
        piece.upper() if at % 2 else quote(unquote(piece, errors="surrogateescape"), safe, errors="surrogateescape")
        for at, piece in enumerate(_RESERVED.split(parts.path))
    )
    return urlunsplit(parts._replace(path=path))
