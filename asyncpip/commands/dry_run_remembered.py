"""A dry run's answer for the first door: the same command line over unchanged pages prints the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.commands.install_report import TO_STDOUT
from asyncpip.commands.install_run import looked_at
from asyncpip.index.addresses import PAGES
from asyncpip.index.answer_records import AnswerRecords
from asyncpip.store.answers import RestsOn

if TYPE_CHECKING:
    from asyncpip.commands.install_options import IndexOptions
    from asyncpip.commands.install_run import InstallRun
    from asyncpip.environment.installed import InstalledDistributions
    from asyncpip.pipeline.fetch_plan import FetchedPlan


def remember_dry_run(
    this: InstallRun, installed: InstalledDistributions, index: IndexOptions, fetched: FetchedPlan
) -> None:
    """Have what this run has printed printed again, where that rests on nothing but files and pages."""
    settings, store, pages = this.settings, this.store, fetched.pages
    if (
        store is None
        or pages is None
        or not this.inquiry.depends_on_files_only
        or index.refresh
        or index.offline
        or settings.text("uploaded_prior_to") is not None  # "three days ago" is another moment each time
        or settings.text("timings") is not None
        or settings.text("report") not in (None, TO_STDOUT)
        or settings.number("verbose")
    ):
        return
    records = AnswerRecords(store, PAGES)
    this.context.remember(
        RestsOn(
            (*looked_at(this, installed.info_paths()), this.destination.scheme.purelib),
            until_seconds=fetched.fresh_until,
            records=[store.record_path(records.freshness_bucket, key) for key in pages],
            still_holds=lambda: records.have(pages),
        )
    )
