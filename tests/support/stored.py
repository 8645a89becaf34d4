"""What tests of the store, of unpacking and of installing share: wheels unpacked, targets, trees compared."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from typing import TYPE_CHECKING

from asyncpip.core.target import SchemePaths
from asyncpip.install.placement import Destination, WheelToInstall
from asyncpip.install.unpacker import unpack_wheel
from asyncpip.store.store import Store
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from asyncpip.install.archive import Buffer
    from asyncpip.install.manifest import Manifest

UMASK = 0o022


def snapshot(root: str | os.PathLike[str], *, leave_out: Callable[[str], bool] = lambda _: False) -> dict[str, object]:
    """Return everything below ``root``: content and mode of files, targets of links, modes of directories.

    ``leave_out`` is asked about relative paths; what is below a directory left out is left out too.
    """
    found: dict[str, object] = {}
    todo = [""]
    while todo:
        relative = todo.pop()
        with os.scandir(os.path.join(root, relative)) as entries:
            for entry in entries:
                name = os.path.join(relative, entry.name)
                if leave_out(name):
                    continue
                mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
                if entry.is_symlink():
                    found[name] = ("link", os.readlink(entry.path))
                elif entry.is_dir():
                    found[name] = ("directory", mode)
                    todo.append(name)
                else:
                    with open(entry.path, "rb") as file:
                        found[name] = (file.read(), mode)
    return found


def open_test_store(folder: Path, *, umask: int = UMASK) -> Store:
    """Return a store in ``folder``."""
    return Store(str(folder), umask=umask)


def unpack_into(store: Store, filename: str, data: Buffer) -> tuple[Manifest, str]:
    """Unpack a wheel into ``store``; return its manifest and its tree."""
    digest = hashlib.sha256(data).hexdigest()
    staging = store.new_staging_directory()
    manifest = unpack_wheel(
        data, filename=filename, digest=digest, staging=staging, umask=store.umask, cancelled=lambda: False
    )
    return manifest, store.commit_tree(staging, digest)


def stored_wheel(
    store: Store, name: str, version: str, *, requested: bool = True, direct_url: bytes | None = None, **options: Any
) -> WheelToInstall:
    """Build a wheel (``options`` are `build_wheel`'s) and unpack it into ``store``."""
    manifest, tree = unpack_into(store, *build_wheel(name, version, **options))
    return WheelToInstall(manifest, tree, requested=requested, direct_url=direct_url)


def destination_below(root: Path, *, executable: str = sys.executable) -> Destination:
    """Return a POSIX layout below ``root``, with different directories for purelib and platlib."""
    site = root / "lib" / "python3.11" / "site-packages"
    return Destination(
        scheme=SchemePaths(
            purelib=str(site),
            platlib=str(root / "lib64" / "python3.11" / "site-packages"),
            scripts=str(root / "bin"),
            data=str(root),
            headers=str(root / "include" / "site" / "python3.11"),
        ),
        executable=executable,
        python_version="3.11",
        cache_tag=str(sys.implementation.cache_tag),
        ensurepip_options=None,
    )


def edit_through_link(path: str, content: bytes) -> None:
    """Write ``content`` into a file, a second later than now: the clock of a file system may tick slowly."""
    with open(path, "r+b") as file:
        file.write(content)
        file.truncate()
    later = os.stat(path).st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
