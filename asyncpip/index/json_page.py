"""Project pages in JSON (PEP 691, 700, 714), read as far as they are looked at; and their form in the store.

One quick pass for the names of files, which say what version each belongs to; then only the entries of versions that
are asked for are looked up, and decoded. Where that does not find them (`entry_search`), or for many versions, a
second pass notes where each entry stands. 117,000 entries of 171 pages take 50 ms so, 75 with all second passes;
decoded at once they took 100 ms and 150 MB more, and their records 40 ms more.

Of most pages one version is looked up. So what a page unpacks to is given up then, and unpacked again for another one.

In the store a page lies as it came over the network, compressed (a quarter of its size decoded and encoded anew).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

import msgspec

from asyncpip.core.page import PageFile
from asyncpip.core.values import Row
from asyncpip.errors import IndexAccessError
from asyncpip.index.entry_search import NAME_KEY, find_row
from asyncpip.index.page_files import OldFile, check_api_version, each_row, finished_files, lenient_file, renamed
from asyncpip.net.content_encoding import EncodedBody, compressed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.net.content_encoding import Octets


class _Named(msgspec.Struct, gc=False):
    filename: str


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _NamesPage(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    files: list[_Named] = []


_NOTHING = msgspec.Raw(b"{}")


class _UsualPage(msgspec.Struct, rename="kebab", forbid_unknown_fields=True):
    """A page with keys that are known (PEP 691, 700, 708, 792), whose file entries can be nowhere but in one place."""

    files: list[_Named] = []
    meta: msgspec.Raw = _NOTHING
    name: msgspec.Raw = _NOTHING
    versions: msgspec.Raw = _NOTHING
    alternate_locations: msgspec.Raw = _NOTHING
    project_status: msgspec.Raw = _NOTHING

    @property
    def is_plain(self) -> bool:
        """Whether no other key holds what looks like file entries."""
        rest = (self.meta, self.name, self.versions, self.alternate_locations, self.project_status)
        return not any(NAME_KEY in bytes(raw) for raw in rest)


class _EntriesPage(msgspec.Struct):
    files: list[msgspec.Raw] = []


_META = msgspec.json.Decoder(_Meta)
_NAMES_PAGE = msgspec.json.Decoder(_NamesPage)
_USUAL_PAGE = msgspec.json.Decoder(_UsualPage)
_ENTRIES_PAGE = msgspec.json.Decoder(_EntriesPage)
_FILE = msgspec.json.Decoder(PageFile)
_FILES = msgspec.json.Decoder(list[PageFile])
_OLD_FILE = msgspec.json.Decoder(OldFile)
_FIRST_NAME_OF_METADATA = b'"dist-info-metadata"'
_MOST_LOOK_UPS = 16
"""Of versions on one page; a second pass costs no more."""


class JsonRecord(msgspec.Struct, array_like=True, tag="json"):
    """A page as it is kept."""

    url: str
    left_out: int
    rows: dict[str, list[int]]
    """Where the entries of each version stand (`page_files.rows_by_version`)."""
    encoding: str
    body: bytes


class EntryNames(Row):
    """The file names of a page."""

    names: list[str]
    are_findable: bool
    """Whether the entries are all that looks like entries there."""


def entry_names(body: Octets, url: str) -> EntryNames | None:
    """Return the file names of a page that keeps to PEP 691; None for one that does not.

    Raises `IndexAccessError` for a version of the API that is not known, and `msgspec.DecodeError` for what is no JSON.
    """
    try:
        usual = _USUAL_PAGE.decode(body)
        meta, files, are_findable = _META.decode(usual.meta), usual.files, usual.is_plain
    except msgspec.ValidationError:  # mostly an unknown key
        try:
            page = _NAMES_PAGE.decode(body)
        except msgspec.ValidationError:
            return None
        meta, files, are_findable = page.meta, page.files, False
    check_api_version(meta.api_version, url)
    return EntryNames([file.filename for file in files], are_findable)


class JsonPage:
    """A project page whose entries are decoded when they are asked for."""

    __slots__ = (
        "_body",
        "_count",
        "_encoded",
        "_entries",
        "_known",
        "_look_ups",
        "_rows",
        "is_find_links",
        "is_private",
        "left_out",
        "url",
    )

    def __init__(
        self,
        url: str,
        encoded: EncodedBody,
        body: Octets,
        rows: dict[str, list[int]],
        *,
        left_out: int,
        count: int | None = None,
    ) -> None:
        """``rows`` are those of `page_files.rows_by_version`; ``body`` is one that `entry_names` could read.

        ``encoded`` is the body as it came.

        ``count`` is the number of its entries; None where they have to be looked for by a second pass.
        """
        self.url = url
        self.is_find_links = False
        self.is_private = False
        self.left_out = left_out
        """How many entries of the page are no distribution of the project."""
        self._encoded = encoded
        self._body: Octets | None = body
        """None once a version was looked up: mostly it is the only one, and others want the memory."""
        self._rows = rows
        self._count = count
        self._look_ups = 0
        self._known = 0, 0
        """The entry that was looked up last, and where it stands."""
        self._entries: list[msgspec.Raw] | None = None

    @classmethod
    def from_record(cls, record: JsonRecord, limit_bytes: int) -> Self:
        """Return the page of a record; raise `ValueError` where that is damaged, or too long once decoded."""
        encoded = EncodedBody(record.body, record.encoding)
        return cls(record.url, encoded, encoded.decoded(limit_bytes), record.rows, left_out=record.left_out)

    @property
    def versions(self) -> Sequence[str]:
        """The version texts that occur, each once."""
        return list(self._rows)

    def files(self, version: str) -> Sequence[PageFile]:
        """Return the files of ``version``, in the order of the page; raises `IndexAccessError` for a damaged record."""
        rows = self._rows.get(version, ())
        looked_up = self._look_up(version, rows)
        if looked_up is not None:
            return finished_files(looked_up, self.url)
        try:
            if self._entries is None:
                self._entries = _ENTRIES_PAGE.decode(self._octets()).files
            entries = self._entries
            found = [file for row in each_row(rows) for file in _decoded_row(entries[row.start : row.stop], len(row))]
        except (msgspec.DecodeError, IndexError) as error:
            raise IndexAccessError(
                f"the stored copy of {self.url} is damaged",
                why=str(error),
                hint="`--refresh` fetches the page again",
            ) from error
        return finished_files(found, self.url)

    def _look_up(self, version: str, rows: Sequence[int]) -> list[PageFile] | None:
        """Return the entries of ``version`` where they are found without a second pass, else None."""
        self._look_ups += 1
        if self._count is None or self._entries is not None or self._look_ups > _MOST_LOOK_UPS:
            return None
        if len(rows) != 2:  # noqa: PLR2004 - first and end of one row
            return None
        row = range(*rows)
        found = find_row(self._octets(), row, self._count, version, self._known)
        if found is None or _FIRST_NAME_OF_METADATA in found.data:
            return None
        self._known = row.start, found.place
        try:
            files = _FILES.decode(found.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if len(files) != len(row):
            return None
        if self._look_ups == 1 and self._encoded.encoding:
            self._body = None
        return files

    def _octets(self) -> Octets:
        body = self._body
        if body is None:
            body = self._body = self._encoded.decoded(sys.maxsize)  # as before
        return body

    def to_record(self) -> tuple[JsonRecord, Octets]:
        """Return the page as it is kept, but for its body, and that."""
        encoded = self._encoded
        if encoded.encoding.lower() not in ("gzip", "x-gzip"):
            encoded = compressed(self._octets())
        return JsonRecord(self.url, self.left_out, self._rows, encoded.encoding, b""), encoded.data


def _decoded_row(row: list[msgspec.Raw], length: int) -> list[PageFile] | list[PageFile | None]:
    if len(row) != length:
        raise IndexError("an entry is missing")
    data = b"[%b]" % b",".join(row)
    if _FIRST_NAME_OF_METADATA not in data:
        try:
            return _FILES.decode(data)
        except (msgspec.ValidationError, UnicodeDecodeError):
            pass  # in one of them
    return [_decoded(raw) for raw in row]


def _decoded(raw: msgspec.Raw) -> PageFile | None:
    entry = bytes(raw)
    try:
        return renamed(_OLD_FILE.decode(entry)) if _FIRST_NAME_OF_METADATA in entry else _FILE.decode(entry)
    except msgspec.ValidationError:  # it breaks PEP 691 somewhere else than in its name
        pass
    except UnicodeDecodeError:
        return None
    try:
        broken: Any = msgspec.json.decode(entry)
    except UnicodeDecodeError:  # not looked at until now: nobody asked for that key
        return None
    return lenient_file(broken)
