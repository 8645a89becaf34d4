"""Where a wheel's files go: scheme key and path for each member, directory for each key, path of each file in RECORD.

The rules are those of the binary distribution format specification, "Installing a wheel", as pip 26.3 carries them out.
"""

from __future__ import annotations

import os

from asyncpip.errors import WheelFormatError
from asyncpip.install.scripts import is_generated_script
from asyncpip.install.wheel import is_data_member, normalised_names, refuse_unsafe_names, split_data_member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.core.target import SchemePaths
    from asyncpip.install.wheel import WheelLayout

ROOT = "root"
"""The key of all that is not in a ``.data`` directory: purelib or platlib, as the wheel says."""


class Group:
    """Members that go to one directory: archive names, and beside them their paths below it."""

    __slots__ = ("members", "paths")

    def __init__(self, members: list[str], paths: list[str]) -> None:
        self.members = members
        self.paths = paths


class Placement:
    """All files of a wheel, by scheme key, in the order in which pip writes them: a later file replaces an earlier one.

    Members under the key ``scripts`` that start with ``#!python`` have to be rewritten (`scripts.fix_shebang`).
    """

    __slots__ = ("groups", "skipped")

    def __init__(self, groups: dict[str, Group], skipped: tuple[str, ...]) -> None:
        self.groups = groups
        self.skipped = skipped
        """Scripts in the archive that would be overwritten by a wrapper, and are left out."""

    def members(self) -> list[str]:
        """Return the archive names of all files that are installed."""
        if len(self.groups) == 1:
            return self.groups[ROOT].members
        return [name for group in self.groups.values() for name in group.members]


def place_members(layout: WheelLayout, names: Sequence[str]) -> Placement:
    """Return the place of each file in ``names``; raise `WheelFormatError` for one that would leave its directory.

    Directories and RECORD, which is written anew, are left out. Signatures of RECORD (``RECORD.jws``, ``RECORD.p7s``)
    are installed like any other file: pip does, although they sign what RECORD was.
    """
    clean = normalised_names(names)
    refuse_unsafe_names(layout.filename, clean)
    record = layout.dist_info + "/RECORD"
    if clean is names and not layout.data_dir:
        files = [name for name in names if name[-1] != "/" and name != record]
        return Placement({ROOT: Group(files, files)}, ())

    groups = {ROOT: Group([], [])}
    scripts = Group([], [])
    skipped: list[str] = []
    wrappers = {name for name, _, _ in layout.console_scripts + layout.gui_scripts}
    for name, path in zip(names, clean, strict=True):
        if path[-1] == "/" or path == record:
            continue
        group, below = groups[ROOT], path
        if is_data_member(path):
            key, below = split_data_member(layout.filename, path)
            if key != "scripts":
                group = groups.setdefault(key, Group([], []))
            elif is_generated_script(below, wrappers):
                skipped.append(name)
                continue
            else:
                group = scripts
        group.members.append(name)
        group.paths.append(below)
    if scripts.members:
        groups["scripts"] = scripts
    return Placement(groups, tuple(skipped))


def destination(scheme: SchemePaths, key: str, *, root_is_purelib: bool, project: str) -> str:
    """Return the directory that ``key`` stands for; headers lie below one named ``project``."""
    if key == ROOT:
        return scheme.purelib if root_is_purelib else scheme.platlib
    if key == "headers":
        if project in ("", ".", "..") or any(sign in project for sign in ("/", "\\", "\0")):
            raise WheelFormatError(f"{project!r} cannot be the name of a directory for headers")
        return os.path.join(scheme.headers, project)
    paths: dict[str, str] = {
        "purelib": scheme.purelib,
        "platlib": scheme.platlib,
        "scripts": scheme.scripts,
        "data": scheme.data,
    }
    return paths[key]


def record_prefix(directory: str, root: str) -> str:
    """Return what stands before the name of a file of ``directory`` in a RECORD below ``root``; ends with ``/``.

    Empty for ``root`` itself; ``../../../bin/``; the absolute path where both lie on different drives.
    """
    if directory == root:
        return ""
    # On Windows there is no relative path from one drive to another.
    if os.path.splitdrive(directory)[0].lower() == os.path.splitdrive(root)[0].lower():
        directory = os.path.relpath(directory, root)
    directory = directory.replace(os.sep, "/")
    return "" if directory == "." else directory.rstrip("/") + "/"
