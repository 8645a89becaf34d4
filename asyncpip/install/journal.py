"""What a transaction writes down before it changes anything, as bytes, and what these say when they are read. Lean.

A CRC tells a journal that a power loss has torn. Paths are absolute, for scripts lie outside of site-packages; but a
target may have been copied or moved since, and then the copy is to be put right, not the original: see `moved_to`.
"""

from __future__ import annotations

import os
from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Below = tuple[str, list[str], list[str]]
    """A directory, and relative to it directories that will be made there (not by `begin`) and files that will appear.
    """

_MAGIC = b"asyncpip-journal-1 "
_ANY_MAGIC = b"asyncpip-journal-"
_HOME, _MOVED, _DIRECTORY, _FILE = "H", "M", "D", "F"
_BELOW, _DIRECTORIES, _FILES = "B", "d", "f"
"""A directory, and two entries of many lines: what lies below it. Joining 25.8k names is done in 1 ms, making as many
absolute paths and entries of them takes 20. No name holds a line end, for no manifest could."""


class JournalError(ValueError):
    """A journal that cannot be followed; the text says why."""


class Journal:
    """What a run was about to change."""

    __slots__ = ("directories", "files", "home", "moved")

    def __init__(
        self, home: str, moved: Sequence[str | None], directories: Sequence[str], files: Sequence[str]
    ) -> None:
        self.home = home
        """The directory that the journal was written for."""
        self.moved = moved
        """What was to be moved aside, in order; None for what this run has no business with."""
        self.directories = directories
        self.files = files

    @staticmethod
    def encode(
        home: str,
        *,
        moved: Sequence[str],
        directories: Sequence[str],
        files: Sequence[str],
        below: Sequence[Below],
    ) -> bytes:
        """Return the bytes that `decode` takes."""
        entries = [_HOME + home]
        entries += [f"{_MOVED}{path}" for path in moved]
        entries += [f"{_DIRECTORY}{path}" for path in directories]
        entries += [f"{_FILE}{path}" for path in files]
        for directory, directories_below, files_below in below:
            entries.append(_BELOW + directory)
            entries += (_DIRECTORIES + "\n".join(directories_below), _FILES + "\n".join(files_below))
        body = "\0".join(entries).encode("utf-8", "surrogateescape")
        return b"%s%08x\0" % (_MAGIC, crc32(body)) + body

    @classmethod
    def decode(cls, data: bytes) -> Journal:
        """Return what ``data`` says; raise `JournalError` where it is torn, or of another release's format."""
        head, _, body = data.partition(b"\0")
        if head != b"%s%08x" % (_MAGIC, crc32(body)):
            is_foreign = head.startswith(_ANY_MAGIC) and not head.startswith(_MAGIC)
            raise JournalError("it is of another release of asyncpip" if is_foreign else "it is damaged")
        entries = body.decode("utf-8", "surrogateescape").split("\0")
        return cls(
            next(entry[1:] for entry in entries if entry[:1] == _HOME),
            [entry[1:] for entry in entries if entry[:1] == _MOVED],
            [entry[1:] for entry in entries if entry[:1] == _DIRECTORY] + _listed_below(entries, _DIRECTORIES),
            [entry[1:] for entry in entries if entry[:1] == _FILE] + _listed_below(entries, _FILES),
        )

    def moved_to(self, home: str, boundary: str) -> Journal:
        """Return the journal for a copy at ``home``, without what then lies outside of the directory ``boundary``."""

        def changed(path: str) -> str | None:
            new = os.path.normpath(os.path.join(home, os.path.relpath(path, self.home)))
            return new if new.startswith(boundary.rstrip(os.sep) + os.sep) else None

        return Journal(
            home,
            [None if path is None else changed(path) for path in self.moved],
            [path for path in map(changed, self.directories) if path is not None],
            [path for path in map(changed, self.files) if path is not None],
        )


def _listed_below(entries: Sequence[str], kind: str) -> list[str]:
    """Return the paths, absolute, of the entries of many lines that are of ``kind``."""
    found: list[str] = []
    directory = ""
    for entry in entries:
        if entry[:1] == _BELOW:
            directory = entry[1:]
        elif entry[:1] == kind and len(entry) > 1:
            found += [os.path.join(directory, name) for name in entry[1:].split("\n")]
    return found
