"""What `list` and `show` print."""

from __future__ import annotations

import json

import pytest

from asyncpip.commands import list_output, show_output
from asyncpip.commands.list_output import ListedDistribution
from asyncpip.commands.show_output import ShownDistribution, block, home_page
from asyncpip.core.headers import parse_headers


def listed(name: str, version: str, *, valid: bool = True) -> ListedDistribution:
    return ListedDistribution(name, version, version if valid else None)


def test_columns_are_those_that_hold_something() -> None:
    first, second = listed("a", "1.0"), listed("long-name", "1")
    assert list_output.columns([first, second], outdated=False, verbose=False) == [
        "Package   Version",
        "--------- -------",
        "a         1.0",
        "long-name 1",
    ]
    first.latest_version, first.latest_type, second.build = "2.0", "wheel", "1"
    second.editable_location, second.location = "/src", "/lib"
    assert list_output.columns([first, second], outdated=True, verbose=True) == [
        "Package   Version Latest Type  Build Editable project location Location Installer",
        "--------- ------- ------ ----- ----- ------------------------- -------- ---------",
        "a         1.0     2.0    wheel",
        "long-name 1                    1     /src                      /lib",
    ]
    assert list_output.columns([], outdated=True, verbose=True) == []


def test_other_formats() -> None:
    rows = [listed("a", "1.0"), listed("b", "odd", valid=False)]
    rows[0].location, rows[0].latest_version, rows[0].editable_location = "/lib", "2.0", "/src"
    assert list_output.requirements(rows, verbose=False) == ["a==1.0", "b===odd"]
    assert list_output.requirements(rows, verbose=True) == ["a==1.0 (/lib)", "b===odd ()"]
    assert json.loads(list_output.as_json(rows, outdated=True, verbose=True)) == [
        {
            "name": "a",
            "version": "1.0",
            "location": "/lib",
            "installer": "",
            "latest_version": "2.0",
            "latest_filetype": "",
            "editable_project_location": "/src",
        },
        {"name": "b", "version": "odd", "location": "", "installer": "", "latest_version": "", "latest_filetype": ""},
    ]


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (["Homepage, https://a"], "https://a"),
        (["Source, https://s", "home_page ,https://a "], "https://a"),
        (["Home - Page!, https://a", "Homepage, https://b"], "https://a"),
        (["Source, https://s", "no comma"], ""),
        ([], ""),
    ],
)
def test_home_page(urls: list[str], expected: str) -> None:
    assert home_page(urls) == expected


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("2.4", "License-Expression: MIT"),
        ("2.10", "License-Expression: MIT"),
        ("2.3", "License: text"),
        ("x", "License: text"),
    ],
)
def test_license(version: str, line: str) -> None:
    headers = parse_headers(f"Metadata-Version: {version}\nLicense: text\nLicense-Expression: MIT\n")
    lines = block(ShownDistribution("a", "1", headers), verbose=False, with_files=False)
    assert line in lines


def test_files() -> None:
    shown = ShownDistribution("a", "1", parse_headers(""))
    assert block(shown, verbose=False, with_files=True)[-2:] == ["Files:", show_output.NO_FILES]
    shown.files = []
    assert block(shown, verbose=False, with_files=True)[-1] == "Files:"
    shown.files, shown.editable_location = ["x.py"], "/src"
    lines = block(shown, verbose=True, with_files=True)
    assert lines[-2:] == ["Files:", "  x.py"]
    assert "Editable project location: /src" in lines
