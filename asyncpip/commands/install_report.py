"""What `install` writes beside the installation, to a file or to stdout: the report, the timings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.commands.whole_files import write_whole
from asyncpip.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from asyncpip.commands.context import CommandContext
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.install.plan import InstallPlan

TO_STDOUT = "-"


def write_report(
    context: CommandContext,
    place: str,
    plan: InstallPlan | None,
    wheels: Mapping[NormalizedName, StoredWheel],
    markers: Mapping[str, str],
    source_metadata: Mapping[NormalizedName, bytes] | None = None,
) -> None:
    """Write the installation report; ``plan`` None means that nothing is to be installed.

    ``source_metadata`` is METADATA of what has no wheel, because it is only to be reported.
    """
    from asyncpip.install.plan import InstallPlan as Plan  # noqa: PLC0415 - a report is rare
    from asyncpip.install.report import format_report, installation_report  # noqa: PLC0415 - as above

    metadata: dict[NormalizedName, bytes] = {}
    if plan is not None and plan.add:
        from asyncpip.pipeline.keeping import read_metadata_file  # noqa: PLC0415 - loaded then anyway

        metadata.update(source_metadata or {})
        metadata.update((name, read_metadata_file(wheel.tree)) for name, wheel in wheels.items())
    report = installation_report(plan or Plan(add=(), remove=(), keep=()), metadata, markers)
    write_text(context, place, format_report(report) + ("\n" if place == TO_STDOUT else ""))


def write_timings(context: CommandContext, place: str, timings: Mapping[str, float]) -> None:
    """Write how long each phase took, and counts, as JSON."""
    import json  # noqa: PLC0415 - `--timings` is rare, and this costs 1 ms

    text = json.dumps({key: round(value, 4) for key, value in timings.items()}, indent=2) + "\n"
    write_text(context, place, text)


def write_text(context: CommandContext, place: str, text: str) -> None:
    """Write ``text`` to the file ``place``, or to stdout for `-`; raise `CommandError`."""
    if place == TO_STDOUT:
        context.write_stdout(text)
        return
    try:
        write_whole(place, text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"could not write {place}", why=str(error)) from error
