"""How paths are shown. Lean."""

from __future__ import annotations

import os


def display_path(path: str, cwd: str) -> str:
    """Return ``path`` relative to the working directory where it lies below it."""
    path = os.path.normcase(os.path.abspath(path))
    if path.startswith(cwd + os.sep):
        return "." + path[len(cwd) :]
    return path
