"""Reading a wheel from its tail."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from typing import TYPE_CHECKING, cast

import pytest

from asyncpip.index.ranges import FIRST_TAIL_BYTES, ByteRange, TailReader, metadata_of_archive, peek_metadata
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

DEMO = cast("NormalizedName", "demo")
NOISE = random.Random(1).randbytes(300_000)  # noqa: S311 - bytes that do not compress, the same each time


def read_by_ranges(archive: bytes, size: int | None) -> tuple[bytes, list[ByteRange]]:
    """Serve what the reader asks for; return METADATA and what was asked."""
    reader = TailReader(DEMO, size)
    asked = []
    while (wanted := reader.next_range()) is not None:
        asked.append(wanted)
        start = max(0, len(archive) + wanted.start) if wanted.end is None else wanted.start
        end = len(archive) if wanted.end is None else wanted.end
        reader.feed(start, archive[start:end], len(archive))
    return reader.metadata(), asked


def demo(**options: object) -> bytes:
    return build_wheel("demo", "1.0", **options)[1]  # type: ignore[arg-type] # passed on as they are


MANY = {f"demo/{'x' * 100}{number}.py": b"" for number in range(1000)}


@pytest.mark.parametrize(
    ("archive", "requests"),
    [
        pytest.param(demo(), 1, id="small"),
        pytest.param(demo(compression=zipfile.ZIP_STORED), 1, id="stored"),
        pytest.param(demo(files={"demo/big": NOISE}), 1, id="large"),
        pytest.param(demo(files={"demo/big": NOISE, **MANY}), 2, id="long directory"),
        pytest.param(demo(files={"demo/big": NOISE}, dist_info_first=True), 2, id="dist-info first"),
        pytest.param(demo(files={"demo/big": NOISE, **MANY}, dist_info_first=True), 3, id="both"),
        pytest.param(demo(metadata=""), 1, id="empty"),
    ],
)
@pytest.mark.parametrize("is_size_known", [True, False])
def test_metadata_and_number_of_requests(archive: bytes, requests: int, is_size_known: bool) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        expected = reader.read("demo-1.0.dist-info/METADATA")
    metadata, asked = read_by_ranges(archive, len(archive) if is_size_known else None)
    assert metadata == expected
    assert len(asked) == requests
    assert sum((each.end or 0) - each.start for each in asked[1:]) < 250_000


def test_small_wheels_are_asked_for_whole() -> None:
    assert TailReader(DEMO, 1000).next_range() == ByteRange(0, 1000)
    assert TailReader(DEMO, FIRST_TAIL_BYTES + 5).next_range() == ByteRange(5, FIRST_TAIL_BYTES + 5)


def test_range_header() -> None:
    assert ByteRange(-100, None).header == "bytes=-100"
    assert ByteRange(10, 20).header == "bytes=10-19"


def test_zip64() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w") as archive,
        archive.open(zipfile.ZipInfo("demo-1.0.dist-info/METADATA"), "w", force_zip64=True) as member,
    ):
        member.write(b"Name: demo\n")
    assert metadata_of_archive(_as_zip64(buffer.getvalue()), DEMO) == b"Name: demo\n"


def _as_zip64(archive: bytes) -> bytes:
    """Return a one-member ``archive`` with its sizes and offsets in zip64 records only."""
    end = archive.rfind(b"PK\5\6")
    length, offset = struct.unpack_from("<II", archive, end + 12)
    entry = bytearray(archive[offset : offset + length])
    compressed, size = struct.unpack_from("<II", entry, 20)
    extra = struct.pack("<HHQQQ", 1, 24, size, compressed, 0)
    struct.pack_into("<II", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<I", entry, 42, 0xFFFFFFFF)
    struct.pack_into("<H", entry, 30, len(extra))
    name_end = 46 + int.from_bytes(entry[28:30], "little")
    directory = bytes(entry[:name_end]) + extra
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, offset + len(directory), 1)
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return archive[:offset] + directory + record + locator + tail


def changed(archive: bytes, old: bytes, new: bytes) -> bytes:
    assert old in archive
    return archive.replace(old, new)


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        pytest.param(b"x", "too small", id="tiny"),
        pytest.param(b"", "too small", id="empty"),
        pytest.param(b"no zip" * 100, "end of central directory", id="no zip"),
        pytest.param(demo()[:-10], "end of central directory", id="cut"),
        pytest.param(demo()[100:], "outside|damaged", id="start missing"),
        pytest.param(changed(demo(), b"PK\1\2", b"PK\1\3"), "directory is damaged", id="directory"),
        pytest.param(demo(bad_crc=["demo-1.0.dist-info/METADATA"]), "size and CRC", id="crc"),
        pytest.param(demo(leave_out=["METADATA"]), "has no METADATA", id="no metadata"),
        pytest.param(demo(dist_info="other-1.0.dist-info"), "does not belong", id="other project"),
        pytest.param(demo(raw_members=[("x-1.dist-info/METADATA", "")]), "one .dist-info", id="two"),
        pytest.param(demo(raw_members=[("demo-1.0.dist-info/METADATA", "")]), "twice", id="twice"),
        pytest.param(b"PK\5\6" + b"\0" * 18, "one .dist-info", id="no members"),
    ],
)
def test_bad_archives(archive: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_by_ranges(archive, len(archive))


def test_metadata_that_is_not_complete() -> None:
    with pytest.raises(ValueError, match="not complete"):
        TailReader(DEMO, 100).metadata()


def test_server_that_changes_its_mind_about_the_size() -> None:
    archive = demo()
    with pytest.raises(ValueError, match="bytes, not"):
        TailReader(DEMO, 1000).feed(0, archive, len(archive))


def test_server_that_sends_too_much() -> None:
    with pytest.raises(ValueError, match="more bytes"):
        TailReader(DEMO).feed(5, b"xxx", 7)


def test_server_that_sends_nothing_of_use() -> None:
    reader = TailReader(DEMO, 1_000_000)
    with pytest.raises(ValueError, match="lead nowhere"):  # noqa: PT012 - any of these requests may be the last
        for _ in range(10):
            assert reader.next_range() is not None
            reader.feed(0, b"x", 1_000_000)


def test_bomb() -> None:
    """A member that inflates to more than it says is stopped there."""
    archive = demo(metadata=b"x" * 10_000_000)
    size = struct.pack("<I", 10_000_000)
    with pytest.raises(ValueError, match="size and CRC"):
        metadata_of_archive(archive.replace(size, struct.pack("<I", 10)), DEMO)
    with pytest.raises(ValueError, match="too large"):
        metadata_of_archive(archive.replace(size, struct.pack("<I", 2_000_000_000)), DEMO)


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 12)])
def test_encryption_and_odd_methods_are_refused(offset: int, value: int) -> None:
    archive = bytearray(demo(files={}, leave_out=["RECORD", "WHEEL"]))
    struct.pack_into("<H", archive, archive.find(b"PK\1\2") + offset, value)
    with pytest.raises(ValueError, match="encrypted or compressed"):
        metadata_of_archive(bytes(archive), DEMO)


def patched(archive: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """Return ``archive`` with ``value`` at ``offset`` from the last ``signature``."""
    at = archive.rfind(signature) + offset
    return archive[:at] + value + archive[at + len(value) :]


ALONE = demo(files={}, leave_out=["RECORD", "WHEEL"])
"""METADATA is the only member."""
HUGE = b"\xfe\xff\xff\xff"


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        pytest.param(patched(ALONE, b"PK\5\6", 12, HUGE), "directory lies outside", id="directory outside"),
        pytest.param(patched(ALONE, b"PK\5\6", 12, b"\x01\0\0\0"), "directory is damaged", id="directory cut"),
        pytest.param(patched(ALONE, b"PK\1\2", 32, b"\x05\0"), "directory is damaged", id="comment outside"),
        pytest.param(patched(ALONE, b"PK\1\2", 42, HUGE), "METADATA lies outside", id="member outside"),
        pytest.param(patched(ALONE, b"PK\3\4", 0, b"PK\3\5"), "local header", id="local signature"),
        pytest.param(patched(ALONE, b"PK\3\4", 26, b"\x01"), "local header", id="local name"),
        pytest.param(patched(ALONE, b"PK\3\4", 28, b"\xff\xff"), "what follows", id="local extra"),
        pytest.param(patched(ALONE, b"PK\3\4", 57, b"\xff" * 4), "inflate", id="deflate"),
        pytest.param(patched(_as_zip64(ALONE), b"PK\6\7", 8, b"\xff" * 8), "zip64 end record lies", id="zip64 place"),
        pytest.param(patched(_as_zip64(ALONE), b"PK\6\6", 0, b"PK\6\0"), "zip64 end record is", id="zip64 record"),
        pytest.param(patched(_as_zip64(ALONE), b"PK\1\2", 46 + 27, b"\x02"), "zip64 extra", id="zip64 tag"),
        pytest.param(patched(_as_zip64(ALONE), b"PK\1\2", 46 + 29, b"\x08"), "zip64 extra", id="zip64 length"),
    ],
)
def test_damage(archive: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_by_ranges(archive, len(archive))


def test_directory_that_is_too_large() -> None:
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, 1 << 27, 0, 0)
    total = 1 << 28
    with pytest.raises(ValueError, match="too large"):
        TailReader(DEMO).feed(total - FIRST_TAIL_BYTES, end.rjust(FIRST_TAIL_BYTES, b"\0"), total)


def test_zip64_record_in_front_of_the_tail() -> None:
    """The end record may point far back (it must not, but then it is asked for)."""
    archive = _as_zip64(ALONE)
    at = archive.find(b"PK\6\7")
    archive = archive[:at] + b"\0" * FIRST_TAIL_BYTES + archive[at:]
    metadata, asked = read_by_ranges(archive, len(archive))
    assert metadata == metadata_of_archive(ALONE, DEMO)
    assert len(asked) == 3


def test_server_that_sends_less_than_asked_for() -> None:
    archive = demo(files={"demo/big": NOISE}, dist_info_first=True)
    reader = TailReader(DEMO, len(archive))
    reader.feed(len(archive) - FIRST_TAIL_BYTES, archive[-FIRST_TAIL_BYTES:], len(archive))
    wanted = reader.next_range()
    assert wanted is not None
    assert wanted.start == 0
    reader.feed(0, archive[:60], len(archive))
    assert reader.next_range() == ByteRange(0, wanted.end)


def peek(archive: bytes) -> bytes | None:
    return peek_metadata(lambda start, end: archive[max(0, start) : max(0, end)], len(archive))


def zipped(*names: str, comment: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name in names:
            archive.writestr(name, f"content of {name}")
        archive.comment = comment
    return made.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_glimpse_finds_the_only_metadata(method: int) -> None:
    name = "demo-1.dist-info/METADATA"
    archive = zipped("demo/x.py", f"demo/_vendor/other-1{name[6:]}", name, name + ".bak", name + "/x", method=method)
    assert peek(archive) == f"content of {name}".encode()


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"PK\5\6",
        zipped(),
        zipped("demo/x.py"),
        zipped("demo/other-1.dist-info/METADATA"),
        zipped("demo-1.dist-info/METADATA", "demo-2.dist-info/METADATA"),
        zipped("demo-1.dist-info/METADATA", comment=b"a comment"),
        zipped("demo-1.dist-info/METADATA", method=zipfile.ZIP_BZIP2),
        b"before" + zipped("demo-1.dist-info/METADATA"),
        zipped("demo-1.dist-info/METADATA", method=zipfile.ZIP_STORED).replace(b"content", b"CONTENT"),
        zipped("PK\1\2-1.dist-info/METADATA"),
    ],
    ids=["empty", "short", "no member", "none", "elsewhere", "two", "comment", "bzip2", "before", "damaged", "hidden"],
)
def test_a_glimpse_leaves_the_rest_to_others(archive: bytes) -> None:
    assert peek(archive) is None
