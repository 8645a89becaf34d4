"""TOML that others wrote: every way in which it is none is one error."""

from __future__ import annotations

import tomllib
from typing import Any


class InvalidTomlError(ValueError):
    """What is wrong with a TOML document."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return the document; raise `InvalidTomlError`, also for a number or a nesting that Python does not take."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InvalidTomlError("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidTomlError(str(error)) from error
