"""Requirements and constraints text → items in order: requirements, nested files and options (pip's file format).

The grammar has no specification but pip's documentation and source; where the two leave a choice, this does what
pip 26.3 does. Reading files, and following nested ones, is left to `commands.requirement_input`.
"""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from asyncpip.core.urls import is_remote, join, redact
from asyncpip.core.values import Value
from asyncpip.errors import RequirementError
from asyncpip.resolve.requirement_options import (
    BESIDE_REQUIREMENTS,
    FileOption,
    LineError,
    read_line_options,
    read_plain_hashes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its little-endian mark starts with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED_ENCODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_COMMENT_LINE = re.compile(r"\s*#")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_LOCK_NAME = re.compile(r"pylock(?:\.[^.]+)?\.toml")


class RequirementLine(NamedTuple):
    """A requirement with its own options; ``text`` has not been looked at."""

    text: str
    editable: bool
    hashes: tuple[tuple[str, str], ...]
    config_settings: tuple[tuple[str, str], ...]
    file: str
    line: int


class NestedFile(Value):
    """An ``-r`` or ``-c`` line; ``location`` as written."""

    location: str
    constraint: bool
    file: str
    line: int


class OptionLine(Value):
    """One option for the whole run; ``value`` is empty for a flag."""

    option: FileOption
    value: str
    file: str
    line: int


class StrayHash(Value):
    """A ``--hash`` without a requirement, which is ignored; worth a warning."""

    file: str
    line: int


FileItem = RequirementLine | NestedFile | OptionLine | StrayHash

_ORDER_OF_EFFECT = (
    FileOption.REQUIRE_HASHES,
    FileOption.NO_REQUIRE_HASHES,
    FileOption.USE_FEATURE,
    FileOption.NO_INDEX,
    FileOption.INDEX_URL,
    FileOption.EXTRA_INDEX_URL,
    FileOption.FIND_LINKS,
    FileOption.PRE,
    FileOption.PREFER_BINARY,
    FileOption.TRUSTED_HOST,
)
"""In which order pip applies what stands on one line."""


def decode_requirements(data: bytes, locale_encoding: str, *, filename: str = "") -> tuple[str, tuple[str, ...]]:
    """Return the text of a requirements file, and warnings.

    By byte-order mark, else a PEP 263 comment in the first two lines, else UTF-8, else ``locale_encoding`` with a
    warning. Raises `RequirementError`.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding, filename), ()
    for line in data.split(b"\n", 2)[:2]:
        if line.startswith(b"#") and (declared := _DECLARED_ENCODING.search(line)):
            return _decode(data, declared[1].decode("ascii", "replace"), filename), ()
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        warning = (
            f"unable to decode data from {redact(filename)} with default encoding utf-8, falling back to encoding from "
            f"locale: {locale_encoding}. If this is intentional you should specify the encoding with a PEP-263 style "
            f"comment, e.g. '# -*- coding: {locale_encoding} -*-'"
        )
        return _decode(data, locale_encoding, filename), (warning,)


def _decode(data: bytes, encoding: str, filename: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise RequirementError(
            f"Could not decode requirements file: {redact(filename)}",
            why=str(error),
            hint="the encoding can be named in the first line: # -*- coding: utf-8 -*-",
        ) from error


def parse_requirements_text(text: str, *, filename: str, variables: Mapping[str, str]) -> list[FileItem]:
    """Return what the lines of ``text`` say, in order; ``${NAME}`` comes from ``variables``.

    ``filename`` is what items and errors name, with its credentials hidden. Whether the file holds requirements
    or constraints makes no difference here. Raises `RequirementError` with file and line.
    """
    filename = redact(filename)
    items: list[FileItem] = []
    for number, line in _logical_lines(text, variables):
        requirement, options = _cut_at_options(line)
        if not options:
            items.append(RequirementLine(requirement, False, (), (), filename, number))
        elif requirement and (hashes := read_plain_hashes(options)):
            items.append(RequirementLine(requirement, False, hashes, (), filename, number))
        else:
            items += _parse_options(requirement, options, line, filename, number)
    return items


def join_location(parent: str, child: str, *, cwd: str) -> str:
    """Return the path or URL of ``child``, named in a file at ``parent``; a path becomes absolute, from ``cwd``."""
    if is_remote(parent):
        return join(parent, child)
    if is_remote(child):
        return child
    return os.path.normpath(os.path.join(cwd, os.path.dirname(parent), child))


def is_lock_location(location: str) -> bool:
    """Return whether a path or URL is named like a lock file: `pylock.toml`, `pylock.<name>.toml` (PEP 751)."""
    name = location.partition("#")[0].partition("?")[0] if is_remote(location) else location
    return _LOCK_NAME.fullmatch(name.replace(os.sep, "/").rpartition("/")[2]) is not None


def _logical_lines(text: str, variables: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with the number of their first physical line."""
    for number, joined in _joined_lines(text):
        line = _without_comment(joined).strip()
        if not line:
            continue
        if "${" in line:
            for name in _VARIABLE.findall(line):
                if value := variables.get(name):
                    line = line.replace("${" + name + "}", value)
        yield number, line


def _without_comment(line: str) -> str:
    """Return ``line`` up to a `#` that begins it or stands behind a blank; a pattern would take quadratic time."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return line if at < 0 else line[:at]


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    pending: list[str] = []
    first = 0
    for number, physical in enumerate(text.splitlines(), start=1):
        is_comment = "#" in physical and _COMMENT_LINE.match(physical) is not None
        if physical.endswith("\\") and not is_comment:
            if not pending:
                first = number
            pending.append(physical.strip("\\"))
        elif pending:
            # The blank keeps the comment a comment behind what it was joined to.
            pending.append(" " + physical if is_comment else physical)
            yield first, "".join(pending)
            pending = []
        else:
            yield number, physical
    if pending:
        yield first, "".join(pending)


def _cut_at_options(line: str) -> tuple[str, str]:
    """Return the requirement and the options of a line: cut before the first blank-separated word that starts with -.

    Only the options are split as a shell would; quotes in a marker are the marker's own.
    """
    if line.startswith("-"):
        return "", line
    at = line.find(" -")
    return (line, "") if at < 0 else (line[:at].rstrip(), line[at + 1 :])


def _parse_options(requirement: str, options: str, line: str, filename: str, number: int) -> Iterator[FileItem]:
    try:
        given, hashes, config_settings = read_line_options(options)
    except LineError as error:
        raise RequirementError(
            f"Invalid requirement: {redact(line)}", why=f"{redact(str(error))} (from line {number} of {filename})"
        ) from error
    for option in BESIDE_REQUIREMENTS:
        for value in given.get(option.value, []):
            yield OptionLine(option=option, value=value, file=filename, line=number)
    editables = given.get("--editable", [])
    if editables:
        # A requirement before `-e` takes the editable's place (observed in pip).
        yield RequirementLine(requirement or editables[0], True, (), config_settings, filename, number)
    elif requirement:
        yield RequirementLine(requirement, False, hashes, config_settings, filename, number)
    elif nested := given.get("--requirement"):
        yield NestedFile(location=nested[0], constraint=False, file=filename, line=number)
    elif nested := given.get("--constraint"):
        yield NestedFile(location=nested[0], constraint=True, file=filename, line=number)
    else:
        if hashes:
            yield StrayHash(file=filename, line=number)
        yield from _own_line_options(given, filename, number)


def _own_line_options(given: Mapping[str, list[str]], filename: str, number: int) -> Iterator[OptionLine]:
    for option in _ORDER_OF_EFFECT:
        values = given.get(option.value, [])
        if option is FileOption.INDEX_URL:
            values = values[-1:]
        elif option is FileOption.FIND_LINKS:
            values = values[:1]
        for value in values:
            yield OptionLine(option=option, value=value, file=filename, line=number)
