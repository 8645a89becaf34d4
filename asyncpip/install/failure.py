"""What an error that the disk raises comes to, once all was put back. Lean."""

from __future__ import annotations

import errno

from asyncpip.errors import InstallError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

RESTORED = "the environment is as it was before"
"""Why of an error after which nothing has changed."""


def rolled_back(problems: Sequence[str]) -> str:
    """Return how a rollback ended that told of ``problems``."""
    if problems:
        return "the environment could not be restored: " + "; ".join(problems)
    return RESTORED


def install_error(error: OSError, what: str, *, removes_only: bool) -> InstallError:
    """Return an `InstallError` for ``error`` with the hint that its kind allows."""
    permissions = "Consider using the `--user` option or check the permissions."
    if removes_only:
        permissions = "Check the permissions, and who owns the files."
    hints = {
        errno.EACCES: permissions,
        errno.EPERM: permissions,
        errno.EROFS: "The file system is mounted read-only.",
        errno.ENOSPC: "Free some space and run the same command again.",
        errno.EDQUOT: "Your disk quota is used up.",
        errno.ENAMETOOLONG: "Install into a directory with a shorter path.",
    }
    act = "uninstall" if removes_only else "install"
    return InstallError(
        f"Could not {act} packages due to an OSError: {error}", why=what, hint=hints.get(error.errno or 0)
    )
