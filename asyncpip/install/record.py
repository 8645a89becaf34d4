"""RECORD: its rows parsed and written (recording installed projects; PEP 376).

Rows are tuples of path, hash and size, all text, empty where unknown. Hashes are taken over from the wheel, never
checked. CSV is written and read by hand: the csv module costs more to import than this does to run, and of 25,000 rows
hardly one needs a quote.
"""

from __future__ import annotations

import binascii
import os

from asyncpip.core.small_digests import sha256_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    Row = tuple[str, str, str]

_FIELDS = 3


def parse_record(text: str) -> list[Row]:
    """Return the rows of ``text`` in its order; short rows are filled up, long ones cut, empty lines left out."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removeprefix("\ufeff").removesuffix("\n").split("\n")
    rows = [line.split(",") for line in lines] if '"' not in text else [_split_line(line) for line in lines]
    if set(map(len, rows)) == {_FIELDS}:
        return [(row[0], row[1], row[2]) for row in rows if row[0]]
    return [(row[0], row[1] if len(row) > 1 else "", row[2] if len(row) > 2 else "") for row in rows if row[0]]  # noqa: PLR2004


def names_on_disk(path: str) -> tuple[str, ...]:
    """Return under what names a file that RECORD calls ``path`` may lie on the disk.

    In UTF-8, whatever the locale of this run is; and as this locale writes it, where that is another name.
    """
    if path.isascii():
        return (path,)
    in_utf8 = os.fsdecode(path.encode("utf-8", "surrogateescape"))
    if in_utf8 == path:
        return (path,)
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # no file can have this name here
        return (in_utf8,)
    return (path, in_utf8)


def recorded_paths(text: str) -> list[str]:
    """Return the paths of ``text`` in its order, as `parse_record` would: in half the time."""
    if '"' in text:
        return [row[0] for row in parse_record(text)]
    lines = text.removeprefix("\ufeff").replace("\r", "\n").split("\n")
    return [path for line in lines if (path := line.split(",", 1)[0])]


def urlsafe_sha256(data: bytes) -> str:
    """Return ``sha256=`` and the digest in URL-safe base64 without padding, as RECORD has it."""
    encoded = binascii.b2a_base64(sha256_of(data).digest(), newline=False).rstrip(b"=").translate(_URL_SAFE)
    return "sha256=" + encoded.decode("ascii")


def row_of(path: str, data: bytes) -> Row:
    """Return the row of a generated file."""
    return path, urlsafe_sha256(data), str(len(data))


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _stays_inside(path: str) -> bool:
    return not (path.startswith(("/", "\\")) or path[1:2] == ":" or ".." in path.replace("\\", "/").split("/"))


def _quoted(field: str) -> str:
    if "," in field or '"' in field:
        return '"' + field.replace('"', '""') + '"'
    return field


def _split_line(line: str) -> list[str]:
    """Return the fields of one line, quoted ones among them; a quote that nothing closes takes in the rest."""
    fields = []
    position = 0
    while position <= len(line):
        if line[position : position + 1] == '"':
            end = position + 1
            while (end := line.find('"', end)) >= 0 and line[end + 1 : end + 2] == '"':
                end += 2
            if end < 0:
                end = len(line)
            comma = line.find(",", end)
            comma = len(line) if comma < 0 else comma
            fields.append(line[position + 1 : end].replace('""', '"') + line[end + 1 : comma])
        else:
            comma = line.find(",", position)
            comma = len(line) if comma < 0 else comma
            fields.append(line[position:comma])
        position = comma + 1
    return fields


def row_line(row: Row) -> str:
    """Return the CSV line of ``row``, without line end."""
    line = ",".join(row)
    return line if line.count(",") < _FIELDS and '"' not in line else ",".join(map(_quoted, row))


def unclaimed_rows(wheel_rows: Iterable[Row], claimed: Collection[str], *, record: str) -> list[Row]:
    """Return rows of a wheel that name no member, as pip keeps them; those that lead out of the root are dropped."""
    return [row for row in wheel_rows if row[0] not in claimed and row[0] != record and _stays_inside(row[0])]
