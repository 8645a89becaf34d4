"""How a source tree is built: `[build-system]` of its `pyproject.toml` (PEP 517, 518), else by setuptools."""

from __future__ import annotations

from typing import NoReturn, cast

from packaging.requirements import InvalidRequirement, Requirement

from asyncpip.core.toml_text import parse_toml
from asyncpip.core.values import Value
from asyncpip.errors import BuildError

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)
"""pip's: the first setuptools that has the legacy backend."""


class BuildSystem(Value):
    """How one source tree is built."""

    requires: tuple[str, ...]
    """Requirements that the backend needs; each parses."""
    backend: str
    backend_path: tuple[str, ...] = ()
    """Directories, relative to the tree, that the backend itself is imported from."""
    check: tuple[str, ...] = ()
    """What ``requires`` should have led to: not declared by the tree, but needed by the backend assumed for it."""


def parse_build_system(pyproject: bytes | None, *, has_setup_py: bool, label: str) -> BuildSystem:
    """Return how the tree ``label`` is built; ``pyproject`` is its `pyproject.toml`, None where it has none.

    Raises `BuildError` (pip's words) for a tree that is no project and for a table that PEP 518 does not allow.
    """
    if pyproject is None and not has_setup_py:
        raise BuildError(
            f"{label} does not appear to be a Python project: neither 'setup.py' nor 'pyproject.toml' found."
        )
    table = None if pyproject is None else _table_of(pyproject, label)
    if table is None:
        return BuildSystem(requires=LEGACY_REQUIRES, backend=LEGACY_BACKEND)
    if "requires" not in table:
        _refuse(label, "The [build-system] table is missing the mandatory `requires` key.")
    requires = _strings(table["requires"])
    if requires is None:
        _refuse(label, "The [build-system] table contains an invalid `requires` key. It is not a list of strings.")
    for text in requires:
        try:
            Requirement(text)
        except InvalidRequirement:
            _refuse(
                label,
                "The [build-system] table contains an invalid `requires` key. It contains an invalid requirement: "
                f"{text!r}",
            )
    backend = table.get("build-backend")
    backend_path = _strings(table.get("backend-path", []))
    if backend_path is None:
        _refuse(label, "The [build-system] table contains an invalid `backend-path` key. It is not a list of strings.")
    if backend is None:
        return BuildSystem(requires=requires, backend=LEGACY_BACKEND, backend_path=backend_path, check=LEGACY_REQUIRES)
    if not isinstance(backend, str) or not backend:
        _refuse(label, "The [build-system] table contains an invalid `build-backend` key. It is not a string.")
    return BuildSystem(requires=requires, backend=backend, backend_path=backend_path)


def _table_of(pyproject: bytes, label: str) -> dict[str, object] | None:
    try:
        document = parse_toml(pyproject.decode("utf-8-sig"))
    except ValueError as error:
        raise BuildError(
            f"Can not process {label}", why=f"its pyproject.toml is not valid TOML: {error}", hint="correct that file"
        ) from error
    table = document.get("build-system")
    if table is None:
        return None
    if not isinstance(table, dict):
        _refuse(label, "Its `build-system` is not a table.")
    return cast("dict[str, object]", table)


def _strings(value: object) -> tuple[str, ...] | None:
    """Return a list of strings; None where ``value`` is none."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(cast("list[str]", value))


def _refuse(label: str, problem: str) -> NoReturn:
    raise BuildError(
        f"Can not process {label}",
        why=f"This package has an invalid pyproject.toml file.\n{problem}",
        hint="this is an issue of the package, not of asyncpip; PEP 518 has the specification",
    )
