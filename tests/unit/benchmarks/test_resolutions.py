from __future__ import annotations

import pytest

from benchmarks.resolution_check import Declared, check_answer
from benchmarks.resolutions import pins_in

KNOWN = {
    ("app", "1"): Declared(("leaf>=1", 'more>1; extra == "all"', 'never; sys_platform == "none"')),
    ("leaf", "1"): Declared(()),
    ("leaf", "2"): Declared((), ">=99"),
    ("more", "2"): Declared(()),
}


@pytest.mark.parametrize(
    ("requirements", "pins", "problem"),
    [
        (["app"], {"app": "1", "leaf": "1"}, None),
        (["app[all]"], {"app": "1", "leaf": "1", "more": "2"}, None),
        (["app[all]"], {"app": "1", "leaf": "1"}, "no version of it"),
        (["app"], {"app": "1", "leaf": "1", "more": "2"}, "nobody wants it"),
        (["app"], {"app": "1", "leaf": "2"}, "needs Python >=99"),
        (["app", "leaf>1"], {"app": "1", "leaf": "1"}, "wants leaf>1"),
        (['app; python_version < "3"'], {}, None),
    ],
)
def test_check(requirements: list[str], pins: dict[str, str], problem: str | None) -> None:
    found = check_answer(requirements, pins, lambda name, version: KNOWN.get((name, version)))
    assert [problem in each for each in found.problems] == [True] if problem else found.problems == []


def test_constraints_and_unknown_metadata() -> None:
    found = check_answer(["leaf"], {"leaf": "3"}, lambda *_: None, constraints=["leaf<3", "other<1"])
    assert found.problems == ["the constraint leaf<3 does not hold for 3"]
    assert found.unknown == ["leaf 3"]


def test_answers_are_read_from_what_tools_print() -> None:
    text = "Collecting a\nWould install A_b-1.0 c-d-2.0.post1\n"
    assert pins_in("pip", text) == pins_in("asyncpip", text) == {"a-b": "1.0", "c-d": "2.0.post1"}
    assert pins_in("uv", "Would install 2 packages\n + a-b==1.0\n + c-d==2.0.post1\n") == pins_in("pip", text)
    assert pins_in("pip", "nothing\n") == {}
