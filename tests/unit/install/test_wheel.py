"""Which wheels are accepted, and what is read from them."""

from __future__ import annotations

import pytest

from asyncpip.core.names import normalize_name
from asyncpip.errors import WheelFormatError
from asyncpip.install.wheel import canonical_name, normalised_names, read_layout

FILENAME = "foo_bar-1.0-py3-none-any.whl"
INFO = "foo_bar-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel(**changes: bytes | None) -> dict[str, bytes]:
    """Return the members of a small wheel; keys are member names, `__` for `/`, None leaves one out."""
    members: dict[str, bytes | None] = {
        "foo_bar/__init__.py": b"",
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/WHEEL": WHEEL,
        f"{INFO}/RECORD": b"foo_bar/__init__.py,sha256=x,0\n",
    }
    members |= {f"{INFO}/{name}": content for name, content in changes.items()}
    return {name: content for name, content in members.items() if content is not None}


def refusal(members: dict[str, bytes], *, filename: str = FILENAME, extra: tuple[str, ...] = ()) -> str:
    names = [*members, *extra]
    with pytest.raises(WheelFormatError) as caught:
        read_layout(filename, names, members.__getitem__)
    assert filename in caught.value.what
    assert caught.value.why is not None
    return caught.value.why


def test_facts_of_a_wheel() -> None:
    members = wheel(**{"entry_points.txt": b"[console_scripts]\nfoo = foo_bar:main\n[gui_scripts]\ng=foo_bar.g:A.b\n"})
    layout = read_layout(FILENAME, list(members), members.__getitem__)
    assert (layout.project, layout.version, layout.dist_info) == ("Foo.Bar", "1.0", INFO)
    assert layout.root_is_purelib
    assert layout.data_dir == ""
    assert layout.console_scripts == (("foo", "foo_bar", "main"),)
    assert layout.gui_scripts == (("g", "foo_bar.g", "A.b"),)
    assert layout.record == "foo_bar/__init__.py,sha256=x,0\n"
    assert layout.metadata == METADATA
    assert layout.warnings == ()


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("True", True), ("false", False), ("yes", False), (None, False)]
)
def test_root_is_purelib(value: str | None, expected: bool) -> None:
    text = "Wheel-Version: 1.0\n" + (f"Root-Is-Purelib: {value}\n" if value else "")
    members = wheel(WHEEL=text.encode())
    assert read_layout(FILENAME, list(members), members.__getitem__).root_is_purelib is expected


@pytest.mark.parametrize(
    ("text", "warnings"),
    [("1.0", ()), ("1", ()), ("0.9", ()), ("1.9", ("Installing from a newer Wheel-Version (1.9)",))],
)
def test_accepted_wheel_versions(text: str, warnings: tuple[str, ...]) -> None:
    members = wheel(WHEEL=f"wheel-version: {text}\r\n".encode())
    assert read_layout(FILENAME, list(members), members.__getitem__).warnings == warnings


@pytest.mark.parametrize(
    ("part", "content", "why"),
    [
        ("WHEEL", b"Wheel-Version: 2.0\n", "its Wheel-Version is 2.0"),
        ("WHEEL", b"Wheel-Version: x\n", "invalid Wheel-Version 'x'"),
        ("WHEEL", b"Tag: py3-none-any\n\nWheel-Version: 1.0\n", "has no Wheel-Version"),
        ("WHEEL", b"\xff", "WHEEL is not UTF-8"),
        ("WHEEL", None, f"{INFO}/WHEEL is missing"),
        ("METADATA", None, f"{INFO}/METADATA is missing"),
        ("RECORD", None, f"{INFO}/RECORD is missing"),
        ("METADATA", b"Name: foo-bar\n", f"{INFO}/METADATA: metadata has no Version"),
        ("METADATA", b"Name: other\nVersion: 1.0\n", "inconsistent name: expected 'foo_bar'"),
        ("METADATA", b"Name: foo-bar\nVersion: 1.1\n", "inconsistent version: expected '1.0'"),
        ("METADATA", b"Name: foo-bar\nVersion: what\n", "inconsistent version: expected '1.0'"),
        ("entry_points.txt", b"[console_scripts]\nfoo = foo\n", "entry_points.txt: line 2: 'foo' names no attribute"),
        ("entry_points.txt", b"[gui_scripts]\n../x = a:b\n", "outside of the scripts directory"),
    ],
)
def test_refused_dist_info(part: str, content: bytes | None, why: str) -> None:
    assert why in refusal(wheel(**{part: content}))


def test_versions_compare_as_versions() -> None:
    members = wheel(METADATA=b"Name: foo-bar\nVersion: 1.0.0\n")
    assert read_layout(FILENAME, list(members), members.__getitem__).version == "1.0.0"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute path"),
        ("../x", "leaves the archive's root"),
        ("a/../../x", "leaves the archive's root"),
        ("a/..", "leaves the archive's root"),
        ("a\\b", "backslash"),
        ("a\0b", "NUL"),
        ("a\nb", "line break"),
        ("a\rb", "line break"),
        ("C:/x", "names a drive"),
        ("c:x", "names a drive"),
        ("foo_bar-1.0.data/data/C:/x", "names a drive"),
        ("", "empty name"),
        ("foo_bar/__init__.py", "more than once"),
        ("./foo_bar/__init__.py", "more than once"),
        ("foo_bar", "both a file and a directory"),
        ("foo_bar/__init__.py/x", "both a file and a directory"),
        ("foo_bar/__init__.py/", "both a file and a directory"),
        ("foo_bar-1.0.data/other/x", "unknown scheme key 'other'"),
        ("foo_bar-1.0.data/x", "is not `<scheme key>/<path>`"),
        ("anything.data/other/x", "unknown scheme key 'other'"),
        ("x.data", "is not `<scheme key>/<path>`"),
        ("foo_bar-2.0.dist-info/METADATA", "several .dist-info directories"),
    ],
)
def test_refused_members(name: str, why: str) -> None:
    assert why in refusal(wheel(), extra=(name,))


@pytest.mark.parametrize(
    "name", ["a..b/c", "foo_bar/a:b", "a/.../b", "é/ü.py", "-", "foo_bar-1.0.data/data/a/b", "empty/"]
)
def test_accepted_members(name: str) -> None:
    members = wheel()
    assert read_layout(FILENAME, [*members, name], members.__getitem__).project == "Foo.Bar"


def test_dist_info_has_to_be_there_and_to_belong_to_the_project() -> None:
    assert "no .dist-info directory" in refusal({"foo_bar/__init__.py": b""})
    assert "does not belong to 'baz'" in refusal(wheel(), filename="baz-1.0-py3-none-any.whl")


@pytest.mark.parametrize("filename", ["foo.whl", "foo-1.0.tar.gz", "foo-1-2-3-4-5-6.whl", "-1.0-py3-none-any.whl"])
def test_file_name_has_to_be_that_of_a_wheel(filename: str) -> None:
    assert "file name" in refusal(wheel(), filename=filename)


def test_members_with_superfluous_parts_are_found() -> None:
    members = {f"./{name}": content for name, content in wheel().items()}
    assert read_layout(FILENAME, list(members), members.__getitem__).dist_info == INFO


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b", "a/b"), ("./a", "a"), ("a//b", "a/b"), ("a/./b/", "a/b/"), ("a/.", "a/"), ("//a", "/a"), ("./", "./")],
)
def test_normalised_names(name: str, expected: str) -> None:
    assert list(normalised_names(["x", name])) == ["x", expected]


@pytest.mark.parametrize("name", ["Foo.Bar", "a__b--c", "x", "A-._-B", "zope.interface"])
def test_canonical_name_is_that_of_the_core(name: str) -> None:
    assert canonical_name(name) == normalize_name(name)
