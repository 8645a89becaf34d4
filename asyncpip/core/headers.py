"""The header block of METADATA, PKG-INFO and WHEEL, as `email` reads it. Lean: the email parser costs 20 ms to import.

Values are those that `importlib.metadata` gives: of one on several lines, the indentation that its lines share is
taken away.
"""

from __future__ import annotations


class Headers:
    """Fields in order, and what follows them."""

    __slots__ = ("body", "fields")

    def __init__(self, fields: list[tuple[str, str]], body: str) -> None:
        self.fields = fields
        """Names in lower case."""
        self.body = body

    def get(self, name: str) -> str | None:
        """Return the first value of ``name``, which is in lower case; None where there is none."""
        return next((value for key, value in self.fields if key == name), None)

    def get_all(self, name: str) -> list[str]:
        """Return all values of ``name``, which is in lower case."""
        return [value for key, value in self.fields if key == name]


def parse_headers(text: str) -> Headers:
    """Return the fields of ``text``. Where a line is none, the body begins (RFC 5322, as lenient as `email`)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    fields: list[tuple[str, str]] = []
    continued = False
    at = 0
    while at < len(lines):
        line = lines[at]
        if line[:1] in (" ", "\t"):
            if fields:
                name, value = fields[-1]
                fields[-1] = name, f"{value}\n{line}"
                continued = True
        else:
            name, colon, value = line.partition(":")
            if not colon or not _is_field_name(name):
                break
            fields.append((name.lower(), value.lstrip(" \t")))
        at += 1
    fields = [field for field in fields if field[0]]
    if continued:
        fields = [(name, _dedented(value)) if "\n" in value else (name, value) for name, value in fields]
    body_at = at + 1 if at < len(lines) and not lines[at] else at
    return Headers(fields, "\n".join(lines[body_at:]))


def _is_field_name(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _dedented(value: str) -> str:
    """Return a value on several lines, all of them moved left; the first one stands at column 8, as in pip."""
    lines = (" " * 8 + value).split("\n")
    margin: str | None = None
    for line in lines:
        content = line.lstrip(" \t")
        if content:
            indentation = line[: len(line) - len(content)]
            if margin is None:
                margin = indentation
            while not indentation.startswith(margin):
                margin = margin[:-1]
    size = len(margin or "")
    return "\n".join(line[size:] if line.strip(" \t") else "" for line in lines)
