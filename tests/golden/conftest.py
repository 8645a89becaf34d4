"""What the golden tests of `install` share: an index of small projects, and a pair of places to install into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.twins import Twins
from tests.support.environments import make_environment
from tests.support.index_server import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.environments import Environment

TOOLS_FILES = {
    "tools/__init__.py": "def main(): pass\n",
    "tools/a,b.txt": "x",
    'tools/q"q.txt': "x",
    "tools/é.txt": "x",
    "tools/run.sh": "#!/bin/sh\n",
    "tools_flat.py": "",
}
TOOLS_DATA = {
    "scripts/run": "#!python -E\nprint(1)\n",
    "scripts/shell": "#!/bin/sh\n",
    "headers/sub/t.h": "h",
    "data/share/t/x.txt": "x",
    "purelib/tools_pure.py": "",
    "platlib/tools_plat.py": "",
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment that is only copied."""
    return make_environment(tmp_path_factory.mktemp("template") / "env")


@pytest.fixture(scope="module")
def catalogue() -> Iterator[IndexServer]:
    """An index with one small project for each thing that can be asked for."""
    with IndexServer() as server:
        fill_index(server)
        yield server


@pytest.fixture(scope="session")
def golden_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that the tests of one process share: some installs are cold, some warm, and nothing may show it."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def twins(tmp_path: Path, template: Environment, catalogue: IndexServer, golden_cache: Path) -> Twins:
    """Two fresh places."""
    return Twins(tmp_path, template, catalogue, golden_cache)


def fill_index(server: IndexServer) -> None:
    """Add all projects."""
    for version in ("1.0", "2.0", "2.1rc1"):
        server.add_wheel("plain", version)
    server.add_wheel("child", "1.0", requires=["plain>=1"])
    server.add_wheel("child", "2.0", requires=["Plain>=2"])
    server.add_wheel(
        "Top.Name",
        "1.0",
        requires=["child", 'other; python_version < "3"'],
        extras={"x": ["extra-dep"], "y": ["plain<2"]},
    )
    server.add_wheel("extra-dep", "1.0")
    server.add_wheel("only-pre", "1.0a1")
    server.add_wheel("only-pre", "1.0b2")
    server.add_wheel("partly-yanked", "1.0")
    server.add_wheel("partly-yanked", "1.1", yanked="broken")
    server.add_wheel("all-yanked", "1.0", yanked=True)
    server.add_wheel("future", "1.0")
    server.add_wheel("future", "2.0", requires_python=">=4")
    server.add_wheel("only-future", "2.0", requires_python=">=4")
    server.add_sdist("source", "1.0")
    server.add_wheel("wants-old", "1.0", requires=["plain<2"])
    server.add_wheel("wants-new", "1.0", requires=["plain>=2"])
    server.add_wheel("windows", "1.0", tag="cp311-cp311-win_amd64")
    server.add_wheel("tagged", "1.0")
    server.add_wheel("tagged", "1.0", build="2")
    server.add_wheel("tagged", "1.0", tag="py3-none-linux_x86_64", root_is_purelib=False, files={"tagged.so": "x"})
    entry_points = {"console_scripts": ["tool = tools:main", "Two=tools:main [x]"], "gui_scripts": ["g = tools:main"]}
    server.add_wheel(
        "tools",
        "1.0",
        files=TOOLS_FILES,
        data=TOOLS_DATA,
        entry_points=entry_points,
        executable=["tools/run.sh", "tools-1.0.data/scripts/shell"],
        directories=["tools/empty"],
    )
    server.add_wheel("tools", "2.0", files={"tools/__init__.py": "def main(): pass\n", "tools/new.py": ""})
    server.add_wheel(
        "doubled",
        "1.0",
        data={"scripts/doubled": "#!python\n"},
        entry_points={"console_scripts": ["doubled = doubled:main"]},
    )
    server.add_wheel("namespace-a", "1.0", files={"namespace/a.py": ""})
    server.add_wheel("namespace-b", "1.0", files={"namespace/b.py": ""})
    server.add_wheel("shares", "1.0", files={"shared/x.py": "1\n"})
    server.add_wheel("shares-too", "1.0", files={"shared/x.py": "2\n"})
    server.add_wheel("local-label", "1.0+abc.1")
    server.add_wheel("epoch", "1!2.0")
    server.add_wheel("development", "1.0.dev1")
    server.add_wheel("post", "1.0.post1")
    server.add_wheel("compiled", "1.0", files={"compiled/__init__.py": "x = 1\n", "compiled/bad.py": "def (:\n"})
    pips = ["pip = pip:main", "pip3 = pip:main", "pip3.9 = pip:main"]
    server.add_wheel("pip", "99.0", files={"pip/__init__.py": ""}, entry_points={"console_scripts": pips})
