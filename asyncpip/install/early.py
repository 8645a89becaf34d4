"""Large members of a wheel, inflated while the archive still arrives.

What is written here counts for nothing yet: it lies in a staging directory under names of its own, and the unpacker
takes a file over where the central directory, read when all is there and the digest holds, says the same of it. Only
members whose local header tells their sizes are begun; everything else is left to the unpacker, which also has the
words for what is wrong with an archive. Blocks; for a thread.
"""

from __future__ import annotations

import os
from contextlib import suppress

from asyncpip.core.unpacking import EarlyMember, early_path
from asyncpip.install.archive import (
    CHUNK_BYTES,
    DEFLATED,
    ENCRYPTED,
    FULL_32,
    LOCAL_HEADER,
    LOCAL_SIGNATURE,
    MAX_DEFLATE_RATIO,
    SIZES_BEHIND_DATA,
    STORED,
    UNPACKED_ALWAYS_BYTES,
    crc32,
    write_all,
)
from asyncpip.install.inflating import InflateError, Inflater

_FROM_BYTES = 1024 * 1024
"""Smaller members are written by the unpacker: libdeflate is twice as fast with them, and they take little time."""
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class ArrivingWheel:
    """Takes an archive's bytes in order."""

    def __init__(self, staging: str) -> None:
        """Large members go to the directory ``staging``."""
        self._staging = staging
        self._members: list[EarlyMember] = []
        self._member: _Member | None = None
        self.restart()

    def restart(self) -> None:
        """Forget what came: the archive begins again."""
        self._give_up()
        for member in self._members:
            with suppress(FileNotFoundError):  # the unpacker has taken it
                os.unlink(early_path(self._staging, member.start))
        self._members = []
        self._at = 0
        """Where in the archive the next byte lies."""
        self._head = bytearray()
        """A local header that has come in part."""
        self._skip_bytes = 0
        self._is_walking = True

    def feed(self, data: memoryview) -> None:
        """Take the next bytes; raises `OSError` where they cannot be written."""
        while data and self._is_walking:
            if self._skip_bytes:
                count = min(self._skip_bytes, len(data))
                self._skip_bytes -= count
            elif self._member is not None:
                count = min(self._member.left_bytes, len(data))
                self._continue(self._member, data[:count])
            else:
                count = self._take_head(data)
            self._at += count
            data = data[count:]

    def finish(self) -> list[EarlyMember]:
        """Return the members that are whole."""
        self._give_up()
        return self._members

    def _take_head(self, data: memoryview) -> int:
        """Take what is wanted of a local header from ``data``; return how much that is."""
        wanted = LOCAL_HEADER.size - len(self._head)
        if wanted > 0:
            self._head += data[:wanted]
            if len(self._head) < LOCAL_HEADER.size:
                return min(wanted, len(data))
            taken = wanted
        else:
            taken = 0
        signature, _, flags, method, _, _, crc, packed, full, name_len, extra_len = LOCAL_HEADER.unpack(self._head)
        self._head.clear()
        start = self._at + taken + name_len + extra_len
        if signature != LOCAL_SIGNATURE or flags & (ENCRYPTED | SIZES_BEHIND_DATA) or FULL_32 in (packed, full):
            self._is_walking = False  # the directory, something rare, or nothing that is a zip archive
            return len(data)
        self._skip_bytes = name_len + extra_len
        is_sound = (method == STORED and packed == full) or (
            method == DEFLATED and full <= min(packed * MAX_DEFLATE_RATIO + 64, UNPACKED_ALWAYS_BYTES)
        )
        if full >= _FROM_BYTES and is_sound:
            self._member = _Member(self._staging, EarlyMember(start, method, crc, packed, full))
        else:
            self._skip_bytes += packed
        return taken

    def _continue(self, member: _Member, data: memoryview) -> None:
        try:
            member.write(data)
        except InflateError:
            self._give_up()
            return
        except OSError:
            self._give_up()
            raise
        if not member.left_bytes:
            self._member = None
            if member.finish():
                self._members.append(member.declared)

    def _give_up(self) -> None:
        """Go no further, and leave nothing of a member that is not whole."""
        self._is_walking = False
        if self._member is not None:
            self._member.drop()
            self._member = None


class _Member:
    """One member being written."""

    __slots__ = ("_crc", "_descriptor", "_inflater", "_path", "_written_bytes", "declared", "left_bytes")

    def __init__(self, staging: str, declared: EarlyMember) -> None:
        self.declared = declared
        self.left_bytes = declared.packed_bytes
        self._path = early_path(staging, declared.start)
        self._descriptor = os.open(self._path, _FLAGS, 0o666)
        self._inflater = Inflater() if declared.method == DEFLATED else None
        self._crc = self._written_bytes = 0

    def write(self, data: memoryview) -> None:
        """Write what ``data``, the member's next bytes, expand to.

        Raises `InflateError` where that is not possible, `OSError`.
        """
        self.left_bytes -= len(data)
        for piece in (data,) if self._inflater is None else self._inflater.pieces(data, CHUNK_BYTES):
            self._written_bytes += len(piece)
            if self._written_bytes > self.declared.size_bytes:
                raise InflateError("more than was declared")
            self._crc = crc32(piece, self._crc)
            write_all(self._descriptor, piece)

    def finish(self) -> bool:
        """Close the file; return whether it is what was declared, and remove it where it is not."""
        is_whole = (self._written_bytes, self._crc) == (self.declared.size_bytes, self.declared.crc) and (
            self._inflater is None or self._inflater.is_at_end
        )
        if is_whole:
            os.close(self._descriptor)
        else:
            self.drop()
        return is_whole

    def drop(self) -> None:
        """Close and remove the file."""
        os.close(self._descriptor)
        os.unlink(self._path)
