from __future__ import annotations

from packaging.version import Version

from asyncpip.core.names import normalize_name
from asyncpip.resolve.key_queue import KeyQueue
from asyncpip.resolve.state import State
from asyncpip.resolve.wants import Pin
from tests.support.memory_index import installed

PIN = Pin(normalize_name("a"), Version("1"), installed(("a", "1", []))[normalize_name("a")])


def state_of(*keys: str) -> State:
    state = State()
    for key in keys:
        state.put(state.open, key, None)
    return state


def test_the_most_preferred_first() -> None:
    ranks = {"a": 3, "b": 1, "c": 2}
    queue = KeyQueue(lambda key: (False, ranks[key], 0, key))
    state = state_of("a", "b", "c")
    assert queue.best(state) == "b"
    assert queue.best(state) == "b"
    state.drop(state.open, "b")
    assert queue.best(state) == "c"
    ranks["a"] = 0
    queue.push("a")
    assert queue.best(state) == "a"
    ranks["a"] = 9
    assert queue.best(state) == "c"
    state.back_to(0)
    queue.forget()
    assert queue.best(state) is None


def test_an_extra_waits_for_its_project() -> None:
    queue = KeyQueue(lambda key: (False, 0 if "[" in key else 1, 0, key))
    state = state_of("a[x]", "a", "b")
    assert queue.best(state) == "a"
    state.drop(state.open, "a")
    state.put(state.pins, "a", PIN)
    queue.decided("a")
    assert queue.best(state) == "a[x]"


def test_changes_are_taken_back() -> None:
    state = state_of("a")
    moment = state.moment
    state.put(state.repins, "a", 1)
    state.put(state.repins, "a", 2)
    state.drop(state.open, "a")
    state.drop(state.open, "never there")
    state.back_to(moment)
    assert (state.repins, state.open) == ({}, {"a": None})
