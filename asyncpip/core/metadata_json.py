"""METADATA as a JSON object, as reports have it (core metadata specification; PEP 566, "JSON-compatible metadata")."""

from __future__ import annotations

from asyncpip.core.headers import parse_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.core.headers import Headers

_MULTIPLE = True
_SINGLE = False
_FIELDS = (
    ("metadata-version", _SINGLE),
    ("name", _SINGLE),
    ("version", _SINGLE),
    ("dynamic", _MULTIPLE),
    ("platform", _MULTIPLE),
    ("supported-platform", _MULTIPLE),
    ("summary", _SINGLE),
    ("description", _SINGLE),
    ("description-content-type", _SINGLE),
    ("keywords", _SINGLE),
    ("home-page", _SINGLE),
    ("download-url", _SINGLE),
    ("author", _SINGLE),
    ("author-email", _SINGLE),
    ("maintainer", _SINGLE),
    ("maintainer-email", _SINGLE),
    ("license", _SINGLE),
    ("license-expression", _SINGLE),
    ("license-file", _MULTIPLE),
    ("classifier", _MULTIPLE),
    ("requires-dist", _MULTIPLE),
    ("requires-python", _SINGLE),
    ("requires-external", _MULTIPLE),
    ("project-url", _MULTIPLE),
    ("provides-extra", _MULTIPLE),
    ("provides-dist", _MULTIPLE),
    ("obsoletes-dist", _MULTIPLE),
)
"""In pip's order, which shows in what it prints."""


def metadata_to_json(data: bytes) -> dict[str, object]:
    """Return a METADATA file as an object."""
    return headers_to_json(parse_headers(data.decode("utf-8", "replace")))


def headers_to_json(headers: Headers) -> dict[str, object]:
    """Return parsed metadata as an object."""
    values: dict[str, list[str]] = {}
    for name, value in headers.fields:
        values.setdefault(name, []).append(value)
    if headers.body:
        values["description"] = [headers.body]
    result: dict[str, object] = {}
    for field, is_multiple in _FIELDS:
        if field not in values:
            continue
        key = field.replace("-", "_")
        if is_multiple:
            result[key] = values[field]
        elif field == "keywords":
            result[key] = _keywords(values[field][0])
        else:
            result[key] = values[field][0]
    return result


def _keywords(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")] if "," in text else text.split()
