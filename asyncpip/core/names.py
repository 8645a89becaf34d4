"""Project names and look-alike strings with types of their own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NewType, cast

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

Digest = NewType("Digest", str)
"""A SHA-256 of an archive in lower-case hexadecimal, 64 characters."""

_SEPARATORS = re.compile(r"[-_.]+")


@lru_cache(maxsize=16384)
def normalize_name(name: str) -> NormalizedName:
    """Return ``name`` as PEP 503 compares it: lower case, runs of ``-_.`` as one ``-``."""
    return cast("NormalizedName", _SEPARATORS.sub("-", name).lower())
