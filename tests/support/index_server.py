"""A simple repository (PEP 503, 658, 691, 700) on loopback, with switches for what real ones lack and do wrong.

    with IndexServer() as server:
        server.add_wheel("demo", "1.0")
        server.script("/simple/demo/", Fault(status=503, headers={"Retry-After": "0"}))

A request takes the first fault left in its path's script; with none left the server is healthy.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import html
import io
import json
import socket
import threading
import zipfile
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

from asyncpip.core.names import normalize_name
from asyncpip.core.wheel_filename import parse_wheel_name, sdist_stem
from tests.support.wheel_builder import build_sdist, build_wheel

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one answer does otherwise than it should; the rest of it stays as it would be."""

    status: int | None = None
    """Another status, with a short text as its body unless ``body`` is given."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header fields added or, by name, replaced: a stale `ETag`, `Retry-After`."""
    body: bytes | None = None
    """Another body: what a wrong hash is made of."""
    cut_at: int | None = None
    """Close the connection after so many bytes of the body."""
    length: int | None = None
    """Say this `Content-Length`."""
    stall_seconds: float = 0
    """Wait so long before the status line, or with ``stall_at`` in the body."""
    stall_at: int | None = None
    drip_bytes: int | None = None
    """Send the body in pieces of this size, ``drip_seconds`` apart."""
    drip_seconds: float = 0.01
    ignore_range: bool = False
    drop: bool = False
    """Close the connection instead of answering: what a kept-alive connection does that had been idle too long."""
    close_silently: bool = False
    """Close the connection after the answer without having said so."""
    redirect: str | None = None
    """Answer 302 with this `Location`."""


@dataclass(frozen=True)
class Request:
    """One request as it came. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(kw_only=True)
class ServedFile:
    """One archive, and what the project page says of it."""

    filename: str
    data: bytes
    metadata: bytes | None = None
    requires_python: str | None = None
    yanked: bool | str = False
    upload_time: str | None = None
    sha256: str | None = None
    """What the page says; None means the truth."""


@dataclass(kw_only=True)
class Switches:
    """What the server offers; tests set these at any time."""

    json: bool = True
    html: bool = True
    metadata: bool = True
    """Advertise and serve PEP 658 files."""
    metadata_hashes: bool = True
    old_metadata_key: bool = False
    """Advertise them by the name that PEP 658 first had."""
    ranges: bool = True
    suffix_ranges: bool = True
    """False: `bytes=-n` gets a 416."""
    etags: bool = True
    cache_control: str | None = "max-age=600, public"
    sizes: bool = True
    upload_times: bool = True
    hashes: bool = True
    absolute_urls: bool = False
    gzip_pages: bool = False
    credentials: tuple[str, str] | None = None
    """User and password that every request must carry."""


@dataclass
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class IndexServer:
    """A running server; a context manager, which stops it and closes all connections."""

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self.switches = Switches()
        self.requests: list[Request] = []
        self.projects: dict[str, list[ServedFile]] = {}
        self.empty_projects: set[str] = set()
        """Names that the root page lists and that have no page."""
        self.pages: dict[str, tuple[str, bytes]] = {}
        """Further paths: content type and body."""
        self._scripts: dict[str, list[Fault | None]] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.index = self
        self._scheme = "http"
        if ssl_context is not None:
            self._scheme = "https"
            self._http.socket = ssl_context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop; safe to call twice."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.close_connections()
        self._http.server_close()

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The root of the server, without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def index_url(self) -> str:
        """What `--index-url` takes."""
        return self.url + "/simple"

    def file_url(self, filename: str) -> str:
        """The address of an archive."""
        return f"{self.url}/files/{quote(filename)}"

    def add(
        self,
        filename: str,
        data: bytes,
        *,
        requires_python: str | None = None,
        yanked: bool | str = False,
        upload_time: str | None = "2024-01-01T00:00:00.000000Z",
        metadata: bytes | None = None,
        sha256: str | None = None,
    ) -> ServedFile:
        """Serve an archive; the METADATA of a wheel is taken from it unless ``metadata`` is given."""
        wheel = parse_wheel_name(filename)
        if wheel is not None:
            project = wheel.project
            metadata = metadata if metadata is not None else _metadata_of(data)
        else:
            project = (sdist_stem(filename) or filename).rpartition("-")[0]
        file = ServedFile(
            filename=filename,
            data=data,
            metadata=metadata,
            requires_python=requires_python,
            yanked=yanked,
            upload_time=upload_time,
            sha256=sha256,
        )
        with self._lock:
            self.projects.setdefault(normalize_name(project), []).append(file)
        return file

    def add_wheel(
        self, name: str, version: str, *, requires_python: str | None = None, yanked: bool | str = False, **options: Any
    ) -> ServedFile:
        """Build a wheel (``options`` are `build_wheel`'s) and serve it."""
        filename, data = build_wheel(name, version, requires_python=requires_python, **options)
        return self.add(filename, data, requires_python=requires_python, yanked=yanked)

    def add_sdist(
        self, name: str, version: str, *, requires_python: str | None = None, yanked: bool | str = False, **options: Any
    ) -> ServedFile:
        """Build a source distribution (``options`` are `build_sdist`'s) and serve it."""
        filename, data = build_sdist(name, version, requires_python=requires_python, **options)
        return self.add(filename, data, requires_python=requires_python, yanked=yanked)

    def script(self, path: str, *faults: Fault | None) -> None:
        """Append to the faults of ``path``, one for each request to come; None is a healthy answer."""
        with self._lock:
            self._scripts.setdefault(path, []).extend(faults)

    def forget_scripts(self) -> None:
        """Be healthy from now on."""
        with self._lock:
            self._scripts.clear()

    def paths(self, *, containing: str = "") -> list[str]:
        """The paths asked for so far, in order."""
        with self._lock:
            return [request.path for request in self.requests if containing in request.path]

    def take_fault(self, request: Request) -> Fault:
        """Log ``request`` and return the fault that it meets."""
        with self._lock:
            self.requests.append(request)
            script = self._scripts.get(request.path)
            return (script.pop(0) if script else None) or Fault()

    def answer(self, request: Request, *, ignore_range: bool) -> _Answer:
        """Return the healthy answer to ``request``."""
        if not self._is_authorized(request):
            return _text(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="index"'})
        path = unquote(request.path.partition("?")[0])
        if path in self.pages:
            content_type, body = self.pages[path]
            return self._validated(request, _Answer(200, {"Content-Type": content_type}, body))
        if path == "/simple/":
            return self._root_page(request)
        if path.startswith("/simple/") and path.endswith("/"):
            project = path.removeprefix("/simple/")[:-1]
            with self._lock:
                files = list(self.projects.get(project, ()))
            return self._page_of(request, project, files) if files else _text(HTTPStatus.NOT_FOUND)
        if path.startswith("/files/"):
            return self._file(request, path.removeprefix("/files/"), ignore_range=ignore_range)
        return _text(HTTPStatus.NOT_FOUND)

    def _is_authorized(self, request: Request) -> bool:
        if self.switches.credentials is None:
            return True
        wanted = base64.b64encode(":".join(self.switches.credentials).encode()).decode()
        return request.headers.get("authorization") == f"Basic {wanted}"

    def _root_page(self, request: Request) -> _Answer:
        with self._lock:
            names = sorted({*self.projects, *self.empty_projects})
        meta = {"api-version": "1.1"}
        anchors = "".join(f'<a href="/simple/{normalize_name(name)}/">{name}</a>\n' for name in names)
        return self._page_in(
            request,
            as_json=lambda: json.dumps({"meta": meta, "projects": [{"name": name} for name in names]}).encode(),
            as_html=f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode,
        )

    def _page_of(self, request: Request, project: str, files: Sequence[ServedFile]) -> _Answer:
        return self._page_in(
            request,
            as_json=lambda: self._json_page(project, files),
            as_html=lambda: self._html_page(project, files),
        )

    def _page_in(self, request: Request, *, as_json: Callable[[], bytes], as_html: Callable[[], bytes]) -> _Answer:
        accept = request.headers.get("accept", "*/*")
        if self.switches.json and JSON_TYPE in accept:
            content_type, body = JSON_TYPE, as_json()
        elif self.switches.html:
            content_type = HTML_TYPE if HTML_TYPE in accept else "text/html; charset=utf-8"
            body = as_html()
        else:
            return _text(HTTPStatus.NOT_ACCEPTABLE)
        headers = {"Content-Type": content_type, "Vary": "Accept"}
        answer = self._validated(request, _Answer(200, headers, body))
        if self.switches.gzip_pages and "gzip" in request.headers.get("accept-encoding", "") and answer.body:
            answer.body = gzip.compress(answer.body, mtime=0)
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    def _validated(self, request: Request, answer: _Answer) -> _Answer:
        """Return ``answer`` with its caching headers, or a 304."""
        if self.switches.cache_control is not None:
            answer.headers["Cache-Control"] = self.switches.cache_control
        if self.switches.etags:
            answer.headers["ETag"] = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
            if request.headers.get("if-none-match") == answer.headers["ETag"]:
                return _Answer(304, answer.headers, b"")
        return answer

    def _json_page(self, project: str, files: Sequence[ServedFile]) -> bytes:
        return json.dumps(
            {
                "meta": {"api-version": "1.1"},
                "name": project,
                "files": [self._json_file(file) for file in files],
                "versions": sorted({_version_of(file.filename) for file in files}),
            }
        ).encode()

    def _json_file(self, file: ServedFile) -> dict[str, object]:
        entry: dict[str, object] = {
            "filename": file.filename,
            "url": self._href(file.filename),
            "hashes": {"sha256": _said_digest(file)} if self.switches.hashes else {},
            "yanked": file.yanked,
        }
        if file.requires_python is not None:
            entry["requires-python"] = file.requires_python
        if self.switches.sizes:
            entry["size"] = len(file.data)
        if self.switches.upload_times and file.upload_time:
            entry["upload-time"] = file.upload_time
        if self.switches.metadata and file.metadata is not None:
            digest: object = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
            key = "dist-info-metadata" if self.switches.old_metadata_key else "core-metadata"
            entry[key] = digest if self.switches.metadata_hashes else True
        return entry

    def _html_page(self, project: str, files: Sequence[ServedFile]) -> bytes:
        lines = ["<!DOCTYPE html>", "<html><head>", '<meta name="pypi:repository-version" content="1.1">']
        lines += [f"<title>Links for {project}</title>", "</head><body>"]
        for file in files:
            attributes = {"href": self._href(file.filename)}
            if self.switches.hashes:
                attributes["href"] += f"#sha256={_said_digest(file)}"
            if file.requires_python is not None:
                attributes["data-requires-python"] = file.requires_python
            if file.yanked is not False:
                attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
            if self.switches.metadata and file.metadata is not None:
                key = "data-dist-info-metadata" if self.switches.old_metadata_key else "data-core-metadata"
                digest = f"sha256={hashlib.sha256(file.metadata).hexdigest()}"
                attributes[key] = digest if self.switches.metadata_hashes else "true"
            written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
            lines.append(f"<a{written}>{html.escape(file.filename)}</a><br/>")
        return "\n".join([*lines, "</body></html>", ""]).encode()

    def _href(self, filename: str) -> str:
        return self.file_url(filename) if self.switches.absolute_urls else f"../../files/{quote(filename)}"

    def _file(self, request: Request, name: str, *, ignore_range: bool) -> _Answer:
        with self._lock:
            likely = self.projects.get(normalize_name(name.partition("-")[0]), ())
            served = {file.filename: file for file in likely}
            if name.removesuffix(".metadata") not in served:
                served = {file.filename: file for files in self.projects.values() for file in files}
        if name.endswith(".metadata") and self.switches.metadata:
            owner = served.get(name.removesuffix(".metadata"))
            if owner is not None and owner.metadata is not None:
                return _Answer(200, {"Content-Type": "application/octet-stream"}, owner.metadata)
        file = served.get(name)
        if file is None:
            return _text(HTTPStatus.NOT_FOUND)
        headers = {"Content-Type": "application/octet-stream", "Cache-Control": "max-age=365000000, immutable, public"}
        if self.switches.etags:
            headers["ETag"] = f'"{hashlib.sha256(file.data).hexdigest()[:16]}"'
        return self._ranged(request, file.data, headers, ignore_range=ignore_range)

    def _ranged(self, request: Request, data: bytes, headers: dict[str, str], *, ignore_range: bool) -> _Answer:
        """Return the part of ``data`` that the request's `Range` names (one range; RFC 9110 §14)."""
        wanted = request.headers.get("range", "")
        if self.switches.ranges:
            headers["Accept-Ranges"] = "bytes"
        condition = request.headers.get("if-range")
        stale = condition is not None and condition != headers.get("ETag")
        if not self.switches.ranges or ignore_range or stale or not wanted.startswith("bytes="):
            return _Answer(200, headers, data)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if first:
            start, end = int(first), min(int(last) + 1 if last else len(data), len(data))
        else:
            start, end = max(0, len(data) - int(last)), len(data)
        if start >= end or (not first and not self.switches.suffix_ranges):
            return _text(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        return _Answer(206, headers, data[start:end])


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined at the end, so that no test leaves threads or sockets to the next
    request_queue_size = 128
    index: IndexServer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        with self._connections_lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and small bodies in one packet
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""

    def _serve(self) -> None:
        index = self.server.index
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers)
        fault = index.take_fault(request)
        if fault.stall_at is None and fault.stall_seconds:
            index.stopping.wait(fault.stall_seconds)
        if fault.drop:
            self.close_connection = True
            return
        answer = index.answer(request, ignore_range=fault.ignore_range)
        if fault.redirect is not None:
            answer = _text(HTTPStatus.FOUND, {"Location": fault.redirect})
        if fault.status is not None:
            answer = _text(fault.status)
        if fault.body is not None:
            answer.body = fault.body
        self._send(answer, fault)

    def _send(self, answer: _Answer, fault: Fault) -> None:
        headers = {name.lower(): (name, value) for name, value in answer.headers.items()}
        headers |= {name.lower(): (name, value) for name, value in fault.headers.items()}
        length = len(answer.body) if fault.length is None else fault.length
        self.send_response(answer.status)
        for name, value in headers.values():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD":
            return
        body = answer.body if fault.cut_at is None else answer.body[: fault.cut_at]
        self._send_body(body, fault)
        self.wfile.flush()
        if fault.cut_at is not None or fault.close_silently or fault.length is not None:
            self.close_connection = True

    def _send_body(self, body: bytes, fault: Fault) -> None:
        if fault.stall_at is not None:
            self.wfile.write(body[: fault.stall_at])
            self.wfile.flush()
            self.server.index.stopping.wait(fault.stall_seconds)
            body = body[fault.stall_at :]
        if fault.drip_bytes is None:
            self.wfile.write(body)
            return
        for at in range(0, len(body), fault.drip_bytes):
            self.wfile.write(body[at : at + fault.drip_bytes])
            self.wfile.flush()
            if self.server.index.stopping.wait(fault.drip_seconds):
                return

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(timestamp, usegmt=True)


def _text(status: int, headers: Mapping[str, str] | None = None) -> _Answer:
    body = f"HTTP status {status}\n".encode()
    return _Answer(status, {"Content-Type": "text/plain", **(headers or {})}, body)


def _said_digest(file: ServedFile) -> str:
    return file.sha256 or hashlib.sha256(file.data).hexdigest()


def _version_of(filename: str) -> str:
    wheel = parse_wheel_name(filename)
    return wheel.version if wheel is not None else (sdist_stem(filename) or filename).rpartition("-")[2]


def _metadata_of(wheel: bytes) -> bytes | None:
    """Return the METADATA of ``wheel``; None where it is broken."""
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            return archive.read(names[0]) if names else None
    except zipfile.BadZipFile:
        return None
