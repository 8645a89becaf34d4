"""File entries of project pages: which version each belongs to, and made whole for whoever looks at them.

A resolution looks at a few of a page's thousands of files. So parsing does per file only what grouping needs; making
an address absolute, quoting it and reading its fragment wait until somebody asks for that version.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import msgspec

from asyncpip.core.hashes import KNOWN_ALGORITHMS
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.urls import filename_of_href, join, redact
from asyncpip.core.wheel_filename import sdist_version
from asyncpip.errors import IndexAccessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.utils import NormalizedName

SUPPORTED_MAJOR = 1
_USUAL_DASHES = 4
"""In a wheel's name without a build tag."""

_ROW = 6
"""From so many files of one version on they are looked at together."""
_SEPARATORS = ("-", "_", ".", "")
_LONGEST_NAME = 1024
"""File systems take 255 bytes; what is far longer is no file."""
_UNSAFE_NAME = r"[/\\\x00-\x1f\x7f]"
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9._-]+(?::\d+)?/[A-Za-z0-9._~/-]*")
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9._-]+(?::\d+)?(?=/)")
_RESERVED = "(@|%2F)"
_FRAGMENT_HASH = rf"(?:^|&)({'|'.join(KNOWN_ALGORITHMS)})=([^&]*)"


class OldFile(PageFile, frozen=True, gc=False):
    """A file entry with the name that PEP 658 first had for ``core-metadata``."""

    dist_info_metadata: bool | dict[str, str] | None = None


def group_by_version(files: Sequence[PageFile], project: NormalizedName) -> tuple[dict[str, list[PageFile]], int]:
    """Return the distributions of ``project`` among ``files`` by version text, and how many files are none."""
    rows, left_out = rows_by_version([file.filename for file in files], project)
    return {version: [files[at] for row in each_row(found) for at in row] for version, found in rows.items()}, left_out


def each_row(rows: Sequence[int]) -> Iterator[range]:
    """Return the positions in ``rows``, as `rows_by_version` has them."""
    return map(range, rows[::2], rows[1::2])


def rows_by_version(
    filenames: Sequence[str], project: NormalizedName, *, are_plain: bool = False
) -> tuple[dict[str, list[int]], int]:
    """Return where the distributions of ``project`` stand in ``filenames``, by version text; and how many are none.

    For each version: the first position of a row of its files and the one behind the row, then those of the next row,
    ascending. ``are_plain``: there are no control characters and backslashes in the names.
    """
    filenames = _usable_names(filenames, are_plain=are_plain)
    found: dict[str, list[int]] = {}
    is_ours: dict[str, bool] = {}
    left_out, at, count = 0, 0, len(filenames)
    prefix = sdist = "-"  # of the last wheel's version; no name that counts is like this before there is one
    row: list[int] = []
    while at < count:
        filename = filenames[at]
        # Files of a version mostly follow each other: one more wheel of it, or its source behind its only wheel.
        if filename == sdist or (
            filename.startswith(prefix) and filename.endswith(".whl") and filename.count("-") == _USUAL_DASHES
        ):
            at = _add(row, at, at + 1)
            continue
        version: str | None
        parts = _wheel_parts(filename)
        if parts:
            spelled, version = parts[:2]
            if spelled not in is_ours:
                is_ours[spelled] = normalize_name(spelled) == project
            if version and is_ours[spelled]:
                row = found.setdefault(version, [])
                prefix, sdist = f"{spelled}-{version}-", f"{spelled}-{version}.tar.gz"
                is_long = at + _ROW < count and filenames[at + _ROW].startswith(prefix)
                at = _add(row, at, _end_of_row(filenames, at + 1, prefix) if is_long else at + 1)
                continue
        else:
            version = _usual_sdist_version(filename, is_ours, project) or _other_version(filename, project)
            if version:
                at = _add(found.setdefault(version, []), at, at + 1)
                continue
        left_out += 1
        at += 1
    return found, left_out


def _add(rows: list[int], first: int, end: int) -> int:
    """Add to ``rows``; return ``end``."""
    if rows and rows[-1] == first:
        rows[-1] = end
    else:
        rows += (first, end)
    return end


def _usable_names(filenames: Sequence[str], *, are_plain: bool) -> Sequence[str]:
    """Return ``filenames`` with empty ones instead of those that no file can have."""
    joined = "".join(filenames)
    is_safe = not ("/" in joined or "\x7f" in joined) if are_plain else not re.search(_UNSAFE_NAME, joined)
    if is_safe and max(map(len, filenames), default=0) <= _LONGEST_NAME:
        return filenames
    return [
        "" if len(filename) > _LONGEST_NAME or re.search(_UNSAFE_NAME, filename) else filename for filename in filenames
    ]


def _end_of_row(filenames: Sequence[str], start: int, prefix: str) -> int:
    """Return up to where all ``filenames`` from ``start`` on are usual wheels that begin with ``prefix``.

    Of 117,000 files of 171 pages 90,000 stand in rows of 6 and more, most in rows of 50: they are counted in together,
    in a few operations a row. Short rows, and those with something else in them, are left alone.
    """
    end, step, count = start, _ROW, len(filenames)
    while end + step <= count and filenames[end + step - 1].startswith(prefix):
        end += step
        step *= 2
    if end == start:
        return start
    while step > 1:
        step //= 2
        if end + step <= count and filenames[end + step - 1].startswith(prefix):
            end += step
    row = "\n".join(["", *filenames[start:end], ""])
    size = end - start
    if row.count(f"\n{prefix}") == size and row.count(".whl\n") == size and row.count("-") == size * _USUAL_DASHES:
        return end
    return start


def _wheel_parts(filename: str) -> list[str]:
    """Return the parts of a wheel's name: name-version(-build)?-python-abi-platform.whl; nothing for other files."""
    if not filename.endswith(".whl"):
        return []
    parts = filename.split("-")
    dashes = len(parts) - 1
    # A build tag starts with a digit.
    return parts if dashes == _USUAL_DASHES or (dashes == _USUAL_DASHES + 1 and parts[2][:1].isdigit()) else []


def _usual_sdist_version(filename: str, is_ours: dict[str, bool], project: NormalizedName) -> str | None:
    """Return the version in ``project-version.tar.gz``; None where another look is needed.

    Where a project's name ends is looked for once for each spelling. One that ends with a separator might as well end
    before it.
    """
    if not filename.endswith(".tar.gz"):
        return None
    spelled, _, version = filename[:-7].rpartition("-")
    if spelled not in is_ours:
        is_ours[spelled] = normalize_name(spelled) == project
    return version if is_ours[spelled] and spelled[-1:] not in _SEPARATORS else None


def _other_version(filename: str, project: NormalizedName) -> str | None:
    if filename.endswith(".whl") or (filename.endswith(".zip") and "macosx10" in filename):
        return None  # the latter is a binary that bdist_dumb made, as pip has it
    return sdist_version(filename, project)


def renamed(file: OldFile) -> PageFile:
    """Return ``file`` with ``core-metadata`` alone; where both are given the new name wins (PEP 714)."""
    return PageFile(
        filename=file.filename,
        url=file.url,
        hashes=file.hashes,
        requires_python=file.requires_python,
        size=file.size,
        upload_time=file.upload_time,
        yanked=file.yanked,
        core_metadata=file.dist_info_metadata if file.core_metadata is None else file.core_metadata,
    )


def lenient_file(entry: Any) -> PageFile | None:
    """Return a file entry that breaks PEP 691 in places (nulls, keys left out) as pip takes it; None if of no use."""
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        return None
    fields = {str(key): value for key, value in entry.items() if value is not None}
    fields.setdefault("filename", filename_of_href(entry["url"]))
    try:
        return renamed(msgspec.convert(fields, OldFile))
    except msgspec.ValidationError:
        return None


def check_api_version(api_version: str | None, url: str) -> None:
    """Refuse a major version that we do not know; a newer minor one only adds things (PEP 629)."""
    major = (api_version or "1").partition(".")[0].strip()
    if major.isdecimal() and int(major) > SUPPORTED_MAJOR:
        raise IndexAccessError(
            f"the index answers {redact(url)} in version {api_version} of the simple API",
            why=f"this version knows up to {SUPPORTED_MAJOR}.x",
            hint="a newer asyncpip may know it",
        )


def finished_files(files: Iterable[PageFile | None], base_url: str) -> tuple[PageFile, ...]:
    """Return ``files`` with addresses absolute and quoted, and hashes out of fragments; without unusable ones."""
    origin = _ORIGIN.match(base_url)
    start = origin[0] if origin is not None else None
    finished = (_finished_file(file, base_url, start) for file in files if file is not None)
    return tuple(file for file in finished if file is not None)


def _finished_file(file: PageFile, base_url: str, origin: str | None) -> PageFile | None:
    if _PLAIN_URL.fullmatch(file.url) and file.yanked != "":
        return file
    if origin is not None and _PLAIN_PATH.fullmatch(file.url):
        url, fragment = origin + file.url, ""  # the usual case: a path on the same host
    else:
        try:
            url = file.url if file.url.startswith(("https://", "http://")) else join(base_url, file.url)
            url, _, fragment = url.partition("#")
            url = _quoted(url)
        except ValueError:  # a host that is none, like `http://[`
            return None
    if url.partition(":")[0] not in ("http", "https", "file"):
        return None
    found = re.search(_FRAGMENT_HASH, fragment) if fragment else None
    return PageFile(
        filename=file.filename,
        url=url,
        hashes={**file.hashes, found[1]: found[2]} if found else file.hashes,
        requires_python=file.requires_python,
        size=file.size,
        upload_time=file.upload_time,
        yanked=file.yanked or False,  # an empty reason in JSON says nothing (PEP 691: "non-empty")
        core_metadata=file.core_metadata,
    )


def _quoted(url: str) -> str:
    """Return ``url`` with its path quoted once, `@` and `%2F` kept, as pip sends it.

    `+` becomes `%2B`: object stores behind some indexes read a bare `+` as a blank.
    """
    if _PLAIN_URL.fullmatch(url):
        return url
    parts = urlsplit(url)
    safe = "/:" if parts.scheme == "file" else "/"  # drive letters
    path = "".join(
        piece.upper() if at % 2 else quote(unquote(piece, errors="surrogateescape"), safe, errors="surrogateescape")
        for at, piece in enumerate(re.split(_RESERVED, parts.path, flags=re.IGNORECASE))
    )
    return urlunsplit(parts._replace(path=path))
