"""`asyncpip check`. Lean, as long as versions and requirements look as usual."""

from __future__ import annotations

from asyncpip.commands.installed_view import InstalledView, print_lines
from asyncpip.commands.list_output import unreadable_dependencies
from asyncpip.core.headers import parse_headers
from asyncpip.core.plain_dependency import DependencyReader
from asyncpip.core.version_text import canonical_version
from asyncpip.environment.scan import STANDARD_LIBRARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.commands.context import CommandContext
    from asyncpip.core.plain_dependency import PlainDependency
    from asyncpip.environment.scan import FoundDistribution

_FOR_ALL = ("\nTag: py3-none-any\n", "\nTag: py2.py3-none-any\n")
"""What nearly every WHEEL of pure Python says; anything else is compared with the tags of the target."""
NOTHING_BROKEN = "No broken requirements found."


class _Checked:
    """A distribution that can be checked."""

    __slots__ = ("dependencies", "version")

    def __init__(self, version: str, dependencies: list[PlainDependency]) -> None:
        self.version = version
        self.dependencies = dependencies


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    view = InstalledView(context)
    checked, is_readable = _read_all(view)
    lines = [*_missing(checked), *_conflicting(checked), *_unsupported(view)]
    print_lines(context, lines if lines or not is_readable else [NOTHING_BROKEN])
    return 1 if lines or not is_readable else 0


def _read_all(view: InstalledView) -> tuple[dict[str, _Checked], bool]:
    """Return all distributions by name, and whether all of them could be read."""
    reader = DependencyReader(view.environment.markers)
    checked: dict[str, _Checked] = {}
    is_readable = True
    for each in sorted(view.all, key=lambda each: each.name):
        try:
            dependencies = reader.read(each.requires_dist)
            version = _valid_version(each)
        except ValueError as error:
            view.warn(unreadable_dependencies(each.name, error))
            is_readable = False
        else:
            checked[each.name] = _Checked(version, dependencies)
    return checked, is_readable


def _valid_version(distribution: FoundDistribution) -> str:
    version = canonical_version(distribution.version)
    if version is None:
        raise ValueError(f"Invalid version: {distribution.version!r}")
    return version


def _missing(checked: dict[str, _Checked]) -> Iterator[str]:
    for name, each in checked.items():
        missing = {(str(one.name), one.line) for one in each.dependencies if one.name not in checked}
        for required, _ in sorted(missing):
            yield f"{name} {each.version} requires {required}, which is not installed."


def _conflicting(checked: dict[str, _Checked]) -> Iterator[str]:
    for name, each in checked.items():
        conflicts = set()
        for one in each.dependencies:
            installed = checked.get(one.name)
            if installed is not None and not one.allows(installed.version):
                conflicts.add((str(one.name), installed.version, str(one)))
        for required, version, requirement in sorted(conflicts):
            yield f"{name} {each.version} has requirement {requirement}, but you have {required} {version}."


def _unsupported(view: InstalledView) -> Iterator[str]:
    """Yield a line for each distribution whose wheel was for another platform or Python."""
    supported: frozenset[str] | None = None
    for each in sorted(view.chosen(local=True, skip=STANDARD_LIBRARY), key=lambda each: each.name):
        wheel = each.read_text("WHEEL")
        if wheel is None or any(line in wheel for line in _FOR_ALL):
            continue
        tags = parse_headers(wheel).get_all("tag")
        if supported is None:
            supported = frozenset(view.environment.tags)
        if supported.isdisjoint(single for tag in tags for single in _single_tags(tag)):
            yield f"{each.raw_name} {canonical_version(each.version) or each.version} is not supported on this platform"


def _single_tags(tag: str) -> list[str]:
    """Return the tags that a compressed one stands for (PEP 425)."""
    parts = tag.strip().lower().split("-")
    if len(parts) != 3:  # noqa: PLR2004 - Python, ABI, platform
        return []
    pythons, abis, platforms = (part.split(".") for part in parts)
    return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]
