"""The environment of one build: directories that its requirements are installed into, which its hooks see.

As in pip the target's own interpreter runs the hooks. A `sitecustomize` on `PYTHONPATH` takes its installed
distributions off `sys.path` and puts the directories on it, `.pth` files in them included.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.environment.destination import scheme_below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.core.target import SchemePaths

OVERLAY, NORMAL = "overlay", "normal"
"""pip's names: what `pyproject.toml` requires, and what the backend asks for beside it. The first is seen first."""

_SITECUSTOMIZE = """\
import os, site, sys

ours = {places!r}
installed = [os.path.normcase(place) for place in site.getsitepackages()]
kept = [os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "DLLs"), os.path.dirname(os.path.abspath(__file__))]


def below(place, parents):
    place = os.path.normcase(place)
    return any(place == parent or place.startswith(parent + os.sep) for parent in map(os.path.normcase, parents))


sys.path[:] = [
    place for place in sys.path if (below(place, kept) or place.endswith(".zip")) and not below(place, installed)
]
# What `.pth` files of those places have brought in: import hooks of editable installs, modules.
sys.meta_path[:] = [each for each in sys.meta_path if (getattr(each, "__module__", None) or "").startswith("_frozen")]
for name, module in list(sys.modules.items()):
    if below(getattr(module, "__file__", None) or "", installed):
        del sys.modules[name]
for place in ours:
    site.addsitedir(place)
"""


class IsolatedEnvironment:
    """Directories below ``root``. Filling them is somebody else's work."""

    def __init__(self, root: str, template: SchemePaths, environ: Mapping[str, str]) -> None:
        """``template`` is the target's scheme for `--prefix`; ``environ`` what hooks see beside what is set here."""
        self._root = root
        self._site = os.path.join(root, "site")
        self._schemes = {name: scheme_below(os.path.join(root, name), template) for name in (OVERLAY, NORMAL)}
        self._environ = dict(environ)
        places = [
            place for scheme in self._schemes.values() for place in dict.fromkeys((scheme.purelib, scheme.platlib))
        ]
        os.makedirs(self._site, exist_ok=True)
        for place in places:
            os.makedirs(place, exist_ok=True)
        with open(os.path.join(self._site, "sitecustomize.py"), "w", encoding="utf-8") as writing:
            writing.write(_SITECUSTOMIZE.format(places=places))

    def scheme(self, name: str) -> SchemePaths:
        """Return where distributions of `OVERLAY` or `NORMAL` go."""
        return self._schemes[name]

    def environ(self) -> dict[str, str]:
        """Return the environment variables of a hook."""
        scripts = [scheme.scripts for scheme in self._schemes.values()]
        path = self._environ.get("PATH")
        return {
            **self._environ,
            "PATH": os.pathsep.join([*scripts, *([path] if path else [])]),
            "PYTHONNOUSERSITE": "1",
            "PYTHONPATH": self._site,
        }
