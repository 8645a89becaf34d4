"""Sans-IO modules take values and return values: no file, clock, network, environment, thread or random number.

A module is named here once its callers may rely on it. `os` stands in many of them for what it says about paths as
texts; which of its names are only that is listed too.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.architecture.modules import all_modules

if TYPE_CHECKING:
    from collections.abc import Iterable


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PURE_MODULES = _words("""
    errors version
    build.build_system build.failure_hints build.vcs_urls
    cli.command_specs.* cli.help cli.option_checks cli.option_values cli.options cli.parser cli.specs
    commands.context commands.install_output commands.list_output commands.show_output commands.shown_paths
    commands.versions_output
    core.*
    environment.markers environment.tags
    fetch.hashes
    index.entry_search index.freshness index.html_page index.links_page index.name_search index.page index.project_list
    index.ranges
    install.journal install.manifest install.plan install.record install.report install.scheme install.scripts
    install.wheel
    net.content_encoding net.http1 net.proxies net.retry net.trust net.user_agent
    pipeline.build_options pipeline.limits
    resolve.*
    store.layout store.sealed
""")
"""Modules of `asyncpip`; `package.*` means all of a package, those to come too."""

PURE_OS_NAMES = {
    "os.altsep",
    "os.fsdecode",
    "os.fsencode",
    "os.name",
    "os.path.basename",
    "os.path.commonpath",
    "os.path.dirname",
    "os.path.isabs",
    "os.path.join",
    "os.path.normcase",
    "os.path.normpath",
    "os.path.split",
    "os.path.splitdrive",
    "os.path.splitext",
    "os.pathsep",
    "os.sep",
    "sys.platform",
}
"""What asks the system nothing."""

EXCEPTIONS = {
    ("core.urls", "os.path.abspath"): "normalises a path that callers give absolute; a relative one is the shell's",
    ("commands.shown_paths", "os.path.abspath"): "as in core.urls, for paths of sys.path",
    ("core.urls", "urllib.request"): "`url2pathname`, which takes a text apart, on Windows",
    ("install.journal", "os.path.relpath"): "of two absolute paths",
    ("install.scheme", "os.path.relpath"): "of two absolute paths",
}

IMPURE_MODULES = _words(
    "_thread anyio asyncio concurrent ctypes fcntl fileinput getpass glob http io mmap multiprocessing pathlib "
    "platform random secrets select selectors shutil signal site socket ssl subprocess sysconfig tempfile threading "
    "time urllib.request uuid"
)
CLOCKS = frozenset({"now", "today", "utcnow"})
"""Methods of `datetime` classes that read the clock."""
IMPURE_CALLS = frozenset({"open", "input", "print", "breakpoint", "__import__", "exec", "eval"})


def impurities(tree: ast.Module) -> list[str]:
    """Return what a module does that values in, values out would not, with lines; names of `os` and `sys` in full."""
    found: list[str] = []
    _visit(tree, found)
    return found


def _visit(node: ast.AST, found: list[str]) -> None:
    if isinstance(node, ast.stmt | ast.expr):
        found += [f"line {node.lineno}: {name}" for name in _names(node)]
    for child in _held_by(node):
        _visit(child, found)


def _held_by(node: ast.AST) -> Iterable[ast.AST]:
    """Return the parts of a node that run."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return node.orelse
        case ast.ClassDef(bases=[*_, ast.Name(id="Protocol")]):
            return ()  # says what others do
        case ast.Attribute() if _is_of_system(node):
            return ()  # judged as a whole
        case _:
            return ast.iter_child_nodes(node)


def _names(node: ast.AST) -> list[str]:
    """Return what is impure in a node itself, without what it holds."""
    names: list[str] = []
    match node:
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncWith() | ast.AsyncFor():
            names = ["async"]
        case ast.Import():
            names = [each.name for each in node.names if _is_impure(each.name)]
        case ast.ImportFrom(module=str(module)) if module in {"os", "os.path", "sys"}:
            names = [f"{module}.{each.name}" for each in node.names]
        case ast.ImportFrom(module=str(module)) if _is_impure(module):
            names = [module]
        case ast.Attribute() if _is_of_system(node) or node.attr in CLOCKS:
            names = [_dotted(node)]
        case ast.Call(func=ast.Name(id=called)) if called in IMPURE_CALLS:
            names = [f"{called}()"]
        case _:
            pass
    return [name for name in names if name not in PURE_OS_NAMES]


def _is_of_system(node: ast.Attribute) -> bool:
    return _dotted(node).partition(".")[0] in {"os", "sys"}


def _is_impure(module: str) -> bool:
    return module in IMPURE_MODULES or module.partition(".")[0] in IMPURE_MODULES


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Attribute():
            return f"{_dotted(node.value)}.{node.attr}"
        case ast.Name():
            return node.id
        case _:
            return ""


def _pure_modules() -> list[str]:
    known = [name.removeprefix("asyncpip.") for name in all_modules()]
    names: list[str] = []
    for pattern in PURE_MODULES:
        if pattern.endswith(".*"):
            names += [name for name in known if name.startswith(pattern[:-1])]
        else:
            names.append(pattern)
    return names


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "import time",
        "from random import choice",
        "import urllib.request",
        "async def f(): ...",
        "import os\nos.environ",
        "import os\nos.path.exists('x')",
        "from os import environ",
        "import sys\nsys.argv",
        "import datetime as dt\ndt.datetime.now()",
        "def f():\n    import socket",
        "def f():\n    return open('x')",
        "from datetime import datetime\ndatetime.now()",
    ],
)
def test_check_finds(source: str) -> None:
    assert impurities(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.path.join('a', os.sep)",
        "import datetime as dt\ndt.datetime.fromisoformat('2020-01-01')",
        "if TYPE_CHECKING:\n    import mmap",
        "class Transport(Protocol):\n    async def get(self): ...",
        "from urllib.parse import urlsplit",
    ],
)
def test_check_admits(source: str) -> None:
    assert impurities(ast.parse(source)) == []


@pytest.mark.parametrize("name", _pure_modules())
def test_module_is_pure(name: str) -> None:
    module = all_modules()[f"asyncpip.{name}"]
    found = [each for each in impurities(module.tree) if (name, each.partition(": ")[2]) not in EXCEPTIONS]
    assert found == []


def test_exceptions_are_needed() -> None:
    needed = {
        (name, each.partition(": ")[2])
        for name in _pure_modules()
        for each in impurities(all_modules()[f"asyncpip.{name}"].tree)
    }
    assert EXCEPTIONS.keys() <= needed
