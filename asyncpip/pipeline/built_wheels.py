"""Wheels that were built here, remembered by the digest of what they were built from: an sdist is built once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.names import Digest
from asyncpip.core.values import Value
from asyncpip.errors import StoreError
from asyncpip.fetch.wheels import StoredWheel
from asyncpip.pipeline.keeping import read_metadata_file
from asyncpip.store.layout import BUILT_BUCKET

if TYPE_CHECKING:
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.store.store import Store

_COPY_BYTES = 1024 * 1024


class BuiltWheel(Value):
    """A wheel that was built on this machine."""

    stored: StoredWheel
    path: str
    """The archive; in the store, or, where it may not be kept, among what the run removes at its end."""


def sdist_identity(digest: str) -> str:
    """Return what stands for an sdist in the key of what is built from it (`BuildOptions.key_of`)."""
    return f"sha256:{digest}"


def find_built(store: Store, key: str) -> BuiltWheel | None:
    """Return the wheel that was built from ``key`` (`BuildOptions.key_of`), if the store has it."""
    data = store.read_record(BUILT_BUCKET, key)
    if data is None:
        return None
    digest, _, rest = data.decode("utf-8", "replace").partition("\n")
    filename, _, written_key = rest.partition("\n")
    path = store.archive_path(digest, filename)
    if written_key != key or not store.has_tree(digest) or not os.path.exists(path):
        return None
    return BuiltWheel(
        stored=StoredWheel(digest=Digest(digest), tree=store.tree_path(digest), from_store=True), path=path
    )


def keep_built(store: Store, key: str, wheel: StoredWheel, built: str) -> BuiltWheel:
    """Remember that ``wheel``, whose archive is at ``built``, was built from ``key``. Blocks."""
    descriptor, aside = store.create_temporary()
    filename = os.path.basename(built)
    try:
        with open(built, "rb") as reading, open(descriptor, "wb") as writing:
            while piece := reading.read(_COPY_BYTES):
                writing.write(piece)
        path = store.commit_archive(aside, wheel.digest, filename)
    except OSError as error:
        raise StoreError(f"could not keep {filename} in the store", why=str(error)) from error
    store.write_record(BUILT_BUCKET, key, f"{wheel.digest}\n{filename}\n{key}".encode())
    return BuiltWheel(stored=wheel, path=path)


def read_built_metadata(wheel: BuiltWheel) -> CoreMetadata | None:
    """Return the core metadata of a built wheel; None where its tree is damaged."""
    try:
        return parse_core_metadata(read_metadata_file(wheel.stored.tree))
    except (StoreError, ValueError):
        return None
