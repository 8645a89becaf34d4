"""Entry points parsed, wrappers and shebangs written."""

from __future__ import annotations

import pytest

from asyncpip.errors import InstallError
from asyncpip.install.scripts import (
    MAX_SHEBANG_BYTES,
    console_script_variants,
    entry_point_names,
    fix_shebang,
    is_generated_script,
    parse_entry_points,
    stays_inside,
    wrapper_script,
)

BODY = b"""\
import sys
from pkg.cli import App
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(App.main())
"""


def wrap(executable: str, **options: bool) -> bytes:
    return wrapper_script("x", "pkg.cli", "App.main", executable, windows=False, **options)


def test_wrapper() -> None:
    assert wrap("/env/bin/python") == b"#!/env/bin/python\n" + BODY
    assert wrap("/env/bin/python", gui=True) == b"#!/env/bin/python\n" + BODY


def test_long_and_blank_shebangs_go_through_sh() -> None:
    fits = "/" + "x" * (MAX_SHEBANG_BYTES - 4)
    assert wrap(fits) == b"#!" + fits.encode() + b"\n" + BODY
    form = b"#!/bin/sh\n'''exec' %s \"$0\" \"$@\"\n' '''\n"
    assert wrap(fits + "x") == form % (fits + "x").encode() + BODY
    assert wrap("/a b/python") == form % b'"/a b/python"' + BODY
    assert wrap("/a/python", executable_is_script=True) == form % b"/a/python" + BODY


def test_wrappers_that_cannot_be_made() -> None:
    with pytest.raises(InstallError, match="console script x"):
        wrapper_script("x", "m", "a", "/python", windows=True)
    with pytest.raises(InstallError, match="cannot make scripts"):
        wrap("/\udce9/python")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"#!python\nrest\n", b"#!/env/python\nrest\n"),
        (b"#!pythonw -x\r\nrest", b"#!/env/python\nrest"),
        (b"#!python", b"#!/env/python\n"),
        (b"#!/usr/bin/python\n", None),
        (b"", None),
    ],
)
def test_fix_shebang(content: bytes, expected: bytes | None) -> None:
    assert fix_shebang(content, "/env/python") == expected


def test_fixed_shebang_with_blank_runs() -> None:
    assert fix_shebang(b"#!python\nx\n", "/a b/p") == b"#!/bin/sh\n'''exec' \"/a b/p\" \"$0\" \"$@\"\n' '''\nx\n"


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ("a:b", ("a", "b")),
        (" a.b : c.d ", ("a.b", "c.d")),
        ("a:b [extra, more]", ("a", "b")),
        ("a:b[extra]", ("a", "b")),
        ("a:b()", ("a", "b")),
        ("_é:main", ("_é", "main")),
    ],
)
def test_object_references(value: str, reference: tuple[str, str]) -> None:
    console, gui = parse_entry_points(f"[console_scripts]\nrun = {value}\n")
    assert console == (("run", *reference),)
    assert gui == ()


@pytest.mark.parametrize("value", ["", "a", "a:", ":b", "a b:c", "a:b:c", "a..b:c", "a:.b", "a:b.", "1a:b", "a;x:b"])
def test_faulty_object_references(value: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_entry_points(f"[console_scripts]\nrun = {value}\n")


def test_sections_and_comments() -> None:
    text = "\n# c\n[other]\nnonsense\n[console_scripts]\n; c\na = m:f\nb=m:g\na = m:h\n[gui_scripts]\nc = m:i\n"
    assert parse_entry_points(text) == ((("a", "m", "h"), ("b", "m", "g")), (("c", "m", "i"),))
    assert entry_point_names(text) == [("a", False), ("b", False), ("a", False), ("c", True)]


def test_line_without_equals_is_refused_but_can_be_removed() -> None:
    with pytest.raises(ValueError, match="has no `=`"):
        parse_entry_points("[console_scripts]\nlonely\n")
    assert entry_point_names("[console_scripts]\nlonely\n../x = a:b\n") == [("lonely", False)]


@pytest.mark.parametrize("name", ["a", "a.b", "a b", "sub/x", "sub/../x", ".hidden", "..x"])
def test_names_inside(name: str) -> None:
    assert stays_inside(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/../..", "a/..", "a/", "a\\b", "C:x", "a\0", "a/../../x"]
)
def test_names_outside(name: str) -> None:
    assert not stays_inside(name)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (None, ["pip", "pip3", "pip3.11"]),
        ("install", ["pip3", "pip3.11"]),
        ("altinstall", ["pip3.11"]),
    ],
)
def test_names_of_pip(options: str | None, names: list[str]) -> None:
    scripts = [(name, "pip", "main") for name in ("pip", "pip3", "pip3.9", "pipx", "pip-x", "other")]
    made = console_script_variants(scripts, "3.11", options)
    assert [name for name, _, _ in made] == [*names, "pipx", "pip-x", "other"]


def test_names_of_easy_install() -> None:
    scripts = [("easy_install", "e", "m"), ("easy_install-3.8", "e", "m"), ("x", "e", "m")]
    assert [name for name, _, _ in console_script_variants(scripts, "3.12")] == [
        "easy_install",
        "easy_install-3.12",
        "x",
    ]


def test_other_scripts_stay_as_they_are() -> None:
    scripts = [("pip3", "m", "a"), ("x", "m", "b")]
    assert console_script_variants(scripts, "3.11") == scripts


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("foo", True),
        ("sub/foo", True),
        ("foo.exe", True),
        ("foo-script.py", True),
        ("foo.PYA", True),
        ("foo.py", False),
    ],
)
def test_scripts_that_setuptools_made(path: str, expected: bool) -> None:
    assert is_generated_script(path, {"foo"}) is expected
