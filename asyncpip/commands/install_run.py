"""`install` behind its doors: options and requirements read, what is installed looked at, then the work."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from asyncpip.commands import install_output as output
from asyncpip.commands.inquiry import Inquiry
from asyncpip.commands.install_checks import words_without_meaning
from asyncpip.commands.install_options import target_choice, upgrade_strategy
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.events import Level
from asyncpip.environment.destination import choose_destination, is_writable_directory
from asyncpip.environment.externally_managed import check_externally_managed
from asyncpip.environment.installed import InstalledDistributions
from asyncpip.resolve.satisfied import check_satisfied
from asyncpip.store.answers import RestsOn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.commands.install_start import Start
    from asyncpip.commands.requirement_input import RequirementInput
    from asyncpip.core.requirement import UserRequirement
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.destination import Destination
    from asyncpip.resolve.satisfied import Satisfied
    from asyncpip.store.store import Store


class InstallRun:
    """One run of the command: its context and what has been found out so far, each set once, in this order."""

    def __init__(self, start: Start) -> None:
        context = start.context
        self.context = context
        self.settings = context.settings
        self.reporter = context.reporter
        self.cwd = start.cwd
        self.store: Store | None = start.store
        self.question = start.question
        """Under which the outcome may be remembered; None where it may not."""
        selected = start.selected
        inquiry = Inquiry(
            context,
            "install",
            cwd=start.cwd,
            running_target=selected.target,
            choice=target_choice(context.settings),
            verifies_lone_file=context.settings.flag("verify"),
        )
        self.inquiry = inquiry
        self.tell, self.warn = inquiry.tell, inquiry.warn
        self.limits = inquiry.limits
        self.templates = selected.templates
        self.running_target: TargetEnvironment = selected.target
        """The interpreter that files are installed for."""
        self.choice: TargetChoice = inquiry.choice
        self.target = inquiry.target
        """The interpreter that files are chosen for; another one with `--platform` and its like."""
        self.input: RequirementInput = inquiry.input
        self.overrides: tuple[UserRequirement, ...] = inquiry.overrides
        self.evaluator = inquiry.evaluator
        self.destination: Destination = choose_destination(
            target=selected.target,
            templates=selected.templates,
            user=self._user_option(),
            user_is_from_configuration=self.settings.source("user") != "command line",
            # Empty is a variable of the shell's that is not set. For pip `--target` is then not given; its other two
            # lead to the root directory and the working directory.
            target_dir=self.settings.text("target") or None,
            prefix=self.settings.text("prefix") or None,
            root=self.settings.text("root") or None,
        )
        self.tell(Level.WARNING, self.destination.warning)
        self.tell(Level.INFO, self.destination.notice)
        self._check_managed()
        self.dry_run = self.settings.flag("dry_run")
        self.ignore_installed = self.settings.flag("ignore_installed") or not self.destination.sees_installed
        self.force_reinstall = self.settings.flag("force_reinstall")
        self.started = time.perf_counter()

    @property
    def is_reproducible(self) -> bool:
        """Whether the question holds all that the answer depends on: no files but those named, which set no options."""
        named = [*self.settings.texts("requirement_files"), *self.settings.texts("constraint_files")]
        known = {os.path.abspath(path) for path in named}
        return (
            self.inquiry.depends_on_files_only
            and all(path in known for path in self.inquiry.files_read)
            and not self.input.file_options.find_links
            and not self.input.locked_files
            and not self.input.warnings
            and not words_without_meaning(self.settings)
        )

    def scan_installed(self) -> InstalledDistributions:
        """Return what is installed in the target."""
        installed = self._scan()
        held = self.destination.scheme.purelib
        if unfinished := [path for path in installed.unfinished if self.dry_run or path != held]:
            from asyncpip.commands.holding import settle  # noqa: PLC0415 - seldom needed

            settle(unfinished, self.warn)
            installed = self._scan()
        for text in installed.warnings:
            self.warn(text)
        return installed

    def _scan(self) -> InstalledDistributions:
        return InstalledDistributions.scan(self.running_target.sys_path, self.running_target)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the target for this process, and put right what a killed run left there; not for a dry run."""
        home = self.destination.scheme.purelib
        if self.dry_run or not is_writable_directory(home):
            yield  # nothing will be changed: the first step fails, if there is anything to do
            return
        from asyncpip.commands.holding import hold_environment  # noqa: PLC0415 - not for a dry run

        with hold_environment(home, self.reporter, timeout_seconds=self.settings.seconds("lock_timeout")):
            yield

    def _user_option(self) -> bool | None:
        if self.settings.source("user") == "default":
            return None
        return self.settings.flag("user")

    def _check_managed(self) -> None:
        if not (
            self.settings.flag("break_system_packages")
            or (self.settings.flag("dry_run") and self.settings.text("report"))
            or any(self.settings.text(option) for option in ("target", "prefix", "root"))
        ):
            check_externally_managed(self.running_target, environ=self.context.environ)


def run_install(start: Start) -> int:
    """Run the command; return its exit code."""
    this = InstallRun(start)
    with this.lock():
        installed = this.scan_installed()
        satisfied = check_satisfied(
            this.input.requirements,
            this.input.constraints,
            installed,
            this.evaluator,
            overrides=this.overrides,
            upgrade=upgrade_strategy(this.settings),
            no_deps=this.settings.flag("no_deps"),
            ignore_installed=this.ignore_installed,
            force_reinstall=this.force_reinstall,
        )
        if satisfied is not None:
            return _finish_satisfied(this, satisfied)
        return _install(this, installed)


def _install(this: InstallRun, installed: InstalledDistributions) -> int:
    """Do the work."""
    this.inquiry.begin_ahead(this.store)
    from asyncpip.commands.install_work import install  # noqa: PLC0415 - loads the pipeline, 80 ms
    from asyncpip.commands.resolution_request import place_lines, with_cache_or_without  # noqa: PLC0415 - as above

    chosen = this.inquiry.selection(this.target, this.choice)
    index = this.inquiry.index_options()
    for line in place_lines(index):
        this.tell(Level.INFO, line)

    def work(store: Store | None) -> int:
        this.store = store
        return install(this, installed, index, chosen)

    return with_cache_or_without(this.store, this.reporter, work)


def _finish_satisfied(this: InstallRun, satisfied: Satisfied) -> int:
    """Say what is there already."""
    for message in satisfied.messages:
        this.reporter.emit(message)
    for decision in satisfied.decisions:
        if isinstance(decision.choice, InstalledDistribution):
            this.tell(Level.INFO, output.satisfied_line(decision, decision.choice, this.cwd))
    report = this.settings.text("report")
    if report:
        from asyncpip.commands.install_report import write_report  # noqa: PLC0415 - rare

        write_report(this.context, report, None, {}, this.running_target.markers)
    elif this.inquiry.depends_on_files_only:
        decided = [each.choice for each in satisfied.decisions if isinstance(each.choice, InstalledDistribution)]
        this.context.remember(RestsOn(looked_at(this, [each.info_path for each in decided])))
    return 0


def looked_at(this: InstallRun, info_paths: Iterable[str]) -> Iterator[str]:
    """Yield all paths that decide what a run finds, metadata of installed distributions as far as it counts."""
    target = this.running_target
    yield from this.inquiry.files_read
    yield from (target.executable, os.path.realpath(target.executable), os.path.join(target.prefix, "pyvenv.cfg"))
    yield os.path.join(target.stdlib, "EXTERNALLY-MANAGED")
    for place in target.sys_path:
        yield place
        with contextlib.suppress(OSError):
            yield from (os.path.join(place, name) for name in os.listdir(place) if name.endswith((".pth", ".egg-link")))
    yield from (os.path.join(path, "METADATA") for path in info_paths)
