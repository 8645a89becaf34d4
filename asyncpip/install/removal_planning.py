"""What goes of many distributions, found out on several cores. Lean.

To look at 171 distributions is to list 5,900 directories, which takes 110 ms; a second process takes half of that. What
it found comes back as `marshal` writes it, through memory that both have. Whatever fails is left to the caller, who
looks again where he can tell of it.
"""

from __future__ import annotations

import os

from asyncpip.errors import AsyncpipError, InstallError
from asyncpip.install.removal_plan import Directories, PthEdit, RemovalPlan
from asyncpip.install.uninstaller import paths_to_remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from packaging.utils import NormalizedName

    from asyncpip.core.target import TargetEnvironment
    from asyncpip.install.uninstaller import Installed

_SHARED_FROM_BYTES = 200_000
"""Of RECORD: some 2,000 files, which are looked at before another process has started."""
_LENGTH_BYTES = 4


def plans_ahead(
    distributions: Sequence[Installed], target: TargetEnvironment, *, only_below: str | None, jobs: int
) -> dict[NormalizedName, RemovalPlan]:
    """Return what `paths_to_remove` says of ``distributions``, as far as it pays to look at several at a time."""
    sizes = {each.name: _size(os.path.join(each.info_path, "RECORD")) for each in distributions}
    if jobs < 2 or sum(sizes.values()) < _SHARED_FROM_BYTES or not hasattr(os, "memfd_create"):  # noqa: PLR2004 - alone
        return {}
    import marshal  # noqa: PLC0415 - built in, but only needed here

    from asyncpip.install.parallel import run_parallel  # noqa: PLC0415 - where there is much to do

    directories = Directories()
    owner = os.getpid()
    plans: dict[NormalizedName, RemovalPlan] = {}
    told = os.memfd_create("removal")

    def look(distribution: Installed) -> None:
        try:
            plan = paths_to_remove(distribution, target, only_below=only_below, directories=directories)
        except (AsyncpipError, OSError):
            return
        if os.getpid() == owner:
            plans[distribution.name] = plan
        else:
            data = marshal.dumps([distribution.name, *_as_plain(plan)])
            os.write(told, len(data).to_bytes(_LENGTH_BYTES, "little") + data)

    try:
        run_parallel(look, sorted(distributions, key=lambda each: sizes[each.name], reverse=True), jobs=jobs)
        for data in _records(told):
            name, *plain = marshal.loads(data)  # noqa: S302 - what a fork of this process has written just now
            plans[name] = _from_plain(*plain)
    except (OSError, InstallError, ValueError, EOFError, TypeError):
        pass  # a process ended before its time, or had no memory to tell in
    finally:
        os.close(told)
    return plans


def _records(told: int) -> Iterator[bytes]:
    """Yield what was written, one record after the other."""
    size = os.lseek(told, 0, os.SEEK_END)
    os.lseek(told, 0, os.SEEK_SET)
    data = os.read(told, size) if size else b""
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "little")
        yield data[start:at]


def _as_plain(plan: RemovalPlan) -> list[Any]:
    return [
        plan.files_by_directory,
        plan.directories_to_prune,
        plan.directories_above,
        plan.whole_directories,
        tuple([(edit.path, edit.entry) for edit in plan.pth_edits]),
        plan.refused,
        plan.skipped,
    ]


def _from_plain(
    files_by_directory: Mapping[str, Collection[str]],
    directories_to_prune: tuple[str, ...],
    directories_above: tuple[str, ...],
    whole_directories: tuple[str, ...],
    pth_edits: tuple[tuple[str, str], ...],
    refused: tuple[str, ...],
    skipped: str | None,
) -> RemovalPlan:
    return RemovalPlan(
        files_by_directory=files_by_directory,
        directories_to_prune=directories_to_prune,
        directories_above=directories_above,
        whole_directories=whole_directories,
        pth_edits=tuple([PthEdit(path=path, entry=entry) for path, entry in pth_edits]),
        refused=refused,
        skipped=skipped,
    )


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
