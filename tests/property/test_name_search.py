"""Whatever an index lists, the name that was asked for comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncpip.index.name_search import best_matches, words_of

pytestmark = pytest.mark.property


@given(names=st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1), data=st.data())
def test_what_is_asked_for_comes_first(names: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names))
    best, fitting = best_matches(names, words_of([name]), limit=5)
    if "--" not in name:
        assert best[0] == name
    assert len(best) == len(set(best)) <= 5
    assert set(best) <= set(names)
    assert fitting >= len(best)
