"""What a person is shown before a distribution is removed: pip's lists, which name directories instead of their files.

Looks into directories, and removes nothing.
"""

from __future__ import annotations

import os

from asyncpip.core.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.install.removal_plan import RemovalPlan

_ALL = os.sep + "*"


class RemovalListing(Value):
    """Paths in the order shown."""

    removed: tuple[str, ...]
    """A package, or a dist-info directory, as ``directory/*``."""
    kept: tuple[str, ...]
    """Files in these directories that stay: somebody may have added them by hand."""
    refused: tuple[str, ...]
    """Files outside of the environment, which stay."""
    moved: tuple[str, ...] = ()
    """Only in the long form: what goes as one."""


def removal_listing(plan: RemovalPlan, *, every_file: bool) -> RemovalListing:
    """Return the lists for ``plan``; ``every_file`` is the long form of `-v`."""
    paths = _with_whole_directories(plan)
    refused = tuple(sorted(plan.refused))
    if every_file:
        pruned = {*plan.directories_to_prune} & {os.path.dirname(path) for path in paths}
        moved = [path for path in paths if os.path.dirname(path) not in pruned]
        moved += [directory + os.sep for directory in pruned]
        return RemovalListing(
            removed=tuple(sorted(_compact(paths))), kept=(), refused=refused, moved=tuple(sorted(_compact(moved)))
        )
    shown = {path for path in paths if not path.endswith(".pyc")}
    folders = _compact(os.path.dirname(path) for path in shown if path.endswith("__init__.py") or ".dist-info" in path)
    files = set(plan.files)
    kept = [path for folder in folders for path in _files_below(folder) if path not in files]
    return RemovalListing(
        removed=tuple(sorted(_compact([*(folder + _ALL for folder in folders), *shown]))),
        kept=tuple(sorted(_compact(kept))),
        refused=refused,
    )


def _with_whole_directories(plan: RemovalPlan) -> list[str]:
    """Return the files, with those of a directory that goes as a whole as that one directory."""
    if not plan.whole_directories:
        return list(plan.files)
    whole = _compact(plan.whole_directories)
    return [*whole, *(path for path in plan.files if not any(path.startswith(each + os.sep) for each in whole))]


def _compact(paths: Iterable[str]) -> set[str]:
    """Return ``paths`` without those that lie below another; ``directory/*`` and ``directory/`` are directories."""
    kept: set[str] = set()
    above: set[str] = set()
    for path in sorted(paths, key=lambda path: (len(path), not path.endswith(_ALL))):
        place = (path[:-1] if path.endswith(_ALL) else path).rstrip(os.sep)
        parent = place
        while parent not in above and os.path.dirname(parent) != parent:
            parent = os.path.dirname(parent)
        if parent not in above:
            kept.add(path)
            above.add(place)
    return kept


def _files_below(folder: str) -> Iterable[str]:
    """Yield the files that are no bytecode; links to files count."""
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            if not name.endswith(".pyc") and os.path.isfile(path):
                yield os.path.normcase(path)
