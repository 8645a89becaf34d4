"""Project pages in JSON (PEP 691, 700, 714), read as far as they are looked at; and their form in the store.

Two quick passes: one for the names of files, which say what version each belongs to, one that notes where each entry
stands. An entry is decoded when its version is asked for. 117,000 entries of 171 pages take 65 ms and 30 MB so; decoded
at once they took 100 ms and 150 MB, and their records 40 ms more.

In the store a page lies as it came over the network, compressed (a quarter of its size decoded and encoded anew), with
the place of each entry.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

from asyncpip.core.page import PageFile
from asyncpip.errors import IndexAccessError
from asyncpip.index.page_files import check_api_version, finished_files, lenient_file
from asyncpip.net.content_encoding import EncodedBody, compressed

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Named(msgspec.Struct, gc=False):
    filename: str


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _NamesPage(msgspec.Struct):
    meta: _Meta = msgspec.field(default_factory=_Meta)
    files: list[_Named] = []


class _EntriesPage(msgspec.Struct):
    files: list[msgspec.Raw] = []


_NAMES_PAGE = msgspec.json.Decoder(_NamesPage)
_ENTRIES_PAGE = msgspec.json.Decoder(_EntriesPage)
_FILE = msgspec.json.Decoder(PageFile)
_OFFSETS = "I"
_FIRST_NAME_OF_METADATA = b'"dist-info-metadata"'


class JsonRecord(msgspec.Struct, array_like=True, tag="json"):
    """A page as it is kept."""

    url: str
    left_out: int
    versions: dict[str, list[int]]
    """Positions of the entries of each version."""
    offsets: bytes
    """Where each entry begins in the decoded body, and one more for where the next would; unsigned, 4 bytes each."""
    encoding: str
    body: bytes


def entry_names(body: bytes, url: str) -> list[str] | None:
    """Return the file names of a page that keeps to PEP 691; None for one that does not, or is of an older form.

    Raises `IndexAccessError` for a version of the API that is not known, and `msgspec.DecodeError` for what is no JSON.
    """
    if _FIRST_NAME_OF_METADATA in body:
        return None
    try:
        page = _NAMES_PAGE.decode(body)
    except msgspec.ValidationError:
        return None
    check_api_version(page.meta.api_version, url)
    return [file.filename for file in page.files]


class JsonPage:
    """A project page whose entries are decoded when they are asked for."""

    __slots__ = ("_body", "_entries", "_versions", "is_find_links", "is_private", "left_out", "url")

    def __init__(self, url: str, body: bytes, versions: dict[str, list[int]], *, left_out: int) -> None:
        """``versions`` holds positions of entries; ``body`` is one that `entry_names` could read."""
        self.url = url
        self.is_find_links = False
        self.is_private = False
        self.left_out = left_out
        """How many entries of the page are no distribution of the project."""
        self._body = body
        self._versions = versions
        self._entries = _ENTRIES_PAGE.decode(body).files

    @property
    def versions(self) -> Sequence[str]:
        """The version texts that occur, each once."""
        return list(self._versions)

    def files(self, version: str) -> Sequence[PageFile]:
        """Return the files of ``version``, in the order of the page."""
        entries = self._entries
        return finished_files(map(_decoded, (entries[at] for at in self._versions.get(version, ()))), self.url)

    def to_record(self, encoded: EncodedBody) -> JsonRecord:
        """Return the page as it is kept; ``encoded`` is its body as it came."""
        start, ends = self._places()
        if start is None or encoded.encoding.lower() not in ("gzip", "x-gzip"):
            body = self._body
            if start is None:  # written with blanks between the entries
                body, start = b'{"files":[' + b",".join(self._entries) + b"]}", 10
            encoded = compressed(body)
        offsets = array(_OFFSETS, (start, *(start + end for end in ends)))
        return JsonRecord(self.url, self.left_out, self._versions, offsets.tobytes(), encoded.encoding, encoded.data)

    def _places(self) -> tuple[int | None, list[int]]:
        """Return where the first entry begins (None where blanks stand between them), and each end, behind a comma."""
        ends = list(accumulate(len(entry) + 1 for entry in self._entries))
        if not ends:
            return 0, []
        start = self._body.find(bytes(self._entries[0]))
        end = start + ends[-1] - 1
        return (start if self._body[end : end + 1] == b"]" else None), ends


class RecordedJsonPage:
    """A project page out of the store."""

    __slots__ = ("_body", "_offsets", "_versions", "is_find_links", "is_private", "left_out", "url")

    def __init__(self, record: JsonRecord, limit_bytes: int) -> None:
        """Raises `ValueError` where the record is damaged."""
        self.url = record.url
        self.is_find_links = False
        self.is_private = False
        self.left_out = record.left_out
        self._versions = record.versions
        self._offsets = array(_OFFSETS, record.offsets)
        self._body = EncodedBody(record.body, record.encoding).decoded(limit_bytes)

    @property
    def versions(self) -> Sequence[str]:
        """The version texts that occur, each once."""
        return list(self._versions)

    def files(self, version: str) -> Sequence[PageFile]:
        """Return the files of ``version``, in the order of the page; raises `IndexAccessError` for a damaged record."""
        body, offsets = self._body, self._offsets
        try:
            found = [_decoded(body[offsets[at] : offsets[at + 1] - 1]) for at in self._versions.get(version, ())]
        except (msgspec.DecodeError, IndexError) as error:
            raise IndexAccessError(
                f"the stored copy of {self.url} is damaged",
                why=str(error),
                hint="`--refresh` fetches the page again",
            ) from error
        return finished_files(found, self.url)


def _decoded(entry: bytes | msgspec.Raw) -> PageFile | None:
    try:
        return _FILE.decode(entry)
    except msgspec.ValidationError:  # it breaks PEP 691 somewhere else than in its name
        pass
    except UnicodeDecodeError:
        return None
    try:
        broken: Any = msgspec.json.decode(entry)
    except UnicodeDecodeError:  # not looked at until now: nobody asked for that key
        return None
    return lenient_file(broken)
