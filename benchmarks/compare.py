"""Do two environments hold the same files? What differs between installers by design is left out or levelled."""

from __future__ import annotations

import csv
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

_OWN_NAMES = frozenset(
    {"INSTALLER", "REQUESTED", "uv_cache.json", "direct_url.json", ".lock", "pyvenv.cfg", ".gitignore", "CACHEDIR.TAG"}
)
"""Files that say who installed, or belong to the environment rather than to a distribution."""
_SCRIPT_FOLDERS = ("bin", "Scripts")


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One path that is not the same on both sides."""

    path: str
    what: str

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"{self.path}: {self.what}"


def read_environment(root: Path) -> dict[str, str]:
    """Return what each installed file below ``root`` is, by path: a digest, or for RECORD its rows.

    Scripts in `bin` count by name and mode only, since each installer writes wrappers of its own; so do links.
    """
    files: dict[str, str] = {}
    for folder, directories, names in os.walk(root):
        directories[:] = [name for name in directories if name != "__pycache__"]
        for name in names:
            if name in _OWN_NAMES or name.endswith((".pyc", ".pyo")):
                continue
            path = Path(folder, name)
            files[path.relative_to(root).as_posix()] = _describe(path, path.relative_to(root))
    return files


def compare(first: dict[str, str], second: dict[str, str]) -> list[Difference]:
    """Return the paths at which two environments differ, sorted."""
    return sorted(
        Difference(path, "only in the second" if path not in first else "only in the first")
        if path not in first or path not in second
        else Difference(path, "not the same content or mode")
        for path in first.keys() | second.keys()
        if first.get(path) != second.get(path)
    )


def record_rows(text: str) -> list[str]:
    """Return the rows of a RECORD that installers agree about, sorted: path, hash, size.

    Scripts keep their path alone; rows of compiled files and of who installed are left out.
    """
    rows = []
    for row in csv.reader(text.splitlines()):
        path, digest, size = (*row, "", "")[:3]
        parts = path.split("/")
        if not path or path.endswith((".pyc", ".pyo")) or parts[-1] in _OWN_NAMES or parts[-1] == "RECORD":
            continue
        if parts[0] == ".." and set(parts) & set(_SCRIPT_FOLDERS):
            digest = size = ""
        rows.append(f"{path},{digest},{size}")
    return sorted(rows)


def _describe(path: Path, relative: Path) -> str:
    information = path.lstat()
    if stat.S_ISLNK(information.st_mode):
        return "link"
    executable = "x" if information.st_mode & stat.S_IXUSR else "-"
    if relative.parts[0] in _SCRIPT_FOLDERS:
        return f"script {executable}"
    if path.name == "RECORD":
        return "\n".join(record_rows(path.read_text("utf-8")))
    with path.open("rb") as file:
        return f"{executable} {hashlib.file_digest(file, 'sha256').hexdigest()}"
