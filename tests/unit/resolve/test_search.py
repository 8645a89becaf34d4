"""How the search goes: what it takes back together, how far back, and that it comes to an end."""

from __future__ import annotations

import pytest

from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.errors import ResolutionError, ResolutionImpossibleError
from asyncpip.resolve.resolver import ResolveRequest, resolve
from tests.support.memory_index import MARKERS, SELECTION, Collected, Index, MemoryIndex, ask, user, versions


def told(index: MemoryIndex, *requirements: str) -> list[str]:
    """Return what a search for ``requirements`` tells."""
    reporter = Collected()
    request = ResolveRequest(
        requirements=tuple(map(user, requirements)), selection=SELECTION, evaluator=MarkerEvaluator(MARKERS)
    )
    resolve(request, index, reporter)
    return reporter.texts


def test_projects_that_want_other_versions_of_one_another_do_not_go_round_in_circles() -> None:
    """Each choice displaces the one before: a 2, b 1, a 1, b 2, a 2, …"""
    index = MemoryIndex({"a": {"2": ["b<2"], "1": ["b>=2"]}, "b": {"2": ["a>=2"], "1": ["a<2"]}})
    rounds = iter(range(100))
    with pytest.raises(ResolutionImpossibleError):
        ask(index, "a", "b", cancelled=lambda: next(rounds, None) is None)


def test_an_extra_goes_with_the_version_that_it_belongs_to() -> None:
    index = MemoryIndex(
        {
            "a": {"2": ['c>=2; extra == "x"'], "1": ['c<2; extra == "x"']},
            "b": {"1": ["a<2"]},
            "c": {"2": ["b"], "1": ["b"]},
        }
    )
    resolution = ask(index, "a[x]")
    assert versions(resolution) == {"a": "1", "b": "1", "c": "1"}


def test_the_last_of_those_to_blame_is_decided_anew() -> None:
    index: Index = {
        "a": {"2": ["p>=2"], "1": []},
        "b": {"2": ["q>=2"], "1": []},
        "c": {"2": ["q<2"], "1": ["p<2"]},
        "p": {"2": [], "1": []},
        "q": {"2": [], "1": []},
    }
    assert versions(ask(MemoryIndex(index), "a", "b", "c")) == {"a": "2", "b": "1", "c": "2", "p": "2", "q": "1"}
    going_back = [text for text in told(MemoryIndex(index), "a", "b", "c") if "back to before" in text]
    assert [text.rpartition("back to before ")[2] for text in going_back] == ["b 2"]


def test_what_has_no_answer_by_itself_is_nobody_elses_fault() -> None:
    """So no other version of anything is tried."""
    index = MemoryIndex({"a": {"1": ["z>=9"]}, "b": {str(n): ["z<2"] for n in range(50)}, "z": {"1": [], "2": []}})
    rounds = iter(range(4))
    with pytest.raises(ResolutionError) as caught:
        ask(index, "b<100", "a", cancelled=lambda: next(rounds, None) is None)
    assert "z>=9" in f"{caught.value.what} {caught.value.why}"
    assert "z<2" not in f"{caught.value.what} {caught.value.why}"
