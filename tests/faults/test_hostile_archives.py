"""Archives made to harm: what comes of them on the command line, and that nothing is written anywhere."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.environments import Entry, Outcome, Tree, read_record, read_tree
from tests.support.wheel_builder import build_metadata, build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

INFO = "demo-1.0.dist-info"
NAME = "demo-1.0-py3-none-any.whl"
GIGABYTE = 1 << 30


class Wheel(NamedTuple):
    """A wheel's bytes, and what is said of it."""

    data: bytes
    says: str


def wheel(says: str, **options: object) -> Wheel:
    return Wheel(build_wheel("demo", "1.0", **options)[1], says)  # type: ignore[arg-type]  # cases are data


def patched(data: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    return data


def with_declared_sizes(data: bytes, name: bytes, size: int) -> bytes:
    """Let both headers of a member declare ``size`` bytes of content."""
    changed = bytearray(data)
    at = -1
    while (at := data.find(b"PK", at + 1)) >= 0:
        for signature, size_at, name_at in ((b"PK\3\4", 22, 30), (b"PK\1\2", 24, 46)):
            if data[at : at + 4] == signature and data[at + name_at :].startswith(name):
                changed[at + size_at : at + size_at + 4] = struct.pack("<I", size)
    return bytes(changed)


def zeros(method: int, size: int) -> bytes:
    """Return a zip member's packed content of ``size`` zero bytes."""
    packer = bz2.BZ2Compressor() if method == zipfile.ZIP_BZIP2 else zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    return b"".join([packer.compress(block) for _ in range(size >> 20)]) + packer.flush()


def with_packed_member(method: int, name: str, packed: bytes, size: int, crc: int = 0) -> bytes:
    """Return the usual wheel and one more member, whose packed content is as given."""
    data = build_wheel("demo", "1.0", raw_members=[(name, packed)], compression=zipfile.ZIP_STORED)[1]
    changed = bytearray(data)
    at = -1
    while (at := data.find(b"PK", at + 1)) >= 0:
        for signature, method_at, crc_at, size_at, name_at in ((b"PK\3\4", 8, 14, 22, 30), (b"PK\1\2", 10, 16, 24, 46)):
            if data[at : at + 4] == signature and data[at + name_at :].startswith(name.encode()):
                changed[at + method_at : at + method_at + 2] = struct.pack("<H", method)
                changed[at + crc_at : at + crc_at + 4] = struct.pack("<I", crc)
                changed[at + size_at : at + size_at + 4] = struct.pack("<I", size)
    return bytes(changed)


def encrypted() -> bytes:
    data = bytearray(build_wheel("demo", "1.0")[1])
    at = data.find(b"PK\1\2")
    data[6] |= 1
    data[at + 8] |= 1
    return bytes(data)


PLAIN = build_wheel("demo", "1.0")[1]
HIDDEN = build_wheel("demo", "1.0", files={"demo.py": "EVIL = 1\n"})[1]
ENTRY_POINT = "[console_scripts]\n"
WHEELS: dict[str, Callable[[], Wheel]] = {
    "traversal": lambda: wheel("leaves the archive's root", raw_members=[("../evil.py", "x")]),
    "traversal inside": lambda: wheel("leaves the archive's root", raw_members=[("a/../../evil.py", "x")]),
    "absolute": lambda: wheel("absolute path", raw_members=[("/evil.py", "x")]),
    "drive": lambda: wheel("names a drive", raw_members=[("C:/evil.py", "x")]),
    "drive without root": lambda: wheel("names a drive", raw_members=[("C:evil.py", "x")]),
    "backslash": lambda: wheel("backslash", raw_members=[("..\\evil.py", "x")]),
    "NUL": lambda: wheel("NUL", raw_members=[("evil.py\0.txt", "x")]),
    "twice": lambda: wheel("occurs more than once", raw_members=[("demo.py", "x")]),
    "twice after cleaning": lambda: wheel("occurs more than once", raw_members=[("./demo.py", "x")]),
    "file and directory": lambda: wheel("both a file and a directory", raw_members=[("demo.py/evil.py", "x")]),
    "headers disagree": lambda: Wheel(PLAIN.replace(b"demo.py", b"evil.py", 1), "headers of member"),
    "archive behind": lambda: Wheel(PLAIN + HIDDEN, "data before or inside"),
    "archive in front": lambda: Wheel(HIDDEN + PLAIN, "data before or inside"),
    "bytes behind": lambda: Wheel(PLAIN + b"evil", "data behind the end"),
    "archive in the comment": lambda: Wheel(
        PLAIN[:-2] + struct.pack("<H", len(HIDDEN)) + HIDDEN, "data before or inside"
    ),
    "bad CRC": lambda: wheel("is damaged", bad_crc=["demo.py"]),
    "encrypted": lambda: Wheel(encrypted(), "encrypted"),
    "cut": lambda: Wheel(PLAIN[:-30], "cut off"),
    "empty": lambda: Wheel(b"", "not a zip archive"),
    "declares more than deflate can hold": lambda: Wheel(
        with_declared_sizes(PLAIN, b"demo.py", 0x7FFFFFFF), "more than deflate can hold"
    ),
    "declares zip64 sizes": lambda: Wheel(with_declared_sizes(PLAIN, b"demo.py", 0xFFFFFFFF), "zip64"),
    "bomb": lambda: Wheel(
        with_packed_member(8, "zeros.bin", zeros(zipfile.ZIP_DEFLATED, GIGABYTE + (4 << 20)), GIGABYTE + (4 << 20)),
        "bytes of content in an archive of",
    ),
    "bzip2 bomb": lambda: Wheel(
        with_packed_member(12, "zeros.bin", zeros(zipfile.ZIP_BZIP2, 256 << 20), 1000), "`zeros.bin` is damaged"
    ),
    "bomb in METADATA": lambda: wheel("more than such a file may have", metadata=bytes(80 << 20)),
    "unknown method": lambda: Wheel(with_packed_member(99, "odd.bin", b"x", 1), "by a method"),
    "no dist-info": lambda: wheel("no .dist-info", leave_out=["METADATA", "WHEEL", "RECORD"]),
    "two dist-infos": lambda: wheel("several .dist-info", raw_members=[("other-1.0.dist-info/METADATA", "x")]),
    "dist-info of another": lambda: wheel("does not belong to", dist_info="other-1.0.dist-info"),
    "no METADATA": lambda: wheel("METADATA is missing", leave_out=["METADATA"]),
    "METADATA of another": lambda: wheel("inconsistent name", metadata=build_metadata("other", "1.0")),
    "METADATA of another version": lambda: wheel("inconsistent version", metadata=build_metadata("demo", "2.0")),
    "script name with separators": lambda: wheel(
        "entry_points.txt", entry_points={"console_scripts": ["../../evil = demo:main"]}
    ),
    "absolute script name": lambda: wheel("entry_points.txt", entry_points={"console_scripts": ["/evil = demo:main"]}),
    "line break in an entry point": lambda: wheel(
        "entry_points.txt", entry_points={"console_scripts": ["evil = demo:main\n  import os"]}
    ),
    "data without a key": lambda: wheel("below its .data directory", data={"evil.py": "x"}),
    "data with an unknown key": lambda: wheel("unknown scheme key", data={"stdlib/evil.py": "x"}),
    "data that leaves": lambda: wheel("leaves the archive's root", data={"scripts/../../../evil": "x"}),
    "data with a drive": lambda: wheel("names a drive", data={"data/C:/evil": "x"}),
    "data with two slashes": lambda: wheel(
        "occurs more than once", raw_members=[("demo-1.0.data/data/a", "x"), ("demo-1.0.data/data//a", "y")]
    ),
}


def everything(site: Site) -> Tree:
    return {**read_tree(site.directory), "beside": Entry(0, ",".join(sorted(names(site.directory.parent))))}


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {"place-cache"}


def stored_trees(site: Site) -> list[str]:
    return [path.parent.name for path in site.cache.glob("asyncpip/trees-v*/*/*/manifest")]


def check_refused(site: Site, outcome: Outcome, before: Tree, says: str) -> None:
    assert outcome.code == 1, outcome.text
    assert "Traceback" not in outcome.stderr, outcome.text
    assert says in outcome.stderr, outcome.text
    assert everything(site) == before
    assert site.store_leftovers() == []


@pytest.mark.parametrize("name", WHEELS)
def test_a_wheel_that_is_refused(site: Site, name: str) -> None:
    data, says = WHEELS[name]()
    (site.work / NAME).write_bytes(data)
    before = everything(site)
    check_refused(site, site.install(f"./{NAME}", "--no-index"), before, says)
    assert stored_trees(site) == []


def test_links_of_a_wheel_are_files(site: Site) -> None:
    """As in pip: what a link would lead to stands in the file."""
    data = bytearray(build_wheel("demo", "1.0", files={"demo.py": "", "link.py": "/etc/passwd"})[1])
    at = data.rfind(b"link.py", 0, data.rfind(b"demo-1.0.dist-info/RECORD")) - 46
    assert data[at : at + 4] == b"PK\1\2"
    data[at + 38 : at + 42] = struct.pack("<I", 0o120777 << 16)
    (site.work / NAME).write_bytes(data)
    outcome = site.install(f"./{NAME}", "--no-index")
    assert outcome.code == 0, outcome.text
    link = site.environment.site_packages / "link.py"
    assert not link.is_symlink()
    assert link.read_text() == "/etc/passwd"
    assert link.stat().st_mode & 0o111 == 0


def test_names_that_differ_in_case_are_two_files(site: Site) -> None:
    wheel_name, data = build_wheel("demo", "1.0", files={"demo.py": "", "case/A.py": "1", "case/a.py": "2"})
    (site.work / wheel_name).write_bytes(data)
    outcome = site.install(f"./{wheel_name}", "--no-index")
    assert outcome.code == 0, outcome.text
    case = site.environment.site_packages / "case"
    assert {path.name: path.read_text() for path in case.iterdir()} == {"A.py": "1", "a.py": "2"}


def test_a_record_that_disagrees_takes_nothing_else_with_it(site: Site) -> None:
    """What RECORD names outside is neither kept nor removed with the distribution; what it forgets is added."""
    outside = site.work / "mine.txt"
    outside.write_text("mine")
    rows = [
        ("demo.py", "sha256=AAAA", "1"),
        ("not-there.py", "", ""),
        (str(outside), "", ""),
        ("../../../../work/mine.txt", "", ""),
        (f"{INFO}/RECORD", "", ""),
    ]
    wheel_name, data = build_wheel("demo", "1.0", files={"demo.py": "", "forgotten.py": "1"}, record_rows=rows)
    (site.work / wheel_name).write_bytes(data)
    outcome = site.install(f"./{wheel_name}", "--no-index")
    assert outcome.code == 0, outcome.text
    record = {row[0] for row in read_record((site.environment.site_packages / INFO / "RECORD").read_bytes())}
    assert "forgotten.py" in record
    assert not any("mine.txt" in path for path in record)
    outcome = site.asyncpip("uninstall", "-y", "demo")
    assert outcome.code == 0, outcome.text
    assert outside.read_text() == "mine"
    assert not (site.environment.site_packages / "forgotten.py").exists()


def test_two_wheels_that_write_one_path(site: Site, index_server: IndexServer) -> None:
    """The same result and the same words, in whichever order they are asked for and arrive."""
    for name in ("left", "right"):
        index_server.add_wheel(name, "1.0", files={"shared/__init__.py": f"# {name}\n", "shared/same.py": ""})
    results = set()
    for order in (["left", "right"], ["right", "left"]):
        for cache in ([], ["--no-cache-dir"], []):  # the last is remembered
            outcome = site.install(*order, *cache, "-i", index_server.index_url)
            assert outcome.code == 0, outcome.text
            assert "shared/__init__.py is written by both right and left" in outcome.stderr, outcome.text
            assert "same.py" not in outcome.stderr
            results.add((site.environment.site_packages / "shared/__init__.py").read_text())
            assert site.asyncpip("uninstall", "-y", "left", "right").code == 0
    assert results == {"# left\n"}


@pytest.mark.parametrize("command", ["install", "download"])
def test_an_index_that_gives_a_path_for_a_digest(site: Site, index_server: IndexServer, command: str) -> None:
    """Nothing is looked up by it, and above all nothing deleted."""
    name, data = build_wheel("demo", "1.0")
    mine = site.work / "mine"
    mine.mkdir()
    (mine / name).write_bytes(b"mine")
    (mine / "manifest").write_bytes(b"mine")
    digest = f"{site.cache / 'asyncpip'}/archives-v1/../../../place/work/mine".replace("//", "/")
    for said in (str(mine), digest, "../../../../place/work/mine", "x" * 63 + "/"):
        index_server.projects.clear()
        index_server.add(name, data, sha256=said)
        before = everything(site)
        outcome = site.asyncpip(command, "demo", "-i", index_server.index_url, "--refresh")
        check_refused(site, outcome, before, "does not have the hash that is required")


def tar_with(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for text, name in ((build_metadata("demo", "1.0"), "PKG-INFO"), ("", "setup.py")):
            member = tarfile.TarInfo(f"demo-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        for member, content in members:
            member.size = member.size or len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), 1)


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, target, mode
    return entry


def tar_bomb() -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    head = gzip.decompress(tar_with())[:-10240].rstrip(b"\0")
    head += bytes(-len(head) % 512)
    entry = member("demo-1.0/zeros")
    entry.size = GIGABYTE + (64 << 20)
    block = bytes(1 << 20)
    packed = [packer.compress(head + entry.tobuf())] + [packer.compress(block) for _ in range(entry.size >> 20)]
    return b"".join(packed) + packer.compress(bytes(10240)) + packer.flush()


def sparse() -> bytes:
    """Return an sdist with an old GNU sparse member of a terabyte."""
    entry = member("demo-1.0/sparse")
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[483:495] = b"\x80" + (1 << 40).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data = gzip.decompress(tar_with())
    end = len(data.rstrip(b"\0"))
    end += -end % 512
    return gzip.compress(data[:end] + bytes(header) + bytes(10240))


SDISTS: dict[str, Callable[[], tuple[bytes, str]]] = {
    "traversal": lambda: (tar_with((member("demo-1.0/../../evil"), b"x")), "outside of the directory"),
    "absolute": lambda: (tar_with((member("/evil"), b"x")), "absolute path"),
    "link out": lambda: (tar_with((member("demo-1.0/l", tarfile.SYMTYPE, "../../evil"), b"")), "leads out"),
    "hard link out": lambda: (
        tar_with((member("demo-1.0/l", tarfile.LNKTYPE, "../../../etc/passwd"), b"")),
        "outside of the directory",
    ),
    "through a link": lambda: (
        tar_with((member("demo-1.0/l", tarfile.SYMTYPE, "."), b""), (member("demo-1.0/l/evil"), b"x")),
        "through a link",
    ),
    "device": lambda: (tar_with((member("demo-1.0/d", tarfile.BLKTYPE), b"")), "neither a file"),
    "pipe": lambda: (tar_with((member("demo-1.0/p", tarfile.FIFOTYPE), b"")), "neither a file"),
    "file and directory": lambda: (tar_with((member("demo-1.0/setup.py/evil"), b"x")), "demo"),
    "sparse": lambda: (sparse(), "sparse"),
    "bomb": lambda: (tar_bomb(), "out of proportion"),
}


@pytest.mark.parametrize("name", SDISTS)
def test_an_sdist_that_is_refused(site: Site, index_server: IndexServer, name: str) -> None:
    data, says = SDISTS[name]()
    index_server.add("demo-1.0.tar.gz", data)
    before = everything(site)
    check_refused(site, site.install("demo", "-i", index_server.index_url), before, says)


def test_a_zipped_sdist_that_is_a_bomb(site: Site, index_server: IndexServer) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("demo-1.0/PKG-INFO", build_metadata("demo", "1.0"))
        archive.writestr("demo-1.0/zeros", bytes(50 << 20))
    index_server.add("demo-1.0.zip", buffer.getvalue())
    before = everything(site)
    outcome = site.install("demo", "-i", index_server.index_url)
    check_refused(site, outcome, before, "by a method that sdists do not use")


def test_setuid_bits_are_dropped(site: Site, index_server: IndexServer) -> None:
    """They would be those of whoever unpacks. A wheel's are, too."""
    wheel_name, data = build_wheel("demo", "1.0", executable=["demo.py"])
    at = data.rfind(b"demo.py", 0, data.rfind(b"METADATA")) - 46
    assert data[at : at + 4] == b"PK\1\2"
    changed = data[: at + 38] + struct.pack("<I", 0o106755 << 16) + data[at + 42 :]
    index_server.add(wheel_name, changed, sha256=hashlib.sha256(changed).hexdigest())
    outcome = site.install("demo", "-i", index_server.index_url)
    assert outcome.code == 0, outcome.text
    assert (site.environment.site_packages / "demo.py").stat().st_mode & 0o7000 == 0
