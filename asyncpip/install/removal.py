"""Distributions out of a target, as one transaction. Lean.

A directory in which nothing would stay is moved aside as one, all else file by file, and both are deleted when the
change is final: 25,000 files go with some 600 renames. What is deleted is known, so no directory is listed once more
for that; what somebody has put into one meanwhile goes back to its place.
"""

from __future__ import annotations

import os

from asyncpip.errors import InstallError
from asyncpip.install.failure import install_error, rolled_back
from asyncpip.install.transaction import Transaction, put_back, write_new
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from asyncpip.install.removal_plan import RemovalPlan

    Tree = tuple[str, str, list[tuple[str, Collection[str]]]]
    """A directory that was moved aside: its name there, its path before, and what it held: directories (relative, with
    a separator behind each; the deepest first, itself last) with the names of their files.
    """

_MOUNTS = "/proc/self/mountinfo"
_MOUNT_POINT = 4
"""The field of a line there that names it."""
_SHARED_FROM_FILES = 2000
"""Fewer are deleted before another process has started."""
_HAS_DIR_FD = os.unlink in os.supports_dir_fd and os.rmdir in os.supports_dir_fd


def remove_distributions(plans: Sequence[RemovalPlan], home: str, *, jobs: int) -> None:
    """Remove all that ``plans`` say; the journal lies in the directory ``home``, on which the caller holds the lock.

    On any error all is put back and the error raised: `InstallError` for what the disk refuses.
    """
    cleared = {directory for plan in plans for directory in plan.directories_to_prune}
    movable = cleared - _fixed(cleared)
    files = _files_by_directory(plans)
    single = [os.path.join(place, name) for place, names in files.items() if place not in movable for name in names]
    rewritten = _rewritten(plans, movable.union(single))
    roots = [directory for directory in movable if os.path.dirname(directory) not in movable]
    # Metadata goes first: who looks meanwhile does not see distributions of which half is there.
    moved = [*sorted([*roots, *single], key=lambda path: (".dist-info" not in path, path)), *rewritten]
    trees = _trees(moved, movable, files)
    transaction = Transaction(home, moved=moved, new_directories=(), new_files=list(rewritten))
    above = {directory for plan in plans for directory in plan.directories_above}
    try:
        transaction.begin()
        for path, content in rewritten.items():
            write_new(path, content, 0o666)
        transaction.commit(sorted((above | cleared) - movable), lambda directory: _drop(directory, trees, jobs=jobs))
    except BaseException as error:
        from asyncpip.install.parallel import Uninterrupted, wait_for_workers  # noqa: PLC0415 - for this case only

        with Uninterrupted():
            wait_for_workers()
            problems = transaction.rollback()
        if isinstance(error, OSError):
            raise install_error(error, rolled_back(problems), removes_only=True) from error
        raise


def _files_by_directory(plans: Sequence[RemovalPlan]) -> dict[str, Collection[str]]:
    """Return the names of all files that go; distributions may share directories, and files."""
    files: dict[str, Collection[str]] = {}
    for plan in plans:
        for directory, names in plan.files_by_directory.items():
            known = files.get(directory)
            files[directory] = names if known is None else {*known, *names}
    return files


def _rewritten(plans: Sequence[RemovalPlan], gone: Collection[str]) -> dict[str, bytes]:
    """Return path and new content of the files that lose lines, and do not go themselves."""
    edits = [(edit.path, edit.entry) for plan in plans for edit in plan.pth_edits]
    if not edits:
        return {}
    from asyncpip.install.pth_lines import without_lines  # noqa: PLC0415 - for what setuptools once did

    return without_lines(edit for edit in edits if edit[0] not in gone and os.path.dirname(edit[0]) not in gone)


def _fixed(directories: Collection[str]) -> set[str]:
    """Return those of ``directories`` that cannot go as one, because something in them is to be asked first.

    It may be a mount point, which would be moved along; or what is in it this user may not delete: that must be found
    out before anything is final.
    """
    causes = [place for place in _mount_points() if os.path.dirname(place) in directories or place in directories]
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        causes += [place for place in directories if not os.access(place, os.W_OK | os.X_OK)]
    fixed: set[str] = set()
    for place in causes:
        at = place if place in directories else os.path.dirname(place)
        while at in directories and at not in fixed:
            fixed.add(at)
            at = os.path.dirname(at)
    return fixed


def _mount_points() -> list[str]:
    """Return where file systems are mounted; on other systems than Linux nothing (hardly anybody mounts below one)."""
    lines = (read_file(_MOUNTS) or b"").split(b"\n")
    fields = [line.split(b" ", _MOUNT_POINT + 1) for line in lines]
    points = [each[_MOUNT_POINT] for each in fields if len(each) > _MOUNT_POINT]
    return [os.fsdecode(_unescaped(point) if b"\\" in point else point) for point in points]


def _unescaped(text: bytes) -> bytes:
    r"""Return ``text`` with the kernel's ``\040`` and its like as the bytes that they stand for."""
    first, *rest = text.split(b"\\")
    return first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)


def _trees(moved: Sequence[str], movable: Collection[str], files: dict[str, Collection[str]]) -> list[Tree]:
    """Return what each of ``moved`` holds that is a directory, the one with most files first."""
    trees: dict[str, Tree] = {path: (str(number), path, []) for number, path in enumerate(moved) if path in movable}
    of: dict[str, str] = {}
    for directory in sorted(movable, key=len):  # what lies above another is shorter
        root = of[directory] = directory if directory in trees else of[directory.rpartition(os.sep)[0]]
        below = "" if directory == root else directory[len(root) + 1 :] + os.sep
        trees[root][2].append((below, files.get(directory, ())))
    for _, _, contents in trees.values():
        contents.reverse()
    return sorted(trees.values(), key=lambda tree: sum(len(names) + 1 for _, names in tree[2]), reverse=True)


def _drop(directory: str, trees: Sequence[Tree], *, jobs: int) -> None:
    """Delete ``trees``, which were moved into ``directory``, with the files that they held."""
    at = os.open(directory, os.O_RDONLY) if _HAS_DIR_FD else None

    def drop(tree: Tree) -> None:
        _drop_tree(directory, at, tree)

    try:
        if jobs > 1 and sum(len(names) for tree in trees for _, names in tree[2]) >= _SHARED_FROM_FILES:
            from asyncpip.install.parallel import run_parallel  # noqa: PLC0415 - where there is much to do

            run_parallel(drop, trees, jobs=jobs)
        else:
            for tree in trees:
                drop(tree)
    except (OSError, InstallError):
        return  # no more processes, perhaps: what is left is deleted one by one
    finally:
        if at is not None:
            os.close(at)


def _drop_tree(directory: str, at: int | None, tree: Tree) -> None:
    """Delete one of them; ``at`` is a descriptor of ``directory``: relative paths save the kernel the long ones."""
    name, before, contents = tree
    start = name if at is not None else os.path.join(directory, name)
    for below, names in contents:
        place = f"{start}{os.sep}{below}"
        for each in names:
            try:
                os.unlink(place + each, dir_fd=at)
            except OSError:
                continue
        try:
            os.rmdir(place, dir_fd=at)
        except OSError:
            continue
    kept = os.path.join(directory, name)
    if os.path.lexists(kept):  # something in it was not there when we looked, or cannot be deleted
        try:
            put_back(kept, before)
        except OSError:
            return
