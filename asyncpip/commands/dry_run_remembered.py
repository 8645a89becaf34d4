"""A dry run's answer for the first two doors: the same question over unchanged pages is answered the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.commands import install_output as output
from asyncpip.commands.install_report import TO_STDOUT
from asyncpip.commands.install_run import looked_at
from asyncpip.commands.resolution_request import place_lines
from asyncpip.core.candidates import Candidate
from asyncpip.environment.destination import Place
from asyncpip.index.addresses import PAGES
from asyncpip.index.answer_records import AnswerRecords
from asyncpip.store.answers import RestsOn, keep_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.commands.install_options import IndexOptions
    from asyncpip.commands.install_run import InstallRun
    from asyncpip.environment.installed import InstalledDistributions
    from asyncpip.install.plan import InstallPlan
    from asyncpip.pipeline.fetch_plan import FetchedPlan


def remember_dry_run(
    this: InstallRun, installed: InstalledDistributions, index: IndexOptions, plan: InstallPlan, fetched: FetchedPlan
) -> None:
    """Have what this run has told be told again, where that rests on nothing but files and pages."""
    store, pages = this.store, fetched.pages
    if store is None or pages is None or index.refresh or index.offline or this.settings.number("verbose"):
        return  # with `-v` people want to see what is found out, not what was
    records = AnswerRecords(store, PAGES)

    def rests_on(paths: Iterable[str]) -> RestsOn:
        return RestsOn(
            paths,
            until_seconds=fetched.fresh_until,
            records=[store.record_path(records.freshness_bucket, key) for key in pages],
            still_holds=lambda: records.have(pages),
        )

    if _is_for_this_command_line(this):
        paths = looked_at(this, installed.info_paths())
        this.context.remember(rests_on((*paths, this.destination.scheme.purelib)))
    if this.question is not None and _is_for_this_question(this, plan, fetched):
        lines = place_lines(index)
        for decision in plan.add:
            lines += output.collecting_lines(decision, None, this.cwd)
        lines.append(output.would_install_line(plan.add))
        keep_lines(store, this.question, rests_on=rests_on(()), lines=lines, started_nanoseconds=0)


def _is_for_this_command_line(this: InstallRun) -> bool:
    """Return whether the same command line prints the same, and writes nothing."""
    settings = this.settings
    return (
        this.inquiry.depends_on_files_only
        and settings.text("uploaded_prior_to") is None  # "three days ago" is another moment each time
        and settings.text("timings") is None
        and settings.text("report") in (None, TO_STDOUT)
    )


def _is_for_this_question(this: InstallRun, plan: InstallPlan, fetched: FetchedPlan) -> bool:
    """Return whether the question (`install_start`) holds all that was told rests on; nothing installed has a part."""
    decisions = fetched.resolution.decisions
    return (
        this.is_reproducible
        and this.destination.place is Place.ENVIRONMENT
        and not (plan.remove or plan.keep or plan.notes or plan.warnings or fetched.built)
        and not fetched.resolution.has_messages
        and [each.name for each in plan.add] == [each.name for each in decisions]
        and all(isinstance(each.choice, Candidate) and each.choice.direct_url is None for each in decisions)
    )
