from __future__ import annotations

import pytest

from asyncpip.resolve.install_order import order_by_dependency


@pytest.mark.parametrize(
    ("children", "roots", "expected"),
    [
        ({}, [], []),
        ({"a": [], "b": []}, ["a", "b"], ["b", "a"]),
        ({"a": ["b"], "b": ["c"], "c": []}, ["a"], ["c", "b", "a"]),
        ({"a": ["b", "c"], "b": [], "c": []}, ["a"], ["c", "b", "a"]),
        ({"a": ["b"], "b": ["a"]}, ["a"], ["b", "a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}, ["a"], ["d", "c", "b", "a"]),
        ({"a": ["a"]}, ["a"], ["a"]),
    ],
)
def test_dependencies_come_first(children: dict[str, list[str]], roots: list[str], expected: list[str]) -> None:
    assert order_by_dependency(children, roots) == expected


def test_long_chain_before_a_cycle() -> None:
    length = 5_000
    children = {f"p{number:04}": [f"p{number + 1:04}"] for number in range(length)}
    children[f"p{length:04}"] = [f"p{length - 1:04}"]
    assert order_by_dependency(children, ["p0000"]) == sorted(children, reverse=True)
