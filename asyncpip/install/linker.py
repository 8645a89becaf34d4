"""Stored trees into directories of the target: hard links where the file system allows, else clones or copies. Lean.

From the manifest, without a directory walk, in worker threads: a link is one system call of 3 us that releases the
GIL. Relative names below directory descriptors save the kernel the long paths (25.8k links: 83 ms, 95 ms without).
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from asyncpip.install.manifest import Manifest
from asyncpip.install.parallel import Background, run_parallel
from asyncpip.store.layout import MANIFEST_NAME
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

HARDLINK, CLONE, COPY, SYMLINK, MOVE = "hardlink", "clone", "copy", "symlink", "move"
LINK_MODES = (HARDLINK, CLONE, COPY, SYMLINK)
"""What `--link-mode` takes; `move` is for trees of a temporary store, which nobody needs afterwards."""

_CANNOT_LINK = frozenset((errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES, errno.ENOSYS))
"""Other file system, or one without links, or (65,000 on ext4) as many as a file may have: such files are copied."""
_DIRECTORY_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_HAVE_DIR_FD = all(call in os.supports_dir_fd for call in (os.link, os.mkdir, os.open, os.stat))
_FICLONE = 0x40049409
_CHUNK_FILES = 256
"""Files that a worker takes at once: small enough to share one huge wheel, large enough to make the lock cheap."""
_COPY_BYTES = 8 * 1024 * 1024


if TYPE_CHECKING:
    LinkJob = tuple[str, str, list[str], int]
    """Tree, directory that the paths are relative to, paths, and the tree's index of the first of them."""


def damaged_trees(trees: Sequence[tuple[str, Manifest]], *, jobs: int) -> set[int]:
    """Return which of ``trees`` (path and manifest) must not be linked, as indexes.

    A file later than its tree's manifest was edited through a link, one of another size was cut, a missing one was
    deleted. One `stat` a file: 25.8k take 43 ms in one process, no more than a `find` would.
    """
    try:
        run_parallel(_check, trees, jobs=jobs)
    except OSError:
        return {index for index, (tree, manifest) in enumerate(trees) if not is_intact(tree, manifest.sizes)}
    return set()


def check_beside(trees: Sequence[tuple[str, int]]) -> Background:
    """Start to look whether any of ``trees``, with how many files each has, is damaged.

    `finish` raises `OSError` where one is. That a manifest is whole, and has so many files, is for its reader to see.
    """
    sizes: dict[str, list[int]] = {}

    def check(piece: tuple[str, int]) -> None:
        tree, first = piece
        if tree not in sizes:
            sizes[tree] = Manifest.sizes_in(read_file(os.path.join(tree, MANIFEST_NAME)) or b"")
        if not is_intact(tree, sizes[tree][first : first + _CHUNK_FILES], first):
            raise OSError(errno.EILSEQ, "changed since it was unpacked", tree)

    return Background(check, [(tree, first) for tree, count in trees for first in range(0, count, _CHUNK_FILES)])


def _check(tree: tuple[str, Manifest]) -> None:
    path, manifest = tree
    if not is_intact(path, manifest.sizes):
        raise OSError(errno.EILSEQ, "changed since it was unpacked", tree[0])


def is_intact(tree: str, sizes: Sequence[int], first: int = 0) -> bool:
    """Return whether the files ``first``, … beside a manifest have these ``sizes``, and none is later than it."""
    look = os.stat
    prefix = "" if _HAVE_DIR_FD else tree + os.sep
    try:
        stamp = look(os.path.join(tree, MANIFEST_NAME)).st_mtime_ns
        descriptor = os.open(tree, _DIRECTORY_FLAGS) if _HAVE_DIR_FD else None
        try:
            for index, size in enumerate(sizes, first):
                info = look(f"{prefix}{index}", dir_fd=descriptor)
                if info.st_mtime_ns > stamp or info.st_size != size:
                    return False
        finally:
            if descriptor is not None:
                os.close(descriptor)
    except OSError:
        return False
    return True


def link_files(
    jobs_list: Sequence[LinkJob],
    *,
    mode: str,
    jobs: int,
    made: Mapping[str, Iterable[str]] = {},
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Put stored files into place, and make the directories for them below the root of each job, which exists.

    ``made`` has by root some of those directories that are there. ``meanwhile`` is called while others are at work
    already. Destinations do not exist. Raises `InstallError`, `OSError`.
    """
    chunks = [
        (tree, root, paths[at : at + _CHUNK_FILES], first + at)
        for tree, root, paths, first in jobs_list
        for at in range(0, len(paths), _CHUNK_FILES)
    ]
    place = _PLACERS[mode]
    known_by_root = {root: set(directories) for root, directories in made.items()}

    def link_chunk(chunk: LinkJob) -> None:
        tree, root, paths, first = chunk
        known = known_by_root.setdefault(root, set())
        if not _HAVE_DIR_FD or mode == SYMLINK:
            _make_directories(paths, root + os.sep, None, known)
            for index, path in enumerate(paths, first):
                _place_one(place, os.path.join(tree, str(index)), os.path.join(root, path), None, None)
            return
        source, target = os.open(tree, _DIRECTORY_FLAGS), os.open(root, _DIRECTORY_FLAGS)
        try:
            _make_directories(paths, "", target, known)
            if mode == HARDLINK:
                _link_run(paths, first, source, target)
            else:
                for index, path in enumerate(paths, first):
                    _place_one(place, str(index), path, source, target)
        finally:
            os.close(source)
            os.close(target)

    run_parallel(link_chunk, chunks, jobs=jobs, meanwhile=meanwhile, long_calls=mode in (CLONE, COPY))


def _make_directories(paths: list[str], prefix: str, root: int | None, known: set[str]) -> None:
    """Make the directories that ``paths`` lie in, and add them to ``known``; another worker may be making them too."""
    new = {path.rpartition("/")[0] for path in paths} - known
    for directory in list(new):  # parents have to be there before: a call that fails takes as long as one that does not
        above = directory.rpartition("/")[0]
        while above and above not in known and above not in new:
            new.add(above)
            above = above.rpartition("/")[0]
    for directory in sorted(new):
        if directory:
            _make_directory(directory, prefix, root)
    known |= new  # this process, or thread, has made or seen them


def _make_directory(directory: str, prefix: str, root: int | None) -> None:
    try:
        os.mkdir(prefix + directory, dir_fd=root)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(prefix + directory, dir_fd=root).st_mode):
            raise


def _link_run(paths: list[str], first: int, source: int, target: int) -> None:
    link = os.link
    for index, path in enumerate(paths, first):
        try:
            link(str(index), path, src_dir_fd=source, dst_dir_fd=target)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            _place_one(_copy, str(index), path, source, target)


def place_file(source: str, destination: str, *, mode: str) -> None:
    """Put one stored file at ``destination``, which does not exist."""
    _place_one(_PLACERS[mode], source, destination, None, None)


def _place_one(
    place: Callable[[str, str, int | None, int | None], None],
    source: str,
    destination: str,
    source_fd: int | None,
    target_fd: int | None,
) -> None:
    try:
        place(source, destination, source_fd, target_fd)
    except OSError as error:
        if error.errno not in _CANNOT_LINK or place is _copy:
            raise
        _copy(source, destination, source_fd, target_fd)


def _hardlink(source: str, destination: str, source_fd: int | None, target_fd: int | None) -> None:
    os.link(source, destination, src_dir_fd=source_fd, dst_dir_fd=target_fd)


def _move(source: str, destination: str, source_fd: int | None, target_fd: int | None) -> None:
    os.rename(source, destination, src_dir_fd=source_fd, dst_dir_fd=target_fd)


def _symlink(source: str, destination: str, source_fd: int | None, target_fd: int | None) -> None:
    del source_fd  # a link holds an absolute path
    os.symlink(source, destination, dir_fd=target_fd)


def _clone(source: str, destination: str, source_fd: int | None, target_fd: int | None) -> None:
    _transfer(source, destination, source_fd, target_fd, clone=True)


def _copy(source: str, destination: str, source_fd: int | None, target_fd: int | None) -> None:
    _transfer(source, destination, source_fd, target_fd, clone=False)


def _transfer(source: str, destination: str, source_fd: int | None, target_fd: int | None, *, clone: bool) -> None:
    binary = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    reading = os.open(source, os.O_RDONLY | binary, dir_fd=source_fd)
    try:
        mode = os.fstat(reading).st_mode & 0o777
        writing = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, mode, dir_fd=target_fd)
        try:
            if mode & 0o111 and sys.platform != "win32":  # execute bits do not depend on the umask (pip)
                os.fchmod(writing, mode)
            if not (clone and _clone_range(reading, writing)):
                while piece := os.read(reading, _COPY_BYTES):
                    view = memoryview(piece)
                    while view:
                        view = view[os.write(writing, view) :]
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _clone_range(reading: int, writing: int) -> bool:
    """Share the blocks (btrfs, XFS, bcachefs); return False where the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl  # noqa: PLC0415 - Linux only

    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:
        return False
    return True


_PLACERS = {HARDLINK: _hardlink, CLONE: _clone, COPY: _copy, SYMLINK: _symlink, MOVE: _move}


def choose_link_mode(wanted: str | None, store_root: str, target_root: str, *, store_is_temporary: bool) -> str:
    """Return how trees of ``store_root`` reach ``target_root``: as ``wanted``, else the cheapest that works there."""
    if store_is_temporary:
        return MOVE
    if wanted is not None:
        return wanted
    try:
        same = os.stat(store_root).st_dev == os.stat(target_root).st_dev
    except OSError:
        same = False
    return HARDLINK if same else CLONE
