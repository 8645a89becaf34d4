"""The content-addressed store: trees of unpacked wheels, archives, records. A path in it is absent or complete.

Everything is written under `tmp/`, then renamed into place, so readers need no lock. Trees hold flat files `0`, `1`, …
and a `manifest` written last: no directories to make, no hostile name ever reaches the disk here, and the manifest's
time is the tree's stamp (a file changed later was edited through a hard link). Lean.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from asyncpip.errors import StoreError
from asyncpip.store import layout
from asyncpip.store.sealed import seal_of, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from mmap import mmap

_MOST_RACES = 5


class Store:
    """One store on disk. ``root`` is made on the first write. Methods may be called in any thread."""

    def __init__(self, root: str, *, umask: int, is_temporary: bool = False) -> None:
        self.root = root
        self.umask = umask
        self.is_temporary = is_temporary
        """Whether this is a stand-in for no cache at all: trees are moved out of it instead of linked."""
        self._trees = os.path.join(root, layout.trees_bucket(umask))
        self._counter = 0
        self._held: int | None = None
        self._new_buckets: dict[str, set[str] | None] = {}
        """Of buckets of records that were not here when first asked for, what this process has put there; else None."""

    # --- records

    def read_record(self, bucket: str, key: str) -> bytes | None:
        """Return a record; None where there is none, or one that was damaged.

        In a new store most questions are for what is not there, and each system call costs a thread its turn (0.1 ms
        beside a busy solver). What another process puts into a new bucket meanwhile is a miss too.
        """
        own = self._own_records(bucket)
        return None if own is not None and key not in own else unseal(read_file(self.record_path(bucket, key)), key)

    def _own_records(self, bucket: str) -> set[str] | None:
        try:
            return self._new_buckets[bucket]
        except KeyError:
            is_new = not os.path.exists(os.path.join(self.root, bucket))
            return self._new_buckets.setdefault(bucket, set() if is_new else None)

    def record_path(self, bucket: str, key: str) -> str:
        """Return where a record is or would be."""
        return os.path.join(self.root, layout.record_path(bucket, key))

    def write_record(self, bucket: str, key: str, *data: bytes | bytearray) -> None:
        """Keep ``data``, one part behind the other: the large parts of pages are not copied for it.

        A store that cannot be written to loses it silently, a temporary one never keeps any.
        """
        if self.is_temporary:
            return
        own = self._own_records(bucket)
        try:
            self.write_file(self.record_path(bucket, key), *data, seal_of(key, *data))
        except OSError:
            return
        if own is not None:
            own.add(key)

    def write_file(self, path: str, *data: bytes | bytearray) -> None:
        """Put ``data``, one part behind the other, at ``path`` atomically."""
        aside = self._staging_name()
        descriptor = self._create(aside)
        try:
            try:
                for part in data:
                    view = memoryview(part)
                    while view:
                        view = view[os.write(descriptor, view) :]
            finally:
                os.close(descriptor)
            _rename_into(aside, path)
        except BaseException:
            remove_quietly(aside)
            raise

    def create_temporary(self) -> tuple[int, str]:
        """Return descriptor (for reading and writing) and path of a new, empty file, for the caller to remove."""
        path = self._staging_name()
        return self._create(path, os.O_RDWR), path

    def write_temporary(self, data: bytes | bytearray | mmap) -> str:
        """Return the path of a new file with ``data``, for the caller to remove."""
        path = self._staging_name()
        descriptor = self._create(path)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        except BaseException:
            remove_quietly(path)
            raise
        finally:
            os.close(descriptor)
        return path

    # --- trees

    def tree_path(self, digest: str) -> str:
        """Return where the tree of ``digest`` is or would be."""
        return os.path.join(self._trees, digest[:2], digest)

    def read_manifest(self, digest: str) -> bytes | None:
        """Return the manifest of a complete tree, or None."""
        return read_file(os.path.join(self.tree_path(digest), layout.MANIFEST_NAME))

    def has_trees(self) -> bool:
        """Return whether there may be trees here."""
        return os.path.exists(self._trees)

    def has_tree(self, digest: str) -> bool:
        """Return whether a complete tree of ``digest``, which an index may have made up, is here."""
        return layout.is_digest(digest) and os.path.exists(os.path.join(self.tree_path(digest), layout.MANIFEST_NAME))

    def mark_used(self, digests: Iterable[str]) -> None:
        """Stamp trees that are linked, for `prune`; a store that belongs to somebody else stays as it is."""
        for digest in digests:
            try:
                os.utime(self.tree_path(digest))
            except OSError:
                continue

    def begin_use(self) -> None:
        """Let nobody take trees out of the store until `end_use`: they are about to be linked."""
        if self._held is None and not self.is_temporary:
            from asyncpip.store.use import hold_shared  # noqa: PLC0415 - what only reads records needs none of it

            self._held = hold_shared(self.root)

    def end_use(self) -> None:
        """End what `begin_use` began, if it did."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def new_staging_directory(self) -> str:
        """Make and return an empty directory on the store's file system."""
        path = self._staging_name()
        os.makedirs(path, 0o755)
        return path

    def commit_tree(self, staging: str, digest: str) -> str:
        """Make a finished ``staging`` directory the tree of ``digest``; the first of two writers wins."""
        final = self.tree_path(digest)
        try:
            _rename_into(staging, final)
        except OSError as error:
            remove_tree(staging)
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise StoreError(f"the store at {self.root} cannot be written to", why=str(error)) from error
        return final

    def commit_into_tree(self, staging: str, final: str) -> None:
        """Make ``staging`` a directory within a tree, instead of a damaged one; raise `OSError` if that is gone."""
        aside = self._staging_name()
        try:
            os.rename(final, aside)
        except FileNotFoundError:
            pass
        else:
            remove_tree(aside)
        os.rename(staging, final)

    def discard(self, staging: str) -> None:
        """Remove a staging directory that will not become a tree."""
        remove_tree(staging)

    def drop_tree(self, digest: str) -> None:
        """Take a damaged tree out of the store, at once for all readers."""
        aside = self._staging_name()
        try:
            os.rename(self.tree_path(digest), aside)
        except OSError:
            return
        remove_tree(aside)

    # --- archives

    def partial_path(self, key: str) -> str:
        """Return where a transfer that may be resumed is kept."""
        return os.path.join(self.root, layout.record_path(layout.PARTIAL_BUCKET, key))

    def archive_path(self, digest: str, filename: str) -> str:
        """Return where the raw archive of ``digest`` is or would be."""
        return os.path.join(self.root, layout.digest_path(layout.ARCHIVES_BUCKET, digest), filename)

    def commit_archive(self, aside: str, digest: str, filename: str) -> str:
        """Make the finished file ``aside``, on the store's file system, the archive of ``digest``; return its path."""
        final = self.archive_path(digest, filename)
        try:
            _rename_into(aside, final)
        except FileNotFoundError:
            if not os.path.exists(final):  # another run took the same partial file
                raise
        return final

    def drop_archive(self, digest: str, filename: str) -> None:
        """Take an archive that was changed out of the store."""
        remove_quietly(self.archive_path(digest, filename))

    # ---

    def _staging_name(self) -> str:
        self._counter += 1
        return os.path.join(self.root, layout.STAGING_BUCKET, f"{os.getpid()}-{os.urandom(6).hex()}-{self._counter}")

    def _create(self, path: str, access: int = os.O_WRONLY) -> int:
        flags = access | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            return os.open(path, flags, 0o644)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return os.open(path, flags, 0o644)


def open_store(cache_dir: str | None, *, umask: int, warn: Callable[[str], None]) -> Store | None:
    """Return the store inside ``cache_dir``, or None (after a warning) where that cannot be used.

    ``cache_dir`` None or the null device means no cache. As in pip, a directory of another user is not used: what root
    would write there could not be removed by its owner.
    """
    if cache_dir is None or cache_dir == os.devnull:
        return None
    root = os.path.join(cache_dir, layout.SUBFOLDER)
    # A run with `sudo` may have made the folder: then the user owns the cache directory, but not what is in it.
    problem = _unusable(cache_dir) or _unusable(os.path.join(root, layout.STAGING_BUCKET))
    if problem is not None:
        warn(
            f"The directory '{cache_dir}' or its parent directory is not owned or is not writable by the current user. "
            f"The cache has been disabled ({problem}). Check the permissions and owner of that directory. "
            "If executing with sudo, you may want sudo's -H flag."
        )
        return None
    return Store(root, umask=umask)


def process_umask() -> int:
    """Return this process's umask; setting it is the only portable way to read it."""
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def _unusable(path: str) -> str | None:
    """Return why nothing can be written at ``path`` or, where it does not exist, at its nearest parent."""
    at = os.path.abspath(path)
    while not os.path.lexists(at) and os.path.dirname(at) != at:
        at = os.path.dirname(at)
    try:
        info = os.stat(at)
    except OSError as error:
        return str(error)
    if not stat.S_ISDIR(info.st_mode):
        return f"{at} is no directory"
    if sys.platform != "win32" and os.geteuid() == 0 and info.st_uid != 0:
        return f"{at} belongs to another user"
    if not os.access(at, os.W_OK | os.X_OK):
        return f"{at} is not writable"
    return None


def _rename_into(aside: str, final: str) -> None:
    for _ in range(_MOST_RACES):
        try:
            os.replace(aside, final)
        except FileNotFoundError:  # the directory is not there yet, or another process just found it empty
            os.makedirs(os.path.dirname(final), exist_ok=True)
        else:
            return
    os.replace(aside, final)


def read_file(path: str) -> bytes | None:
    """Return the bytes at ``path``, or None where there is no such readable file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        size = os.fstat(descriptor).st_size
        pieces = []
        while piece := os.read(descriptor, max(size, 65536)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]
    except OSError:
        return None
    finally:
        os.close(descriptor)


def remove_quietly(path: str) -> None:
    """Remove a file that may be gone."""
    try:
        os.unlink(path)
    except OSError:
        return


def remove_tree(path: str) -> None:
    """Remove a directory with all in it, as far as possible."""
    try:
        entries = list(os.scandir(path))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            remove_tree(entry.path)
        else:
            remove_quietly(entry.path)
    try:
        os.rmdir(path)
    except OSError:
        return
