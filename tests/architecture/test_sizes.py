"""A module past 400 lines holds a second subject; a function past 70 does more than one thing."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.modules import all_modules

MODULE_LINES = 400
FUNCTION_LINES = 70


def long_functions(tree: ast.Module) -> list[str]:
    """Return functions that are too long, with their lengths; the docstring counts."""
    return [
        f"{node.name}: {lines} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


@pytest.mark.parametrize(("body_lines", "expected"), [(69, []), (70, ["f: 71 lines"])])
def test_lengths_are_counted(body_lines: int, expected: list[str]) -> None:
    assert long_functions(ast.parse("def f():\n" + "    x()\n" * body_lines)) == expected


def test_modules_are_short() -> None:
    too_long = [(name, each.line_count) for name, each in all_modules().items() if each.line_count > MODULE_LINES]
    assert too_long == []


def test_functions_are_short() -> None:
    too_long = {name: found for name, each in all_modules().items() if (found := long_functions(each.tree))}
    assert too_long == {}


def test_all_modules_are_seen() -> None:
    assert {"asyncpip.cli.main", "asyncpip.core.urls", "asyncpip.install"} <= all_modules().keys()
