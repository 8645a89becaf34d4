"""Source archives into directories: what comes out, and what is refused (PEP 706)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from asyncpip.build.sdist import extract_archive
from asyncpip.errors import BuildError
from tests.support.environments import read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

FILE, DIRECTORY, SYMLINK, HARDLINK, FIFO = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, b"6"
Member = tuple[str, bytes, str, int]
"""Name, type, content or target of the link, mode."""


def tar_of(members: Sequence[Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, content, mode in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.uid, entry.uname = kind, mode, 12345, "somebody"
            if kind == FILE:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content.encode()))
            else:
                entry.linkname = content
                tar.addfile(entry)
    return buffer.getvalue()


def zip_of(members: Sequence[tuple[str, str, int]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content, mode in members:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | mode) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def changed_zip(*, at: int, byte: int) -> bytes:
    """Return an archive of one file whose entry in the central directory has ``byte`` at ``at``, and the file too."""
    archive = bytearray(zip_of([("p-1/setup.py", "x", 0o600)]))
    archive[archive.index(b"PK\1\2") + at] = archive[at - 2] = byte
    return bytes(archive)


def extract(archive: bytes, directory: Path) -> dict[str, tuple[int, bytes | str | None]]:
    directory.mkdir()
    extract_archive(io.BytesIO(archive), str(directory), filename="p-1.tar.gz", umask=0o022)
    return {
        path: (entry.mode, entry.content) for path, entry in read_tree(directory).items() if entry.content is not None
    }


GOOD: Sequence[Member] = (
    ("p-1", DIRECTORY, "", 0o700),
    ("p-1/setup.py", FILE, "x", 0o600),
    ("p-1/run", FILE, "y", 0o4700),
    ("p-1/sub/deep/f", FILE, "z", 0o666),
    ("p-1/sub/link", SYMLINK, "../setup.py", 0o777),
    ("p-1/sub/hard", HARDLINK, "p-1/setup.py", 0o644),
)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tar_archives(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    found = extract(pack(tar_of(GOOD)), tmp_path / "d")
    assert found == {
        "setup.py": (0o644, b"x"),
        "run": (0o755, b"y"),
        "sub/deep/f": (0o644, b"z"),
        "sub/link": (found["sub/link"][0], "../setup.py"),
        "sub/hard": (0o644, b"x"),
    }


def test_zip_archives(tmp_path: Path) -> None:
    archive = zip_of([("p-1/", "", 0), ("p-1/setup.py", "x", 0o600), ("p-1/sub/run", "y", 0o700)])
    assert extract(archive, tmp_path / "d") == {"setup.py": (0o644, b"x"), "sub/run": (0o755, b"y")}


def test_only_one_common_top_directory_is_taken_off(tmp_path: Path) -> None:
    flat = [("setup.py", FILE, "x", 0o644), ("p/f", FILE, "y", 0o644)]
    assert extract(tar_of(flat), tmp_path / "flat").keys() == {"setup.py", "p/f"}
    dotted = [("./p-1/setup.py", FILE, "x", 0o644), ("./p-1/f", FILE, "y", 0o644)]
    assert extract(tar_of(dotted), tmp_path / "dotted").keys() == {"setup.py", "f"}


@pytest.mark.parametrize(
    "members",
    [
        [("p/../../evil", FILE, "x", 0o644)],
        [("../evil", FILE, "x", 0o644)],
        [("/etc/evil", FILE, "x", 0o644), ("p/f", FILE, "x", 0o644)],
        [("p/link", SYMLINK, "../../evil", 0o777), ("p/f", FILE, "x", 0o644)],
        [("p/link", SYMLINK, "/etc/passwd", 0o777), ("p/f", FILE, "x", 0o644)],
        [("p/hard", HARDLINK, "../../etc/passwd", 0o777), ("p/f", FILE, "x", 0o644)],
        [("p/hard", HARDLINK, "/etc/passwd", 0o777), ("p/f", FILE, "x", 0o644)],
        [("p/d", SYMLINK, "sub", 0o777), ("p/sub", DIRECTORY, "", 0o755), ("p/d/f", FILE, "x", 0o644)],
        [("p/f", SYMLINK, "g", 0o777), ("p/f", FILE, "x", 0o644)],
        [("p/pipe", FIFO, "", 0o644), ("p/f", FILE, "x", 0o644)],
        [("p/device", tarfile.CHRTYPE, "", 0o644), ("p/f", FILE, "x", 0o644)],
        [("p/a\\..\\b", FILE, "x", 0o644), ("p/f", FILE, "x", 0o644)],
    ],
)
def test_nothing_leaves_the_directory(tmp_path: Path, members: list[Member]) -> None:
    with pytest.raises(BuildError):
        extract(tar_of(members), tmp_path / "d")
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize("name", ["../evil", "p/../../evil", "/evil", "p\\..\\evil"])
def test_nothing_leaves_the_directory_from_a_zip_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(BuildError):
        extract(zip_of([("q/f", "x", 0o644), (name, "x", 0o644)]), tmp_path / "d")
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"no archive at all",
        b"PK\3\4 but no zip",
        gzip.compress(tar_of(GOOD), mtime=0)[:-40],
        gzip.compress(tar_of(GOOD), mtime=0)[:100] + bytes(100),
        lzma.compress(tar_of(GOOD))[:-30],
        bz2.compress(tar_of(GOOD))[:-30],
        tar_of(GOOD)[:700],
        changed_zip(at=6, byte=99),  # a version of the format that is to come
        changed_zip(at=8, byte=1),  # encrypted
        changed_zip(at=8, byte=32),  # patch data
    ],
    ids=range(11),
)
def test_damaged_archives(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(BuildError, match=r"p-1\.tar\.gz cannot be unpacked"):
        extract(archive, tmp_path / "d")


def test_work_ends_when_the_run_is_given_up(tmp_path: Path) -> None:
    extract_archive(io.BytesIO(tar_of(GOOD)), str(tmp_path), filename="p-1.tar.gz", umask=0o022, cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []
