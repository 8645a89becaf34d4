"""Dependency groups (PEP 735)."""

from __future__ import annotations

import pytest

from asyncpip.errors import RequirementError, UsageError
from asyncpip.resolve.dependency_groups import DependencyGroups, GroupOption, parse_group_option
from asyncpip.resolve.requirement_text import PathKind

TABLE = b"""
[dependency-groups]
test = ["pytest>=8", {include-group = "Base_Things"}]
base-things = ["coverage[toml]; python_version > '3'"]
round = [{include-group = "about"}]
about = [{include-group = "round"}]
bad = ["not a requirement"]
none = []
"""


def select(data: bytes, group: str) -> list[str]:
    found = DependencyGroups(data, "p.toml").select(group, cwd="/cwd", exists=lambda _: PathKind.MISSING)
    return [one.text for one in found]


def test_includes_are_followed() -> None:
    assert select(TABLE, "Test") == ["pytest>=8", 'coverage[toml]; python_version > "3"']
    assert select(TABLE, "none") == []


def test_origin() -> None:
    groups = DependencyGroups(TABLE, "p.toml")
    (found,) = groups.select("base.things", cwd="/cwd", exists=lambda _: PathKind.MISSING)
    assert str(found.origin) == "group `base.things`"
    assert found.origin.file == "p.toml"


@pytest.mark.parametrize(
    ("data", "group", "message"),
    [
        (TABLE, "gone", "[dependency-groups] resolution failed for 'gone' from 'p.toml': Dependency group 'gone' not"),
        (TABLE, "round", "[dependency-groups] resolution failed for 'round' from 'p.toml': Cyclic dependency group"),
        (TABLE, "bad", "[dependency-groups] resolution failed for 'bad' from 'p.toml': "),
        (b"", "x", "[dependency-groups] table was missing from 'p.toml'. Cannot resolve '--group' option."),
        (b"dependency-groups = 1", "x", "[dependency-groups] table was malformed in p.toml."),
        (b"[dependency-groups]\na-b=[]\na_b=[]", "x", "[dependency-groups] data was invalid in p.toml: Duplicate"),
        (b"= no toml", "x", "Error parsing p.toml: "),
        (b"\xff", "x", "Error parsing p.toml: "),
    ],
)
def test_errors(data: bytes, group: str, message: str) -> None:
    with pytest.raises(RequirementError) as caught:
        select(data, group)
    assert caught.value.what.startswith(message)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("test", GroupOption("pyproject.toml", "test")),
        ("a/pyproject.toml:test", GroupOption("a/pyproject.toml", "test")),
        ("C:/a/pyproject.toml:test", GroupOption("C:/a/pyproject.toml", "test")),
        ("pylock.toml:test", GroupOption("pylock.toml", "test")),
        ("a/pylock.dev.toml[x]:test", GroupOption("a/pylock.dev.toml[x]", "test")),
    ],
)
def test_group_option(value: str, expected: GroupOption) -> None:
    assert parse_group_option(value) == expected


@pytest.mark.parametrize("value", ["setup.cfg:test", ":test", "https://h.example/pylock.toml:test"])
def test_other_files_are_refused(value: str) -> None:
    with pytest.raises(UsageError, match="group paths use local") as caught:
        parse_group_option(value)
    assert caught.value.exit_code == 2
