"""Files of plain names are read without the parser of requirements, to the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.commands.requirement_input import read_requirement_input
from asyncpip.commands.uninstall_names import names_of_plain_files

if TYPE_CHECKING:
    from pathlib import Path


def nothing(_: str) -> bytes:
    raise AssertionError("no file is fetched")


def names_by_the_parser(path: Path) -> list[str | None]:
    found = read_requirement_input(
        requirement_files=[str(path)], cwd=str(path.parent), environ={}, fetch_text=nothing, markers={}, tags=[]
    )
    return [requirement.name for requirement in found.requirements]


@pytest.mark.parametrize(
    "text",
    [
        "Foo\nbar.baz\r\n\n  # all of it\n  qux_1  # why\nfoo\n",
        "foo==1.0\nbar == 2.1rc1.post2.dev3\n",
        "a\nb #c\n",
        "\n",
    ],
)
def test_the_same_names(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(text.encode())
    found = names_of_plain_files([str(path)])
    assert found is not None
    assert list(found) == list(dict.fromkeys(names_by_the_parser(path)))


def test_as_written_last(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("Foo_Bar\nFOO-bar==1\n")
    assert names_of_plain_files([str(path)]) == {"foo-bar": "FOO-bar"}


@pytest.mark.parametrize(
    "text",
    [
        "foo>=1",
        "foo[extra]",
        "foo; python_version > '3'",
        "-r other.txt",
        "--hash=sha256:0",
        "foo==1 --hash=sha256:0",
        "foo \\\n==1",
        "foo#bar",
        "./foo",
        "foo.whl",
        "foo.tar.GZ",
        "foo @ https://example.org/foo.whl",
        "foo==1.*",
        "foo==1,!=2",
        "foo bar",
        "${NAME}",
        "n\u00e4me",
        "-foo",
        "foo-",
    ],
)
def test_anything_else_is_for_the_parser(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names.txt"
    path.write_text(f"plain\n{text}\n", "utf-8")
    assert names_of_plain_files([str(path)]) is None


def test_what_is_no_file_is_for_the_parser(tmp_path: Path) -> None:
    assert names_of_plain_files([str(tmp_path / "absent.txt")]) is None
    assert names_of_plain_files(["https://example.org/names.txt"]) is None
    assert names_of_plain_files([str(tmp_path)]) is None
