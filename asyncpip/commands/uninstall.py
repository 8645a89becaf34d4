"""`asyncpip uninstall`: all that is named goes, in one transaction; where one of it cannot go, nothing does.

pip's lines, in pip's order, as far as one transaction allows: where questions are asked, they all come first.
"""

from __future__ import annotations

import os

from asyncpip.commands.holding import hold_environment, settle
from asyncpip.commands.superuser import warn_superuser
from asyncpip.commands.uninstall_names import read_names
from asyncpip.core.events import Level, Message
from asyncpip.core.values import Value
from asyncpip.environment.externally_managed import check_externally_managed, check_virtualenv_required
from asyncpip.environment.scan import STANDARD_LIBRARY, scan
from asyncpip.environment.target import find_target
from asyncpip.errors import AsyncpipError, CommandError
from asyncpip.install.removal import remove_distributions
from asyncpip.install.removal_plan import Directories
from asyncpip.install.uninstaller import paths_to_remove
from asyncpip.store.store import open_store, process_umask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging.utils import NormalizedName

    from asyncpip.commands.context import CommandContext
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.scan import FoundDistribution, Scan
    from asyncpip.install.removal_plan import RemovalPlan
    from asyncpip.store.store import Store

_TOGETHER_FROM = 16
"""Fewer distributions are looked at one after the other."""


class _Leaving(Value):
    """One distribution that was named, and what is to go of it."""

    distribution: FoundDistribution
    plan: RemovalPlan

    @property
    def title(self) -> str:
        return f"{self.distribution.raw_name}-{self.distribution.raw_version}"


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    store = open_store(settings.text("cache_dir"), umask=process_umask(), warn=lambda text: _tell(context, 30, text))
    selected = find_target(python=settings.text("python"), environ=context.environ, records=store)
    if selected.notice:
        _tell(context, Level.WARNING, selected.notice)
    target = selected.target
    check_virtualenv_required(target, required=settings.flag("require_virtualenv"))
    names = read_names(context, target)
    directory = _target_directory(settings.text("target"))
    if directory is None and not settings.flag("break_system_packages"):
        check_externally_managed(target, environ=context.environ)
    held = []
    try:
        if settings.flag("dry_run"):
            unfinished = _scan(target, directory, lambda _: None).unfinished
            settle(dict.fromkeys(unfinished), lambda text: _tell(context, Level.WARNING, text))
        else:
            timeout_seconds = settings.seconds("lock_timeout")
            for home in _homes(target, directory):
                one = hold_environment(home, context.reporter, timeout_seconds=timeout_seconds)
                held.append(one)
        work = _Uninstall(context, target, directory)
        work.look_at(names)
        work.finish()
    finally:
        for each in reversed(held):
            each.let_go()
    if settings.flag("clean_cache") and store is not None:
        _clean_cache(context, store, names)
    if directory is None and not settings.flag("dry_run"):
        warn_superuser(target, settings.text("root_user_action"), context.reporter)
    if settings.flag("dry_run") and work.leaving:
        _tell(context, Level.INFO, "Would uninstall " + " ".join(each.title for each in work.leaving))
    return 0


def _target_directory(text: str | None) -> str | None:
    """Return the directory of `--target`, absolute."""
    if text is None:
        return None
    if not text:  # a variable of the shell's that is not set: nobody means this directory, nor the environment
        raise CommandError("--target names no directory")
    directory = os.path.abspath(os.path.expanduser(text))
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise CommandError("Target path exists but is not a directory, will not continue.")
    return directory


def _homes(target: TargetEnvironment, directory: str | None) -> Iterator[str]:
    """Yield the directories that may change, always in the same order, so that no two runs wait for one another."""
    if directory is not None:
        places = [directory]
    else:
        places = [target.scheme.purelib]
        if target.user_scheme is not None and target.user_site_enabled:
            places.append(target.user_scheme.purelib)
    yield from (place for place in dict.fromkeys(places) if os.path.isdir(place))


def _scan(target: TargetEnvironment, directory: str | None, warn: Callable[[str], None]) -> Scan:
    """Return what is installed in the target, or in the directory of `--target`."""
    return scan(
        target.sys_path if directory is None else [directory],
        virtual_prefix=target.prefix if target.is_virtual else None,
        user_site=target.user_scheme.purelib if target.user_scheme is not None else None,
        warn=warn,
    )


class _Uninstall:
    """What one run has found out so far: first all of `look_at`, then `finish`."""

    def __init__(self, context: CommandContext, target: TargetEnvironment, directory: str | None) -> None:
        self._context = context
        self._target = target
        self._directory = directory
        """Of `--target`."""
        self._directories = Directories()
        self._is_dry = context.settings.flag("dry_run")
        self._asks = not context.settings.flag("yes") or self._is_dry
        self._warnings: dict[str, None] = {}
        found = _scan(target, directory, lambda text: self._warnings.update({text: None})).found
        self._installed = {each.name: each for each in found if each.name not in STANDARD_LIBRARY}
        self._ahead: dict[NormalizedName, RemovalPlan] = {}
        """What goes of each project, where all of them were looked at together."""
        self._blocks: list[list[str]] = []
        """Where no questions are asked, what is told of each distribution after all have gone: pip's order."""
        self.leaving: list[_Leaving] = []

    def look_at(self, names: Mapping[NormalizedName, str]) -> None:
        """Find out what goes of each project, and ask."""
        for warning in self._warnings:
            _tell(self._context, Level.WARNING, warning)
        here = [self._installed[name] for name in names if name in self._installed]
        if not self._asks and len(here) >= _TOGETHER_FROM:
            from asyncpip.install.removal_planning import plans_ahead  # noqa: PLC0415 - not for a few

            self._ahead = plans_ahead(
                here,
                self._target,
                only_below=self._directory,
                jobs=os.cpu_count() or 1,
            )
        for name, written in names.items():
            distribution = self._installed.get(name)
            if distribution is None:
                _tell(self._context, Level.WARNING, f"Skipping {written} as it is not installed.")
            else:
                self._look_at(distribution)

    def finish(self) -> None:
        """Remove what goes, and tell of it."""
        if self._is_dry:
            return
        if self.leaving:
            self._remove()
        if self._asks:
            _tell_all(self._context, (line for each in self.leaving for line in self._success(each)))
        _tell_all(self._context, (line for block in self._blocks for line in block))

    def _look_at(self, distribution: FoundDistribution) -> None:
        block = [f"Found existing installation: {distribution.raw_name} {distribution.raw_version}"]
        try:
            plan = self._ahead.get(distribution.name) or paths_to_remove(
                distribution, self._target, only_below=self._directory, directories=self._directories
            )
        except AsyncpipError:
            _tell_all(self._context, (lines[0] for lines in (*self._blocks, block)))
            raise
        each = _Leaving(distribution=distribution, plan=plan)
        if plan.is_empty:
            block += [plan.skipped] if plan.skipped else []
            block.append(f"Can't uninstall '{distribution.raw_name}'. No files were found to uninstall.")
        else:
            block.append(f"Uninstalling {each.title}:")
        if self._asks:
            _tell_all(self._context, block)
        else:
            self._blocks.append(block)
        if not plan.is_empty and (not self._asks or _may_go(self._context, plan)):
            self.leaving.append(each)
            block += self._success(each)

    def _success(self, each: _Leaving) -> list[str]:
        return [*_details(self._context, each.plan), f"  Successfully uninstalled {each.title}"]

    def _remove(self) -> None:
        """Remove all of `leaving` as one transaction."""
        target = self._target
        if self._directory is not None:
            home = self._directory
        elif target.user_scheme is not None and all(each.distribution.in_user_site for each in self.leaving):
            home = target.user_scheme.purelib
        else:
            home = target.scheme.purelib
        remove_distributions([each.plan for each in self.leaving], home, jobs=os.cpu_count() or 1)


def _is_verbose(context: CommandContext) -> bool:
    return context.settings.number("verbose") > context.settings.number("quiet")


def _details(context: CommandContext, plan: RemovalPlan) -> list[str]:
    """Return what `-v` tells of a removal."""
    if not _is_verbose(context):
        return []
    from asyncpip.install.removal_listing import removal_listing  # noqa: PLC0415 - for details only

    lines = [f"  Removing file or directory {path}" for path in removal_listing(plan, every_file=True).moved]
    for edit in plan.pth_edits:
        lines += [f"  Removing pth entries from {edit.path}:", f"  Removing entry: {edit.entry}"]
    return lines


def _may_go(context: CommandContext, plan: RemovalPlan) -> bool:
    """Show what would go, and ask; with `--dry-run` only the former."""
    from asyncpip.install.removal_listing import removal_listing  # noqa: PLC0415 - for questions only

    listing = removal_listing(plan, every_file=_is_verbose(context))
    for title, paths in (
        ("Would remove:", listing.removed),
        ("Would not remove (might be manually added):", listing.kept),
        ("Would not remove (outside of prefix):", listing.refused),
        ("Will actually move:", listing.moved),
    ):
        if paths:
            _tell_all(context, [f"  {title}", *(f"    {path}" for path in paths)])
    if context.settings.flag("dry_run"):
        return True
    while True:
        answer = context.prompt("Proceed (Y/n)? ").strip().lower()
        if answer in ("y", "n", ""):
            return answer != "n"
        context.write_stdout(f"Your response ({answer!r}) was not one of the expected responses: y, n, \n")


def _clean_cache(context: CommandContext, store: Store, names: Iterable[NormalizedName]) -> None:
    """Drop what the store holds of the projects, installed or not."""
    from asyncpip.commands.cache_contents import entries_of_projects  # noqa: PLC0415 - only with this option
    from asyncpip.core.quantities import format_size  # noqa: PLC0415 - as above
    from asyncpip.store.prune import drop_entries  # noqa: PLC0415 - as above

    entries = entries_of_projects(store.root, frozenset(names))
    told = f"{len(entries)} ({format_size(sum(entry.size_bytes for entry in entries))})"
    if context.settings.flag("dry_run"):
        _tell(context, Level.INFO, f"Files that would be removed from the cache: {told}")
        return
    drop_entries(
        store.root,
        entries,
        on_wait=lambda: _tell(context, Level.INFO, "Waiting for installations that use the cache"),
    )
    _tell(context, Level.INFO, f"Files removed from the cache: {told}")


def _tell(context: CommandContext, level: int, text: str) -> None:
    context.reporter.emit(Message(Level(level), text))


def _tell_all(context: CommandContext, lines: Iterable[str]) -> None:
    """Tell all ``lines`` at once: to write each by itself costs as much as to find out what goes."""
    if text := "\n".join(lines):
        _tell(context, Level.INFO, text)
