"""Where asyncpip means to differ from pip 26.3, and why: the one table that golden tests of `install` look into."""

from __future__ import annotations

from enum import Enum


class Wanted(Enum):
    """One difference that is wanted; its value is the reason."""
