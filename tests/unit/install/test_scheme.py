"""Where a wheel's members go."""

from __future__ import annotations

import os

import pytest

from asyncpip.core.target import SchemePaths
from asyncpip.errors import WheelFormatError
from asyncpip.install.scheme import ROOT, Placement, destination, place_members, record_prefix
from asyncpip.install.wheel import WheelLayout

SCHEME = SchemePaths(
    purelib="/env/lib/pure", platlib="/env/lib/plat", scripts="/env/bin", data="/env", headers="/env/include/x"
)


def layout(*, data_dir: str = "", scripts: tuple[tuple[str, str, str], ...] = ()) -> WheelLayout:
    return WheelLayout(
        filename="foo-1-py3-none-any.whl",
        project="foo",
        version="1",
        requires_python="",
        dist_info="foo-1.dist-info",
        data_dir=data_dir,
        root_is_purelib=True,
        console_scripts=scripts,
        gui_scripts=(),
        record="",
        metadata=b"",
        warnings=(),
    )


def groups(placement: Placement) -> dict[str, list[tuple[str, str]]]:
    return {key: list(zip(group.members, group.paths, strict=True)) for key, group in placement.groups.items()}


def test_wheel_without_data() -> None:
    names = ["foo/", "foo/a.py", "foo-1.dist-info/METADATA", "foo-1.dist-info/RECORD", "foo-1.dist-info/RECORD.jws"]
    placement = place_members(layout(), names)
    expected = ["foo/a.py", "foo-1.dist-info/METADATA", "foo-1.dist-info/RECORD.jws"]
    assert groups(placement) == {ROOT: [(name, name) for name in expected]}
    assert placement.members() == expected


def test_wheel_with_data() -> None:
    names = [
        "foo-1.data/scripts/run",
        "foo-1.data/scripts/tool",
        "foo-1.data/",
        "a.py",
        "foo-1.data/data/share/x",
        "foo-1.data/purelib/b.py",
        "foo-1.dist-info/RECORD",
    ]
    placement = place_members(layout(data_dir="foo-1.data", scripts=(("tool", "m", "f"),)), names)
    assert groups(placement) == {
        ROOT: [("a.py", "a.py")],
        "data": [("foo-1.data/data/share/x", "share/x")],
        "purelib": [("foo-1.data/purelib/b.py", "b.py")],
        "scripts": [("foo-1.data/scripts/run", "run")],
    }
    assert list(placement.groups)[-1] == "scripts"
    assert placement.skipped == ("foo-1.data/scripts/tool",)
    assert placement.members() == [
        "a.py",
        "foo-1.data/data/share/x",
        "foo-1.data/purelib/b.py",
        "foo-1.data/scripts/run",
    ]


def test_superfluous_parts_are_taken_out() -> None:
    placement = place_members(layout(), ["./foo//a.py", "./foo-1.dist-info/RECORD"])
    assert groups(placement) == {ROOT: [("./foo//a.py", "foo/a.py")]}


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "C:/x"])
def test_members_that_leave_are_refused(name: str) -> None:
    with pytest.raises(WheelFormatError, match="foo-1-py3-none-any"):
        place_members(layout(), [name])


@pytest.mark.parametrize(
    ("key", "purelib", "expected"),
    [
        (ROOT, True, "/env/lib/pure"),
        (ROOT, False, "/env/lib/plat"),
        ("purelib", False, "/env/lib/pure"),
        ("platlib", True, "/env/lib/plat"),
        ("scripts", True, "/env/bin"),
        ("data", True, "/env"),
        ("headers", True, os.path.join("/env/include/x", "foo")),
    ],
)
def test_destination(key: str, purelib: bool, expected: str) -> None:
    assert destination(SCHEME, key, root_is_purelib=purelib, project="foo") == expected


@pytest.mark.parametrize("project", ["", "..", "a/b"])
def test_headers_need_a_name_that_is_one_directory(project: str) -> None:
    with pytest.raises(WheelFormatError):
        destination(SCHEME, "headers", root_is_purelib=True, project=project)


@pytest.mark.parametrize(
    ("directory", "prefix"),
    [
        ("/env/lib/pure", ""),
        ("/env/bin", "../../bin/"),
        ("/env", "../../"),
        ("/env/lib/pure/sub", "sub/"),
        ("/", "../../../"),
    ],
)
def test_record_prefix(directory: str, prefix: str) -> None:
    assert record_prefix(directory, "/env/lib/pure") == prefix
