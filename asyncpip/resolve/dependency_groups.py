"""Dependency groups of a `pyproject.toml` → requirements (PEP 735), and the `[path:]group` that asks for one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from packaging.dependency_groups import DependencyGroupResolver

from asyncpip.core.requirement import Origin
from asyncpip.core.toml_text import parse_toml
from asyncpip.core.urls import is_remote, redact
from asyncpip.errors import RequirementError, UsageError
from asyncpip.resolve.requirement_text import parse_standard_requirement, split_extras
from asyncpip.resolve.requirements_file import is_lock_location

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.requirement_text import PathKind


class GroupOption(NamedTuple):
    """The value of one ``--group``."""

    path: str
    """A `pyproject.toml`, or a lock file with its extras still behind it."""
    group: str


def parse_group_option(value: str) -> GroupOption:
    """Return file and group; the file is `pyproject.toml` where none is named. Raises `UsageError`."""
    path, colon, group = value.rpartition(":")
    if not colon:
        return GroupOption("pyproject.toml", group)
    if os.path.basename(path) != "pyproject.toml":
        bare, _ = split_extras(path)
        if is_remote(bare) or not is_lock_location(bare):
            raise UsageError(
                "option --group: group paths use local 'pyproject.toml' or 'pylock.toml' files",
                why=f"{redact(path)!r} is named otherwise",
            )
    return GroupOption(path, group)


class DependencyGroups:
    """The groups of one `pyproject.toml`."""

    def __init__(self, data: bytes, path: str) -> None:
        """Read the table; ``path`` is for messages. Raises `RequirementError`."""
        self._path = path
        try:
            document = parse_toml(data.decode("utf-8"))
        except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
            raise RequirementError(f"Error parsing {path}: {error}") from error
        table = document.get("dependency-groups")
        if table is None:
            raise RequirementError(
                f"[dependency-groups] table was missing from '{path}'. Cannot resolve '--group' option."
            )
        if not isinstance(table, dict):
            raise RequirementError(
                f"[dependency-groups] table was malformed in {path}. Cannot resolve '--group' option."
            )
        self._names = sorted(table)
        try:
            self._resolver = DependencyGroupResolver(table)
        except ExceptionGroup as errors:
            raise RequirementError(f"[dependency-groups] data was invalid in {path}: {_messages(errors)}") from errors

    def select(self, group: str, *, cwd: str, exists: Callable[[str], PathKind]) -> list[UserRequirement]:
        """Return the requirements of ``group``, includes followed. Raises `RequirementError`."""
        try:
            requirements = self._resolver.resolve(group)
        except ExceptionGroup as errors:
            raise RequirementError(
                f"[dependency-groups] resolution failed for '{group}' from '{self._path}': {_messages(errors)}",
                hint=f"groups of that file: {', '.join(self._names) or 'none'}",
            ) from errors
        origin = Origin(file=self._path, detail=f"group `{group}`")
        return [
            parse_standard_requirement(str(requirement), origin=origin, cwd=cwd, exists=exists)
            for requirement in requirements
        ]


def _messages(errors: ExceptionGroup[Exception]) -> str:
    return "; ".join(redact(str(error)) for error in errors.exceptions)
