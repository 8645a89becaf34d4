"""The text of a lock file: TOML with a line for each file, so that a changed release shows as a few changed lines."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.pylock import Pylock

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def lock_text(lock: Pylock) -> str:
    """Return ``lock`` as TOML 1.0."""
    fields = dict(lock.to_dict())
    packages = fields["packages"]
    if packages:  # the key must be there, also of a file that locks nothing
        del fields["packages"]
    blocks = ["".join(f"{line}\n" for line in _lines(fields))]
    blocks += ["[[packages]]\n" + "".join(f"{line}\n" for line in _lines(package)) for package in packages]
    return "\n".join(blocks)


def _lines(table: Mapping[str, object]) -> Iterable[str]:
    """Yield the lines of a table; a list of tables has a line for each."""
    for key, value in table.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield f"{_key(key)} = ["
            yield from (f"    {_inline(item)}," for item in value)
            yield "]"
        else:
            yield f"{_key(key)} = {_inline(value)}"


def _inline(value: object) -> str:
    """Return a value on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _string(value)
        case dt.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case dict():
            inside = ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items())
            return f"{{{inside}}}"
        case list() | tuple():
            return f"[{', '.join(map(_inline, value))}]"
        case _:
            raise TypeError(f"a lock file has no {type(value).__name__}")


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """Return a basic string. JSON's escapes are TOML's, which has one more: DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
