"""What root is told who changes the system's own Python. Lean."""

from __future__ import annotations

import os

from asyncpip.core.events import Level, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.core.events import Reporter
    from asyncpip.core.target import TargetEnvironment


def warn_superuser(target: TargetEnvironment, action: str | None, reporter: Reporter) -> None:
    """Warn root who changes the system's own Python; ``action`` is the value of `--root-user-action`."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not target.is_virtual and action != "ignore":
        reporter.emit(Message(Level.WARNING, ROOT_USER_WARNING))


ROOT_USER_WARNING = (
    "Running asyncpip as the 'root' user can result in broken permissions and conflicting behaviour with the system "
    "package manager, possibly rendering your system unusable. It is recommended to use a virtual environment instead. "
    "Use the --root-user-action option if you know what you are doing and want to suppress this warning."
)
