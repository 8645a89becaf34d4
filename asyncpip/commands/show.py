"""`asyncpip show`. Lean."""

from __future__ import annotations

from asyncpip.commands import show_output as output
from asyncpip.commands.installed_view import InstalledView, print_lines
from asyncpip.core.events import Level, Message
from asyncpip.core.names import normalize_name
from asyncpip.core.plain_dependency import DependencyReader
from asyncpip.environment.installed_files import declared_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext
    from asyncpip.environment.scan import FoundDistribution


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    if not context.arguments:
        context.reporter.emit(Message(Level.WARNING, output.NO_NAME))
        return 1
    view = InstalledView(context)
    installed = {each.name: each for each in view.all}
    missing = sorted(name for name in context.arguments if normalize_name(name) not in installed)
    if missing:
        view.warn(output.not_found(missing))
    dependents = _Dependents(view)
    lines: list[str] = []
    for name in map(normalize_name, context.arguments):
        distribution = installed.get(name)
        if distribution is None:
            continue
        shown = _shown(view, distribution, dependents, with_files=settings.flag("files"))
        lines += ["---"] if lines else []
        lines += output.block(shown, verbose=settings.number("verbose") > 0, with_files=settings.flag("files"))
    print_lines(context, lines)
    return 0 if lines else 1


class _Dependents:
    """Who depends on what, worked out once."""

    def __init__(self, view: InstalledView) -> None:
        self.reader = DependencyReader(view.environment.markers)
        self._view = view
        self._needed: list[tuple[str, set[str]]] | None = None
        self._is_readable = True

    def of(self, name: str) -> list[str]:
        """Return the names, as written, of those that depend on ``name``."""
        if self._needed is None:
            self._needed = []
            for each in self._view.all:
                try:
                    names: set[str] = {one.name for one in self.reader.read(each.requires_dist)}
                except ValueError:
                    self._is_readable = False
                    continue
                self._needed.append((each.written_name or "UNKNOWN", names))
        if not self._is_readable:
            return [output.UNKNOWN_DEPENDENTS]
        return sorted((raw_name for raw_name, names in self._needed if name in names), key=str.lower)


def _shown(
    view: InstalledView, distribution: FoundDistribution, dependents: _Dependents, *, with_files: bool
) -> output.ShownDistribution:
    headers = distribution.headers
    shown = output.ShownDistribution(distribution.raw_name, distribution.raw_version, headers)
    shown.location = distribution.location
    shown.editable_location = view.editable_location(distribution)
    try:
        shown.requires = sorted(
            {each.raw_name for each in dependents.reader.read(distribution.requires_dist)}, key=str.lower
        )
    except ValueError:
        shown.requires = sorted(distribution.requires_dist, key=str.lower)
    shown.required_by = dependents.of(distribution.name)
    shown.installer = distribution.installer
    shown.entry_points = (distribution.read_text("entry_points.txt") or "").splitlines()
    if with_files:
        files = declared_files(distribution)
        shown.files = None if files is None else sorted(files)
    return shown
