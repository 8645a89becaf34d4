"""One wheel archive into a tree of the store: checked, inflated, written flat, described by a manifest. Lean.

Runs in a worker thread: inflating, hashing and writing release the GIL. Per member there is one open, one write and one
close and nothing else; names only ever become text in the manifest.
"""

from __future__ import annotations

import os

from asyncpip.core.unpacking import early_path
from asyncpip.install.archive import ONE_SHOT_LIMIT_BYTES, ArchiveReader, write_all
from asyncpip.install.manifest import Manifest
from asyncpip.install.record import row_line, unclaimed_rows
from asyncpip.install.scheme import ROOT, place_members
from asyncpip.install.wheel import read_layout
from asyncpip.store.layout import MANIFEST_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asyncpip.core.unpacking import EarlyMember
    from asyncpip.install.archive import Buffer, Member
    from asyncpip.install.record import Row
    from asyncpip.install.wheel import WheelLayout

_WRITTEN_BY_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json")
"""Files of dist-info that tell of the installation, not of the wheel; some wheels were zipped with them."""
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_HAVE_DIR_FD = os.open in os.supports_dir_fd
_SHEBANG_MARK = b"#!python"


class UnpackCancelledError(Exception):
    """The run is being given up; what was written so far is to be removed."""


def unpack_wheel(
    data: Buffer,
    *,
    filename: str,
    digest: str,
    staging: str,
    umask: int,
    cancelled: Callable[[], bool],
    on_layout: Callable[[WheelLayout], object] = lambda _: None,
    early: Sequence[EarlyMember] = (),
) -> Manifest:
    """Unpack a wheel into the directory ``staging``; return its manifest, which is written there last.

    ``on_layout`` is given what the wheel says of itself. ``early``: members that are there already (`_take_early`).
    Raises `WheelFormatError` for what is no acceptable wheel, `OSError`, and `UnpackCancelledError` where
    ``cancelled()`` becomes true between two members.
    """
    archive = ArchiveReader(data, filename)
    by_name = {member[0]: member for member in archive.members}
    layout = read_layout(
        filename, [member[0] for member in archive.members], lambda name: archive.read_text(by_name[name])
    )
    on_layout(layout)
    placement = place_members(layout, [member[0] for member in archive.members])
    root = placement.groups.pop(ROOT)
    replaced = {f"{layout.dist_info}/{name}" for name in _WRITTEN_BY_INSTALLERS}
    root_pairs = [pair for pair in zip(root.members, root.paths, strict=True) if pair[1] not in replaced]
    others = [
        (key, name, path)
        for key, group in placement.groups.items()
        for name, path in zip(group.members, group.paths, strict=True)
    ]

    members = [by_name[name] for name, _ in root_pairs] + [by_name[name] for _, name, _ in others]
    written = _take_early(members, early, staging, umask)
    heads = _write_members(archive, members, staging, umask, cancelled, inspect_from=len(root_pairs), written=written)

    rows = {row[0]: row for row in layout.record_rows}
    root_rows = [_row(rows, name, path) for name, path in root_pairs]
    claimed = {name for name, _ in root_pairs} | {name for _, name, _ in others} | set(placement.skipped) | replaced
    root_rows += unclaimed_rows(layout.record_rows, claimed, record=f"{layout.dist_info}/RECORD")
    root_rows.sort()
    manifest = Manifest(
        filename=filename,
        digest=digest,
        project=layout.project,
        version=layout.version,
        dist_info=layout.dist_info,
        root_is_purelib=layout.root_is_purelib,
        console_scripts=list(layout.console_scripts),
        gui_scripts=list(layout.gui_scripts),
        root_directories=_directories([path for _, path in root_pairs]),
        root_paths=[path for _, path in root_pairs],
        root_rows=[row_line(row) for row in root_rows],
        other_files=[
            (key, path, ",".join(_row(rows, name, path)[1:]), key == "scripts" and head.startswith(_SHEBANG_MARK))
            for (key, name, path), head in zip(others, heads, strict=True)
        ],
        sizes=[member[4] for member in members],
        warnings=list(layout.warnings),
    )
    try:
        encoded = manifest.encode()
    except ValueError as error:
        raise archive.broken(str(error)) from error
    _write_manifest(encoded, staging)
    return manifest


def _write_manifest(encoded: bytes, staging: str) -> None:
    descriptor = os.open(os.path.join(staging, MANIFEST_NAME), _FLAGS, 0o666)
    try:
        write_all(descriptor, encoded)
    finally:
        os.close(descriptor)


def _write_members(
    archive: ArchiveReader,
    members: list[Member],
    staging: str,
    umask: int,
    cancelled: Callable[[], bool],
    *,
    inspect_from: int,
    written: Mapping[int, bytes],
) -> list[bytes]:
    """Write ``members`` as files 0, 1, …; return the first bytes of those from ``inspect_from`` on.

    ``written`` has the first bytes of those that are there already.
    """
    heads: list[bytes] = []
    directory = os.open(staging, os.O_RDONLY) if _HAVE_DIR_FD else None
    prefix = "" if _HAVE_DIR_FD else staging + os.sep
    masks_execution = bool(umask & 0o111)
    read, opened, write, close = archive.read, os.open, os.write, os.close
    try:
        for index, member in enumerate(members):
            if cancelled():
                raise UnpackCancelledError
            if index in written:
                if index >= inspect_from:
                    heads.append(written[index])
                continue
            mode = 0o777 if member[6] else 0o666
            if member[4] <= ONE_SHOT_LIMIT_BYTES:
                content = read(member)
                descriptor = opened(f"{prefix}{index}", _FLAGS, mode, dir_fd=directory)
                try:
                    if content and write(descriptor, content) != len(content):
                        os.lseek(descriptor, 0, os.SEEK_SET)
                        write_all(descriptor, content)
                finally:
                    close(descriptor)
                head = bytes(content[: len(_SHEBANG_MARK)]) if index >= inspect_from else b""
            else:
                head = _write_large(archive, member, f"{prefix}{index}", mode, directory, cancelled)
            if member[6] and masks_execution:  # execute bits do not depend on the umask (pip)
                os.chmod(f"{staging}{os.sep}{index}", (0o777 & ~umask) | 0o111)  # noqa: S103 - the wheel's own bits
            if index >= inspect_from:
                heads.append(head)
    finally:
        if directory is not None:
            os.close(directory)
    return heads


def _take_early(members: list[Member], early: Sequence[EarlyMember], staging: str, umask: int) -> dict[int, bytes]:
    """Give the files that were inflated as the archive arrived their places; return their first bytes, by member.

    Those that the archive's directory does not describe in the same way are removed.
    """
    taken: dict[int, bytes] = {}
    by_start = {member[5]: index for index, member in enumerate(members)} if early else {}
    for each in early:
        path = early_path(staging, each.start)
        index = by_start.get(each.start)
        described = None if index is None else members[index]
        if index is None or described is None or described[1:5] != (
            each.method, each.crc, each.packed_bytes, each.size_bytes
        ):  # fmt: skip
            os.unlink(path)
            continue
        with open(path, "rb") as reading:
            taken[index] = reading.read(len(_SHEBANG_MARK))
        if described[6]:
            os.chmod(path, (0o777 & ~umask) | 0o111)  # noqa: S103 - the wheel's own bits
        os.rename(path, os.path.join(staging, str(index)))
    return taken


def _write_large(
    archive: ArchiveReader, member: Member, path: str, mode: int, directory: int | None, cancelled: Callable[[], bool]
) -> bytes:
    head = b""
    descriptor = os.open(path, _FLAGS, mode, dir_fd=directory)
    try:
        for piece in archive.read_chunks(member):
            if cancelled():
                raise UnpackCancelledError
            head = head or piece[: len(_SHEBANG_MARK)]
            write_all(descriptor, piece)
    finally:
        os.close(descriptor)
    return head


def _row(rows: dict[str, Row], name: str, path: str) -> Row:
    """Return the wheel's own row for a member; a file that the wheel forgot has neither hash nor size."""
    row = rows.get(name)
    return (path, row[1], row[2]) if row else (path, "", "")


def _directories(paths: list[str]) -> list[str]:
    """Return all directories that ``paths`` lie in, parents before children."""
    found = {path.rpartition("/")[0] for path in paths}
    found.discard("")
    todo = list(found)
    while todo:
        parent = todo.pop().rpartition("/")[0]
        if parent and parent not in found:
            found.add(parent)
            todo.append(parent)
    return sorted(found)
