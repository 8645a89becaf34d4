"""Bytecode of stored wheels: compiled once for each wheel and interpreter, then linked like all else. Lean.

A tree has one directory for each interpreter that compiled it, with numbered `.pyc` files and a manifest of its own. It
is only of use where sources are hard links: a `.pyc` names its source's modification time (PEP 3147, PEP 552), and a
link has that of the stored file. The path of the source in it is the first environment's; importing puts that right.
"""

from __future__ import annotations

import os
from binascii import crc32

from asyncpip.install.linker import HARDLINK, is_intact
from asyncpip.install.placement import bytecode_path
from asyncpip.store.layout import MANIFEST_NAME
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncpip.core.target import TargetEnvironment
    from asyncpip.install.linker import LinkJob
    from asyncpip.install.placement import Placed
    from asyncpip.store.store import Store

PREFIX = "bytecode-"
"""Of the directories in a tree that hold bytecode."""
_MAGIC = b"asyncpip-bytecode-1 "


class BytecodeManifest:
    """What one directory of bytecode holds: file 0, 1, … and where each goes below the root of the wheel."""

    __slots__ = ("checksums", "paths", "sizes")

    def __init__(self, paths: Sequence[str], sizes: Sequence[int], checksums: Sequence[int]) -> None:
        self.paths = list(paths)
        self.sizes = list(sizes)
        """In bytes."""
        self.checksums = list(checksums)
        """CRC-32 of each file."""

    def encode(self) -> bytes:
        """Return the bytes that `decode` takes."""
        items = zip(self.sizes, self.checksums, self.paths, strict=True)
        lines = (f"{size} {checksum:08x} {path}" for size, checksum, path in items)
        body = "\n".join(lines).encode()
        return _MAGIC + b"%08x\n" % crc32(body) + body

    @classmethod
    def decode(cls, data: bytes) -> BytecodeManifest:
        """Return the manifest in ``data``; raise ValueError where it is damaged."""
        head, _, body = data.partition(b"\n")
        if head != _MAGIC + b"%08x" % crc32(body):
            raise ValueError("damaged manifest of bytecode")
        items = [line.split(" ", 2) for line in body.decode().split("\n")] if body else []
        return cls(
            [path for _, _, path in items],
            [int(size) for size, _, _ in items],
            [int(checksum, 16) for _, checksum, _ in items],
        )


class KeptBytecode:
    """The bytecode that a store has, or shall have, for one interpreter."""

    def __init__(self, store: Store, *, cache_tag: str, python_full_version: str, reads_all: bool = False) -> None:
        self._store = store
        self._reads_all = reads_all
        self._cache_tag = cache_tag
        self._name = f"{PREFIX}{cache_tag}-{python_full_version}"

    @classmethod
    def for_target(
        cls,
        store: Store,
        target: TargetEnvironment,
        link_mode: str,
        environ: Mapping[str, str],
        *,
        reads_all: bool = False,
    ) -> KeptBytecode | None:
        """Return the bytecode for ``target``; None where it would not fit how sources are put into place.

        With ``reads_all`` (`--verify`) every byte is checked: RECORD has no hash of it that could be, later.
        """
        if store.is_temporary or link_mode != HARDLINK or "SOURCE_DATE_EPOCH" in environ or target.cache_tag is None:
            return None
        version = target.python_full_version
        return cls(store, cache_tag=target.cache_tag, python_full_version=version, reads_all=reads_all)

    def of(self, item: Placed) -> LinkJob | None:
        """Return what to link for a wheel; None where it was not compiled yet, or what there was has changed."""
        if not _is_keepable(item):
            return None
        directory = os.path.join(item.wheel.tree, self._name)
        manifest = read_bytecode_manifest(directory)
        if manifest is None or not is_intact(directory, manifest.sizes):
            return None
        if self._reads_all and first_changed(directory, manifest) is not None:
            return None
        return directory, item.root, manifest.paths, 0

    def keep(self, placed: Sequence[Placed], compiled: Sequence[str]) -> None:
        """Take what was ``compiled`` (absolute paths, in place now) into the store; what cannot be kept is not."""
        made = set(compiled)
        for item in filter(_is_keepable, placed):
            paths = [bytecode_path(path, self._cache_tag, "/") for path in item.sources_below()]
            try:
                self._keep(item, [path for path in paths if item.base + path in made])
            except OSError:
                continue

    def _keep(self, item: Placed, paths: Sequence[str]) -> None:
        final = os.path.join(item.wheel.tree, self._name)
        aside = self._store.new_staging_directory()
        try:
            sizes, checksums = [], []
            for number, path in enumerate(paths):
                kept = os.path.join(aside, str(number))
                os.link(item.base + path, kept)
                data = read_file(kept) or b""
                sizes.append(len(data))
                checksums.append(crc32(data))
            with open(os.path.join(aside, MANIFEST_NAME), "xb") as file:
                file.write(BytecodeManifest(paths, sizes, checksums).encode())
            self._store.commit_into_tree(aside, final)
        except OSError:
            self._store.discard(aside)
            raise


def read_bytecode_manifest(directory: str) -> BytecodeManifest | None:
    """Return the manifest of a directory of bytecode; None where it is missing or damaged."""
    data = read_file(os.path.join(directory, MANIFEST_NAME))
    try:
        return None if data is None else BytecodeManifest.decode(data)
    except ValueError:
        return None


def first_changed(directory: str, manifest: BytecodeManifest) -> str | None:
    """Return the path of the first file whose bytes are not what was compiled."""
    for index, checksum in enumerate(manifest.checksums):
        data = read_file(os.path.join(directory, str(index)))
        if data is None or crc32(data) != checksum:
            return manifest.paths[index]
    return None


def _is_keepable(item: Placed) -> bool:
    """Return whether a wheel's bytecode is the wheel's alone, whatever it is installed with."""
    paths = item.wheel.manifest.root_paths
    return not item.skipped and bool(item.sources_below()) and not any(path.endswith(".pyc") for path in paths)
