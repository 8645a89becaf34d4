"""Project names and look-alike strings with types of their own. Lean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NewType

    from packaging.utils import NormalizedName

    Digest = NewType("Digest", str)
else:
    Digest = str
"""A SHA-256 of an archive in lower-case hexadecimal, 64 characters."""


class _Normalized(dict[str, "NormalizedName"]):
    """What was normalised so far: a run asks for the same few hundred names some ten thousand times."""

    def __missing__(self, name: str) -> NormalizedName:
        text = name.lower().replace("_", "-").replace(".", "-")
        while "--" in text:
            text = text.replace("--", "-")
        self[name] = normalized = _checked(text)
        return normalized


def _checked(text: str) -> NormalizedName:
    return text  # type: ignore[return-value]  # `cast` is in `typing`, which costs half of a bare interpreter's start


normalize_name = _Normalized().__getitem__
"""Takes a name and gives it as PEP 503 compares it: lower case, runs of ``-_.`` as one ``-``."""


def is_valid_name(name: NormalizedName) -> bool:
    """Return whether a normalised name is one that a project can have (PEP 508)."""
    return name.isascii() and name.replace("-", "").isalnum() and name[0] != "-" and name[-1] != "-"
