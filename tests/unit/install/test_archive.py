"""Zip archives: all forms that builders make are read, and what is no honest archive is refused."""

from __future__ import annotations

import io
import mmap
import random
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import WheelFormatError
from asyncpip.install import archive as archive_module
from asyncpip.install import inflating as inflating_module
from asyncpip.install.archive import ArchiveReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

    Contents = dict[str, bytes]

NOISE = random.Random(7).randbytes(40_000)  # noqa: S311 - noise, not a secret
CONTENTS = {
    "pkg/__init__.py": b"",
    "pkg/text.py": b"VALUE = 1\n" * 3000,
    "pkg/noise.bin": NOISE,
    "pkg-1.0.dist-info/METADATA": b"Name: pkg\n",
}


class Unseekable(io.RawIOBase):
    """A stream that a zip is written to with data descriptors, as pipes are."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data)
        self.data += view
        return len(view)


def zipped(contents: Contents, method: int = zipfile.ZIP_DEFLATED, *, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as writing:
        for name, content in contents.items():
            writing.writestr(name, content)
        writing.comment = comment
    return buffer.getvalue()


def streamed(contents: Contents) -> bytes:
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as writing:
        for name, content in contents.items():
            writing.writestr(name, content)
    return bytes(stream.data)


def with_zip64_members(contents: Contents) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as writing:
        for name, content in contents.items():
            with writing.open(name, "w", force_zip64=True) as member:
                member.write(content)
    return buffer.getvalue()


def with_zip64_directory(data: bytes) -> bytes:
    """Return ``data`` with the zip64 end records that archives of 65,535 members have."""
    end = len(data) - 22
    _, _, _, here, count, size, offset, _ = struct.unpack("<4s4H2LH", data[end:])
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, here, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    return (
        data[:end] + record + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    )


def contents_of(data: bytes) -> Contents:
    reader = ArchiveReader(data, "x.whl")
    return {member[0]: bytes(reader.read(member)) for member in reader.members}


def chunks_of(data: bytes) -> Contents:
    reader = ArchiveReader(data, "x.whl")
    return {member[0]: b"".join(reader.read_chunks(member)) for member in reader.members}


def refused(data: bytes) -> str:
    with pytest.raises(WheelFormatError) as caught:
        contents_of(data)
    assert "x.whl" in caught.value.what
    return str(caught.value.why)


FORMS: dict[str, Callable[[], bytes]] = {
    "deflated": lambda: zipped(CONTENTS),
    "stored": lambda: zipped(CONTENTS, zipfile.ZIP_STORED),
    "bzip2": lambda: zipped(CONTENTS, zipfile.ZIP_BZIP2),
    "lzma": lambda: zipped(CONTENTS, zipfile.ZIP_LZMA),
    "data descriptors": lambda: streamed(CONTENTS),
    "zip64 members": lambda: with_zip64_members(CONTENTS),
    "zip64 directory": lambda: with_zip64_directory(zipped(CONTENTS)),
    "comment": lambda: zipped(CONTENTS, comment=b"made by hand" * 100),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("read", [contents_of, chunks_of])
def test_forms(form: str, read: Callable[[bytes], Contents], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "CHUNK_BYTES", 1000)
    assert read(FORMS[form]()) == CONTENTS


@pytest.mark.parametrize("form", FORMS)
def test_without_libdeflate(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "_HAVE_LIBDEFLATE", False)
    assert contents_of(FORMS[form]()) == CONTENTS


@pytest.mark.parametrize("form", FORMS)
def test_in_pieces_without_isal(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating_module, "_HAVE_ISAL", False)
    monkeypatch.setattr(archive_module, "CHUNK_BYTES", 1000)
    assert chunks_of(FORMS[form]()) == CONTENTS


def test_a_memory_map_is_read() -> None:
    data = zipped(CONTENTS)
    with mmap.mmap(-1, len(data)) as mapped:
        mapped[:] = data
        reader = ArchiveReader(mapped, "x.whl")
        assert {member[0]: bytes(reader.read(member)) for member in reader.members} == CONTENTS


def test_an_empty_archive() -> None:
    assert contents_of(zipped({})) == {}


def test_the_end_record_s_mark_inside_the_data_misleads_nobody() -> None:
    contents = {"a": b"PK\5\6" * 10}
    assert contents_of(zipped(contents, zipfile.ZIP_STORED)) == contents


def test_names() -> None:
    """UTF-8 where the flag says so, else code page 437, as zipfile has it."""
    data = zipped({"é/ü.py": b"1", "plain.py": b"2"})
    assert contents_of(data).keys() == {"é/ü.py", "plain.py"}
    unflagged = data.replace("é/ü.py".encode(), b"\x82/\x81.pyxx")
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = unflagged.index(signature) + place
        unflagged = unflagged[:at] + b"\0\0" + unflagged[at + 2 :]
    assert contents_of(unflagged).keys() == {"é/ü.pyxx", "plain.py"}
    assert "not UTF-8" in refused(data.replace("é/ü.py".encode(), b"\x82/\x81.pyxx"))


def test_execute_bits() -> None:
    buffer = io.BytesIO()
    modes = {"no": 0o100644, "yes": 0o100755, "group": 0o100610, "link": 0o120777, "bare": 0o755}
    with zipfile.ZipFile(buffer, "w") as writing:
        for name, mode in modes.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            writing.writestr(entry, b"")
    executable = {member[0] for member in ArchiveReader(buffer.getvalue(), "x.whl").members if member[6]}
    assert executable == {"yes", "group"}


# --- what is refused


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def local(data: bytes, number: int = 0) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as reading:
        return reading.infolist()[number].header_offset


def central(data: bytes, number: int = 0) -> int:
    with zipfile.ZipFile(io.BytesIO(data)) as reading:
        at = reading.start_dir
    for _ in range(number):
        at += 46 + sum(struct.unpack_from("<3H", data, at + 28))
    return at


TWO = {"a.py": b"first = 1\n" * 50, "b.py": b"other = 2\n" * 50}


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"not a zip archive at all, but long enough", b"\0" * 100, b"PK\5\6" + b"\xff" * 18]
)
def test_no_archive(data: bytes) -> None:
    assert refused(data)


def test_data_around_the_archive() -> None:
    data = zipped(TWO)
    assert "behind" in refused(data + b"x")
    assert "before" in refused(b"#!/bin/sh\n" + data)
    assert "behind" in refused(zipped(TWO, comment=b"text")[:-1])


def test_data_before_an_archive_whose_offsets_allow_for_it() -> None:
    buffer = io.BytesIO()
    buffer.write(b"#!/bin/sh\n")
    with zipfile.ZipFile(buffer, "a") as writing:
        writing.writestr("a.py", b"1")
    assert zipfile.ZipFile(io.BytesIO(buffer.getvalue())).read("a.py") == b"1"
    assert "before" in refused(buffer.getvalue())


def test_data_between_directory_and_end() -> None:
    data = zipped(TWO)
    assert "does not belong" in refused(data[:-22] + b"hidden" + data[-22:])
    end = len(data) - 22
    inside = data[:end] + b"hidden" + data[end:]
    assert "more than it declares" in refused(changed(inside, end + 6 + 12, struct.pack("<L", end - central(data) + 6)))


def test_data_between_the_zip64_records() -> None:
    data = with_zip64_directory(zipped(TWO))
    locator = len(data) - 42
    assert "zip64" in refused(data[:locator] + b"hidden" + data[locator:])


def test_encryption() -> None:
    data = zipped(TWO)
    both = changed(changed(data, local(data) + 6, b"\1"), central(data) + 8, b"\1")
    assert "encrypted" in refused(both)
    assert "disagree" in refused(changed(data, local(data) + 6, b"\1"))


@pytest.mark.parametrize(
    ("offset", "value", "why"),
    [
        (8, b"\0\0", "disagree"),  # method
        (14, b"\0\0\0\0", "disagree"),  # CRC-32
        (18, b"\1\0\0\0", "disagree"),  # compressed size
        (22, b"\1\0\0\0", "disagree"),  # size
        (26, b"\1\0", "disagree"),  # length of the name
        (30, b"x", "disagree"),  # name
        (0, b"XX", "disagree"),
        (22, b"\xff\xff\xff\xff", "zip64"),  # zip64 sizes that are not there
    ],
)
def test_local_headers_that_disagree(offset: int, value: bytes, why: str) -> None:
    data = zipped(TWO)
    assert why in refused(changed(data, local(data, 1) + offset, value))


def test_zip64_sizes_of_a_local_header_that_disagree() -> None:
    data = with_zip64_members(TWO)
    at = local(data) + 30 + len("a.py") + 4
    assert struct.unpack_from("<Q", data, at)[0] == len(TWO["a.py"])
    assert "disagree" in refused(changed(data, at, struct.pack("<Q", 1)))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("read", [contents_of, chunks_of])
def test_a_damaged_member(method: int, read: Callable[[bytes], Contents]) -> None:
    data = zipped(TWO, method)
    with zipfile.ZipFile(io.BytesIO(data)) as reading:
        info = reading.infolist()[1]
    at = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    with pytest.raises(WheelFormatError, match=r"x\.whl"):
        read(changed(data, at, bytes([data[at] ^ 0x55])))


@pytest.mark.parametrize("read", [contents_of, chunks_of])
@pytest.mark.parametrize("field", [14, 22])
def test_a_wrong_crc_and_a_wrong_size_in_both_headers(read: Callable[[bytes], Contents], field: int) -> None:
    data = zipped(TWO)
    for at in (local(data) + field, central(data) + field + 2):
        data = changed(data, at, bytes([data[at] ^ 1]))
    with pytest.raises(WheelFormatError) as caught:
        read(data)
    assert "damaged" in str(caught.value.why)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_declared_size_that_the_data_cannot_have(method: int) -> None:
    data = zipped(TWO, method)
    for at in (local(data) + 22, central(data) + 24):
        data = changed(data, at, struct.pack("<L", 2**31))
    why = refused(data)
    assert "2147483648" in why


def test_a_bomb_is_no_larger_than_deflate_makes_it() -> None:
    """Honest but extreme: 8 MB of zeros from 8 kB are read in bounded pieces."""
    contents = {"zeros": bytes(8 * 1024 * 1024)}
    reader = ArchiveReader(zipped(contents), "x.whl")
    sizes = [len(piece) for piece in reader.read_chunks(reader.members[0])]
    assert sum(sizes) == 8 * 1024 * 1024
    assert max(sizes) <= archive_module.CHUNK_BYTES


def test_a_stream_that_goes_on_behind_its_declared_size_is_cut_off() -> None:
    data = zipped({"zeros": bytes(40 * 1024 * 1024)})
    for at in (local(data) + 22, central(data) + 24):
        data = changed(data, at, struct.pack("<L", 1000))
    reader = ArchiveReader(data, "x.whl")
    pieces: list[bytes] = []
    with pytest.raises(WheelFormatError):
        pieces.extend(reader.read_chunks(reader.members[0]))
    assert sum(map(len, pieces)) <= archive_module.CHUNK_BYTES
    assert "damaged" in refused(data)


def test_overlapping_members() -> None:
    """David Fifield's bomb: one kernel, many directory entries."""
    data = zipped({"a.py": NOISE, "b.py": b""}, zipfile.ZIP_STORED)
    first, second = central(data), central(data, 1)
    entry = data[first:second]
    doubled = data[:first] + entry + entry + data[-22:]
    end = len(doubled) - 22
    doubled = changed(doubled, end + 12, struct.pack("<2L", 2 * len(entry), first))
    assert "overlap" in refused(doubled)


def test_a_member_whose_last_bytes_are_another_s_header() -> None:
    """Overlaps by less than a header's variable part are overlaps too."""
    inner = zipped({"inner.py": b"x = 1\n"}, zipfile.ZIP_STORED)
    header = inner[: 30 + len("inner.py") + 6]
    data = zipped({"outer.py": header, "other.py": b""}, zipfile.ZIP_STORED)
    first, second = central(data), central(data, 1)
    place = local(data) + 30 + len("outer.py")
    stolen = inner[central(inner) : central(inner) + 46 + len("inner.py")]
    stolen = changed(stolen, 42, struct.pack("<L", place))
    rest = data[first:second] + stolen
    made = data[:first] + rest + changed(data[-22:], 12, struct.pack("<2L", len(rest), first))
    assert "overlap" in refused(made)


def test_a_member_that_reaches_into_the_directory() -> None:
    data = zipped({"a.py": b"1" * 10}, zipfile.ZIP_STORED)
    for at in (local(data) + 18, local(data) + 22, central(data) + 20, central(data) + 24):
        data = changed(data, at, struct.pack("<L", 30))
    assert "directory" in refused(data)


@pytest.mark.parametrize("number", [2**62, 2**63, 2**64 - 1])
def test_offsets_beyond_all_memory(number: int) -> None:
    data = with_zip64_directory(zipped(TWO))
    locator = len(data) - 42
    assert refused(changed(data, locator + 8, struct.pack("<Q", number)))
    extra = struct.pack("<HHQ", 1, 8, number)
    plain = zipped({"a.py": b"1"})
    first = central(plain)
    entry = plain[first:-22] + extra
    entry = changed(changed(entry, 30, struct.pack("<H", len(extra))), 42, b"\xff" * 4)
    made = plain[:first] + entry + changed(plain[-22:], 12, struct.pack("<2L", len(entry), first))
    assert refused(made)


def test_counts_that_lie() -> None:
    data = zipped(TWO)
    end = len(data) - 22
    assert "several disks" in refused(changed(data, end + 8, b"\1\0"))
    assert "more than it declares" in refused(changed(data, end + 8, b"\1\0\1\0"))
    assert refused(changed(data, end + 8, b"\3\0\3\0"))
    assert "60000 members" in refused(changed(data, end + 8, struct.pack("<2H", 60000, 60000)))


@pytest.mark.parametrize("form", ["deflated", "data descriptors", "zip64 directory", "comment"])
def test_cut_off_at_every_byte(form: str) -> None:
    contents = {"a.py": b"first = 1\n", "b.bin": NOISE[:20]}
    makers: dict[str, Callable[[], bytes]] = {
        "deflated": lambda: zipped(contents),
        "data descriptors": lambda: streamed(contents),
        "zip64 directory": lambda: with_zip64_directory(zipped(contents)),
        "comment": lambda: zipped(contents, comment=b"text"),
    }
    data = makers[form]()
    assert contents_of(data) == contents
    for length in range(len(data)):
        refused(data[:length])
