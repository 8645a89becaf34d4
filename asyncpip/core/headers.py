"""The header block of METADATA, PKG-INFO and WHEEL, as `email` reads it. Lean: the email parser costs 20 ms to import.

Values are those that `importlib.metadata` gives: of one on several lines, the indentation that its lines share is
taken away.
"""

from __future__ import annotations

_USUAL = frozenset(
    f"{name}:"
    for name in (
        "Metadata-Version", "Name", "Version", "Dynamic", "Platform", "Supported-Platform", "Summary", "Description",
        "Description-Content-Type", "Keywords", "Home-page", "Download-URL", "Author", "Author-email", "Maintainer",
        "Maintainer-email", "License", "License-Expression", "License-File", "Classifier", "Requires-Dist",
        "Requires-Python", "Requires-External", "Project-URL", "Provides-Extra", "Provides-Dist", "Obsoletes-Dist",
        "Import-Name", "Import-Namespace", "Author-Email", "Maintainer-Email", "Home-Page",
    )
)  # fmt: skip
"""Fields of METADATA, spelt as its specification and most tools spell them."""

_BLANKS = (" ", "\t")


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


def values_of(text: str, name: str) -> list[str]:
    """Return all values of the field ``name``, spelt as in its specification, as `parse_headers` would find them.

    A header block without anything unusual up to the last of them takes a fifth of the time.
    """
    mark = f"\n{name}:"
    whole = f"\n{text}\n"
    count = whole.count(mark)
    if "\r" not in whole and count == whole.lower().count(f"{name.lower()}:"):
        if not count:
            return []
        end = whole.find("\n", whole.rfind(mark) + 1)
        before, *pieces = whole[:end].split(mark)
        parts = [piece.partition("\n") for piece in pieces]
        others = [*before[1:].split("\n"), *(line for _, more, rest in parts if more for line in rest.split("\n"))]
        goes_on = whole[end + 1 : end + 2] in _BLANKS or any(rest[:1] in _BLANKS for _, _, rest in parts)
        if not goes_on and _USUAL.issuperset(
            [line[: line.find(":") + 1] for line in others if line[:1] not in _BLANKS]
        ):
            return [value.lstrip(" \t") for value, _, _ in parts]
    return parse_headers(text).get_all(name.lower())


def parse_headers(text: str) -> Headers:
    """Return the fields of ``text``. Where a line is none, the body begins (RFC 5322, as lenient as `email`)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    fields: list[tuple[str, str]] = []
    continued = False
    at = 0
    while at < len(lines):
        line = lines[at]
        if line[:1] in _BLANKS:
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
