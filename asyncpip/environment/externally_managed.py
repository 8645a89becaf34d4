"""May this environment be changed at all: externally managed ones (PEP 668), and `--require-virtualenv`."""

from __future__ import annotations

import os

from asyncpip.errors import ExternallyManagedError, VirtualenvRequiredError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from asyncpip.core.target import TargetEnvironment

_SECTION = "externally-managed"
_OVERRIDE_HINT = (
    "if this is a mistake, tell the provider of the Python installation; `--break-system-packages` goes on, "
    "at the risk of breaking it (PEP 668)"
)


def check_externally_managed(target: TargetEnvironment, *, environ: Mapping[str, str]) -> None:
    """Raise `ExternallyManagedError` with the distributor's text, in the user's language where it has that.

    Virtual environments are never externally managed. The caller leaves the check out with `--target`, `--prefix`,
    `--root`, `--break-system-packages`, and with `--dry-run` plus `--report`, as pip does.
    """
    if target.is_virtual:
        return
    path = os.path.join(target.stdlib, "EXTERNALLY-MANAGED")
    if not os.path.isfile(path):
        return
    why = _text(path, environ) or (
        f"{path} says that another tool installs into the Python at {target.prefix}; use what its distributor provides"
    )
    raise ExternallyManagedError("This environment is externally managed", why=why, hint=_OVERRIDE_HINT)


def check_virtualenv_required(target: TargetEnvironment, *, required: bool) -> None:
    """Raise `VirtualenvRequiredError` where ``required`` (`--require-virtualenv`) and the target is none."""
    if required and not target.is_virtual:
        raise VirtualenvRequiredError(
            "Could not find an activated virtualenv (required).",
            why=f"`--require-virtualenv` is set, and {target.executable} belongs to no virtual environment",
            hint="activate one, or name one with `--python`",
        )


def _text(path: str, environ: Mapping[str, str]) -> str | None:
    """Return the error text of the file; None where it has none or cannot be read."""
    import configparser  # noqa: PLC0415 - only an externally managed interpreter pays for it

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
        section = parser[_SECTION]
    except (OSError, KeyError, UnicodeDecodeError, configparser.Error):
        return None
    return next((section[key] for key in _keys(environ) if key in section), None)


def _keys(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys to look for, the most special first: ``Error-de_AT``, ``Error-de``, ``Error``."""
    value = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    language = value.partition(".")[0].partition("@")[0]
    if language not in ("", "C", "POSIX"):
        yield f"Error-{language}"
        for separator in ("-", "_"):
            general, found, _ = language.partition(separator)
            if found:
                yield f"Error-{general}"
    yield "Error"
