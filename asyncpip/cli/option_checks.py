"""Rules that the values of a few options have to meet. Each returns what is wrong, or None."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

from asyncpip.core.quantities import parse_age_seconds, parse_size_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_VERSION_PARTS = 3
_MOST_DIGITS = 4
"""There is a wheel tag for each minor version up to the one given."""


def check_python_version(text: str) -> str | None:
    """Check ``3``, ``37``, ``3.7`` or ``3.7.3``."""
    parts = text.split(".")
    if len(parts) > _MOST_VERSION_PARTS:
        problem = "at most three version parts are allowed"
    elif not all(part.isascii() and part.isdigit() for part in parts):
        problem = "each version part must be an integer"
    elif any(len(part) > _MOST_DIGITS for part in parts):
        problem = f"no version part has more than {_MOST_DIGITS} digits"
    else:
        return None
    return f"invalid --python-version value: {text!r}: {problem}"


def check_moment(text: str) -> str | None:
    """Check an ISO 8601 date with or without a time, or ``P<n>D``."""
    if text.startswith("P") and text.endswith("D") and text[1:-1].isascii() and text[1:-1].isdigit():
        return None
    try:
        dt.datetime.fromisoformat(text)
    except ValueError as error:
        return (
            f"invalid value: {text!r}: {error}. Expected an ISO 8601 datetime string (e.g., '2023-01-01' or"
            " '2023-01-01T00:00:00Z') or a duration in days (e.g., 'P3D')"
        )
    return None


def check_address(text: str) -> str | None:
    """Check an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f"invalid value: {text!r} is not an IP address"
    return None


def check_positive(text: str) -> str | None:
    """Check a number, known to be one, that may not be less than 1."""
    return None if int(text) > 0 else f"invalid value: {text!r} is less than 1"


def check_size(text: str) -> str | None:
    """Check a number of bytes with or without a unit."""
    return _problem_of(parse_size_bytes, text)


def check_age(text: str) -> str | None:
    """Check a duration like ``P30D`` or ``12h``."""
    return _problem_of(parse_age_seconds, text)


def _problem_of(parse: Callable[[str], object], text: str) -> str | None:
    try:
        parse(text)
    except ValueError as error:
        return f"invalid value: {error}"
    return None


CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "address": check_address,
    "age": check_age,
    "moment": check_moment,
    "positive": check_positive,
    "python_version": check_python_version,
    "size": check_size,
}
