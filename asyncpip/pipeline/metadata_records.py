"""Core metadata of wheels as the store has it: in records of what indexes said, and in trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from packaging.version import Version

from asyncpip.core.metadata import CoreMetadata
from asyncpip.core.names import normalize_name
from asyncpip.core.urls import split_credentials
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import StoreError, WheelFormatError
from asyncpip.pipeline.bridge import parse_metadata

if TYPE_CHECKING:
    from asyncpip.core.page import PageFile
    from asyncpip.store.store import Store

_BUCKET = "metadata-v2"
"""Core metadata by SHA-256 and address of the wheel: MessagePack of `CoreMetadata` as an array.

The digest is what an index says, and the metadata came without the archive: for the digest alone, whoever runs an index
could say what another index's wheels depend on.
"""
_decode = msgspec.msgpack.Decoder(CoreMetadata).decode
_encode = msgspec.msgpack.Encoder().encode


class MetadataRecords:
    """Reads and writes core metadata; every call blocks for one small file or two.

    Trees that come into a store which has none when this is made are not looked at.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._had_trees = store.has_trees()

    def read(self, file: PageFile) -> CoreMetadata | None:
        """Return what an index said of ``file`` in an earlier run."""
        key = _key(file)
        data = self._store.read_record(_BUCKET, key) if key else None
        try:
            return _decode(data or b"")
        except msgspec.DecodeError:
            return None

    def read_stored(self, file: PageFile) -> CoreMetadata | None:
        """Return what the wheel itself says, where the store has it: it may have come without having been asked for."""
        digest, key = file.hashes.get("sha256", ""), _key(file)
        if (
            not self._had_trees
            or not self._store.has_tree(digest)
            or (key and self._store.read_record(_BUCKET, key) is not None)
        ):
            return None  # what was contradicted is to be said again, and contradicted again
        from asyncpip.pipeline.keeping import read_metadata_file  # noqa: PLC0415 - where there are archives

        try:
            return parse_metadata(read_metadata_file(self._store.tree_path(digest)), file.filename)
        except (StoreError, WheelFormatError):  # damaged: whatever links trees notices, and drops it
            return None

    def stands_by(self, file: PageFile) -> bool:
        """Return whether what was said of ``file``, or the wheel itself, is still here and was not contradicted."""
        key = _key(file)
        data = self._store.read_record(_BUCKET, key) if key else b""
        return self._store.has_tree(file.hashes.get("sha256", "")) if data is None else bool(data)

    def write(self, file: PageFile, metadata: CoreMetadata) -> None:
        """Remember what an index says; nothing where it gives no digest."""
        key = _key(file)
        if key:
            self._store.write_record(_BUCKET, key, _encode(metadata))

    def forget(self, file: PageFile) -> None:
        """Do not believe again what was said."""
        self._store.write_record(_BUCKET, _key(file) or "", b"")


def _key(file: PageFile) -> str | None:
    """Return what the file's metadata is remembered by; None for one that its index gives no digest of."""
    digest = file.hashes.get("sha256")
    return f"{digest} {split_credentials(file.url)[0]}" if digest else None


def is_of_file(metadata: CoreMetadata, filename: str) -> bool:
    """Return whether name and version of ``metadata`` are those of the wheel's file name."""
    name = parse_wheel_name(filename)
    if name is None or normalize_name(metadata.name) != normalize_name(name.project):
        return False
    try:
        return Version(metadata.version) == Version(name.version)
    except ValueError:  # `InvalidVersion`, or endless digits
        return False
