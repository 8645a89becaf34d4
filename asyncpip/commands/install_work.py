"""The part of `install` behind its first door: resolve, fetch, change the environment, and tell of it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import install_output as output
from asyncpip.commands.build_request import building
from asyncpip.commands.changes import install_wheels
from asyncpip.commands.dry_run_remembered import remember_dry_run
from asyncpip.commands.install_checks import check_wheels_fit
from asyncpip.commands.install_options import upgrade_strategy
from asyncpip.commands.install_remembered import MOST_NAMES_BESIDE_A_SUMMARY, RememberedWheel, keep_install
from asyncpip.commands.install_report import write_report, write_timings
from asyncpip.commands.page_trust import resolve_and_fetch
from asyncpip.commands.removals import removal_of
from asyncpip.commands.resolution_request import (
    explaining_failure,
    place_lines,
    places_of,
    resolve_request,
    store_or_temporary,
)
from asyncpip.commands.superuser import warn_superuser
from asyncpip.core.candidates import Candidate
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.events import Level
from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.values import replace
from asyncpip.environment.destination import Place
from asyncpip.environment.installed import InstalledDistributions
from asyncpip.errors import InstallError
from asyncpip.install.plan import CONFLICTS_HEADER, find_conflicts, plan_install
from asyncpip.install.removal_plan import Directories
from asyncpip.pipeline.fetch_plan import PipelineRequest
from asyncpip.pipeline.keeping import read_metadata_file
from asyncpip.pipeline.stored_trees import drop_damaged, read_manifests
from asyncpip.store.prune import sweep_staging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.install_options import IndexOptions
    from asyncpip.commands.install_run import InstallRun
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.resolution import Resolution, Resolved
    from asyncpip.fetch.wheels import StoredWheel
    from asyncpip.install.apply import Removal
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
        work = _Work(this, installed, index, chosen, store, builds)
        fetched = work.fetch()
        plan = work.plan_of(fetched.resolution)
        _tell_plan(this, plan, fetched)
        report = this.settings.text("report")
        if report:
            write_report(
                this.context, report, plan, fetched.wheels, this.running_target.markers, fetched.source_metadata
            )
        if this.dry_run:
            if plan.add:
                this.tell(Level.INFO, output.would_install_line(plan.add))
            work.write_timings(fetched)
            remember_dry_run(this, installed, index, plan, fetched)
            return 0
        if not plan.add:
            return 0
        try:
            return work.carry_out(plan, fetched)
        finally:
            store.end_use()
            sweep_staging(store.root, now=time.time())


class _Work:
    """One resolution carried out."""

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

    def carry_out(self, plan: InstallPlan, fetched: FetchedPlan) -> int:
        """Change the environment; return the exit code."""
        this = self.this
        if this.choice and not this.settings.text("target"):
            check_wheels_fit(plan.add, this.running_target)
        adding = self._without_existing(plan.add)
        if not adding:
            return 0
        conflicts = self._conflicts(plan, fetched)
        if conflicts and this.settings.flag("strict_conflicts"):
            raise InstallError("what would be installed conflicts with what is installed", why="\n".join(conflicts))
        started = time.perf_counter()
        this.tell(Level.INFO, output.installing_line(adding), routine=True)
        removals, removed = self._removals(plan, adding)
        install_wheels(
            adding,
            fetched.wheels,
            self.manifests,
            removals,
            target=this.running_target,
            scheme=this.destination.scheme,
            store=self.store,
            reporter=this.reporter,
            environ=this.context.environ,
            link_mode=this.settings.text("link_mode"),
            jobs=this.limits.jobs,
            compile_bytecode=this.settings.flag("compile"),
            keep_finished=this.settings.flag("no_rollback"),
            reads_all=this.settings.flag("verify"),
        )
        finished = time.perf_counter()
        self.store.mark_used(fetched.wheels[decision.name].digest for decision in adding)
        for distribution in removed:
            this.tell(Level.INFO, f"  Successfully uninstalled {distribution.raw_name}-{distribution.raw_version}")
        self._tell_success(adding, conflicts)
        self.write_timings(fetched, finished - started)
        self._remember(plan, fetched, conflicts)
        return self._verify(adding) if this.settings.flag("verify") else 0

    def _removals(
        self, plan: InstallPlan, adding: Sequence[Resolved]
    ) -> tuple[dict[NormalizedName, list[Removal]], list[InstalledDistribution]]:
        """Return what to take away, by name, and of which distributions; tell of each."""
        this = self.this
        written = {decision.name: output.name_as_written(decision) for decision in adding}
        removals: dict[NormalizedName, list[Removal]] = {}
        removed = []
        directories = Directories()
        for distribution in (
            *plan.remove,
            *(self.existing[each.name] for each in adding if each.name in self.existing),
        ):
            only_below = this.destination.scheme.purelib if distribution.name in self.existing else None
            this.tell(Level.INFO, f"  Attempting uninstall: {written.get(distribution.name, distribution.name)}")
            this.tell(
                Level.INFO, f"    Found existing installation: {distribution.raw_name} {distribution.raw_version}"
            )
            removal = removal_of(
                distribution, this.running_target, this.reporter, only_below=only_below, directories=directories
            )
            if removal is not None:
                removals.setdefault(distribution.name, []).append(removal)
                removed.append(distribution)
        return removals, removed

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

    def _without_existing(self, decisions: Sequence[Resolved]) -> Sequence[Resolved]:
        """Leave out what a target directory holds already, unless `--upgrade` (pip's rule, by project)."""
        if not self.existing or self.this.settings.flag("upgrade"):
            return decisions
        left = []
        for decision in decisions:
            if decision.name in self.existing:
                self.this.warn(
                    f"Target directory {self.this.destination.scheme.purelib} already holds {decision.name}. "
                    "Specify --upgrade to force replacement."
                )
            else:
                left.append(decision)
        return left

    def _conflicts(self, plan: InstallPlan, fetched: FetchedPlan) -> list[str]:
        """Return pip's sentences about installed distributions that will not fit together."""
        this = self.this
        if not this.settings.flag("warn_conflicts") or not this.destination.is_target:
            return []
        added, no_deps = {decision.name for decision in plan.add}, this.settings.flag("no_deps")
        if no_deps and not this.settings.flag("strict_conflicts"):
            return []  # as in pip: whoever leaves dependencies out knows that they are missing
        if not no_deps and all(name in added for name in self.installed):
            return []
        metadata: dict[NormalizedName, CoreMetadata] = {
            name: parse_core_metadata(read_metadata_file(wheel.tree)) for name, wheel in fetched.wheels.items()
        }
        found = find_conflicts(
            plan,
            self.installed.version_texts(),
            self.installed.requiring(added),
            metadata,
            this.evaluator.evaluate,
            solved_together=not no_deps and not this.overrides,
        )
        return [conflict.install_text for conflict in found]

    def _tell_success(self, added: Sequence[Resolved], conflicts: Sequence[str]) -> None:
        this = self.this
        if conflicts:
            this.tell(Level.ERROR, "\n".join([CONFLICTS_HEADER, *conflicts]))
        if this.settings.flag("warn_script_location") and this.destination.warns_about_scripts:
            self._warn_about_scripts(added)
        versions = {name: manifest.version for name, manifest in self.manifests.items() if manifest is not None}
        this.tell(Level.INFO, output.success_line(added, versions), routine=len(added) > MOST_NAMES_BESIDE_A_SUMMARY)
        if this.destination.is_target:
            warn_superuser(this.running_target, this.settings.text("root_user_action"), this.reporter)

    def _remember(self, plan: InstallPlan, fetched: FetchedPlan, conflicts: Sequence[str]) -> None:
        """Keep what was found, where a later run with the same question can do the same without a thought."""
        this = self.this
        if (
            this.question is None
            or not this.is_reproducible
            or this.destination.place is not Place.ENVIRONMENT
            or plan.remove
            or plan.keep
            or plan.notes
            or plan.warnings
            or fetched.resolution.has_warnings
            or conflicts
            or any(isinstance(each.choice, Candidate) and each.choice.direct_url for each in plan.add)
            or any(manifest is None or manifest.warnings for manifest in self.manifests.values())
            or self.store.is_temporary
            or fetched.fresh_until <= time.time()
        ):
            return
        stored = {name: replace(wheel, from_store=True) for name, wheel in fetched.wheels.items()}
        lines = place_lines(self.index)
        for decision in plan.add:
            lines += output.collecting_lines(decision, stored[decision.name], this.cwd)
        lines.append(output.installing_line(plan.add))
        versions = {name: manifest.version for name, manifest in self.manifests.items() if manifest is not None}
        lines.append(output.success_line(plan.add, versions))
        keep_install(
            self.store,
            this.question,
            fresh_until=fetched.fresh_until,
            wheels=[RememberedWheel(stored[each.name].digest, requested=each.requested) for each in plan.add],
            lines=lines,
        )

    def _warn_about_scripts(self, added: Sequence[Resolved]) -> None:
        this = self.this
        directory = this.destination.scheme.scripts
        known = {
            os.path.normcase(place).rstrip(os.sep) for place in this.context.environ.get("PATH", "").split(os.pathsep)
        }
        known.add(os.path.normcase(os.path.dirname(this.running_target.executable)))
        if os.path.normcase(directory) in known:
            return
        for decision in added:
            manifest = self.manifests[decision.name]
            names = [script[0] for script in (*manifest.console_scripts, *manifest.gui_scripts)] if manifest else []
            if names:
                this.warn(output.scripts_off_path(names, directory))

    def write_timings(self, fetched: FetchedPlan, install_seconds: float = 0.0) -> None:
        """Write how long each phase took, where that is asked for."""
        place = self.this.settings.text("timings")
        if place is None:
            return
        now = time.perf_counter()
        timings = {**fetched.timings, "install": install_seconds, "total": now - self.this.started}
        write_timings(self.this.context, place, timings)

    def _verify(self, added: Sequence[Resolved]) -> int:
        """Compare files with RECORD; return the exit code."""
        from asyncpip.install.verify import verify_distribution  # noqa: PLC0415 - loads OpenSSL for `--verify` only

        problems = []
        for decision in added:
            manifest = self.manifests[decision.name]
            if manifest is not None:
                scheme = self.this.destination.scheme
                root = scheme.purelib if manifest.root_is_purelib else scheme.platlib
                problems += verify_distribution(os.path.join(root, manifest.dist_info))
        for problem in problems:
            self.this.tell(Level.ERROR, f"--verify: {problem}")
        return 1 if problems else 0


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
