"""Everything that says what to install, joined: arguments, files, groups, scripts and lock files → `RequirementInput`.

The formats are parsed in `resolve`; this module reads the files, follows nested ones and keeps pip's order. Markers
are not looked at: a requirement that does not apply is in the result too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.commands.requirement_sources import RequirementReader, SourceFiles, path_kind
from asyncpip.core.requirement import Origin
from asyncpip.core.urls import is_remote, redact
from asyncpip.core.values import Value
from asyncpip.errors import CommandError, RequirementError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.requirement_sources import FileOptions
    from asyncpip.core.page import PageFile
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.resolve.dependency_groups import DependencyGroups


class RequirementInput(Value):
    """What the user asked for, from all sources."""

    requirements: tuple[UserRequirement, ...]
    constraints: tuple[UserRequirement, ...]
    build_constraints: tuple[UserRequirement, ...]
    file_options: FileOptions
    locked_files: tuple[tuple[NormalizedName, PageFile], ...]
    """From lock files: the only file that may be taken for a project; its pin is among the requirements."""
    files_read: tuple[tuple[str, str | None], ...]
    """Absolute path and SHA-256, or redacted URL and None, of every file looked into; each once."""
    warnings: tuple[str, ...]
    names_variables: bool
    """Whether one of the files names environment variables."""


def read_requirement_input(
    *,
    arguments: Sequence[str] = (),
    requirement_files: Sequence[str] = (),
    constraint_files: Sequence[str] = (),
    groups: Sequence[str] = (),
    scripts: Sequence[str] = (),
    editables: Sequence[str] = (),
    build_constraint_files: Sequence[str] = (),
    config_settings: tuple[tuple[str, str], ...] = (),
    cwd: str,
    environ: Mapping[str, str],
    fetch_text: Callable[[str], bytes],
    warn: Callable[[str], None] = lambda _: None,
    markers: Mapping[str, str],
    tags: Sequence[str],
    prefers_sdist: Callable[[NormalizedName], bool] = lambda _name: False,
    ignore_requires_python: bool = False,
    verify_lone_file: bool = False,
) -> RequirementInput:
    """Read all sources, in pip's order: arguments, groups, editables, files, scripts.

    ``config_settings`` belong to arguments and editables only. ``fetch_text`` is asked for ``http`` and ``https``
    URLs; ``markers`` and ``tags`` are the target's, for lock files and scripts. ``verify_lone_file`` reads a lone
    argument that is an existing file as ``-r``. ``warn`` is told of what is odd, as it is found. Raises
    `RequirementError`, `UsageError`, `CommandError` and whatever ``fetch_text`` raises.
    """
    if len(scripts) > 1:
        raise CommandError("--requirements-from-script can only be given once")
    files = SourceFiles(cwd, fetch_text, warn)
    run = RequirementReader(files, environ)
    if verify_lone_file and (lone := _lone_file(arguments, files)):
        files.warn(f"--verify: {lone!r} is a file; it is read as a requirements file (-r {lone})")
        arguments, requirement_files = (), (*requirement_files, lone)
    sources, project_groups = _sort_sources(requirement_files, groups, cwd)
    for location in constraint_files:
        run.follow(location, constraint=True)
    _add_arguments(run, arguments, config_settings)
    _add_groups(run, project_groups)
    for text in editables:
        run.add(text, Origin(), editable=True, config_settings=config_settings)
    locked: list[tuple[NormalizedName, PageFile]] = []
    for source in sources:
        if isinstance(source, str):
            run.follow(source, constraint=False)
        else:
            locked += _add_lock(run, source, markers, tags, prefers_sdist)
    for path in scripts:
        _add_script(run, path, None if ignore_requires_python else markers["python_full_version"])
    build = RequirementReader(files, environ)  # its option lines are for builds only
    for location in build_constraint_files:
        build.follow(location, constraint=True)
    return RequirementInput(
        requirements=tuple(run.requirements),
        constraints=tuple(run.constraints),
        build_constraints=tuple(build.constraints),
        file_options=run.options(),
        locked_files=tuple(locked),
        files_read=tuple(files.read_so_far.items()),
        warnings=tuple(files.warnings),
        names_variables=files.name_variables,
    )


class _LockSource:
    """One lock file with everything that the options together ask of it."""

    __slots__ = ("display", "extras", "groups", "include_default_groups", "location")

    def __init__(self, location: str, display: str) -> None:
        self.location = location
        self.display = display
        self.extras: set[str] = set()
        self.groups: set[str] = set()
        self.include_default_groups = False


def _lone_file(arguments: Sequence[str], files: SourceFiles) -> str | None:
    from asyncpip.resolve.requirement_text import PathKind, has_archive_suffix  # noqa: PLC0415 - for `--verify` only

    if len(arguments) != 1 or has_archive_suffix(arguments[0]):
        return None
    return arguments[0] if path_kind(os.path.join(files.cwd, arguments[0])) is PathKind.FILE else None


def _sort_sources(
    requirement_files: Sequence[str], groups: Sequence[str], cwd: str
) -> tuple[list[str | _LockSource], list[tuple[str, str]]]:
    """Return requirements files and lock files in order, and the groups of `pyproject.toml` files.

    All options that name one lock file make one selection from it, because markers see extras and groups together.
    """
    locks: dict[str, _LockSource] = {}
    sources: list[str | _LockSource] = []
    project_groups: list[tuple[str, str]] = []
    wanted: list[tuple[str, str | None]] = [(location, None) for location in requirement_files]
    if groups:
        from asyncpip.resolve.dependency_groups import parse_group_option  # noqa: PLC0415 - loads TOML and more

        wanted += [parse_group_option(value) for value in groups]
    if not wanted:
        return sources, project_groups
    from asyncpip.resolve.requirements_file import is_lock_location  # noqa: PLC0415 - as above

    for written, group in wanted:
        bare, extras = _without_extras(written)
        if not is_lock_location(bare):
            if group is None:
                sources.append(written)
            else:
                project_groups.append((written, group))
            continue
        location = bare if is_remote(bare) else os.path.join(cwd, bare)
        if location not in locks:
            locks[location] = _LockSource(location, redact(bare))
            sources.append(locks[location])
        lock = locks[location]
        lock.extras |= extras
        if group is None:
            lock.include_default_groups = True
        else:
            lock.groups.add(group)
    return sources, project_groups


def _without_extras(location: str) -> tuple[str, frozenset[str]]:
    """Return the place of a file, and what is asked for in brackets behind it."""
    if not location.endswith("]"):
        return location, frozenset()
    from asyncpip.resolve.requirement_text import split_extras  # noqa: PLC0415 - loads `packaging`'s parser

    return split_extras(location)


def _add_arguments(
    run: RequirementReader, arguments: Sequence[str], config_settings: tuple[tuple[str, str], ...]
) -> None:
    for text in arguments:
        if not text.strip():
            continue
        if text == "requirements.txt":
            run.files.warn(
                'You are attempting to install a package literally named "requirements.txt" (which cannot exist). '
                "Consider using the '-r' flag to install the packages listed in requirements.txt"
            )
        run.add(text, Origin(), config_settings=config_settings)


def _add_groups(run: RequirementReader, groups: Sequence[tuple[str, str]]) -> None:
    if not groups:
        return
    from asyncpip.resolve.dependency_groups import DependencyGroups  # noqa: PLC0415 - loads TOML and more

    tables: dict[str, DependencyGroups] = {}
    for path, group in groups:
        if path not in tables:
            if not os.path.exists(os.path.join(run.files.cwd, path)):
                raise RequirementError(f"{path} not found. Cannot resolve '--group' option.")
            tables[path] = DependencyGroups(run.files.read(path, f"Error reading {path}"), path)
        run.requirements += tables[path].select(group, cwd=run.files.cwd, exists=path_kind)


def _add_lock(
    run: RequirementReader,
    source: _LockSource,
    markers: Mapping[str, str],
    tags: Sequence[str],
    prefers_sdist: Callable[[NormalizedName], bool],
) -> tuple[tuple[NormalizedName, PageFile], ...]:
    from asyncpip.resolve.lock_file import LockRequest, select_from_lock  # noqa: PLC0415 - loads TOML and more

    text = run.files.read_text(source.location, f"Error reading pylock file {source.display!r}")
    request = LockRequest(
        location=source.location,
        display=source.display,
        extras=frozenset(source.extras),
        groups=frozenset(source.groups),
        include_default_groups=source.include_default_groups,
    )
    selection = select_from_lock(text, request, markers=markers, tags=tags, prefers_sdist=prefers_sdist)
    run.requirements += selection.requirements
    return selection.files


def _add_script(run: RequirementReader, path: str, python_full_version: str | None) -> None:
    """Add what a script depends on; ``python_full_version`` None checks no Python."""
    from asyncpip.resolve.requirement_text import parse_standard_requirement  # noqa: PLC0415 - as above
    from asyncpip.resolve.script_metadata import parse_script_metadata  # noqa: PLC0415 - loads TOML

    metadata = parse_script_metadata(run.files.read_text(path, "Could not open script"), path)
    if python_full_version is not None:
        metadata.check_python(python_full_version)
    origin = Origin(file=path, detail=f"script `{path}`")
    run.requirements += [
        parse_standard_requirement(text, origin=origin, cwd=run.files.cwd, exists=path_kind)
        for text in metadata.dependencies
    ]
