"""What the search learns, by itself; how it uses that is in `test_search.py` and the property tests."""

from __future__ import annotations

from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.names import normalize_name
from asyncpip.resolve.nogoods import Conflict, Nogoods, Rejection
from asyncpip.resolve.wants import Pin
from tests.support.memory_index import wheel


def pin(name: str, version: str = "1") -> Pin:
    known = normalize_name(name)
    number = Version(version)
    file = wheel(name, version)
    return Pin(known, number, Candidate(name=known, version=number, file=file, tag_rank=0, page_url=None))


A, B, C = pin("a"), pin("b"), pin("c")
OTHER_B = pin("b", "2")


def test_a_rejection_stands_beside_all_that_it_was_found_with() -> None:
    nogoods = Nogoods()
    rejection = Rejection(A, frozenset([B, C]), "x")
    nogoods.add(rejection)
    assert nogoods.standing(A, {"b": B, "c": C, "d": pin("d")}) is rejection
    assert nogoods.standing(A, {"b": B}) is None
    assert nogoods.standing(A, {"b": OTHER_B, "c": C}) is None
    assert nogoods.standing(B, {"a": A, "c": C}) is None
    assert nogoods.impossible(A) is None


def test_a_rejection_without_others_stands_for_ever() -> None:
    nogoods = Nogoods()
    rejection = Rejection(A, frozenset(), "x")
    nogoods.add(rejection)
    assert nogoods.standing(A, {}) is rejection
    assert nogoods.impossible(A) is rejection


def test_a_dead_end_is_learnt_for_each_that_is_to_blame() -> None:
    nogoods = Nogoods()
    learnt = nogoods.learn(Conflict("x", [], [], frozenset([A, B, C])))
    assert {(each.pin, each.others) for each in learnt} == {
        (A, frozenset([B, C])),
        (B, frozenset([A, C])),
        (C, frozenset([A, B])),
    }
    assert nogoods.standing(C, {"a": A, "b": B}) is not None
    assert nogoods.standing(C, {"a": A}) is None


def test_a_dead_end_with_one_to_blame_makes_it_impossible() -> None:
    nogoods = Nogoods()
    nogoods.learn(Conflict("x", [], [], frozenset([A])))
    assert nogoods.impossible(A) is not None


def test_reasons_are_alike_where_way_and_others_are() -> None:
    reason = Rejection(A, frozenset([B]), "x", signature="x y")
    assert reason.is_like(Rejection(C, frozenset([B]), "x", signature="x y"))
    assert not reason.is_like(Rejection(C, frozenset([OTHER_B]), "x", signature="x y"))
    assert not reason.is_like(Rejection(C, frozenset([B]), "x", signature="x z"))


def test_what_is_presumed_is_remembered_until_all_is_forgotten() -> None:
    nogoods = Nogoods()
    reason = Rejection(A, frozenset([B]), "x")
    guess = reason.presume(C)
    assert guess.is_like(reason)
    said = []
    for rejection in (reason, guess, Rejection(B, frozenset(), "y")):
        nogoods.add(rejection)
        said.append(nogoods.has_presumed)
    nogoods.forget()
    said.append(nogoods.has_presumed)
    assert said == [False, True, True, False]
    assert nogoods.standing(A, {"b": B}) is None
    assert nogoods.standing(C, {"b": B}) is None
    assert nogoods.impossible(B) is None


def test_the_deepest_key_is_where_the_last_dead_end_was() -> None:
    deepest = Rejection(C, frozenset(), "z")
    inner = Rejection(B, frozenset(), "c", conflict=Conflict("c", [], [deepest], frozenset([B])))
    outer = Rejection(A, frozenset(), "b", conflict=Conflict("b", [], [inner], frozenset([A])))
    assert deepest.deepest_key == "z"
    assert outer.deepest_key == "c"
    assert outer.signature == "b c <z>"
