"""The part of `install` behind its first door: resolve, fetch, and tell of it; `install_changes` does the rest."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import install_output as output
from asyncpip.commands.build_request import building
from asyncpip.commands.install_options import upgrade_strategy
from asyncpip.commands.page_trust import resolve_and_fetch
from asyncpip.commands.resolution_request import (
    explaining_failure,
    places_of,
    resolve_request,
    store_or_temporary,
)
from asyncpip.core.candidates import Candidate
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.events import Level
from asyncpip.environment.destination import Place
from asyncpip.environment.installed import InstalledDistributions
from asyncpip.errors import InstallError
from asyncpip.install.plan import plan_install
from asyncpip.pipeline.fetch_plan import PipelineRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.install_options import IndexOptions
    from asyncpip.commands.install_run import InstallRun
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.install.manifest import Manifest
    from asyncpip.install.plan import InstallPlan
    from asyncpip.pipeline.build_options import BuildOptions
    from asyncpip.pipeline.fetch_plan import FetchedPlan
    from asyncpip.resolve.selection import Selection
    from asyncpip.store.store import Store

_MOST_REPAIRS = 3


def install(this: InstallRun, installed: InstalledDistributions, index: IndexOptions, chosen: Selection) -> int:
    """Do the work; return the exit code."""
    with (
        store_or_temporary(this.store, _home_of_store(this)) as store,
        building(this.inquiry, this.templates) as builds,
    ):
        work = Work(this, installed, index, chosen, store, builds)
        fetched = work.fetch()
        plan = work.plan_of(fetched.resolution)
        _tell_plan(this, plan, fetched)
        report = this.settings.text("report")
        if report:
            from asyncpip.commands.install_report import write_report  # noqa: PLC0415 - a report is rare

            write_report(
                this.context, report, plan, fetched.wheels, this.running_target.markers, fetched.source_metadata
            )
        if this.dry_run:
            if plan.add:
                this.tell(Level.INFO, output.would_install_line(plan.add))
            work.write_timings(fetched)
            from asyncpip.commands.dry_run_remembered import remember_dry_run  # noqa: PLC0415 - no other run needs it

            remember_dry_run(this, installed, index, plan, fetched)
            return 0
        if not plan.add:
            return 0
        from asyncpip.commands.install_changes import carry_out  # noqa: PLC0415 - not for a dry run

        return carry_out(work, plan, fetched)


class Work:
    """One question, resolved and fetched."""

    def __init__(
        self,
        this: InstallRun,
        installed: InstalledDistributions,
        index: IndexOptions,
        chosen: Selection,
        store: Store,
        builds: BuildOptions | None,
    ) -> None:
        self.this = this
        self.installed = installed
        self.index = index
        self.store = store
        self.manifests: dict[NormalizedName, Manifest | None] = {}
        self.existing = self._existing_in_target_directory()
        self.only_deps_names: frozenset[NormalizedName] = (
            frozenset(each.name for each in this.input.requirements if each.name is not None)
            if this.settings.flag("only_deps")
            else frozenset()
        )
        self.request = PipelineRequest(
            resolve=resolve_request(
                this.inquiry,
                chosen,
                installed=installed,
                upgrade=upgrade_strategy(this.settings),
                ignore_installed=this.ignore_installed,
                force_reinstall=this.force_reinstall,
            ),
            places=places_of(this.inquiry, index),
            limits=this.limits,
            environ=this.context.environ,
            wanted=self._wanted,
            prefetch_archives=self._needs_archives and not this.settings.flag("only_deps"),
            builds=builds,
        )

    @property
    def _needs_archives(self) -> bool:
        return not self.this.dry_run or bool(self.this.settings.text("report"))

    def plan_of(self, resolution: Resolution) -> InstallPlan:
        """Return what carries out ``resolution``."""
        this = self.this
        return plan_install(
            resolution,
            self.installed,
            force_reinstall=this.force_reinstall,
            ignore_installed=this.ignore_installed,
            user_site=this.destination.place is Place.USER,
            is_virtual=this.running_target.is_virtual,
            only_deps_names=self.only_deps_names,
        )

    def fetch(self) -> FetchedPlan:
        """Resolve and fetch; once more where the store turns out to hold trees that were changed."""
        for _ in range(_MOST_REPAIRS):
            with explaining_failure(self.this.inquiry, offline=self.request.places.offline):
                fetched = resolve_and_fetch(
                    self.request, self.store, self.this.reporter, fetches_all=self._needs_archives
                )
            plan = self.plan_of(fetched.resolution)
            if not fetched.wheels:
                return fetched
            from asyncpip.pipeline.stored_trees import drop_damaged, read_manifests  # noqa: PLC0415 - not for a dry run

            self.store.begin_use()
            self.manifests = read_manifests([each for each in plan.add if each.name in fetched.wheels], fetched.wheels)
            if not drop_damaged(
                fetched.wheels, self.manifests, self.store, self.this.reporter, jobs=self.this.limits.jobs
            ):
                return fetched
            # The store stays held: what is fetched again is not dropped again.
        raise InstallError(
            "wheels in the store are changed faster than they can be fetched",
            hint="use another cache directory with `--cache-dir`, or none with `--no-cache-dir`",
        )

    def _wanted(self, resolution: Resolution) -> Sequence[Resolved]:
        if not self._needs_archives:
            return ()
        added = self.plan_of(resolution).add
        # To report a source its metadata is enough, and building it is not.
        return [each for each in added if not (self.this.dry_run and is_source(each))]

    def _existing_in_target_directory(self) -> Mapping[NormalizedName, InstalledDistribution]:
        """Return what `--target` finds in its directory; elsewhere nothing."""
        this = self.this
        if this.destination.sees_installed:
            return {}
        return InstalledDistributions.scan([this.destination.scheme.purelib], this.running_target)

    def write_timings(self, fetched: FetchedPlan, install_seconds: float = 0.0) -> None:
        """Write how long each phase took, where that is asked for."""
        place = self.this.settings.text("timings")
        if place is None:
            return
        from asyncpip.commands.install_report import write_timings  # noqa: PLC0415 - as a report

        now = time.perf_counter()
        timings = {**fetched.timings, "install": install_seconds, "total": now - self.this.started}
        write_timings(self.this.context, place, timings)


def _home_of_store(this: InstallRun) -> str | None:
    """Return where a store for one run goes: beside the target, so that files are moved, not written twice."""
    home = this.destination.scheme.purelib
    while not os.path.isdir(home):
        home = os.path.dirname(home)
    return None if this.dry_run or not os.access(home, os.W_OK) else home


def is_source(decision: Resolved) -> bool:
    """Return whether what was chosen has to be built."""
    return isinstance(decision.choice, Candidate) and not decision.choice.file.is_wheel


def _tell_plan(this: InstallRun, plan: InstallPlan, fetched: FetchedPlan) -> None:
    for decision in fetched.resolution.decisions:
        if isinstance(decision.choice, InstalledDistribution):
            if decision.choice.name not in {each.name for each in plan.add}:
                this.tell(Level.INFO, output.satisfied_line(decision, decision.choice, this.cwd))
        else:
            stored: StoredWheel | None = fetched.wheels.get(decision.name)
            for line in output.collecting_lines(decision, stored, this.cwd):
                this.tell(Level.INFO, line, routine=True)
    this.tell(Level.INFO, output.built_line(plan.add, fetched.built))
    for note in plan.notes:
        this.tell(Level.INFO, note)
    for warning in plan.warnings:
        this.warn(warning)
