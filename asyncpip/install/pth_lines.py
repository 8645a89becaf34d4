"""Lines of shared `.pth` files that go with a distribution: what setuptools once added. Lean."""

from __future__ import annotations

import os

from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def without_lines(dropped: Iterable[tuple[str, str]]) -> dict[str, bytes]:
    """Return path and new content of the files that lose lines (``dropped``: path and line); several may share one."""
    rewritten: dict[str, bytes] = {}
    for path, line in dropped:
        content = rewritten[path] if path in rewritten else read_file(path) or b""
        rewritten[path] = without_pth_entry(content, line)
    return rewritten


def without_pth_entry(data: bytes, entry: str) -> bytes:
    """Return the content of a `.pth` file without its first line ``entry``; line ends stay as they are."""
    lines = data.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.rstrip(b"\r\n") == os.fsencode(entry):
            return b"".join(lines[:index] + lines[index + 1 :])
    return data
