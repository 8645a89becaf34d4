"""Which projects `uninstall` is to remove: arguments and requirements files. Versions, extras and markers say nothing.

A plain name needs no parser of requirements, which takes longer to import than the rest of such a run.
"""

from __future__ import annotations

import os

from asyncpip.core.events import Level, Message
from asyncpip.core.names import normalize_name
from asyncpip.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.context import CommandContext
    from asyncpip.core.target import TargetEnvironment

_PLAIN_LINE = (
    r"\s*(?:(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?:\s*==\s*[0-9]+(?:\.[0-9]+)*(?:(?:a|b|rc|\.post|\.dev)[0-9]+)*)?)?\s*(?:(?<!\S)#.*)?"
)
"""A line of a file that names a project, in a version perhaps; or a comment; or nothing."""
_ARCHIVE_SUFFIXES = (".whl", ".zip", ".gz", ".bz2", ".xz", ".tgz", ".tbz", ".tlz", ".lzma", ".tar")


def read_names(context: CommandContext, target: TargetEnvironment) -> dict[NormalizedName, str]:
    """Return the projects to remove, in order, and how each was written last.

    Raises `CommandError` where there is none, `RequirementError` for a text that is no requirement.
    """
    names: dict[NormalizedName, str] = {}
    for argument in context.arguments:
        if _is_plain_name(argument):
            names[normalize_name(argument)] = argument
            continue
        name = _parsed_name(context, argument)
        if name is not None:
            names[name] = _as_written(argument, name)
        else:
            _warn(
                context,
                f"Invalid requirement: {argument!r} ignored - the uninstall command expects named requirements.",
            )
    files = context.settings.texts("requirement_files")
    if files:
        names |= names_of_plain_files(files) or _names_of_files(context, target)
    if not names:
        raise CommandError('You must give at least one requirement to uninstall (see "asyncpip help uninstall")')
    return names


def _parsed_name(context: CommandContext, text: str) -> NormalizedName | None:
    """Return the name in a requirement of any form; None for a URL or path that says none."""
    from asyncpip.commands.requirement_sources import path_kind  # noqa: PLC0415 - see the module's docstring
    from asyncpip.core.requirement import Origin  # noqa: PLC0415 - as above
    from asyncpip.resolve.requirement_text import parse_requirement_text  # noqa: PLC0415 - as above

    return parse_requirement_text(
        text,
        origin=Origin(),
        cwd=os.getcwd(),
        exists=path_kind,
        warn=lambda warning: _warn(context, warning),
    ).name


def names_of_plain_files(paths: Sequence[str]) -> dict[NormalizedName, str] | None:
    """Return the projects in files of plain names; None where a file holds anything else, or cannot be read so."""
    names: dict[NormalizedName, str] = {}
    for path in paths:
        try:
            with open(path, "rb") as file:
                lines = file.read().decode("ascii").splitlines()
        except (OSError, ValueError):
            return None
        for line in lines:
            name = line if _is_plain_name(line) else _name_in(line)
            if name is None:
                return None
            if name:
                names[normalize_name(name)] = name
    return names


def _is_plain_name(text: str) -> bool:
    """Return whether ``text`` is a project's name, and cannot be that of an archive."""
    return (
        text[:1].isalnum()
        and text[-1].isalnum()
        and text.isascii()
        and text.replace("-", "").replace("_", "").replace(".", "").isalnum()
        and not text.lower().endswith(_ARCHIVE_SUFFIXES)
    )


def _name_in(line: str) -> str | None:
    """Return the name in a line of a file, empty where it has none; None where it may hold something else."""
    import re  # noqa: PLC0415 - for files with versions or comments

    match = re.fullmatch(_PLAIN_LINE, line, re.ASCII)
    if match is None:
        return None
    name: str = match["name"] or ""
    return None if name.lower().endswith(_ARCHIVE_SUFFIXES) else name


def _names_of_files(context: CommandContext, target: TargetEnvironment) -> dict[NormalizedName, str]:
    from asyncpip.commands.requirement_input import read_requirement_input  # noqa: PLC0415 - as above

    found = read_requirement_input(
        requirement_files=context.settings.texts("requirement_files"),
        cwd=os.getcwd(),
        environ=context.environ,
        fetch_text=lambda url: _fetch_text(context, url),
        warn=lambda warning: _warn(context, warning),
        markers=target.markers,
        tags=target.tags,
    )
    return {each.name: _as_written(each.text, each.name) for each in found.requirements if each.name is not None}


def _fetch_text(context: CommandContext, url: str) -> bytes:
    from asyncpip.commands.install_options import general_transport_options  # noqa: PLC0415 - files by URL are rare
    from asyncpip.pipeline.fetch_text import fetch_text  # noqa: PLC0415 - as above

    return fetch_text(url, general_transport_options(context.settings), context.reporter, context.environ)


def _as_written(text: str, name: NormalizedName) -> str:
    """Return the name as ``text`` spells it, where it begins with it."""
    end = next((at for at, sign in enumerate(text) if not (sign.isascii() and (sign.isalnum() or sign in "._-"))), None)
    written = text[:end]
    return written if normalize_name(written) == name else name


def _warn(context: CommandContext, text: str) -> None:
    context.reporter.emit(Message(Level.WARNING, text))
