"""What the parts of the work cost that no program can leave out, each alone, in one thread, in a tight loop.

A number that is not reached is to be seen beside these: what the sum of a lane's parts is on the cores of the machine,
and how far from it a run is. Nothing here is the program's own code.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import statistics
import struct
import subprocess
import tempfile
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import deflate
import msgspec

from benchmarks.measurements import setting_of
from benchmarks.mirror import Mirror
from benchmarks.peers import clean_environment, ensure
from benchmarks.report import FLOORS, TABLE, join_subsections, split_sections, write_json, write_sections
from benchmarks.requirements import mirror_of, requirements_text
from benchmarks.run import default_root
from benchmarks.scenarios import Pins
from benchmarks.serve import running_server
from benchmarks.targets import OURS, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_MIB = 1 << 20
_ROUNDS = 3
_STARTS = 11
_LIBRARIES = "asyncio, uvloop, anyio, msgspec, packaging.version, packaging.specifiers, deflate"
_HEAD_BYTES = 65536
_LENGTHS, _LENGTHS_AT = struct.Struct("<2H"), 26
"""Of name and extra field, in a local header (APPNOTE.TXT 6.3.10, 4.3.7)."""
_HEAD = ("what", "how much", "one thread")


class Floor(msgspec.Struct, frozen=True):
    """One part of the work."""

    what: str
    amount: str
    seconds: float


class _Page(msgspec.Struct):
    class File(msgspec.Struct, gc=False):
        filename: str

    files: list[File]


class _Wheel(NamedTuple):
    target: str
    """Its path on the server."""
    path: Path


class _Member(NamedTuple):
    packed: memoryview
    size_bytes: int
    is_deflated: bool


def measure_floors(set_name: str, root: Path | None) -> tuple[dict[str, str], list[Floor]]:
    """Return the setting, and what each part takes for the wheels and pages of a set."""
    with tempfile.TemporaryDirectory(dir=root or default_root()) as folder:
        here = Path(folder)
        mirror = Mirror(mirror_of(set_name))
        with running_server(root=mirror.root) as server:
            wheels = _wheels_of(set_name, mirror, server.index_url, here)
            port = urlsplit(server.index_url).port or 0
            received = _median(lambda: _receive([wheel.target for wheel in wheels], port))
        floors = [*_starts(), *_pages(wheels, mirror)]
        contents = [wheel.path.read_bytes() for wheel in wheels]
        archives = f"{len(wheels)} wheels, {sum(map(len, contents)) / _MIB:.0f} MiB"
        floors.append(Floor("receive the wheels over loopback", archives, received))
        floors.append(Floor("SHA-256 of the wheels", archives, _median(lambda: [_sha256(each) for each in contents])))
        floors += _files([member for each in contents for member in _members(each)], here)
        return setting_of(here), floors


def write_floors(setting: dict[str, str], floors: list[Floor], *, with_table: bool) -> None:
    """Print the table and write the JSON file; ``with_table`` also the section of `RESULTS.md`, but for its remarks."""
    write_json("floors-", {"setting": setting, "floors": floors})
    lines = _section(setting, floors)
    print("\n".join(lines))
    if with_table:
        before = split_sections(TABLE.read_text("utf-8"), "## ").get(FLOORS, "") if TABLE.exists() else ""
        parts = {**split_sections(before, "### "), "": "\n".join(lines)}
        write_sections({FLOORS: join_subsections(parts)})


def _section(setting: dict[str, str], floors: Iterable[Floor]) -> list[str]:
    rows = [(floor.what, floor.amount, f"{floor.seconds * 1000:.0f} ms") for floor in floors]
    return [
        "Written by `python -m benchmarks floors --table`: the parts of the work that no program can leave out, each",
        "alone, in one thread (medians).",
        "",
        *(f"- {name}: {value}" for name, value in setting.items()),
        "",
        *table(_HEAD, rows, text_columns=2),
    ]


def _wheels_of(set_name: str, mirror: Mirror, index_url: str, folder: Path) -> list[_Wheel]:
    """Return the wheels that a resolution of the set ends with."""
    requirements, report = folder / "requirements.txt", folder / "report.json"
    requirements.write_text(requirements_text(Pins.NONE, set_name), "utf-8")
    line = [str(ensure(OURS)), "install", "--dry-run", "--ignore-installed", "--quiet", "--report", str(report)]
    line += ["--index-url", index_url, "--cache-dir", str(folder / "cache"), "-r", str(requirements)]
    subprocess.run(line, check=True, env=clean_environment())
    decoded: Any = msgspec.json.decode(report.read_bytes())
    targets = [urlsplit(each["download_info"]["url"]).path for each in decoded["install"]]
    found = [_Wheel(target, path) for target in targets if (path := mirror.file_path(target)) is not None]
    return [wheel for wheel in found if wheel.path.suffix == ".whl"]


def _starts() -> list[Floor]:
    python = str(ensure(OURS).with_name("python"))

    def start(code: str) -> float:
        return _median(
            lambda: subprocess.run([python, "-c", code], check=True, env=clean_environment()), rounds=_STARTS
        )

    bare = start("pass")
    return [
        Floor("start an interpreter", "1", bare),
        Floor("import libraries", _LIBRARIES, start(f"import {_LIBRARIES}") - bare),
    ]


def _pages(wheels: list[_Wheel], mirror: Mirror) -> list[Floor]:
    names = [wheel.path.name.partition("-")[0] for wheel in wheels]
    found = [mirror.find(f"/simple/{name}/") for name in names]
    packed = [page.compressed or gzip.compress(page.body or b"") for page in found if page is not None]
    bodies = [deflate.gzip_decompress(each) for each in packed]
    decoder = msgspec.json.Decoder(_Page)
    files = sum(len(decoder.decode(each).files) for each in bodies)
    amount = f"{len(bodies)} pages, {sum(map(len, bodies)) / _MIB:.0f} MiB, {files} files"
    return [
        Floor("inflate project pages", amount, _median(lambda: [deflate.gzip_decompress(each) for each in packed])),
        Floor("find the file names in their JSON", amount, _median(lambda: [decoder.decode(each) for each in bodies])),
    ]


def _files(members: list[_Member], folder: Path) -> list[Floor]:
    """Return what inflating, writing, linking and removing the files of all wheels takes."""
    contents = [_content(member) for member in members]
    size = f"{len(members)} files, {sum(map(len, contents)) / _MIB:.0f} MiB"
    store = folder / "store"
    store.mkdir()
    written = [f"{store}/{number}" for number in range(len(contents))]
    writing = _timed(partial(_for_each, _write, written, contents))
    trees = [folder / f"tree-{number}" for number in range(_ROUNDS)]
    linking, removing = [], []
    for tree in trees:
        tree.mkdir()
        links = [f"{tree}/{number}" for number in range(len(written))]
        linking.append(_timed(partial(_for_each, os.link, written, links)))
        removing.append(_timed(partial(_for_each, os.unlink, links)))
    return [
        Floor("inflate the members of the wheels", size, _median(lambda: [_content(member) for member in members])),
        Floor("write them to new files", size, writing),
        Floor("link these", f"{len(members)} files", statistics.median(linking)),
        Floor("remove the links", f"{len(members)} files", statistics.median(removing)),
    ]


def _for_each(action: Callable[..., None], *columns: Sequence[object]) -> None:
    for values in zip(*columns, strict=True):
        action(*values)


def _members(archive: bytes) -> list[_Member]:
    view = memoryview(archive)
    members = []
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for entry in opened.infolist():
            name_bytes, extra_bytes = _LENGTHS.unpack_from(view, entry.header_offset + _LENGTHS_AT)
            start = entry.header_offset + _LENGTHS_AT + _LENGTHS.size + name_bytes + extra_bytes
            packed = view[start : start + entry.compress_size]
            members.append(_Member(packed, entry.file_size, entry.compress_type == zipfile.ZIP_DEFLATED))
    return members


def _content(member: _Member) -> bytes | bytearray | memoryview:
    if not member.size_bytes:
        return b""
    if not member.is_deflated:
        return member.packed
    content: bytearray = deflate.deflate_decompress(member.packed, member.size_bytes)
    return content


def _write(path: str, content: bytes | bytearray | memoryview) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.close(descriptor)


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content, usedforsecurity=False).digest()


def _receive(targets: list[str], port: int) -> None:
    """Fetch all targets one after the other over one connection, and throw away what comes."""
    room = memoryview(bytearray(_MIB))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for target in targets:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = b""
            while (end := head.find(b"\r\n\r\n")) < 0:
                head += connection.recv(_HEAD_BYTES)
            length = next(line for line in head[:end].lower().split(b"\r\n") if line.startswith(b"content-length:"))
            left = int(length.partition(b":")[2]) - (len(head) - end - 4)
            while left > 0:
                left -= connection.recv_into(room)


def _median(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    return statistics.median(_timed(work) for _ in range(rounds))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
