"""One wheel archive into a tree of the store: checked, inflated, written flat, described by a manifest. Lean.

Runs in a worker thread: inflating, hashing and writing release the GIL. Per member there is one open, one write and one
close and nothing else; names only ever become text in the manifest.
"""

from __future__ import annotations

import os

from asyncpip.core.unpacking import early_path
from asyncpip.install.archive import ArchiveReader, write_all
from asyncpip.install.manifest import Manifest
from asyncpip.install.member_files import CREATE, MemberFiles, allow_execution
from asyncpip.install.record import parse_record, row_line, unclaimed_rows
from asyncpip.install.scheme import ROOT, place_members
from asyncpip.install.wheel import read_layout
from asyncpip.store.layout import MANIFEST_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.core.unpacking import EarlyMember
    from asyncpip.install.archive import Buffer, Member
    from asyncpip.install.record import Row
    from asyncpip.install.wheel import WheelLayout

_WRITTEN_BY_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json")
"""Files of dist-info that tell of the installation, not of the wheel; some wheels were zipped with them."""
_SHEBANG_MARK = b"#!python"


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
    processes: int = 1,
) -> Manifest:
    """Unpack a wheel into the directory ``staging``; return its manifest, which is written there last.

    ``on_layout`` is given what the wheel says of itself. ``early``: members that are there already (`_take_early`).
    ``processes``: how many may write a wheel of much or many; more than one only where there is no other thread.
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
    rows: dict[str, Row] = {}
    root_lines: list[str] = []

    def read_record() -> None:
        claimed = {name for name, _ in root_pairs} | {name for _, name, _ in others} | set(placement.skipped) | replaced
        root_lines.extend(_read_record(layout, root_pairs, claimed, rows))

    writing = MemberFiles(archive, members, staging, umask, cancelled)
    writing.write(written, processes=processes, meanwhile=read_record)
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
        root_rows=root_lines,
        other_files=[
            (key, path, ",".join(_row(rows, name, path)[1:]), key == "scripts" and _is_python_script(staging, number))
            for number, (key, name, path) in enumerate(others, len(root_pairs))
        ],
        sizes=[member[4] for member in members],
        warnings=list(layout.warnings),
    )
    _write_manifest(manifest, archive, staging)
    return manifest


def _write_manifest(manifest: Manifest, archive: ArchiveReader, staging: str) -> None:
    try:
        encoded = manifest.encode()
    except ValueError as error:
        raise archive.broken(str(error)) from error
    descriptor = os.open(os.path.join(staging, MANIFEST_NAME), CREATE, 0o666)
    try:
        write_all(descriptor, encoded)
    finally:
        os.close(descriptor)


def _take_early(members: list[Member], early: Sequence[EarlyMember], staging: str, umask: int) -> set[int]:
    """Give the files that were inflated as the archive arrived their places; return the numbers of these members.

    Those that the archive's directory does not describe in the same way are removed.
    """
    taken: set[int] = set()
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
        if described[6]:
            allow_execution(path, umask)
        os.rename(path, os.path.join(staging, str(index)))
        taken.add(index)
    return taken


def _is_python_script(staging: str, number: int) -> bool:
    """Return whether a file wants the target's interpreter in its first line (binary distribution format)."""
    with open(os.path.join(staging, str(number)), "rb", buffering=0) as reading:
        return reading.read(len(_SHEBANG_MARK)) == _SHEBANG_MARK


def _read_record(
    layout: WheelLayout, root_pairs: list[tuple[str, str]], claimed: set[str], rows: dict[str, Row]
) -> list[str]:
    """Fill ``rows`` with those of RECORD; return the lines for files of the root, and for what is not in the wheel."""
    record_rows = parse_record(layout.record)
    rows.update([(row[0], row) for row in record_rows])
    root_rows = [_row(rows, name, path) for name, path in root_pairs]
    root_rows += unclaimed_rows(record_rows, claimed, record=f"{layout.dist_info}/RECORD")
    return [row_line(row) for row in sorted(root_rows)]


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
