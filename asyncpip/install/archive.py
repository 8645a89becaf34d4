"""Reads the zip archive of a wheel, strictly (APPNOTE.TXT 6.3.10; binary distribution format).

`zipfile` believes much and tells little: this reader checks the central directory against every local header, refuses
overlapping members, data before or after the archive, encryption, and sizes that deflate cannot produce, and hands the
members out as plain tuples. 26k members of 171 wheels take 60 ms here, 260 ms there. Lean: it is imported by workers.
"""

from __future__ import annotations

import os
from struct import Struct
from struct import error as struct_error
from zlib import crc32 as zlib_crc32
from zlib import decompressobj
from zlib import error as zlib_error

from asyncpip.errors import WheelFormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap

    Buffer = bytes | mmap | memoryview

    Member = tuple[str, int, int, int, int, int, bool]
    """name, method, CRC-32, compressed size, size, offset of the data, whether any execute bit is set."""

try:
    from deflate import DeflateError, deflate_decompress
    from deflate import crc32 as deflate_crc32

    _HAVE_LIBDEFLATE = True
    crc32: Callable[..., int] = deflate_crc32  # a tenth of the time that zlib takes
except ImportError:  # no wheel of libdeflate for this platform: half the speed, same result
    _HAVE_LIBDEFLATE = False
    crc32 = zlib_crc32

STORED, DEFLATED, _BZIP2, _LZMA = 0, 8, 12, 14
ONE_SHOT_LIMIT_BYTES = 48 * 1024 * 1024
"""Members up to this size are inflated in one call; larger ones in pieces, so that memory stays bounded."""
CHUNK_BYTES = 512 * 1024
"""Pieces stay in the processor's cache, and the C library keeps their memory: pieces of 4 MiB took 0.1 s a GB more."""
MAX_DEFLATE_RATIO = 1032
"""Deflate's own limit: 258 bytes from 2 bits; a header that promises more lies."""
MAX_UNPACKED_RATIO = 100
UNPACKED_ALWAYS_BYTES = 1024 * 1024 * 1024
"""An archive may unpack to this much whatever its own size is, and to a hundred times its size; what declares more is a
bomb. Real wheels unpack to 2 to 20 times their size."""
TEXT_LIMIT_BYTES = 64 * 1024 * 1024
"""What dist-info files that are held in memory may have; RECORD of the largest wheels has some 2 MB."""
MAX_MEMBERS = 400_000
"""A wheel with more is an attack or a mistake; the largest on PyPI have some ten thousand."""

_EOCD = Struct("<4s4H2LH")
_EOCD64_LOCATOR = Struct("<4sLQL")
_EOCD64 = Struct("<4sQ2H2L4Q")
_EOCD64_HEAD_BYTES = 12
"""What the record's own length leaves out: its signature and that length."""
_CENTRAL = Struct("<4s6H3L5H2L")
LOCAL_SIGNATURE = b"PK\x03\x04"
LOCAL_HEADER = Struct("<4s5H3L2H")
_FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
ENCRYPTED, SIZES_BEHIND_DATA, _UTF8 = 0x1, 0x8, 0x800
_REGULAR_FILE = 0o100000
_TYPE_MASK = 0o170000


class ArchiveReader:
    """The members of one archive in memory (bytes or a memory map). Raises `WheelFormatError` with the wheel's name."""

    __slots__ = ("data", "filename", "members")

    def __init__(self, data: Buffer, filename: str) -> None:
        self.data = data
        self.filename = filename
        try:
            self.members: list[Member] = self._read_directory()
        except (struct_error, IndexError, OverflowError) as error:
            raise self.broken("its zip directory is damaged") from error

    def broken(self, why: str) -> WheelFormatError:
        """Return the error for this archive."""
        return WheelFormatError(f"{self.filename} is not a valid wheel", why=why)

    def read(self, member: Member) -> bytes | bytearray | memoryview:
        """Return the content of ``member``, size and CRC checked."""
        name, method, crc, packed, size, start, _ = member
        raw = memoryview(self.data)[start : start + packed]
        if method == STORED:
            content: bytes | bytearray | memoryview = raw
        elif method == DEFLATED:
            content = self._inflate(raw, size, name)
        else:
            content = b"".join(self._other_pieces(member))
        if len(content) != size or crc32(content) != crc:
            raise self.broken(f"member `{name}` is damaged (size or CRC-32 differs)")
        return content

    def check(self, member: Member) -> None:
        """Read ``member`` for nothing but the error that this may lead to."""
        if member[4] <= ONE_SHOT_LIMIT_BYTES:
            self.read(member)
        else:
            for _ in self.read_chunks(member):
                continue

    def read_text(self, member: Member) -> bytes:
        """Return the content of a file of the dist-info directory, which nobody needs to be huge."""
        if member[4] > TEXT_LIMIT_BYTES:
            raise self.broken(f"member `{member[0]}` declares {member[4]} bytes, more than such a file may have")
        return bytes(self.read(member))

    def read_chunks(self, member: Member) -> Iterator[bytes]:
        """Yield the content of a large ``member`` in pieces; size and CRC are checked at the end."""
        from asyncpip.install.inflating import InflateError, Inflater  # noqa: PLC0415 - few archives have such members

        name, method, crc, _, size, _, _ = member
        raw = self._raw(member)
        seen_crc = seen_size = 0
        if method == STORED:
            pieces = _slices(raw)
        elif method == DEFLATED:
            pieces = Inflater().pieces(raw, CHUNK_BYTES)
        else:
            pieces = self._other_pieces(member)
        try:
            for piece in pieces:
                seen_size += len(piece)
                if seen_size > size:
                    break
                seen_crc = crc32(piece, seen_crc)
                yield piece
        except InflateError as error:
            raise self.broken(f"member `{name}` is damaged ({error})") from error
        if seen_size != size or seen_crc != crc:
            raise self.broken(f"member `{name}` is damaged (size or CRC-32 differs)")

    def _read_directory(self) -> list[Member]:
        data = self.data
        end, count, size, offset = self._find_directory()
        if offset + size != end:
            raise self.broken("there is data before or inside the zip archive that does not belong to it")
        if count > MAX_MEMBERS or count * _CENTRAL.size > size:
            raise self.broken(f"it declares {count} members")
        members: list[Member] = []
        extents: list[tuple[int, int]] = []
        at = offset
        unpack = _CENTRAL.unpack_from
        header = _CENTRAL.size
        for _ in range(count):
            (signature, _, _, flags, method, _, _, crc, packed, full, name_len, extra_len, comment_len, disk, _,
             external, local) = unpack(data, at)  # fmt: skip
            if signature != b"PK\x01\x02" or flags & ENCRYPTED or disk not in (0, _FULL_16):
                raise self.broken("its zip directory is damaged, encrypted or split over several disks")
            raw_name = bytes(data[at + header : at + header + name_len])
            if FULL_32 in (packed, full, local):
                extra = bytes(data[at + header + name_len : at + header + name_len + extra_len])
                full, packed, local = self._zip64_sizes(extra, full, packed, local)
            at += header + name_len + extra_len + comment_len
            name = self._decode_name(raw_name, flags)
            start = self._check_local_header(raw_name, method, crc, packed, full, local, flags)
            extents.append((local, start + packed))
            if method != DEFLATED or full > packed * MAX_DEFLATE_RATIO + 64:
                self._check_method(name, method, packed, full)
            mode = external >> 16
            executable = bool(mode & 0o111) and mode & _TYPE_MASK == _REGULAR_FILE
            members.append((name, method, crc, packed, full, start, executable))
        if at != end:
            raise self.broken("its zip directory holds more than it declares")
        self._check_extents(extents, offset)
        total = sum([member[4] for member in members])
        if total > max(UNPACKED_ALWAYS_BYTES, MAX_UNPACKED_RATIO * len(data)):
            raise self.broken(f"it declares {total} bytes of content in an archive of {len(data)} bytes")
        return members

    def _check_method(self, name: str, method: int, packed: int, full: int) -> None:
        """Refuse a member whose data cannot be what it declares."""
        if method == STORED and full != packed:
            raise self.broken(f"member `{name}` is stored, but declares {full} bytes from {packed}")
        if method == DEFLATED:
            raise self.broken(f"member `{name}` declares {full} bytes from {packed}, more than deflate can hold")
        if method not in (STORED, _BZIP2, _LZMA):
            raise self.broken(f"member `{name}` is compressed by a method that wheels do not use ({method})")

    def _find_directory(self) -> tuple[int, int, int, int]:
        """Return where the central directory ends, its number of entries, its size and its offset."""
        data = self.data
        length = len(data)
        at = length - _EOCD.size
        if at < 0:
            raise self.broken("it is not a zip archive")
        if data[at : at + 4] != b"PK\x05\x06":
            window = bytes(data[max(0, length - _EOCD.size - _FULL_16) : length])
            found = window.rfind(b"PK\x05\x06")
            if found < 0:
                raise self.broken("it is not a zip archive, or it is cut off")
            at = length - len(window) + found
        _, disk, start_disk, here, count, size, offset, comment_len = _EOCD.unpack_from(data, at)
        if at + _EOCD.size + comment_len != length:
            raise self.broken("there is data behind the end of the zip archive")
        end = at
        if count == _FULL_16 or FULL_32 in (size, offset):
            locator = at - _EOCD64_LOCATOR.size
            if locator >= 0 and data[locator : locator + 4] == b"PK\x06\x07":
                _, _, end, _ = _EOCD64_LOCATOR.unpack_from(data, locator)
                signature, length64, _, _, disk, start_disk, here, count, size, offset = _EOCD64.unpack_from(data, end)
                if signature != b"PK\x06\x06" or end + _EOCD64_HEAD_BYTES + length64 != locator:
                    raise self.broken("its zip64 directory is damaged")
        if disk or start_disk or here != count:
            raise self.broken("it is split over several disks")
        return end, count, size, offset

    def _zip64_sizes(self, extra: bytes, full: int, packed: int, local: int) -> tuple[int, int, int]:
        at = 0
        while at + 4 <= len(extra):
            kind = int.from_bytes(extra[at : at + 2], "little")
            length = int.from_bytes(extra[at + 2 : at + 4], "little")
            if kind == 1:
                values = [
                    int.from_bytes(extra[place : place + 8], "little") for place in range(at + 4, at + 4 + length, 8)
                ]
                if full == FULL_32:
                    full = values.pop(0)
                if packed == FULL_32:
                    packed = values.pop(0)
                if local == FULL_32:
                    local = values.pop(0)
                return full, packed, local
            at += 4 + length
        raise self.broken("its zip64 sizes are missing")

    def _decode_name(self, raw: bytes, flags: int) -> str:
        try:
            return raw.decode("utf-8" if flags & _UTF8 else "ascii")
        except UnicodeDecodeError:
            pass
        if flags & _UTF8:
            raise self.broken(f"the member name {raw!r} is not UTF-8")
        return raw.decode("cp437")

    def _check_local_header(
        self, raw_name: bytes, method: int, crc: int, packed: int, full: int, local: int, flags: int
    ) -> int:
        """Return where the member's data begins, after comparing its local header with the directory."""
        data = self.data
        signature, _, local_flags, local_method, _, _, local_crc, local_packed, local_full, name_len, extra_len = (
            LOCAL_HEADER.unpack_from(data, local)
        )
        start = local + LOCAL_HEADER.size
        if (
            signature != LOCAL_SIGNATURE
            or local_method != method
            or name_len != len(raw_name)
            or data[start : start + name_len] != raw_name
            or (local_flags ^ flags) & (ENCRYPTED | SIZES_BEHIND_DATA)
        ):
            raise self.broken(f"the two zip headers of member {raw_name!r} disagree")
        content: int = start + name_len + extra_len
        if not local_flags & SIZES_BEHIND_DATA:  # else sizes and CRC-32 stand behind the data
            if FULL_32 in (local_packed, local_full):
                extra = bytes(data[start + name_len : content])
                local_full, local_packed, _ = self._zip64_sizes(extra, local_full, local_packed, 0)
            if local_crc != crc or local_packed != packed or local_full != full:
                raise self.broken(f"the two zip headers of member {raw_name!r} disagree about its size or CRC-32")
        return content

    def _check_extents(self, extents: list[tuple[int, int]], directory: int) -> None:
        """Refuse members that share bytes: that is how a small archive unpacks to petabytes."""
        extents.sort()
        if extents and extents[0][0]:
            raise self.broken("there is data before the zip archive")
        at = 0
        for start, end in extents:
            if start < at:
                raise self.broken("its members overlap")
            at = end
        if at > directory:
            raise self.broken("a member reaches into the zip directory")

    def _raw(self, member: Member) -> memoryview:
        start = member[5]
        raw = memoryview(self.data)[start : start + member[3]]
        if len(raw) != member[3]:
            raise self.broken(f"member `{member[0]}` reaches beyond the end of the archive")
        return raw

    def _inflate(self, raw: memoryview, size: int, name: str) -> bytes | bytearray:
        try:
            if _HAVE_LIBDEFLATE:
                return deflate_decompress(raw, size) if size else b""
            return decompressobj(-15).decompress(raw, size + 1)
        except (zlib_error, ValueError) as error:
            raise self.broken(f"member `{name}` is damaged ({error})") from error
        except Exception as error:
            if _HAVE_LIBDEFLATE and isinstance(error, DeflateError):
                raise self.broken(f"member `{name}` is damaged ({error})") from error
            raise

    def _other_pieces(self, member: Member) -> Iterator[bytes]:
        """Yield the content of a member compressed as no known builder does it, but pip reads it (bzip2, LZMA)."""
        from asyncpip.install.rare_methods import expanded_pieces  # noqa: PLC0415 - loads bz2, lzma; rare

        name, method, _, _, size, _, _ = member
        seen = 0
        try:
            for piece in expanded_pieces(self._raw(member), is_lzma=method == _LZMA, chunk_bytes=CHUNK_BYTES):
                seen += len(piece)
                yield piece
                if seen > size:
                    return  # whoever asked sees that this is too much
        except Exception as error:  # both have their own errors for damaged data, without a common base
            raise self.broken(f"member `{name}` cannot be decompressed ({error})") from error


def _slices(raw: memoryview) -> Iterator[bytes]:
    for at in range(0, len(raw), CHUNK_BYTES):
        yield bytes(raw[at : at + CHUNK_BYTES])


def write_all(descriptor: int, content: bytes | bytearray | memoryview) -> None:
    """Write ``content`` whole; a regular file takes it in one call except beyond 2 GiB."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
