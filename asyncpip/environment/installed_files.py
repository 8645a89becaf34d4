"""The files that an installed distribution says are its own: RECORD, or the older installed-files.txt. Lean."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.environment.scan import FoundDistribution


def declared_files(distribution: FoundDistribution) -> list[str] | None:
    """Return the paths, relative to the distribution's location; None where neither file is there."""
    record = distribution.read_text("RECORD")
    if record is not None:
        import csv  # noqa: PLC0415 - 3 ms

        return [_tidy(row[0]) for row in csv.reader(record.splitlines()) if row]
    listed = distribution.read_text("installed-files.txt")
    if listed is None:
        return None
    info = os.path.basename(distribution.info_path)
    return [_from_info(line, info) for line in listed.splitlines() if line]


def _tidy(path: str) -> str:
    """Return ``path`` without `.` and doubled separators; `..` stays, for what stands before it may be a link."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(parts) or "."


def _from_info(path: str, info: str) -> str:
    """Return a path that is relative to the egg-info directory ``info`` as one relative to its parent."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    before = [info]
    while parts and parts[0] == "..":
        if before and before[-1] != "..":
            before.pop()
        else:
            before.append("..")
        del parts[0]
    return "/".join([*before, *parts]) or "."
