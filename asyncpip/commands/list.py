"""`asyncpip list`. Lean, unless indexes are asked (`list_latest.py`)."""

from __future__ import annotations

from asyncpip.commands import list_output as output
from asyncpip.commands.installed_view import InstalledView, check_path_option, print_lines
from asyncpip.core.headers import parse_headers
from asyncpip.core.names import normalize_name
from asyncpip.core.version_text import canonical_version
from asyncpip.environment.scan import STANDARD_LIBRARY
from asyncpip.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext
    from asyncpip.environment.scan import FoundDistribution


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    outdated, verbose = settings.flag("outdated"), settings.number("verbose") > 0
    list_format = settings.text("list_format")
    if settings.flag("pre") and settings.pairs("release_control"):
        raise CommandError("--pre cannot be used with --all-releases or --only-final.")
    if outdated and settings.flag("uptodate"):
        raise CommandError(output.BOTH_KINDS)
    if outdated and list_format == "freeze":
        raise CommandError(output.OUTDATED_AS_FREEZE)
    view = InstalledView(context, check_path_option(context))
    chosen = sorted(_chosen(context, view), key=lambda each: each.name)
    latest: dict[str, tuple[str, str]] = {}
    if outdated or settings.flag("uptodate"):
        from asyncpip.commands.list_latest import find_latest  # noqa: PLC0415 - loads the pipeline

        latest = find_latest(context, view, chosen, outdated=outdated)
        chosen = [each for each in chosen if each.name in latest]
    rows = [_row(each, latest) for each in chosen]
    if list_format == "freeze":
        print_lines(context, output.requirements(rows, verbose=verbose))
        return 0
    for row, each in zip(rows, chosen, strict=True):
        row.editable_location = view.editable_location(each)
        row.installer = each.installer if verbose else ""
    if list_format == "json":
        print_lines(context, [output.as_json(rows, outdated=outdated, verbose=verbose)])
        return 0
    for row, each in zip(rows, chosen, strict=True):
        row.build = _build_tag(each)
    print_lines(context, output.columns(rows, outdated=outdated, verbose=verbose))
    return 0


def _chosen(context: CommandContext, view: InstalledView) -> list[FoundDistribution]:
    """Return what the options leave."""
    settings = context.settings
    chosen = view.chosen(local=settings.flag("local"), user=settings.flag("user"), skip=STANDARD_LIBRARY)
    if not settings.flag("include_editable"):
        chosen = [each for each in chosen if not view.editable_location(each)]
    if settings.flag("editable"):
        chosen = [each for each in chosen if view.editable_location(each)]
    if settings.flag("not_required"):
        # Before names are excluded: what these depend on is still required.
        required = _required(view, chosen)
        chosen = [each for each in chosen if each.name not in required]
    excluded = {normalize_name(name) for name in settings.texts("excludes")}
    return [each for each in chosen if each.name not in excluded]


def _required(view: InstalledView, distributions: list[FoundDistribution]) -> set[str]:
    """Return the names that ``distributions`` depend on."""
    from asyncpip.core.plain_dependency import DependencyReader  # noqa: PLC0415 - for this option only

    reader = DependencyReader(view.environment.markers)
    names: set[str] = set()
    for each in distributions:
        try:
            names.update(dependency.name for dependency in reader.read(each.requires_dist))
        except ValueError as error:
            view.warn(output.unreadable_dependencies(each.name, error))
    return names


def _build_tag(distribution: FoundDistribution) -> str:
    """Return the build tag that WHEEL names; few do, so the rest is not taken apart."""
    text = distribution.read_text("WHEEL") or ""
    return (parse_headers(text).get("build") or "") if "build:" in text.lower() else ""


def _row(distribution: FoundDistribution, latest: dict[str, tuple[str, str]]) -> output.ListedDistribution:
    row = output.ListedDistribution(
        distribution.raw_name, distribution.raw_version, canonical_version(distribution.version)
    )
    row.location = distribution.location
    row.latest_version, row.latest_type = latest.get(distribution.name, ("", ""))
    return row
