"""What may go out of the store, in which order, and how: by age, by size, and what dead runs have left.

Used last means: a tree's directory is stamped by every run that links it; a file by whoever reads or writes it, as far
as the file system keeps that.
"""

from __future__ import annotations

import os
import time

from asyncpip.errors import StoreError
from asyncpip.store import layout
from asyncpip.store.store import remove_quietly, remove_tree
from asyncpip.store.use import hold_alone, release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

DEFAULT_AGE_SECONDS = 90 * 86400.0
"""What `cache prune` drops where nothing is said: a quarter of a year without one use."""
_LEFT_BEHIND_SECONDS = 3600.0
"""A run writes to what it stages all the time. Its process may be out of sight: in another container."""
_FORGOTTEN_SECONDS = 3 * 86400.0
"""No run takes that long; a process of this number is another one by now."""


class StoreEntry:
    """One thing that is kept or dropped as a whole: a tree, an archive, a record."""

    __slots__ = ("bucket", "is_tree", "path", "size_bytes", "used_at")

    def __init__(self, bucket: str, path: str, *, is_tree: bool, size_bytes: int, used_at: float) -> None:
        self.bucket = bucket
        """Name of the directory in the store, with its version."""
        self.path = path
        self.is_tree = is_tree
        self.size_bytes = size_bytes
        self.used_at = used_at
        """Seconds since the epoch."""


def store_entries(root: str) -> list[StoreEntry]:
    """Return all that is in the store at ``root``, whatever release wrote it.

    Nothing of `tmp`, and no partial archive that may still be arriving.
    """
    entries: list[StoreEntry] = []
    arriving_since = time.time() - _LEFT_BEHIND_SECONDS
    for bucket in _names(root):
        path = os.path.join(root, bucket)
        if bucket.startswith(layout.TREES_PREFIX):
            entries += (_tree(bucket, tree) for place in _paths(path) for tree in _paths(place))
        elif bucket != layout.STAGING_BUCKET:
            entries += _files(bucket, path)
    return [entry for entry in entries if entry.bucket != layout.PARTIAL_BUCKET or entry.used_at < arriving_since]


def select_to_prune(
    entries: Iterable[StoreEntry], *, now: float, older_than_seconds: float | None, max_size_bytes: int | None
) -> list[StoreEntry]:
    """Return what was not used for so long, and of the rest what was not used for longest, until the size fits."""
    by_age = sorted(entries, key=lambda entry: (entry.used_at, entry.path))
    gone = [entry for entry in by_age if older_than_seconds is not None and now - entry.used_at > older_than_seconds]
    left = by_age[len(gone) :]
    if max_size_bytes is not None:
        size = sum(entry.size_bytes for entry in left)
        for entry in left:
            if size <= max_size_bytes:
                break
            gone.append(entry)
            size -= entry.size_bytes
    return gone


def drop_entries(root: str, entries: Sequence[StoreEntry], *, on_wait: Callable[[], None]) -> None:
    """Take ``entries`` out of the store; runs under way keep what they link from, or fetch it again.

    Raises `StoreError` where others link from the store for minutes on end.
    """
    if not entries:
        return
    trees = [entry.path for entry in entries if entry.is_tree]
    if not os.access(root, os.W_OK):
        raise StoreError(f"the store at {root} cannot be written to")
    aside = os.path.join(root, layout.STAGING_BUCKET, f"{os.getpid()}-{os.urandom(6).hex()}-dropped")
    if trees:
        os.makedirs(aside, exist_ok=True)
    held = hold_alone(root, on_wait=on_wait)
    try:
        for number, path in enumerate(trees):
            try:
                os.rename(path, os.path.join(aside, str(number)))
            except OSError:  # another process was faster
                continue
        for entry in entries:
            if not entry.is_tree:
                remove_quietly(entry.path)
    finally:
        release(held)
    remove_tree(aside)
    for place in sorted({os.path.dirname(entry.path) for entry in entries}):
        _remove_if_empty(place, root)


def sweep_staging(root: str, *, now: float) -> int:
    """Remove what runs that are over have left in `tmp`; return how many pieces. What may be in use stays."""
    swept = 0
    for path in _paths(os.path.join(root, layout.STAGING_BUCKET)):
        try:
            changed_at = os.lstat(path).st_mtime
        except OSError:
            continue
        age = now - changed_at
        process = os.path.basename(path).partition("-")[0]
        if age > _FORGOTTEN_SECONDS or (age > _LEFT_BEHIND_SECONDS and not _is_alive(process)):
            if os.path.isdir(path) and not os.path.islink(path):
                remove_tree(path)
            else:
                remove_quietly(path)
            swept += 1
    return swept


def _is_alive(process: str) -> bool:
    """Return whether a process of this number runs on this machine."""
    if not process.isdecimal() or os.name != "posix":
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _tree(bucket: str, path: str) -> StoreEntry:
    size, used_at = 0, 0.0
    try:
        used_at = os.stat(path).st_mtime
        size = _size_below(path)
    except OSError:  # gone meanwhile, or no directory
        pass
    return StoreEntry(bucket, path, is_tree=True, size_bytes=size, used_at=used_at)


def _size_below(path: str) -> int:
    with os.scandir(path) as found:
        return sum(
            _size_below(each.path) if each.is_dir(follow_symlinks=False) else each.stat(follow_symlinks=False).st_size
            for each in found
        )


def _files(bucket: str, directory: str) -> Iterator[StoreEntry]:
    for place, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(place, name)
            try:
                info = os.lstat(path)
            except OSError:
                continue
            used_at = max(info.st_atime, info.st_mtime)
            yield StoreEntry(bucket, path, is_tree=False, size_bytes=info.st_size, used_at=used_at)


def _names(directory: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(directory) if os.path.isdir(os.path.join(directory, name)))
    except OSError:
        return []


def _paths(directory: str) -> list[str]:
    try:
        return sorted(os.path.join(directory, name) for name in os.listdir(directory))
    except OSError:
        return []


def _remove_if_empty(place: str, root: str) -> None:
    """Remove a directory of the store and those above it, as long as nothing is in them."""
    while place.startswith(root + os.sep):
        try:
            os.rmdir(place)
        except OSError:
            return
        place = os.path.dirname(place)
