"""`install` beside other software: what is importable where it runs must not matter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.support.environments import REPOSITORY, read_tree

if TYPE_CHECKING:
    from tests.support.environments import Workplace
    from tests.support.index_server import IndexServer

SNIFFIO = """\
import contextvars

class AsyncLibraryNotFoundError(RuntimeError):
    pass

current_async_library_cvar = contextvars.ContextVar("current_async_library_cvar", default=None)

def current_async_library():
    library = current_async_library_cvar.get()
    if library is None:
        raise AsyncLibraryNotFoundError
    return library
"""


def test_sniffio_is_installed(workplace: Workplace, index_server: IndexServer) -> None:
    """With it (it comes with httpx and trio) anyio knows its loop by a context variable, which threads do not have."""
    index_server.add_wheel("leaf", "1.0")
    index_server.add_wheel("app", "1.0", requires=["leaf"])
    (workplace.work / "beside").mkdir()
    (workplace.work / "beside" / "sniffio.py").write_text(SNIFFIO)
    path = os.pathsep.join([str(workplace.work / "beside"), str(REPOSITORY)])
    outcome = workplace.install("-i", index_server.index_url, "app", environ={"PYTHONPATH": path})
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["app-1.0", "leaf-1.0"]


def test_modules_of_the_working_directory_are_not_imported(workplace: Workplace, index_server: IndexServer) -> None:
    """`python -m` puts the working directory first on the path; pip takes it away again."""
    index_server.add_wheel("leaf", "1.0")
    for name in ("packaging", "anyio", "msgspec", "uvloop"):
        (workplace.work / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")
    outcome = workplace.install("-i", index_server.index_url, "leaf")
    assert outcome.code == 0, outcome.text


def test_target_with_modules_of_the_same_names(workplace: Workplace, index_server: IndexServer) -> None:
    """The target's interpreter is asked about itself without importing what is installed there."""
    index_server.add_wheel("leaf", "1.0")
    site_packages = workplace.environment.site_packages
    site_packages.mkdir(parents=True, exist_ok=True)
    for name in ("packaging", "json", "sitecustomize_not"):
        (site_packages / f"{name}.py").write_text("raise SystemExit('imported from the target')\n")
    outcome = workplace.install("-i", index_server.index_url, "leaf", "--compile")
    assert outcome.code == 0, outcome.text


def test_file_name_that_the_locale_cannot_write(workplace: Workplace, index_server: IndexServer) -> None:
    index_server.add_wheel("leaf", "1.0")
    index_server.add_wheel("accent", "1.0", files={"accent.py": "", "é.py": ""}, requires=["leaf"])
    before = read_tree(workplace.directory)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    refused = workplace.install("-i", index_server.index_url, "accent", environ=ascii_only)
    assert refused.code == 1
    assert "a file name cannot be written on this system" in refused.stderr
    assert read_tree(workplace.directory) == before
    assert workplace.install("-i", index_server.index_url, "accent", environ={"LC_ALL": "C"}).code == 0
    assert (workplace.environment.site_packages / "é.py").exists()
