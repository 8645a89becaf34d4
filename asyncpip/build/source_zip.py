"""A checked-out source tree as one archive, as an sdist is one: the same tree gives the same bytes.

What version control keeps beside the tree stays out: it is different in each checkout, and may name a password. The
backend finds the version that it would read there in PKG-INFO.
"""

from __future__ import annotations

import os
import stat
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_LEFT_OUT = frozenset((".git", ".hg", ".svn", ".bzr", "__pycache__"))
_MADE_BY_BACKENDS = ".egg-info"
"""What asking a backend for metadata leaves in the tree."""
_METADATA = "PKG-INFO"
_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can say."""
_FILE_MODE, _EXECUTABLE_MODE, _LINK_MODE = 0o100644, 0o100755, stat.S_IFLNK | 0o777


def zip_tree(tree: str, root: str, metadata: bytes, out: BinaryIO) -> None:
    """Write the files below ``tree`` to ``out``, below the folder ``root``, with ``metadata`` as PKG-INFO. Blocks."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        names = sorted(_files_below(tree))
        for name in names:
            path = os.path.join(tree, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                archive.writestr(_entry(f"{root}/{name}", _LINK_MODE), os.readlink(path))
            elif stat.S_ISREG(status.st_mode):
                mode = _EXECUTABLE_MODE if status.st_mode & 0o111 else _FILE_MODE
                with open(path, "rb") as reading:
                    archive.writestr(_entry(f"{root}/{name}", mode), reading.read())
        if _METADATA not in names:
            archive.writestr(_entry(f"{root}/{_METADATA}", _FILE_MODE), metadata)


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix: modes count
    entry.external_attr = mode << 16
    return entry


def _files_below(tree: str) -> Iterator[str]:
    for base, directories, files in os.walk(tree):
        directories[:] = [
            name for name in directories if name not in _LEFT_OUT and not name.endswith(_MADE_BY_BACKENDS)
        ]
        links = [name for name in directories if os.path.islink(os.path.join(base, name))]
        for name in (*files, *links):
            if name not in _LEFT_OUT:  # a submodule's `.git` is a file
                yield os.path.relpath(os.path.join(base, name), tree).replace(os.sep, "/")
