"""JSON read without the `json` package, which imports `re` and with it 8 ms. Lean.

CPython's scanner is in C and has stayed the same since 3.0; where it is missing the package itself reads.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Settings:
    """What the scanner wants to be told: the defaults of `json.JSONDecoder`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def parse_json(text: str) -> Any:
    """Return the value that ``text`` is; raise ValueError where it is none."""
    text = text.strip(" \t\r\n")
    try:
        scan: Callable[[str, int], tuple[Any, int]] = _scanner()
    except (ImportError, AttributeError, TypeError):
        import json  # noqa: PLC0415 - another implementation of Python

        return json.loads(text)
    try:
        value, end = scan(text, 0)
    except (StopIteration, SystemError):  # the latter where it wants to raise the package's own error
        raise ValueError("no JSON value") from None
    if end != len(text):
        raise ValueError("something follows the JSON value")
    return value


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    from _json import make_scanner  # noqa: PLC0415 - may be missing

    settings: Any = _Settings  # the scanner reads attributes, whatever has them
    return make_scanner(settings)
