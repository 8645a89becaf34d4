"""What to do about a build that failed, as far as the end of its output tells. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKEND = "this error comes from the build backend of the package, and is likely not a problem of asyncpip"
_LAST_LINES = 5
"""Where a module is missing, one of these says so; what stands before was caught by the backend."""
_MISSING_MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?")
_OLDER_SETUPTOOLS = "it needs {}: give a file with the line `{}` by --build-constraint"
_REMOVED_MODULES = {
    "pkg_resources": _OLDER_SETUPTOOLS.format("`pkg_resources`, which newer setuptools do not have", "setuptools<82"),
    "distutils": "it needs `distutils`, which Python 3.12 and later do not have: choose a newer release of it, or an "
    "older Python",
}
_TEXTS = {
    "No space left on device": "free some space, or set TMPDIR to a directory with more of it",
    "use_2to3 is invalid": _OLDER_SETUPTOOLS.format("`use_2to3`, which newer setuptools do not have", "setuptools<58"),
    "Python.h: No such file or directory": "install the header files of this Python (python3-dev, python3-devel)",
}
_MISSING_COMPILER = re.compile(
    r"command '(?:[^']*[/-])?(?:gcc|cc|clang|g\+\+|c\+\+)' failed: No such file or directory"
)


def hint_for(lines: Sequence[str], label: str) -> str:
    """Return the hint for a failure of the build of ``label`` whose output ended with ``lines``."""
    for text, hint in _TEXTS.items():
        if any(text in line for line in lines):
            return hint
    if any(_MISSING_COMPILER.search(line) for line in lines):
        return "install a C compiler, or choose a release that has a wheel for this platform (--only-binary)"
    for line in reversed([line for line in lines if line.strip()][-_LAST_LINES:]):
        if (missing := _MISSING_MODULE.search(line)) is not None:
            return _missing_module(missing[1].partition(".")[0], label)
    return _BACKEND


def _missing_module(module: str, label: str) -> str:
    return _REMOVED_MODULES.get(
        module,
        f"{label} imports `{module}` to be built, and does not say so in [build-system] of its pyproject.toml: install "
        "what that is part of into the environment, and use --no-build-isolation",
    )
