"""How a source tree is built, from its `pyproject.toml` (PEP 517, 518)."""

from __future__ import annotations

import pytest

from asyncpip.build.build_system import LEGACY_BACKEND, LEGACY_REQUIRES, BuildSystem, parse_build_system
from asyncpip.errors import BuildError


def parse(pyproject: str | None, *, has_setup_py: bool = False) -> BuildSystem:
    return parse_build_system(
        None if pyproject is None else pyproject.encode(), has_setup_py=has_setup_py, label="the-project"
    )


def test_a_backend_is_taken_as_it_is_named() -> None:
    text = (
        '[build-system]\nrequires = ["a>=1", "b; python_version < \'3\'"]\n'
        'build-backend = "x.y:z"\nbackend-path = ["."]\n'
    )
    assert parse(text) == BuildSystem(
        requires=("a>=1", "b; python_version < '3'"), backend="x.y:z", backend_path=(".",)
    )


@pytest.mark.parametrize("text", [None, "", "[project]\nname = 'x'\n"])
def test_without_a_table_setuptools_is_meant(text: str | None) -> None:
    assert parse(text, has_setup_py=True) == BuildSystem(requires=LEGACY_REQUIRES, backend=LEGACY_BACKEND)


def test_a_table_without_backend_means_setuptools_that_must_be_there() -> None:
    assert parse("[build-system]\nrequires = ['wheel']\n") == BuildSystem(
        requires=("wheel",), backend=LEGACY_BACKEND, check=LEGACY_REQUIRES
    )


def test_a_directory_with_neither_file_is_no_project() -> None:
    with pytest.raises(BuildError, match=r"the-project does not appear to be a Python project: neither 'setup.py' nor"):
        parse(None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[build-system]\nbuild-backend = 'x'\n", "missing the mandatory `requires` key"),
        ("[build-system]\nrequires = 'setuptools'\n", "`requires` key. It is not a list of strings"),
        ("[build-system]\nrequires = [1]\n", "`requires` key. It is not a list of strings"),
        ("[build-system]\nrequires = ['a b c']\n", "invalid requirement: 'a b c'"),
        ("[build-system]\nrequires = []\nbuild-backend = 1\n", "`build-backend` key. It is not a string"),
        ("[build-system]\nrequires = []\nbackend-path = 'x'\n", "`backend-path` key. It is not a list of strings"),
        ("build-system = 1\n", "is not a table"),
        ("[build-system\n", "not valid TOML"),
    ],
)
def test_bad_tables(text: str, why: str) -> None:
    with pytest.raises(BuildError, match="Can not process the-project") as caught:
        parse(text, has_setup_py=True)
    assert why in str(caught.value.why)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(BuildError, match="Can not process x"):
        parse_build_system(b"\xff", has_setup_py=True, label="x")
