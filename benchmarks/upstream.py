"""Fetches from the real index what a recording server is asked for, once, and keeps it in the mirror."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import ssl
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.mirror import PAGE_TYPE, Mirror, page_name, write_whole

if TYPE_CHECKING:
    from http.client import HTTPResponse

DEFAULT_INDEX = "https://pypi.org/simple"
WORKERS = 4
"""How many requests may be on their way at once: recording happens once, it need not be fast."""
_TRIES = 4
_TIMEOUT_SECONDS = 60
_TAIL_BYTES = 64 * 1024  # holds the central directory and METADATA of most wheels, so one request is enough
_NOT_THERE = frozenset({403, 404, 410})


class Upstream:
    """Asks the real index on behalf of a recording server. `fetch` may run in several threads."""

    def __init__(self, mirror: Mirror, index_url: str = DEFAULT_INDEX) -> None:
        self._mirror = mirror
        self._index_url = index_url.rstrip("/")
        self._tls = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)

    def fetch(self, target: str) -> None:
        """Bring ``target`` into the mirror where it exists; raise `OSError` where the index cannot be reached."""
        name = page_name(target)
        path = self._mirror.file_path(target)
        if name is not None:
            self._fetch_page(name)
        elif path is not None and not path.exists():
            url = self._mirror.upstream_url(target)
            if url is None:
                return
            if url.endswith(".whl.metadata"):
                self._fetch_metadata(url, path)
            else:
                self._fetch_file(url, path)

    def _fetch_page(self, name: str) -> None:
        url = f"{self._index_url}/{name}/"
        response = self._open(url, {"Accept": PAGE_TYPE, "Accept-Encoding": "gzip"})
        if response is None:
            write_whole(self._mirror.page_path(name, ".missing"), b"")
            return
        with response:
            body = response.read()
            if response.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self._mirror.keep_page(name, response.url, body)

    def _fetch_file(self, url: str, path: Path) -> None:
        response = self._open(url, {})
        if response is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
        with response, os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(response, file, 1 << 20)
            expected = response.headers.get("Content-Length")
            if expected is not None and file.tell() != int(expected):
                raise OSError(f"{url}: cut after {file.tell()} of {expected} bytes")
        Path(temporary).replace(path)

    def _fetch_metadata(self, url: str, path: Path) -> None:
        """Keep a wheel's metadata file; where the index has none, read it out of the wheel."""
        wheel = path.with_name(path.name.removesuffix(".metadata"))
        if wheel.exists():
            write_whole(path, metadata_of_wheel(wheel.open("rb")))
            return
        response = self._open(url, {})
        if response is not None:
            with response:
                write_whole(path, response.read())
            return
        remote = RemoteFile(self, url.removesuffix(".metadata"))
        if remote.size_bytes:
            write_whole(path, metadata_of_wheel(io.BufferedReader(remote, _TAIL_BYTES)))

    def read_range(self, url: str, header: str) -> tuple[bytes, int, int]:
        """Return the bytes that a Range ``header`` asks for, their place, and the size of the whole file.

        Nothing at all and size 0 where the file does not exist.
        """
        response = self._open(url, {"Range": header})
        if response is None:
            return b"", 0, 0
        with response:
            body = response.read()
            content_range = response.headers.get("Content-Range")
        if content_range is None:
            return body, 0, len(body)
        span, _, size = content_range.removeprefix("bytes ").partition("/")
        return body, int(span.partition("-")[0]), int(size)

    def _open(self, url: str, headers: dict[str, str]) -> HTTPResponse | None:
        """Return the open answer, None where the index says that there is none; try again when it is out of order."""
        if urlsplit(url).scheme not in ("https", "http"):
            raise OSError(f"{url}: not an http address")
        request = urllib.request.Request(url, headers={"User-Agent": "asyncpip-benchmarks", **headers})  # noqa: S310 - checked above
        for attempt in range(1, _TRIES + 1):
            try:
                answer: HTTPResponse = urllib.request.urlopen(  # noqa: S310 - checked above
                    request, timeout=_TIMEOUT_SECONDS, context=self._tls
                )
            except urllib.error.HTTPError as error:
                if error.code in _NOT_THERE:
                    return None
                if attempt == _TRIES:
                    raise
            except OSError:
                if attempt == _TRIES:
                    raise
            else:
                return answer
            time.sleep(attempt)
        raise AssertionError("the last try returns or raises")


class RemoteFile(io.RawIOBase):
    """A file behind a URL, read in ranges; its end comes with the first request."""

    def __init__(self, upstream: Upstream, url: str) -> None:
        self._upstream = upstream
        self._url = url
        self._block, self._block_start, self.size_bytes = upstream.read_range(url, f"bytes=-{_TAIL_BYTES}")
        self._position = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read anywhere."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to ``offset`` and return the new place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size_bytes}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the current place."""
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # narrower than Buffer
        """Fill ``buffer`` as far as the bytes at hand go; fetch the next range where there are none."""
        if self._position >= self.size_bytes:
            return 0
        if not self._block_start <= self._position < self._block_start + len(self._block):
            last = min(self._position + max(len(buffer), _TAIL_BYTES), self.size_bytes) - 1
            span = f"bytes={self._position}-{last}"
            self._block, self._block_start, _ = self._upstream.read_range(self._url, span)
        start = self._position - self._block_start
        part = self._block[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)


def metadata_of_wheel(wheel: IO[bytes] | io.BufferedReader) -> bytes:
    """Return the METADATA file of an open ``wheel``, and close it; raise `OSError` where there is none."""
    with wheel, zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            directory, _, file = name.rpartition("/")
            if file == "METADATA" and directory.endswith(".dist-info") and "/" not in directory:
                return archive.read(name)
    raise OSError("the wheel has no METADATA")
