"""What has to go of installed distributions, as `apply_changes` takes it."""

from __future__ import annotations

from asyncpip.core.events import Level, Message
from asyncpip.install.apply import Removal
from asyncpip.install.uninstaller import paths_to_remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.events import Reporter
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.install.removal_plan import Directories, RemovalPlan


def removal_of(
    distribution: InstalledDistribution,
    target: TargetEnvironment,
    reporter: Reporter,
    *,
    only_below: str | None,
    directories: Directories,
) -> Removal | None:
    """Return what to take away of ``distribution``; None where it stays (pip's rules)."""
    plan = paths_to_remove(distribution, target, only_below=only_below, directories=directories)
    if plan.skipped is not None:
        reporter.emit(Message(Level.INFO, plan.skipped))
        return None
    return removal_by(plan)


def removal_by(plan: RemovalPlan) -> Removal:
    """Return what ``plan`` takes away."""
    prune = (*plan.directories_to_prune, *plan.directories_above)
    return Removal(plan.files, prune, [(edit.path, edit.entry) for edit in plan.pth_edits])


def attempt_lines(written_name: str, raw_name: str, raw_version: str) -> list[str]:
    """Return what is told before a distribution goes; ``written_name`` is that of the requirement (pip's words)."""
    return [
        f"  Attempting uninstall: {written_name}",
        f"    Found existing installation: {raw_name} {raw_version}",
    ]


def removed_line(raw_name: str, raw_version: str) -> str:
    """Return what is told when it is gone."""
    return f"  Successfully uninstalled {raw_name}-{raw_version}"
