"""Stored files against their hashes: those of RECORD for trees, their own name for archives."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode

from asyncpip.install.linker import damaged_trees
from asyncpip.install.manifest import Manifest
from asyncpip.install.record import parse_record
from asyncpip.install.stored_bytecode import PREFIX, first_changed, read_bytecode_manifest
from asyncpip.store import layout
from asyncpip.store.store import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.store.prune import StoreEntry


def is_checked(entry: StoreEntry) -> bool:
    """Return whether `problem_of` can judge ``entry``: a tree of this release's format, or an archive."""
    return entry.bucket.startswith(layout.TREES_BUCKET if entry.is_tree else layout.ARCHIVES_PREFIX)


def problem_of(entry: StoreEntry) -> str | None:
    """Return what is wrong with a tree or archive of the store; None where nothing is."""
    if entry.is_tree:
        return _problem_of_tree(entry.path)
    digest = os.path.basename(os.path.dirname(entry.path))
    found = _digest_of(entry.path, "sha256")
    if found is not None and found.hex() != digest:
        return "its SHA-256 is not the one that it is stored by"
    return None


def _problem_of_tree(path: str) -> str | None:
    data = read_file(os.path.join(path, layout.MANIFEST_NAME))
    if data is None:
        return "it has no manifest" if os.path.isdir(path) else None  # else it went while we looked
    try:
        manifest = Manifest.decode(data)
    except ValueError:
        return "its manifest is damaged"
    if damaged_trees([(path, manifest)], jobs=1):
        return "a file is missing, of another size, or was changed after it was stored"
    for index, row in _rows(manifest):
        algorithm, _, expected = row.partition("=")
        found = _digest_of(os.path.join(path, str(index)), algorithm) if expected else None
        if found is not None and urlsafe_b64encode(found).rstrip(b"=").decode() != expected:
            return f"{_name_of(manifest, index)} does not have the hash that RECORD says"
    return next((problem for name in os.listdir(path) if (problem := _problem_of_bytecode(path, name))), None)


def _problem_of_bytecode(tree: str, name: str) -> str | None:
    if not name.startswith(PREFIX):
        return None
    directory = os.path.join(tree, name)
    manifest = read_bytecode_manifest(directory)
    if manifest is None:
        return f"the manifest of its {name} is damaged"
    path = first_changed(directory, manifest)
    return None if path is None else f"{path} is not what was compiled"


def _rows(manifest: Manifest) -> list[tuple[int, str]]:
    """Return the number of each stored file and what RECORD says of its hash."""
    places = {path: index for index, path in enumerate(manifest.root_paths)}
    rows = [(places[path], digest) for path, digest, _ in parse_record("\n".join(manifest.root_rows)) if path in places]
    first = len(manifest.root_paths)
    rows += [(number, row.partition(",")[0]) for number, (_, _, row, _) in enumerate(manifest.other_files, first)]
    return rows


def _name_of(manifest: Manifest, index: int) -> str:
    first = len(manifest.root_paths)
    return manifest.root_paths[index] if index < first else manifest.other_files[index - first][1]


def _digest_of(path: str, algorithm: str) -> bytes | None:
    """Return the digest of a file; None where it cannot be read, or the algorithm is unknown."""
    if algorithm not in hashlib.algorithms_available:
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, algorithm).digest()
    except OSError:
        return None
