"""What is installed: names by directory listing alone, and a text that changes with all that matters. Lean."""

from __future__ import annotations

import os
from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD_BYTES = 32768
"""More than the header block of nearly every METADATA; what follows it, a README, is rarely wanted."""
_SUFFIXES = (".dist-info", ".egg-info", ".egg-link", ".egg")


def installed_entries(paths: Iterable[str]) -> list[str]:
    """Return directory and name of every dist-info and its like on ``paths``, sorted: the same list, the same set."""
    found: list[str] = []
    for path in paths:
        try:
            entries = os.listdir(path)
        except OSError:
            continue
        found += [f"{path}{os.sep}{entry}" for entry in entries if entry.endswith(_SUFFIXES)]
    found.sort()
    return found


def installed_names(paths: Iterable[str]) -> list[str]:
    """Return the normalised names of what is installed on ``paths``, each once, sorted."""
    names = set()
    for entry in installed_entries(paths):
        stem = os.path.splitext(os.path.basename(entry))[0]
        raw = stem if entry.endswith(".egg-link") else stem.partition("-")[0]
        if raw and raw[0] != "~":  # what a broken uninstall left
            names.add("-".join(filter(None, raw.lower().replace("_", "-").replace(".", "-").split("-"))))
    return sorted(names)


def installed_state(entries: Iterable[str]) -> str:
    """Return a text that changes with what is installed at ``entries``, and with what its metadata says.

    CRC-32, for nobody deceives himself: 20 us a distribution.
    """
    return "\n".join(f"{os.path.basename(entry)} {_stamp(entry)}" for entry in entries)


def read_head(path: str) -> bytes | None:
    """Return a metadata file up to the end of its header block, or a little more; None where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        data = chunk = os.read(descriptor, _HEAD_BYTES)
        while chunk and len(data) >= _HEAD_BYTES and b"\n\n" not in data and b"\n\r\n" not in data:
            chunk = os.read(descriptor, _HEAD_BYTES)
            data += chunk
    except OSError:  # a directory
        return None
    finally:
        os.close(descriptor)
    return data


def _stamp(entry: str) -> str:
    if entry.endswith(".dist-info"):
        metadata, direct_url = read_head(f"{entry}{os.sep}METADATA"), read_head(f"{entry}{os.sep}direct_url.json")
        return _checksum(metadata and metadata.partition(b"\n\n")[0]) + _checksum(direct_url)
    alone = read_head(entry)  # an egg-link, or the egg-info of distutils
    if alone is not None:
        return _checksum(alone)
    return "".join(_checksum(read_head(f"{entry}{os.sep}{name}")) for name in ("PKG-INFO", "requires.txt"))


def _checksum(data: bytes | None) -> str:
    return "-" if data is None else f"{crc32(data):08x}"
