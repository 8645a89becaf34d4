"""`asyncpip freeze`. Lean, unless an option needs more."""

from __future__ import annotations

from asyncpip.commands.frozen import freeze_distribution
from asyncpip.commands.installed_view import InstalledView, check_path_option
from asyncpip.core.names import normalize_name
from asyncpip.environment.scan import STANDARD_LIBRARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.frozen import FrozenRequirement

    Frozen = dict[str, FrozenRequirement]

_TOOLS = ("pip",)
_OLD_TOOLS = ("setuptools", "distribute", "wheel")
_FIRST_WITHOUT_OLD_TOOLS = (3, 12)
"""From this Python on `venv` and `ensurepip` install pip alone."""


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    view = InstalledView(context, check_path_option(context))
    frozen: Frozen = {}
    for distribution in view.chosen(local=settings.flag("local"), user=settings.flag("user")):
        if settings.flag("exclude_editable") and view.editable_location(distribution):
            continue
        requirement = freeze_distribution(view, distribution)
        frozen[requirement.name] = requirement
    skip = _skipped(context, view)
    files = settings.texts("requirement_files")
    if files or settings.flag("development"):
        from asyncpip.commands.freeze_parts import only_wanted  # noqa: PLC0415 - reads requirements files

        files, frozen = only_wanted(context, view, frozen)
    if settings.flag("require_hashes") and _is_meant_for_freeze(settings.source("require_hashes")):
        from asyncpip.commands.freeze_hashes import add_hashes  # noqa: PLC0415 - loads the pipeline

        add_hashes(context, [each for each in frozen.values() if each.name not in skip])
    lines: list[str] = []
    if files:
        from asyncpip.commands.freeze_files import lines_in_order  # noqa: PLC0415 - parses requirements

        lines += lines_in_order(context, view, files, frozen)
    lines += _sorted_lines(each for each in frozen.values() if each.name not in skip)
    if lines:
        context.write_stdout("\n".join(lines) + "\n")
    return 0


def _is_meant_for_freeze(source: str) -> bool:
    """Return whether a setting that pip knows for `install` alone was not made for that: by PIP_ or in `[global]`."""
    return not (source.startswith("environment PIP_") or source.endswith("[global]"))


def _skipped(context: CommandContext, view: InstalledView) -> set[str]:
    """Return the names that are left out."""
    skip: set[str] = set(STANDARD_LIBRARY)
    if not context.settings.flag("freeze_all"):
        skip.update(_TOOLS)
        if view.environment.version_info < _FIRST_WITHOUT_OLD_TOOLS:
            skip.update(_OLD_TOOLS)
    return skip | {normalize_name(name) for name in context.settings.texts("excludes")}


def _sorted_lines(frozen: Iterable[FrozenRequirement]) -> list[str]:
    return [line for each in sorted(frozen, key=lambda each: each.raw_name.lower()) for line in each.lines]
