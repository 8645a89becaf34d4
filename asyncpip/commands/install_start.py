"""The beginning of every `install`: store, target, and the question under which its outcome may be remembered. Lean."""

from __future__ import annotations

import os

from asyncpip.commands.surroundings import find_surroundings
from asyncpip.environment.listing import installed_entries, installed_state
from asyncpip.store.store import read_file
from asyncpip.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext
    from asyncpip.core.target import TargetEnvironment
    from asyncpip.environment.target import TargetSelection
    from asyncpip.store.store import Store

_DECIDE_NOTHING = frozenset(
    (
        "cache_dir", "concurrent_downloads", "debug", "jobs", "keyring_provider", "link_mode", "lock_timeout", "log",
        "no_color", "no_input", "progress_bar", "python", "quiet", "resume_retries", "retries", "timeout", "verbose",
        "explain", "compile", "requirement_files", "constraint_files",
    )
)  # fmt: skip
"""Options that change how a run goes, not what it ends with; files count by their content."""
_NOT_REMEMBERED = frozenset(
    (
        "abis", "editables", "find_links", "force_reinstall", "groups",
        "ignore_installed", "implementation", "no_index", "offline", "only_deps", "override_files", "platforms",
        "prefix", "python_version", "refresh", "refresh_packages", "report", "requirements_from_scripts", "root",
        "target", "timings", "uploaded_prior_to", "user", "verify", "no_rollback", "build_constraint_files",
        "check_build_dependencies", "no_clean",
    )
)  # fmt: skip
"""Options under which the outcome depends on more than the question says, or is more than an installation."""


class Start:
    """Where a run starts from."""

    __slots__ = ("context", "cwd", "question", "selected", "store")

    def __init__(self, context: CommandContext) -> None:
        self.context = context
        self.cwd = os.getcwd()
        self.store: Store | None
        self.selected: TargetSelection
        self.store, self.selected = find_surroundings(context, meanwhile=_import_what_follows)
        self.question: str | None = None if self.store is None else _question(context, self.selected.target)


def _import_what_follows() -> None:
    """Import what comes behind the first door, while a child says what the target is: that takes as long.

    A store that does not know the interpreter remembers nothing that was done for it.
    """
    from asyncpip.commands import install_run  # noqa: F401, PLC0415


def _question(context: CommandContext, target: TargetEnvironment) -> str | None:
    """Return all that an installation's outcome depends on, index pages aside; None where it depends on more."""
    settings = context.settings
    values = settings.changed_values()
    if any(values.get(name) for name in _NOT_REMEMBERED) or not target.is_virtual:
        return None
    if any(not _is_plain(argument) for argument in context.arguments):
        return None
    parts = [VERSION, *context.arguments]
    for kind in ("requirement_files", "constraint_files"):
        for path in settings.texts(kind):
            content = None if "://" in path else read_file(path)
            if content is None or b"${" in content:
                return None
            parts += (kind, content.decode("latin-1"))
    ignored = _DECIDE_NOTHING | _NOT_REMEMBERED
    parts += sorted(f"{name}={value!r}" for name, value in values.items() if name not in ignored)
    parts += (settings.text("index_url") or "", target.python_full_version, repr(sorted(target.markers.items())))
    parts += target.tags
    parts.append(installed_part(target))
    return "\0".join(parts)


def installed_part(target: TargetEnvironment) -> str:
    """Return the last part of a question: what is installed."""
    return "installed " + installed_state(installed_entries(target.sys_path))


def _is_plain(argument: str) -> bool:
    """Return whether an argument can only be a requirement by name, not a path or URL."""
    return not (argument.startswith((".", "-")) or argument.endswith((".whl", ".zip", ".gz", ".txt"))) and not any(
        sign in argument for sign in "/\\@:#"
    )
