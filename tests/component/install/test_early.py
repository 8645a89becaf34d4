"""Members inflated while the archive arrives: the tree is the one that comes of the whole archive."""

from __future__ import annotations

import io
import os
import random
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.core.unpacking import EarlyMember, early_path
from asyncpip.errors import WheelFormatError
from asyncpip.install import early as early_module
from asyncpip.install.early import ArrivingWheel
from asyncpip.install.unpacker import unpack_wheel
from tests.support.stored import snapshot
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NOISE = random.Random(4).randbytes(200_000)  # noqa: S311 - noise, not a secret
TEXT = b"".join(b"line %d\n" % number for number in range(20_000))
OPTIONS: dict[str, Any] = {
    "files": {"demo/__init__.py": "X = 1\n", "demo/noise.bin": NOISE, "demo/text.txt": TEXT, "empty.py": ""},
    "data": {"scripts/run": b"#!python\n" + TEXT, "scripts/plain": b"#!/bin/sh\n" + TEXT, "data/share/doc.txt": "text"},
    "executable": ["demo/noise.bin", "demo-1.0.data/scripts/run"],
}


@pytest.fixture(autouse=True)
def members_of_a_kilobyte_are_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(early_module, "_FROM_BYTES", 1000)
    before = os.umask(0o022)
    yield
    os.umask(before)


def unpack(folder: Path, filename: str, data: bytes, early: Sequence[EarlyMember] = ()) -> dict[str, object]:
    folder.mkdir(exist_ok=True)
    unpack_wheel(
        data,
        filename=filename,
        digest="d" * 64,
        staging=str(folder),
        umask=0o022,
        cancelled=lambda: False,
        early=early,
    )
    return snapshot(folder)


def feed(arriving: ArrivingWheel, data: bytes, step: int) -> None:
    for at in range(0, len(data), step):
        arriving.feed(memoryview(data)[at : at + step])


@pytest.mark.parametrize("step", [7, 1000, 100_000, 10_000_000])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_tree_is_the_same(tmp_path: Path, compression: int, step: int) -> None:
    filename, data = build_wheel("demo", "1.0", compression=compression, **OPTIONS)
    (tmp_path / "early").mkdir()
    arriving = ArrivingWheel(str(tmp_path / "early"))
    feed(arriving, data, step)
    arrived = arriving.finish()
    assert sorted(member.size_bytes for member in arrived) == sorted(
        (len(NOISE), len(TEXT), len(TEXT) + len(b"#!python\n"), len(TEXT) + len(b"#!/bin/sh\n"))
    )
    members = [EarlyMember.of_text(member.as_text()) for member in arrived]
    assert unpack(tmp_path / "early", filename, data, members) == unpack(tmp_path / "late", filename, data)


def test_beginning_again_leaves_nothing_of_before(tmp_path: Path) -> None:
    filename, data = build_wheel("demo", "1.0", **OPTIONS)
    (tmp_path / "early").mkdir()
    arriving = ArrivingWheel(str(tmp_path / "early"))
    other = build_wheel("demo", "1.0", files={"one.bin": NOISE, "two.bin": NOISE[::-1]})[1]
    arriving.feed(memoryview(other)[:300_000])  # in the middle of the second
    assert len(os.listdir(tmp_path / "early")) == 2
    arriving.restart()
    assert os.listdir(tmp_path / "early") == []
    feed(arriving, data, 50_000)
    arrived = arriving.finish()
    assert unpack(tmp_path / "early", filename, data, arrived) == unpack(tmp_path / "late", filename, data)


@pytest.mark.parametrize("cut", [0, 10, 40, 100_000, 205_000])
def test_an_archive_that_ends_early_leaves_whole_members_only(tmp_path: Path, cut: int) -> None:
    data = build_wheel("demo", "1.0", files={"a.bin": NOISE, "b.bin": NOISE[::-1]})[1]
    arriving = ArrivingWheel(str(tmp_path))
    feed(arriving, data[:cut], 999)
    members = arriving.finish()
    assert len(members) == int(cut > len(NOISE))
    assert sorted(os.listdir(tmp_path)) == [os.path.basename(early_path(str(tmp_path), each.start)) for each in members]
    for member in members:
        with open(early_path(str(tmp_path), member.start), "rb") as reading:
            assert reading.read() == NOISE


def test_damaged_members_are_left_to_the_unpacker(tmp_path: Path) -> None:
    filename, data = build_wheel("demo", "1.0", bad_crc=["demo/noise.bin"], **OPTIONS)
    arriving = ArrivingWheel(str(tmp_path))
    feed(arriving, data, 10_000)
    members = arriving.finish()
    assert len(NOISE) not in [member.size_bytes for member in members]
    with pytest.raises(WheelFormatError) as caught:
        unpack(tmp_path, filename, data, members)
    assert "`demo/noise.bin` is damaged" in str(caught.value.why)


@pytest.mark.parametrize("place", [40, 60, 100, 5000])
def test_bytes_that_do_not_inflate_are_left_to_the_unpacker(tmp_path: Path, place: int) -> None:
    _, data = build_wheel("demo", "1.0", files={"demo/text.txt": TEXT})
    changed = bytearray(data)
    changed[place : place + 400] = b"\xff" * 400
    arriving = ArrivingWheel(str(tmp_path))
    feed(arriving, bytes(changed), 4096)
    arrived = arriving.finish()
    assert arrived == []
    assert os.listdir(tmp_path) == []


def test_more_than_was_declared_is_not_written_on(tmp_path: Path) -> None:
    _, data = build_wheel("demo", "1.0", files={"demo/text.txt": TEXT})
    assert int.from_bytes(data[22:26], "little") == len(TEXT)
    changed = data[:22] + (5000).to_bytes(4, "little") + data[26:]
    arriving = ArrivingWheel(str(tmp_path))
    feed(arriving, changed, 100_000)
    assert arriving.finish() == []
    assert os.listdir(tmp_path) == []


def test_sizes_behind_the_data_are_left_to_the_unpacker(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr("a.bin", NOISE)
    arriving = ArrivingWheel(str(tmp_path))
    feed(arriving, pipe.getvalue(), 4096)
    assert arriving.finish() == []


def test_what_the_directory_does_not_describe_so_is_removed(tmp_path: Path) -> None:
    filename, data = build_wheel("demo", "1.0", **OPTIONS)
    (tmp_path / "early").mkdir()
    arriving = ArrivingWheel(str(tmp_path / "early"))
    feed(arriving, data, 100_000)
    members = arriving.finish()
    members[0].crc ^= 1
    (tmp_path / "early" / "early-3").write_bytes(b"of no member")
    members.append(EarlyMember(3, 8, 0, 1, 12))
    assert unpack(tmp_path / "early", filename, data, members) == unpack(tmp_path / "late", filename, data)
