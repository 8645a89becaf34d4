from __future__ import annotations

import pytest

from asyncpip.cli.option_checks import check_address, check_moment, check_positive, check_python_version
from asyncpip.cli.option_values import parse_boolean, parse_count, split_key_value


@pytest.mark.parametrize("text", ["y", "YES", "t", "True", "on", "1"])
def test_true(text: str) -> None:
    assert parse_boolean(text) is True


@pytest.mark.parametrize("text", ["n", "No", "f", "FALSE", "off", "0"])
def test_false(text: str) -> None:
    assert parse_boolean(text) is False


@pytest.mark.parametrize("text", ["", "2", "maybe", " yes"])
def test_neither(text: str) -> None:
    with pytest.raises(ValueError, match="invalid truth value"):
        parse_boolean(text)


@pytest.mark.parametrize(("text", "count"), [("yes", 1), ("off", 0), ("0", 0), ("3", 3)])
def test_counts(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["-1", "many", "1.5"])
def test_no_counts(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - `int` says it in its own words
        parse_count(text)


@pytest.mark.parametrize(
    ("text", "pair"), [("a=b", ("a", "b")), ("a=b=c", ("a", "b=c")), ("a", ("a", "")), ("=b", ("", "b"))]
)
def test_key_values(text: str, pair: tuple[str, str]) -> None:
    assert split_key_value(text) == pair


@pytest.mark.parametrize("text", ["3", "37", "3.7", "3.7.3", "310"])
def test_python_versions(text: str) -> None:
    assert check_python_version(text) is None


@pytest.mark.parametrize("text", ["3.7.3.1", "3.", "3.x", "x", "3.7rc1", "-3", "٣"])
def test_no_python_versions(text: str) -> None:
    assert check_python_version(text) is not None


@pytest.mark.parametrize("text", ["P3D", "P0D", "2023-01-01", "2023-01-01T00:00:00Z", "2023-01-01T00:00:00+02:00"])
def test_moments(text: str) -> None:
    assert check_moment(text) is None


@pytest.mark.parametrize("text", ["", "PD", "P3W", "P-3D", "yesterday", "2023-13-01"])
def test_no_moments(text: str) -> None:
    assert check_moment(text) is not None


@pytest.mark.parametrize(
    ("text", "good"), [("192.168.1.100", True), ("::1", True), ("localhost", False), ("1.2.3", False)]
)
def test_addresses(text: str, *, good: bool) -> None:
    assert (check_address(text) is None) is good


@pytest.mark.parametrize(("text", "good"), [("1", True), ("0", False), ("-2", False)])
def test_positive(text: str, *, good: bool) -> None:
    assert (check_positive(text) is None) is good
