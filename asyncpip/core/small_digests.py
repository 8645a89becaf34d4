"""SHA-256 of a few small files: the interpreter's own code does, without the 3 ms that loading OpenSSL takes. Lean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable

_found: list[Callable[[bytes], hashlib._Hash]] = []


def sha256_of(data: bytes) -> hashlib._Hash:
    """Return the hash object of ``data``, as `hashlib.sha256` would."""
    if not _found:  # once, for a module that is not there is looked for in every place each time
        try:
            from _sha2 import sha256  # type: ignore[import-not-found]  # noqa: PLC0415 - CPython 3.12 and later
        except ImportError:
            try:
                from _sha256 import sha256  # type: ignore[import-not-found]  # noqa: PLC0415 - CPython 3.11
            except ImportError:
                from hashlib import sha256  # noqa: PLC0415 - builds without either
        _found.append(sha256)
    return _found[0](data)
