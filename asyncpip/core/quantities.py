"""Sizes and ages as people write them on a command line."""

from __future__ import annotations

import re

# Compiled when somebody gives one.
_SIZE = r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]?)(?P<binary>i?)b?"
_AGE = r"p(?P<iso>\d+)d|(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw]?)"
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "": 86400.0}
_MOST_BYTES = 1 << 80


def parse_size_bytes(text: str) -> int:
    """Return the bytes of ``500M``, ``1.5GB`` (thousands), ``2GiB`` (1024s) or a plain number; raise `ValueError`."""
    match = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{text!r} is no size like 500M, 2G or 1GiB")
    base = 1024 if match["binary"] else 1000
    size_bytes = float(match["number"]) * base ** _POWERS[match["unit"].lower()]
    if size_bytes > _MOST_BYTES:
        raise ValueError("that is more than any disk has")
    return int(size_bytes)


def parse_age_seconds(text: str) -> float:
    """Return the seconds of ``P30D``, ``12h``, ``4w`` or a plain number of days; raise `ValueError`."""
    match = re.fullmatch(_AGE, text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{text!r} is no age like P30D, 30d, 12h or 4w")
    if match["iso"] is not None:
        return float(match["iso"]) * _SECONDS["d"]
    return float(match["number"]) * _SECONDS[match["unit"].lower()]


def format_size(size_bytes: int) -> str:
    """Return a size as pip prints it: ``512 bytes``, ``9.5 kB``, ``103 kB``, ``12.3 MB``."""
    if size_bytes > _MEGA:
        return f"{size_bytes / _MEGA:.1f} MB"
    if size_bytes > _SHOW_TENTHS_BELOW:
        return f"{size_bytes // _KILO} kB"
    if size_bytes > _KILO:
        return f"{size_bytes / _KILO:.1f} kB"
    return f"{size_bytes} bytes"


_KILO, _MEGA = 1000, 1000 * 1000
_SHOW_TENTHS_BELOW = 10 * _KILO
