"""What has to go of installed distributions, as `apply_changes` takes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.core.events import Level, Message
from asyncpip.install.apply import Removal
from asyncpip.install.uninstaller import paths_to_remove

if TYPE_CHECKING:
    from asyncpip.core.distributions import InstalledDistribution
    from asyncpip.core.events import Reporter
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.install.uninstaller import RemovalPlan


def removal_of(
    distribution: InstalledDistribution, target: TargetEnvironment, reporter: Reporter, *, only_below: str | None = None
) -> Removal | None:
    """Return what to take away of ``distribution``; None where it stays (pip's rules)."""
    plan = paths_to_remove(distribution, target, only_below=only_below)
    if plan.skipped is not None:
        reporter.emit(Message(Level.INFO, plan.skipped))
        return None
    return removal_from(plan)


def removal_from(plan: RemovalPlan) -> Removal:
    """Return ``plan`` as `apply_changes` takes it."""
    directories = (*plan.directories_to_prune, *plan.directories_above)
    return Removal(plan.files, directories, [(edit.path, edit.entry) for edit in plan.pth_edits])


def warn_superuser(target: TargetEnvironment, action: str | None, reporter: Reporter) -> None:
    """Warn root who changes the system's own Python; ``action`` is the value of `--root-user-action`."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not target.is_virtual and action != "ignore":
        reporter.emit(Message(Level.WARNING, ROOT_USER_WARNING))


ROOT_USER_WARNING = (
    "Running asyncpip as the 'root' user can result in broken permissions and conflicting behaviour with the system "
    "package manager, possibly rendering your system unusable. It is recommended to use a virtual environment instead. "
    "Use the --root-user-action option if you know what you are doing and want to suppress this warning."
)
