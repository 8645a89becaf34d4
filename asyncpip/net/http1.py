"""HTTP/1.1 messages as bytes (RFC 9112): a GET's head, an answer's head and its framing, the chunked coding. No I/O.

Strict where an answer could be read in two ways, for then the next one on the connection could be somebody else's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from asyncpip.core.values import Row

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD_LIMIT_BYTES = 64 * 1024
"""The longest head that is accepted, interim answers before it included. Presigned URLs in `Location` reach 8 KiB."""
_MOST_FIELDS = 256
_LONGEST_CHUNK_LINE_BYTES = 4096
"""A chunk's size and its extensions, which nobody sends."""
_MOST_LENGTH_DIGITS = 18
_HEAD_END = re.compile(rb"\n\r?\n")
"""A line may end in LF alone (RFC 9112 §2.2), as `http.client` has it too."""
# Compiled when something unusual comes first; the usual is told by methods of texts.
_FIELD_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD_VALUE = r"[\t\x20-\x7e\x80-\xff]*"
_FOLD = r"\n[ \t]+"
_CHUNK_LINE = rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?"
_VERSIONS = tuple(f"HTTP/1.{minor}" for minor in range(10))
_SWITCHING_PROTOCOLS = 101
_FIRST_FINAL_STATUS = 200
_NO_BODY_STATUSES = (204, 304)


class ConnectionEndedError(Exception):
    """The connection ended before the answer did."""

    def __init__(self, why: str, *, before_answer: bool) -> None:
        super().__init__(why)
        self.before_answer = before_answer
        """Whether not one byte of the answer came: a kept-alive connection that the server has given up."""


class ProtocolError(ValueError):
    """What came is not HTTP/1.1, or can be read in two ways."""


class AnswerHead(Row):
    """Status, fields and framing of an answer to a GET."""

    status: int
    headers: dict[str, str]
    """By lower-case name; repeated ones joined by commas (RFC 9110 §5.3)."""
    length: int | None
    """Bytes of the body; None where only its end tells."""
    is_chunked: bool
    keeps_alive: bool
    """Whether the connection serves again after this answer."""

    @property
    def is_interim(self) -> bool:
        """Whether the answer proper is still to come (1xx)."""
        return self.status < _FIRST_FINAL_STATUS


def build_request_head(target: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a GET; raise `ValueError` for what would not stay in its line."""
    if not target or not _is_printable(target) or " " in target:
        raise ValueError(f"not a request target: {target!r}")
    lines = [f"GET {target} HTTP/1.1"]
    for name, value in fields:
        if not _is_token(name) or not _is_value(value):
            raise ValueError(f"not a header field: {name!r}")
        lines.append(f"{name}: {value}")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1")


def find_head_end(buffer: bytearray, start: int, seen: int, end: int) -> int:
    """Return where the head that begins at ``start`` ends, its empty line included, or -1 if it goes on after ``end``.

    Up to ``seen`` an earlier call has looked already.
    """
    match = _HEAD_END.search(buffer, max(start, seen - 2), end)
    return match.end() if match is not None else -1


def parse_head(data: bytes | bytearray) -> AnswerHead:
    """Return what ``data``, up to and with the empty line, says; raise `ProtocolError`."""
    text = data.decode("latin-1").replace("\r\n", "\n").rstrip("\n")
    if "\0" in text or "\r" in text:
        raise ProtocolError("a control character in the head of the answer")
    status_line, _, rest = text.partition("\n")
    is_old, status = _parse_status_line(status_line)
    headers = _parse_fields(rest)
    length, is_chunked = _framing(status, headers)
    connection = headers.get("connection")
    if connection is None:
        keeps_alive = not is_old
    else:
        options = [option.strip() for option in connection.lower().split(",")]
        keeps_alive = "close" not in options and (not is_old or "keep-alive" in options)
    if (length is None and not is_chunked) or (is_old and is_chunked):
        keeps_alive = False
    return AnswerHead(status, headers, length, is_chunked, keeps_alive)


def _parse_fields(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    if not text:
        return headers
    if text[0] in " \t":
        raise ProtocolError("white space before the first header field")
    if "\n " in text or "\n\t" in text:
        text = re.sub(_FOLD, " ", text)  # a folded line is one line (RFC 9112 §5.2)
    lines = text.split("\n")
    if len(lines) > _MOST_FIELDS:
        raise ProtocolError(f"more than {_MOST_FIELDS} header fields")
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _is_token(name):
            raise ProtocolError(f"Bad header line {line[:60]!r}")
        key = name.lower()
        value = value.strip(" \t")
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


@lru_cache(maxsize=512)
def _is_token(name: str) -> bool:
    return (name.isascii() and name.replace("-", "").isalnum()) or re.fullmatch(_FIELD_NAME, name) is not None


def _is_value(value: str) -> bool:
    return _is_printable(value) or re.fullmatch(_FIELD_VALUE, value) is not None


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _parse_status_line(line: str) -> tuple[bool, int]:
    """Return whether ``HTTP/1.x NNN reason`` is HTTP/1.0, and the status; raise `ProtocolError`."""
    status = line[9:12]
    is_status = line[8:9] == " " and status.isascii() and status.isdigit() and len(status) == len("NNN")
    if not line.startswith(_VERSIONS) or not is_status or status[0] == "0" or line[12:13] not in ("", " "):
        raise ProtocolError(f"Bad status line {line[:60]!r}")
    return line.startswith("HTTP/1.0"), int(status)


def _framing(status: int, headers: dict[str, str]) -> tuple[int | None, bool]:
    """Return the body's length and whether it is chunked (RFC 9112 §6.3)."""
    coding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if status == _SWITCHING_PROTOCOLS:
        raise ProtocolError("the server changes to a protocol that was not asked for")
    if status < _FIRST_FINAL_STATUS or status in _NO_BODY_STATUSES:
        return 0, False
    if coding is not None:
        if length is not None:
            raise ProtocolError("Content-Length and Transfer-Encoding in one answer")
        if coding.lower() != "chunked":
            raise ProtocolError(f"Transfer-Encoding {coding[:60]!r} was not asked for")
        return None, True
    if length is None:
        return None, False
    if not (length.isascii() and length.isdigit()):
        values = {value.strip(" \t") for value in length.split(",")}
        length = values.pop()
        if values or not (length.isascii() and length.isdigit()):
            raise ProtocolError(f"Bad Content-Length {headers['content-length'][:60]!r}")
    if len(length) > _MOST_LENGTH_DIGITS:
        raise ProtocolError(f"Content-Length {length[:60]} is out of all bounds")
    return int(length), False


class ChunkedDecoder:
    """Takes the chunked coding off a body that comes in pieces of any size (RFC 9112 §7.1)."""

    __slots__ = ("_expect", "_left", "_line", "_trailer_bytes", "excess_bytes", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self.excess_bytes = 0
        """How much of what was fed stood behind the end of the body."""
        self._left = 0
        """Bytes of the current chunk still to come, the CRLF behind it not counted."""
        self._line = b""
        """The beginning of a line whose end is still to come."""
        self._expect = self._size_line
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """Return the content in ``data``; raise `ProtocolError`."""
        parts: list[bytes] = []
        at = 0
        while at < len(data) and not self.is_done:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
            else:
                at = self._take_line(data, at)
        self.excess_bytes = len(data) - at
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take_line(self, data: bytes, at: int) -> int:
        """Read on in the current line; return where it ends, or the end of ``data`` if it does not."""
        end = data.find(b"\n", at)
        stop = end + 1 if end >= 0 else len(data)
        line = self._line + data[at:stop]
        if len(line) > _LONGEST_CHUNK_LINE_BYTES:
            raise ProtocolError("a chunk's head is too long")
        if end < 0:
            self._line = line
            return stop
        self._line = b""
        if not line.endswith(b"\r\n"):
            raise ProtocolError("a line of the chunked coding does not end in CRLF")
        self._expect(line[:-2])
        return stop

    def _size_line(self, line: bytes) -> None:
        match = re.fullmatch(_CHUNK_LINE, line)
        if match is None:
            raise ProtocolError(f"Bad chunk size {line[:60]!r}")
        self._left = int(match[1], 16)
        self._expect = self._chunk_end if self._left else self._trailer_line

    def _chunk_end(self, line: bytes) -> None:
        if line:
            raise ProtocolError("a chunk is longer than it says")
        self._expect = self._size_line

    def _trailer_line(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if self._trailer_bytes > HEAD_LIMIT_BYTES:
            raise ProtocolError("more than 64 KiB behind the last chunk")
        self.is_done = not line
