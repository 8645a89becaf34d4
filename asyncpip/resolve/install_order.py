"""In which order distributions are installed: dependencies first, and otherwise as pip orders them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_VISITS = 5
"""Walking every path of a cyclic graph takes for ever; so many visits of a key are enough (pip's number)."""


def order_by_dependency(children: Mapping[str, Iterable[str]], roots: Iterable[str]) -> list[str]:
    """Return all keys, each after its ``children``; cycles are cut somewhere, ties go by name, backwards, as in pip.

    Keys without children weigh most, and again those that have none once the former are taken away. What is left
    holds cycles: there a key weighs as much as its longest path from a root is long.
    """
    graph = {key: set(each) for key, each in children.items()}
    weights: dict[str, int] = {}
    while leaves := [key for key, each in graph.items() if not each]:
        # The root of all counts as a key of the graph in pip; so the first weight is the number of keys.
        weights.update(dict.fromkeys(leaves, len(graph)))
        for leaf in leaves:
            del graph[leaf]
        for each in graph.values():
            each.difference_update(leaves)
    weights.update(_longest_paths(graph, roots))
    return sorted(weights, key=lambda key: (weights[key], key), reverse=True)


def _longest_paths(graph: Mapping[str, Iterable[str]], roots: Iterable[str]) -> dict[str, int]:
    """Return for each key of ``graph`` the length of its longest path from a root, within the limit of visits."""
    found: dict[str, list[int]] = {key: [] for key in graph}
    path: list[str] = []
    on_path: set[str] = set()
    # A stack of iterators instead of recursion: a chain may be longer than the interpreter's stack.
    stack = [iter(sorted(root for root in roots if root in graph))]
    while stack:
        key = next(stack[-1], None)
        if key is None:
            stack.pop()
            if path:
                left = path.pop()
                on_path.discard(left)
                found[left].append(len(path) + 1)
        elif key not in on_path and len(found[key]) < _MOST_VISITS:
            path.append(key)
            on_path.add(key)
            stack.append(iter(sorted(graph[key])))
    return {key: max(lengths, default=1) for key, lengths in found.items()}
