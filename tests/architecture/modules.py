"""The program's modules as the rules see them: who imports what, where, and which code they hold. Nothing is run."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from functools import cache

import asyncpip

PACKAGE = "asyncpip"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(asyncpip.__file__)))


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module as written in one place."""

    module: str
    """``asyncpip.core.urls``, ``os``; for ``from x import y`` the place ``x``, and ``x.y`` where that is a module."""
    line: int
    is_late: bool
    """Inside a function: paid for only by who calls it."""
    is_type_only: bool
    """Under ``if TYPE_CHECKING:``."""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the program."""

    name: str
    path: str
    tree: ast.Module
    line_count: int

    @property
    def layer(self) -> str:
        """The package below `asyncpip` that it is in, or its own name where it is in none: ``core``, ``errors``."""
        return layer_of(self.name)

    def imports(self) -> list[Import]:
        """Return all imports, type-only and late ones too."""
        return imports_of(self.tree)


def layer_of(name: str) -> str:
    """Return the layer of a module of the program."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else PACKAGE


def imports_of(tree: ast.Module) -> list[Import]:
    """Return the imports of a module."""
    found: list[Import] = []
    _collect(tree, found, is_late=False, is_type_only=False)
    return found


def _collect(node: ast.AST, found: list[Import], *, is_late: bool, is_type_only: bool) -> None:
    match node:
        case ast.Import():
            found += [Import(alias.name, node.lineno, is_late, is_type_only) for alias in node.names]
        case ast.ImportFrom():
            if node.level:
                raise ValueError(f"line {node.lineno}: relative imports hide who imports whom")
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            targets = [name for name in names if _is_module(name)] or [module]
            found += [Import(target, node.lineno, is_late, is_type_only) for target in dict.fromkeys(targets)]
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            for statement in node.body:
                _collect(statement, found, is_late=is_late, is_type_only=True)
            for statement in node.orelse:
                _collect(statement, found, is_late=is_late, is_type_only=is_type_only)
        case _:
            inside = is_late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                _collect(child, found, is_late=inside, is_type_only=is_type_only)


def _is_module(name: str) -> bool:
    """Return whether ``name`` is a module or package of the program."""
    path = os.path.join(ROOT, *name.split("."))
    return name.startswith(f"{PACKAGE}.") and (os.path.isfile(f"{path}.py") or os.path.isdir(path))


@cache
def all_modules() -> dict[str, Module]:
    """Return the modules of the program by name."""
    modules: dict[str, Module] = {}
    for directory, _, files in os.walk(os.path.join(ROOT, PACKAGE)):
        for file in sorted(files):
            if not file.endswith(".py"):
                continue
            path = os.path.join(directory, file)
            with open(path, encoding="utf-8") as reading:
                text = reading.read()
            name = os.path.relpath(path, ROOT)[: -len(".py")].replace(os.sep, ".").removesuffix(".__init__")
            modules[name] = Module(name, path, ast.parse(text, path), text.count("\n"))
    return modules
