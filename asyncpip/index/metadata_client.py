"""Core metadata of a file on an index: its PEP 658 companion, else the tail of the wheel, else the whole wheel.

Whatever is odd on the cheaper way ends on the next one; that the archive in the end is what the index says is the
downloader's to check.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import anyio.to_thread

from asyncpip.core.events import Level, Message
from asyncpip.core.hashes import KNOWN_ALGORITHMS
from asyncpip.core.metadata import METADATA_LIMIT_BYTES
from asyncpip.core.names import normalize_name
from asyncpip.core.small_digests import sha256_of
from asyncpip.core.urls import path_to_url, redact, url_to_path
from asyncpip.core.values import Row
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import DownloadError, HashMismatchError
from asyncpip.net.transport import TransportError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from asyncpip.core.events import Reporter
    from asyncpip.core.page import PageFile
    from asyncpip.index.ranges import ByteRange
    from asyncpip.net.transport import Transport

ARCHIVE_LIMIT_BYTES = 32 * 1024 * 1024
"""The largest wheel that is taken into memory where a server sends no ranges; a larger one goes to disk first."""
INLINE_BYTES = 1024 * 1024
"""Up to this size hashing and inflating stay on the loop: below 2 ms."""

_OK, _PARTIAL = 200, 206
_NO_SUFFIX_RANGES = (400, 405, 416, 501)
"""How servers answer that know ranges but none that count from the end."""
_CONTENT_RANGE = r"bytes\s+(\d+)-(\d+)/(\d+)"
_IDENTITY = {"accept-encoding": "identity"}


class MetadataResult(Row):
    """What could be learnt of a file without the downloader."""

    metadata: bytes | None
    """The METADATA or PKG-INFO file; None where only the archive can tell, which is for the downloader to get."""
    archive: bytes | None = None
    """The whole archive where it came on the way, its digest checked against the index's."""


_UNKNOWN = MetadataResult(None)


async def fetch_metadata(transport: Transport, file: PageFile, reporter: Reporter, *, offline: bool) -> MetadataResult:
    """Return what can be learnt of ``file``; raises `DownloadError`, `HashMismatchError`, `TransportError`."""
    wheel = parse_wheel_name(file.filename)
    project = normalize_name(wheel.project) if wheel is not None else None
    if file.url.startswith("file:"):
        return await anyio.to_thread.run_sync(_read_local, file, project)
    if offline:
        raise DownloadError(
            f"the metadata of {file.filename} is not in the store",
            why="nothing may be fetched with --offline",
            hint="run once without --offline, or choose a version that was installed before",
        )
    if file.core_metadata not in (None, False):
        metadata = await _fetch_companion(transport, file, reporter)
        if metadata is not None:
            return MetadataResult(metadata)
    if project is None:
        return _UNKNOWN
    try:
        return await _fetch_by_ranges(transport, file, project)
    except ValueError as error:
        _debug(reporter, f"The metadata of {file.filename} needs the whole file: {error}")
        return _UNKNOWN


async def _fetch_companion(transport: Transport, file: PageFile, reporter: Reporter) -> bytes | None:
    """Return the file that PEP 658 puts beside the archive, or None where it is not there after all."""
    url = file.url + ".metadata"
    try:
        async with transport.get(url, {"accept-encoding": "gzip, deflate"}) as response:
            if response.status != _OK:
                _debug(reporter, f"Could not fetch URL {redact(url)}: HTTP status {response.status}")
                return None
            data = await response.read(METADATA_LIMIT_BYTES)
    except TransportError as error:
        _debug(reporter, f"Could not fetch URL {redact(url)}: {error.why}")
        return None
    if isinstance(file.core_metadata, dict):
        check_digests(data, file.core_metadata, url)
    return data


async def _fetch_by_ranges(transport: Transport, file: PageFile, project: NormalizedName) -> MetadataResult:
    from asyncpip.index.ranges import TailReader  # noqa: PLC0415 - for indexes without PEP 658

    reader = TailReader(project, file.size)
    while (wanted := reader.next_range()) is not None:
        answer = await _fetch_range(transport, file, wanted)
        if answer is None:
            return _UNKNOWN
        start, data, total = answer
        if len(data) == total:
            return await _whole(file, data, project)
        reader.feed(start, data, total)
    return MetadataResult(reader.metadata())


async def _fetch_range(transport: Transport, file: PageFile, wanted: ByteRange) -> tuple[int, bytes, int] | None:
    """Return start, bytes and size of the archive; None where the whole is coming and is too large to be held."""
    async with transport.get(file.url, _IDENTITY | {"range": wanted.header}) as response:
        status, headers = response.status, response.headers
        if status == _OK:
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length) > ARCHIVE_LIMIT_BYTES:
                return None
            data = await response.read(ARCHIVE_LIMIT_BYTES)
            return 0, data, len(data)
        if status == _PARTIAL:
            first, last, total = _content_range(headers)
            if wanted.end is not None and not wanted.start <= first <= last < wanted.end:
                raise ValueError("the server sent another range than the one asked for")
            if last - first >= ARCHIVE_LIMIT_BYTES:
                raise ValueError("the server sent more than was asked for")
            data = await response.read(ARCHIVE_LIMIT_BYTES)
            if len(data) != last - first + 1:
                raise ValueError("the server sent another number of bytes than it says")
            return first, data, total
    if status in _NO_SUFFIX_RANGES and wanted.end is None:
        return await _fetch_tail(transport, file)
    raise DownloadError(f"could not fetch {redact(file.url)}", why=f"the server answered with HTTP status {status}")


async def _fetch_tail(transport: Transport, file: PageFile) -> tuple[int, bytes, int] | None:
    """Return the tail of an archive whose server knows no suffix ranges; its first byte tells the size."""
    async with transport.get(file.url, _IDENTITY | {"range": "bytes=0-0"}) as response:
        total = _content_range(response.headers)[2] if response.status == _PARTIAL else 0
    from asyncpip.index.ranges import FIRST_TAIL_BYTES, ByteRange  # noqa: PLC0415 - as above

    if not total:
        raise ValueError("the server sends no ranges")
    return await _fetch_range(transport, file, ByteRange(max(0, total - FIRST_TAIL_BYTES), total))


def _content_range(headers: Mapping[str, str]) -> tuple[int, int, int]:
    """Return first and last byte and the size of the whole (RFC 9110 §14.4)."""
    match = re.fullmatch(_CONTENT_RANGE, headers.get("content-range", "").strip())
    if match is None:
        raise ValueError("the server does not say which range it sends")
    first, last, total = (int(text) for text in match.groups())
    if not first <= last < total:
        raise ValueError("the server says an impossible range")
    return first, last, total


async def _whole(file: PageFile, data: bytes, project: NormalizedName) -> MetadataResult:
    from asyncpip.index.ranges import metadata_of_archive  # noqa: PLC0415 - as above

    def read() -> MetadataResult:
        check_digests(data, file.hashes, file.url)
        return MetadataResult(metadata_of_archive(data, project), data)

    return await anyio.to_thread.run_sync(read) if len(data) > INLINE_BYTES else read()


def _read_local(file: PageFile, project: NormalizedName | None) -> MetadataResult:
    """Read the companion file or the tail of an archive on this machine."""
    from asyncpip.index.ranges import TailReader  # noqa: PLC0415 - as above

    try:
        path = url_to_path(file.url)
        companion = f"{path}.metadata"
        if file.core_metadata not in (None, False) and os.path.isfile(companion):
            with open(companion, "rb") as reading:
                data = reading.read()
            if isinstance(file.core_metadata, dict):
                check_digests(data, file.core_metadata, path_to_url(companion))
            return MetadataResult(data)
        if project is None:
            return _UNKNOWN
        size = os.stat(path).st_size
        reader = TailReader(project, size)
        with open(path, "rb") as archive:
            while (wanted := reader.next_range()) is not None:
                archive.seek(wanted.start)
                reader.feed(wanted.start, archive.read((wanted.end or size) - wanted.start), size)
        return MetadataResult(reader.metadata())
    except OSError as error:
        raise DownloadError(f"could not read {file.filename}", why=str(error)) from error
    except ValueError:
        return _UNKNOWN


def check_digests(data: bytes, digests: Mapping[str, str], url: str) -> None:
    """Raise `HashMismatchError` where ``data`` does not have those of ``digests`` that we can compute."""
    for algorithm, expected in digests.items():
        if algorithm not in KNOWN_ALGORITHMS:
            continue
        got = _digest(algorithm, data)
        if got != expected.lower():
            raise HashMismatchError(
                f"the digest of {redact(url)} is not the one that the index gives",
                why=f"Expected {algorithm} {expected}\n     Got        {got}",
                hint="the file or the page changed on its way or at the index; try again with `--refresh`",
            )


def _digest(algorithm: str, data: bytes) -> str:
    if algorithm == "sha256" and len(data) < INLINE_BYTES:
        return sha256_of(data).hexdigest()
    import hashlib  # noqa: PLC0415 - loads OpenSSL, 7 ms

    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def _debug(reporter: Reporter, text: str) -> None:
    reporter.emit(Message(Level.DEBUG, text))
