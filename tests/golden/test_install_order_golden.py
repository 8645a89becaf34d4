"""The order of installing next to pip's own function."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.resolution.resolvelib.resolver import get_topological_weights
from pip._vendor.resolvelib.structs import DirectedGraph

from asyncpip.resolve.install_order import order_by_dependency

pytestmark = pytest.mark.golden

_names = "abcdefgh"
_edges = st.sets(st.tuples(st.sampled_from(_names), st.sampled_from(_names)).filter(lambda edge: edge[0] < edge[1]))


@given(_edges, st.sets(st.sampled_from(_names), min_size=1))
@settings(max_examples=100, deadline=None)
def test_same_order_where_there_is_no_cycle(edges: set[tuple[str, str]], roots: set[str]) -> None:
    children = {name: sorted(child for parent, child in edges if parent == name) for name in _names}
    reached = set(roots)
    for name in _names:  # edges lead to later names only
        if name in reached:
            reached.update(children[name])
    graph: DirectedGraph[str | None] = DirectedGraph()
    graph.add(None)
    for name in reached:
        graph.add(name)
    for name in roots:
        graph.connect(None, name)
    for parent in reached:
        for child in children[parent]:
            graph.connect(parent, child)
    weights = get_topological_weights(graph, set(reached))
    theirs = sorted(reached, key=lambda name: (weights[name], name), reverse=True)
    assert order_by_dependency({name: children[name] for name in reached}, roots) == theirs
