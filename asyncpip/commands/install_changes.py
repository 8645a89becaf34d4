"""The part of `install` that changes the environment, and what is told and kept of that. Not loaded for a dry run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import install_output as output
from asyncpip.commands.changes import install_wheels
from asyncpip.commands.install_checks import check_wheels_fit
from asyncpip.commands.install_remembered import (
    MOST_NAMES_BESIDE_A_SUMMARY,
    THE_ENVIRONMENT,
    RememberedInstall,
    RememberedWheel,
    keep_install,
)
from asyncpip.commands.resolution_request import place_lines
from asyncpip.commands.shown_paths import display_path
from asyncpip.commands.superuser import warn_superuser
from asyncpip.core.candidates import Candidate
from asyncpip.core.events import Level
from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.values import replace
from asyncpip.environment.destination import Place
from asyncpip.errors import InstallError
from asyncpip.install.plan import CONFLICTS_HEADER, find_conflicts
from asyncpip.pipeline.keeping import read_metadata_file
from asyncpip.store.prune import sweep_staging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from asyncpip.commands.install_work import Work
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.metadata import CoreMetadata
    from asyncpip.core.resolution import Resolved
    from asyncpip.install.apply import Removal
    from asyncpip.install.plan import InstallPlan
    from asyncpip.pipeline.fetch_plan import FetchedPlan


def carry_out(work: Work, plan: InstallPlan, fetched: FetchedPlan) -> int:
    """Change the environment as ``plan`` says; return the exit code."""
    store = work.store
    try:
        return _Changes(work, plan, fetched).carry_out()
    finally:
        store.end_use()
        sweep_staging(store.root, now=time.time())


class _Changes:
    """One plan carried out."""

    def __init__(self, work: Work, plan: InstallPlan, fetched: FetchedPlan) -> None:
        self.work = work
        self.plan = plan
        self.fetched = fetched
        self.this = work.this
        self.installed = work.installed
        self.store = work.store
        self.manifests = work.manifests
        self.existing = work.existing

    def carry_out(self) -> int:
        """Change the environment; return the exit code."""
        this, fetched = self.this, self.fetched
        plan = self.plan
        if this.choice and not this.settings.text("target"):
            check_wheels_fit(plan.add, this.running_target)
        adding = self._without_existing(plan.add)
        if not adding:
            return 0
        conflicts = self._conflicts()
        if conflicts and this.settings.flag("strict_conflicts"):
            raise InstallError("what would be installed conflicts with what is installed", why="\n".join(conflicts))
        started = time.perf_counter()
        this.tell(Level.INFO, output.installing_line(adding), routine=True)
        removals, removed = self._removals(adding)
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
        for line in _removed_lines(removed):
            this.tell(Level.INFO, line)
        self._tell_success(adding, conflicts)
        self.work.write_timings(fetched, finished - started)
        if not conflicts and len(removed) == len(plan.remove):
            self._remember()
        return self._verify(adding) if this.settings.flag("verify") else 0

    def _removals(
        self, adding: Sequence[Resolved]
    ) -> tuple[dict[NormalizedName, list[Removal]], list[InstalledDistribution]]:
        """Return what to take away, by name, and of which distributions; tell of each."""
        if not self.plan.remove and not self.existing:
            return {}, []
        from asyncpip.commands.removals import (  # noqa: PLC0415 - most installs take nothing away
            attempt_lines,
            removal_of,
        )
        from asyncpip.install.removal_plan import Directories  # noqa: PLC0415 - as above

        this = self.this
        written = {decision.name: output.name_as_written(decision) for decision in adding}
        removals: dict[NormalizedName, list[Removal]] = {}
        removed = []
        directories = Directories()
        for distribution in (
            *self.plan.remove,
            *(self.existing[each.name] for each in adding if each.name in self.existing),
        ):
            only_below = this.destination.scheme.purelib if distribution.name in self.existing else None
            written_name = written.get(distribution.name, distribution.name)
            for line in attempt_lines(written_name, distribution.raw_name, distribution.raw_version):
                this.tell(Level.INFO, line)
            removal = removal_of(
                distribution, this.running_target, this.reporter, only_below=only_below, directories=directories
            )
            if removal is not None:
                removals.setdefault(distribution.name, []).append(removal)
                removed.append(distribution)
        return removals, removed

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

    def _conflicts(self) -> list[str]:
        """Return pip's sentences about installed distributions that will not fit together."""
        this = self.this
        if not this.settings.flag("warn_conflicts") or not this.destination.is_target:
            return []
        added, no_deps = {decision.name for decision in self.plan.add}, this.settings.flag("no_deps")
        if no_deps and not this.settings.flag("strict_conflicts"):
            return []  # as in pip: whoever leaves dependencies out knows that they are missing
        if not no_deps and all(name in added for name in self.installed):
            return []
        metadata: dict[NormalizedName, CoreMetadata] = {
            name: parse_core_metadata(read_metadata_file(wheel.tree)) for name, wheel in self.fetched.wheels.items()
        }
        found = find_conflicts(
            self.plan,
            self.installed.version_texts(),
            self.installed.requiring(added),
            metadata,
            this.evaluator.evaluate,
            plain_answer=this.evaluator.plain_answer,
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

    def _remember(self) -> None:
        """Keep what was found, where a later run with the same question can do the same without a thought."""
        this, plan, fetched = self.this, self.plan, self.fetched
        manifests = {name: manifest for name, manifest in self.manifests.items() if manifest is not None}
        if (
            this.question is None
            or not this.is_reproducible
            or this.destination.place is not Place.ENVIRONMENT
            or not all(map(self._is_plainly_installed, (*plan.remove, *plan.keep)))
            or plan.notes
            or plan.warnings
            or fetched.resolution.has_warnings
            or any(isinstance(each.choice, Candidate) and each.choice.direct_url for each in plan.add)
            or len(manifests) < len(self.manifests)
            or any(manifest.warnings for manifest in manifests.values())
            or self.store.is_temporary
            or fetched.fresh_until <= time.time()
        ):
            return
        keep_install(
            self.store,
            this.question,
            RememberedInstall(
                fresh_until=fetched.fresh_until,
                wheels=[
                    RememberedWheel(
                        fetched.wheels[each.name].digest,
                        file_count=manifests[each.name].file_count,
                        requested=each.requested,
                    )
                    for each in plan.add
                ],
                stays=[os.path.basename(each.info_path) for each in plan.keep],
                goes=[os.path.basename(each.info_path) for each in plan.remove],
                before=self._lines_before(),
                after=[
                    *_removed_lines(plan.remove),
                    output.success_line(plan.add, {name: manifest.version for name, manifest in manifests.items()}),
                ],
            ),
        )

    def _is_plainly_installed(self, distribution: InstalledDistribution) -> bool:
        """Return whether all that counts of ``distribution`` is in the question, and where files are installed to."""
        return (
            distribution.info_path.endswith(".dist-info")
            and distribution.location == self.this.destination.scheme.purelib
            and distribution.editable_location is None
        )

    def _lines_before(self) -> list[str]:
        """Return what is told before the first change where all wheels are in the store, for any environment."""
        this, plan = self.this, self.plan
        stored = {name: replace(wheel, from_store=True) for name, wheel in self.fetched.wheels.items()}
        here = f" in {display_path(this.destination.scheme.purelib, this.cwd)}"
        written = {decision.name: output.name_as_written(decision) for decision in plan.add}
        lines = place_lines(self.work.index)
        for decision in self.fetched.resolution.decisions:
            if isinstance(decision.choice, Candidate):
                lines += output.collecting_lines(decision, stored.get(decision.name), this.cwd)
            elif decision.name not in written:
                line = output.satisfied_line(decision, decision.choice, this.cwd)
                lines.append(line.replace(here, f" in {THE_ENVIRONMENT}"))
        lines.append(output.installing_line(plan.add))
        if plan.remove:
            from asyncpip.commands.removals import attempt_lines  # noqa: PLC0415 - as above

            for gone in plan.remove:
                lines += attempt_lines(written[gone.name], gone.raw_name, gone.raw_version)
        return lines

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


def _removed_lines(removed: Sequence[InstalledDistribution]) -> list[str]:
    if not removed:
        return []
    from asyncpip.commands.removals import removed_line  # noqa: PLC0415 - as above

    return [removed_line(distribution.raw_name, distribution.raw_version) for distribution in removed]
