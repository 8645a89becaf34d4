from __future__ import annotations

import json

from packaging.version import Version

from asyncpip.commands.versions_output import details_lines, installed_lines, search_lines, versions_json, versions_text

VERSIONS = [Version("2.0rc1"), Version("1.0")]


def test_json() -> None:
    assert json.loads(versions_json("X", VERSIONS, None)) == {
        "name": "X",
        "versions": ["2.0rc1", "1.0"],
        "latest": "2.0rc1",
    }
    assert json.loads(versions_json("X", VERSIONS, "1.0"))["installed_version"] == "1.0"


def test_text() -> None:
    assert versions_text("X", VERSIONS, None) == "X (2.0rc1)\nAvailable versions: 2.0rc1, 1.0"
    assert versions_text("X", VERSIONS, "1").endswith("\n  INSTALLED: 1\n" + installed_lines(VERSIONS[0], "1")[1])


def test_a_pre_release_is_told() -> None:
    assert installed_lines(VERSIONS[1], "1.0") == ["  INSTALLED: 1.0", "  LATEST:    1.0"]
    assert installed_lines(VERSIONS[0], "1.0")[1].endswith("(pre-release; install with `pip install --pre`)")


def test_summaries_stand_below_one_another() -> None:
    results = {("a", "1.0"): "first", ("longer-name", "10.0"): "second", ("b", "2"): ""}
    assert search_lines(results, None) == [
        "a (1.0)             - first",
        "longer-name (10.0)  - second",
        "b (2)               - ",
    ]


def test_summaries_are_wrapped_on_a_terminal() -> None:
    (line,) = search_lines({("a", "1.0"): "one two three four five six"}, 25)
    assert line == "a (1.0)  - one two\n           three four\n           five six"
    assert search_lines({("a", "1.0"): "one two three four five six"}, 20) == ["a (1.0)  - one two three four five six"]


def test_details() -> None:
    many = [Version(f"1.{minor}") for minor in range(25, 0, -1)]
    assert details_lines(many, [("Docs", "https://x/")])[0].endswith("1.6, and 5 older")
    assert details_lines(VERSIONS, [("Docs", "https://x/")]) == [
        "  VERSIONS:  2.0rc1, 1.0",
        "  URL:       https://x/ (Docs)",
    ]
