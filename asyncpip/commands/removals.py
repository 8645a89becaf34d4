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
    from asyncpip.install.removal_plan import Directories


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
    prune = (*plan.directories_to_prune, *plan.directories_above)
    return Removal(plan.files, prune, [(edit.path, edit.entry) for edit in plan.pth_edits])
