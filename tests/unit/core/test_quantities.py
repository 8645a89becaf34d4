from __future__ import annotations

import pytest

from asyncpip.core.quantities import format_size, parse_age_seconds, parse_size_bytes


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("123", 123),
        ("5k", 5000),
        ("500M", 500_000_000),
        ("1.5 GB", 1_500_000_000),
        ("2GiB", 2 * 1024**3),
        ("1T", 10**12),
    ],
)
def test_sizes(text: str, size_bytes: int) -> None:
    assert parse_size_bytes(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P30D", 30 * 86400), ("p1d", 86400), ("12h", 43200), ("4w", 2419200), ("7", 604800), ("0", 0)],
)
def test_ages(text: str, seconds: float) -> None:
    assert parse_age_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "x", "1X", "P1M", "1 day", "1e3", "٣x"])
def test_what_is_neither(text: str) -> None:
    with pytest.raises(ValueError, match="is no size like"):
        parse_size_bytes(text)
    with pytest.raises(ValueError, match="is no age like"):
        parse_age_seconds(text or "-")


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 bytes"), (1000, "1000 bytes"), (9500, "9.5 kB"), (103_999, "103 kB"), (12_345_678, "12.3 MB")],
)
def test_format(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text
