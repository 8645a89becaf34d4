"""Where things are in the store. A format change is a new bucket version, never a migration. Lean."""

from __future__ import annotations

import os
from binascii import crc32

SUBFOLDER = "asyncpip"
"""Inside pip's cache directory, so that CI caches of that directory hold the store too."""
TREES_PREFIX = "trees-v"
"""Of all buckets of trees, whatever their version and umask."""
TREES_BUCKET = "trees-v1"
ARCHIVES_PREFIX = "archives-v"
"""Of all buckets of archives as they came."""
ARCHIVES_BUCKET = "archives-v1"
BUILT_BUCKET = "built-v2"
"""By what a wheel was built from: its digest, its file name, and the key again, a line each."""
BUILT_PREFIX = "built-"
"""Of all buckets that say which wheels were built here, and from what."""
PARTIAL_BUCKET = "partial-v1"
STAGING_BUCKET = "tmp"
MANIFEST_NAME = "manifest"
_USUAL_UMASK = 0o022
_DIGITS = 64
"""Of a SHA-256 digest."""


def trees_bucket(umask: int) -> str:
    """Return the bucket of unpacked wheels whose file modes fit ``umask`` (modes travel through hard links)."""
    return TREES_BUCKET if umask == _USUAL_UMASK else f"{TREES_BUCKET}-{umask:03o}"


def is_digest(text: str) -> bool:
    """Return whether ``text`` can be the digest of anything here; a page may say ``../../..`` for one."""
    return len(text) == _DIGITS and text.isascii() and text.isalnum()


def digest_path(bucket: str, digest: str) -> str:
    """Return the place below the store's root for a SHA-256 ``digest``."""
    return f"{bucket}{os.sep}{digest[:2]}{os.sep}{digest}"


def record_path(bucket: str, key: str) -> str:
    """Return the place below the store's root for a record with a free-text ``key``."""
    return f"{bucket}{os.sep}{_key_digest(key)}"


def _key_digest(key: str) -> str:
    """Return 40 hexadecimal digits for ``key``; `_blake2` is what `hashlib` would load, without its 3 ms."""
    data = key.encode("utf-8", "surrogatepass")
    try:
        from _blake2 import blake2s  # noqa: PLC0415 - an accelerator of CPython, perhaps absent
    except ImportError:
        from hashlib import blake2s  # noqa: PLC0415
    return f"{blake2s(data, digest_size=16).hexdigest()}{crc32(data):08x}"
