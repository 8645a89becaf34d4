"""The names of all projects that an index has: its root page, JSON (PEP 691) or HTML (PEP 503), and its stored form.

The page of the largest index has 927,000 names. They are one text from beginning to end: a list is made of it where
somebody looks for a name, which takes 60 ms; an object for each name would take ten times as long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from asyncpip.core.urls import redact
from asyncpip.errors import IndexAccessError
from asyncpip.index.html_page import parse_html
from asyncpip.index.page import JSON_TYPE
from asyncpip.index.page_files import check_api_version

if TYPE_CHECKING:
    from asyncpip.net.content_encoding import Octets

_SEPARATORS = re.compile(r"[-_.]+")
_LEVEL = 3
"""zstd's own default: 14 MB of names become 4.5 in about 0.1 s, and are read back in 30 ms."""


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _Project(msgspec.Struct, gc=False):
    name: str


class _JsonList(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    projects: list[_Project] = []


_JSON_LIST = msgspec.json.Decoder(_JsonList)


class ProjectList:
    """All names of one index, normalised, in the order of the page."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        """The names, a line each."""

    @property
    def names(self) -> list[str]:
        """Return all names; what an index lists that is no name is among them."""
        return self._text.split("\n") if self._text else []

    def to_record(self) -> bytes:
        """Return what `project_list_from_record` reads."""
        import zstandard  # noqa: PLC0415 - 10 ms, and most commands read no list

        return zstandard.ZstdCompressor(level=_LEVEL).compress(self._text.encode())


def project_list_of(names: list[str]) -> ProjectList:
    """Return the list of ``names`` as an index spells them."""
    return ProjectList(_SEPARATORS.sub("-", "\n".join(names)).lower())


def parse_project_list(body: Octets, *, content_type: str, url: str) -> ProjectList:
    """Return the names on an index's root page; raises `IndexAccessError` where it is none."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return project_list_of(_json_names(body, url))
    if kind not in ("text/html", "application/vnd.pypi.simple.v1+html"):
        raise IndexAccessError(f"the page {redact(url)} is no list of projects", why=f"its content type is {kind!r}")
    page = parse_html(body, content_type)
    check_api_version(page.api_version, url)
    return project_list_of([file.filename for file in page.files])


def project_list_from_record(data: bytes) -> ProjectList:
    """Return the list that `to_record` made ``data`` of; raises `ValueError` where it is damaged."""
    import zstandard  # noqa: PLC0415 - see `to_record`

    try:
        return ProjectList(zstandard.ZstdDecompressor().decompress(data).decode())
    except zstandard.ZstdError as error:
        raise ValueError(f"a stored list of projects is damaged: {error}") from error


def _json_names(body: Octets, url: str) -> list[str]:
    try:
        page = _JSON_LIST.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IndexAccessError(f"the page {redact(url)} is no list of projects", why=str(error)) from error
    check_api_version(page.meta.api_version, url)
    return [project.name for project in page.projects]
