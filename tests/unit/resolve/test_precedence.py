from __future__ import annotations

from asyncpip.resolve.precedence import Precedence


def test_winner_waits_for_the_loser() -> None:
    precedence = Precedence()
    assert precedence.put_first("loser", ["winner"])
    assert precedence.must_wait("winner", {"other"})
    assert not precedence.must_wait("winner", {"loser"})
    assert not precedence.must_wait("loser", set())


def test_the_same_lesson_twice_changes_nothing() -> None:
    precedence = Precedence()
    assert precedence.put_first("loser", ["winner"])
    assert not precedence.put_first("loser", ["winner"])
    assert precedence.put_first("loser", ["winner", "another"])


def test_changing_places_needs_more_patience_each_time() -> None:
    precedence = Precedence()
    seen = [precedence.patience("a", ["b"])]
    for loser, winner in [("a", "b"), ("b", "a"), ("a", "b")]:
        assert precedence.put_first(loser, [winner])
        assert precedence.must_wait(winner, set())
        assert not precedence.must_wait(loser, set())
        seen.append(precedence.patience(winner, [loser]))
    assert seen == sorted(set(seen))
    assert precedence.patience("a", ["c"]) == seen[0]
