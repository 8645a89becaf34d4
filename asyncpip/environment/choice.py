"""Which environment is meant, as far as that can be told without asking an interpreter. Lean."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_TOOL_RECEIPTS = ("pipx_metadata.json", "uv-receipt.toml")
"""Files that say: this virtual environment holds one program for use from everywhere, and is nobody's project."""


def runs_in_project_environment() -> bool:
    """Return whether this program runs in a virtual environment that is not only its own."""
    if sys.prefix == sys.base_prefix:
        return False
    return not any(os.path.exists(os.path.join(sys.prefix, name)) for name in _TOOL_RECEIPTS)


def interpreter_below(directory: str) -> str | None:
    """Return the interpreter of a virtual environment."""
    for relative in ("bin/python", "Scripts/python.exe"):
        path = os.path.join(directory, *relative.split("/"))
        if os.path.exists(path):
            return path
    return None


def site_prefix(python: str | None, environ: Mapping[str, str]) -> str:
    """Return the prefix that the site configuration file lies in: that of the environment that will be worked on.

    ``python`` is the value of `--python`. pip reads the file of the environment that it is run in, or sent to.
    """
    if python is None:
        active = environ.get("VIRTUAL_ENV")
        if active and not runs_in_project_environment() and interpreter_below(active) is not None:
            return os.path.abspath(active)
        return sys.prefix
    if os.path.isdir(python):
        return os.path.abspath(python)
    if os.path.isfile(python):
        return os.path.dirname(os.path.dirname(os.path.abspath(python)))
    return sys.prefix
