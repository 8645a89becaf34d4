"""HTTP/1.1 as far as the benchmark server needs it: a request's head to what is sent back (RFC 9110, RFC 9112)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.mirror import Resource

LARGEST_HEAD_BYTES = 64 * 1024
_PHRASES = {
    200: "OK",
    206: "Partial Content",
    304: "Not Modified",
    404: "Not Found",
    405: "Method Not Allowed",
    416: "Range Not Satisfiable",
    502: "Bad Gateway",
}


class Request(NamedTuple):
    """What of a request decides about its answer."""

    method: str
    target: str
    byte_range: str
    if_none_match: str
    gzip: bool
    close: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Head and small body as bytes; a large body as part of a file."""

    head: bytes
    """Status line and fields; the server adds Date and the blank line."""
    body: bytes = b""
    path: Path | None = None
    offset: int = 0
    count: int = 0


def parse_head(head: bytes) -> Request:
    """Return the request in ``head``, the bytes before the blank line."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    byte_range = if_none_match = ""
    gzip, close = False, version == "HTTP/1.0"
    for line in lines:
        name, _, value = line.partition(":")
        match name.lower():
            case "range":
                byte_range = value.strip()
            case "if-none-match":
                if_none_match = value.strip()
            case "accept-encoding":
                gzip = "gzip" in value
            case "connection":
                close = value.strip().lower() == "close"
            case _:
                pass
    return Request(method, target, byte_range, if_none_match, gzip, close)


def parse_range(text: str, size_bytes: int) -> tuple[int, int] | None:
    """Return first byte and count of a single byte range; ``(0, 0)`` where it cannot be met.

    None where the whole is to be sent: no range, several, or not understood (RFC 9110 §14.2).
    """
    unit, _, spans = text.partition("=")
    first, dash, last = spans.strip().partition("-")
    if unit != "bytes" or not dash or "," in spans or not (first + last).isdigit():
        return None
    if not first:
        count = min(int(last), size_bytes)
        return size_bytes - count, count
    start = int(first)
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    if last and int(last) < start:
        return None
    return (start, end - start + 1) if start < size_bytes else (0, 0)


def answer_to(request: Request, resource: Resource | None) -> Answer:
    """Return the answer to ``request`` for what was found, None being nothing."""
    if resource is None:
        return plain_answer(404, {"message": "not recorded"})
    if request.method not in ("GET", "HEAD"):
        return plain_answer(405, {"message": "GET and HEAD only"})
    fields = {"Cache-Control": resource.cache_control, "ETag": resource.etag}
    if resource.compressed is not None:
        fields["Vary"] = "Accept, Accept-Encoding"
    if request.if_none_match and resource.etag in request.if_none_match:
        return Answer(_head(304, fields))
    fields["Content-Type"] = resource.content_type
    whole = (
        _page_body(request, resource, fields)
        if resource.compressed is not None
        else _file_part(request, resource, fields)
    )
    return Answer(whole.head) if request.method == "HEAD" else whole


def _page_body(request: Request, resource: Resource, fields: dict[str, str]) -> Answer:
    """Answer with a page, as the gzip that it is kept as where the client takes that."""
    body = resource.body
    if request.gzip:
        fields["Content-Encoding"] = "gzip"
        body = resource.compressed
    content = body or b""
    return Answer(_head(200, fields | {"Content-Length": str(len(content))}), content)


def _file_part(request: Request, resource: Resource, fields: dict[str, str]) -> Answer:
    """Answer with a file or the range of it that was asked for."""
    size = resource.size_bytes
    span = parse_range(request.byte_range, size) if request.byte_range else None
    start, count = span or (0, size)
    if span is not None and count == 0:
        return Answer(_head(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"}))
    fields |= {"Accept-Ranges": "bytes", "Content-Length": str(count)}
    if span is not None:
        fields["Content-Range"] = f"bytes {start}-{start + count - 1}/{size}"
    head = _head(200 if span is None else 206, fields)
    if resource.body is not None:
        return Answer(head, resource.body[start : start + count])
    return Answer(head, path=resource.path, offset=start, count=count)


def plain_answer(status: int, content: Mapping[str, object]) -> Answer:
    """Return a small JSON answer that nobody may cache."""
    body = msgspec.json.encode(content)
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    return Answer(_head(status, fields), body)


def _head(status: int, fields: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_PHRASES[status]}", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")
