"""The recorded index on disk: project pages, archives and core metadata, found by the path that a client asks for.

pages/NAME.json.gz      a project page (PEP 691) whose file URLs lead here
pages/NAME.missing      the index does not know this project
files/N/…               what the index's N-th file host has at the path …; `.metadata` beside wheels (PEP 658)
origins.json            the file hosts, in the order of their numbers
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from asyncpip.core.names import normalize_name

PAGE_TYPE = "application/vnd.pypi.simple.v1+json"
PAGE_CACHE_CONTROL = "max-age=600, public"
FILE_CACHE_CONTROL = "max-age=365000000, immutable, public"
_KEPT_IN_MEMORY_BYTES = 256 * 1024  # metadata files and small wheels: one send instead of open and sendfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something to answer with: in memory (``body``), or a file."""

    content_type: str
    cache_control: str
    etag: str
    size_bytes: int
    body: bytes | None = None
    compressed: bytes | None = None
    """The body with ``Content-Encoding: gzip``, where it is kept so."""
    path: Path | None = None


class Mirror:
    """Reads and writes the recorded index below one directory. Safe to write from several threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._found: dict[str, Resource] = {}
        self._origins = self._read_origins()
        self._origins_lock = threading.Lock()

    def find(self, target: str) -> Resource | None:
        """Return what a request's ``target`` leads to; None where nothing is recorded."""
        known = self._found.get(target)
        if known is None:
            known = self._load(target)
            if known is not None:
                self._found[target] = known
        return known

    def is_known_missing(self, target: str) -> bool:
        """Return whether the real index was asked for ``target`` and does not have it."""
        name = page_name(target)
        return name is not None and self.page_path(name, ".missing").exists()

    def page_path(self, name: str, suffix: str = ".json.gz") -> Path:
        """Return where the page of ``name`` is kept."""
        return self.root / "pages" / (name + suffix)

    def file_path(self, target: str) -> Path | None:
        """Return where the file of ``target`` is kept; None where ``target`` names none."""
        path = unquote(target)
        if not path.startswith("/files/") or ".." in path.split("/") or "\0" in path:
            return None
        return self.root / path[1:]

    def upstream_url(self, target: str) -> str | None:
        """Return the real URL of a file ``target``; None where no recorded page has named its host."""
        _, _, rest = target.partition("/files/")
        number, slash, path = rest.partition("/")
        if not slash or not number.isdigit() or int(number) >= len(self._origins):
            return None
        return f"{self._origins[int(number)]}/{path}"

    def keep_page(self, name: str, page_url: str, body: bytes) -> None:
        """Keep the JSON page of ``name`` that came from ``page_url``, its file URLs turned to this mirror."""
        with self._origins_lock:
            known = len(self._origins)
            rewritten = rewrite_page(body, page_url, self._origins)
            if len(self._origins) != known:
                write_whole(self.root / "origins.json", msgspec.json.encode(self._origins))
        write_whole(self.page_path(name), gzip.compress(rewritten, 6, mtime=0))

    def _load(self, target: str) -> Resource | None:
        name = page_name(target)
        if name is not None:
            return self._load_page(self.page_path(name))
        path = self.file_path(target)
        return self._load_file(path) if path is not None and path.is_file() else None

    def _load_page(self, path: Path) -> Resource | None:
        if not path.is_file():
            return None
        compressed = path.read_bytes()
        body = gzip.decompress(compressed)
        return Resource(
            content_type=PAGE_TYPE,
            cache_control=PAGE_CACHE_CONTROL,
            etag=_etag(compressed),
            size_bytes=len(body),
            body=body,
            compressed=compressed,
        )

    def _load_file(self, path: Path) -> Resource:
        size = path.stat().st_size
        return Resource(
            content_type="binary/octet-stream" if path.suffix != ".gz" else "application/gzip",
            cache_control=FILE_CACHE_CONTROL,
            etag=_etag(str(path.relative_to(self.root)).encode()),  # the path holds a digest: it never changes
            size_bytes=size,
            body=path.read_bytes() if size <= _KEPT_IN_MEMORY_BYTES else None,
            path=path,
        )

    def _read_origins(self) -> list[str]:
        try:
            return msgspec.json.decode((self.root / "origins.json").read_bytes(), type=list[str])
        except FileNotFoundError:
            return []


def page_name(target: str) -> str | None:
    """Return the normalised project name of a page's ``target`` (``/simple/NAME/``); None for any other."""
    if not target.startswith("/simple/"):
        return None
    name = unquote(target[len("/simple/") :].partition("?")[0]).rstrip("/")
    return normalize_name(name) if name and "/" not in name and "\0" not in name else None


def rewrite_page(body: bytes, page_url: str, origins: list[str]) -> bytes:
    """Return the JSON page ``body`` with file URLs of the form ``/files/N/…``; new hosts are added to ``origins``.

    Every wheel says that its metadata is beside it (PEP 714), as the real index does; some mirrors of it do not.
    """
    page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    files = msgspec.json.decode(page["files"], type=list[dict[str, msgspec.Raw]])
    true = msgspec.Raw(b"true")
    for file in files:
        url = urljoin(page_url, msgspec.json.decode(file["url"], type=str))
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in origins:
            origins.append(origin)
        file["url"] = msgspec.Raw(msgspec.json.encode(f"/files/{origins.index(origin)}{parts.path}"))
        if parts.path.endswith(".whl"):
            for key in ("core-metadata", "data-dist-info-metadata"):
                if file.get(key, b"false") == b"false":
                    file[key] = true
    return msgspec.json.encode({**page, "files": files})


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(temporary).replace(path)


def _etag(identity: bytes) -> str:
    return f'"{hashlib.sha256(identity).hexdigest()[:32]}"'
