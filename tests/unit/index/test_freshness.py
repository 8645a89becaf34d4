"""RFC 9111 as far as we need it."""

from __future__ import annotations

import pytest

from asyncpip.index.freshness import Freshness

NOW = 1_700_000_000.0


def freshness(**headers: str) -> Freshness:
    return Freshness.from_headers({name.replace("_", "-"): value for name, value in headers.items()}, NOW)


@pytest.mark.parametrize(
    ("headers", "age", "expected"),
    [
        ({}, 0, False),
        ({"cache_control": "max-age=600"}, 0, True),
        ({"cache_control": "max-age=600"}, 599, True),
        ({"cache_control": "max-age=600"}, 600, False),
        ({"cache_control": "max-age=600"}, -1, False),
        ({"cache_control": "Public , MAX-AGE=600"}, 10, True),
        ({"cache_control": 'max-age="600"'}, 10, True),
        ({"cache_control": "max-age=600", "age": "595"}, 4, True),
        ({"cache_control": "max-age=600", "age": "595"}, 5, False),
        ({"cache_control": "max-age=600", "age": "old"}, 5, True),
        ({"cache_control": "max-age=600, no-cache"}, 0, False),
        ({"cache_control": "max-age=600, no-store"}, 0, False),
        ({"cache_control": "max-age=600", "vary": "*"}, 0, False),
        ({"cache_control": "max-age=600", "vary": "Accept"}, 0, True),
        ({"cache_control": "max-age=soon"}, 0, False),
        ({"cache_control": "max-age=-5"}, 0, False),
        ({"cache_control": "max-age"}, 0, False),
        ({"cache_control": "max-age=0, max-age=600"}, 0, False),
        ({"cache_control": "s-maxage=600"}, 0, False),
        ({"cache_control": "max-age=0", "expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, 0, False),
        (
            {"expires": "Tue, 14 Nov 2023 22:23:20 GMT", "date": "Tue, 14 Nov 2023 22:13:20 GMT"},
            599,
            True,
        ),
        (
            {"expires": "Tue, 14 Nov 2023 22:23:20 GMT", "date": "Tue, 14 Nov 2023 22:13:20 GMT"},
            600,
            False,
        ),
        ({"expires": "0"}, 0, False),
        ({"expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, 0, False),
        ({"etag": '"x"', "last_modified": "yesterday"}, 0, False),
    ],
)
def test_is_fresh(headers: dict[str, str], age: float, expected: bool) -> None:
    assert freshness(**headers).is_fresh(NOW + age) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"cache_control": "max-age=0"}, False),
        ({"cache_control": "max-age=5"}, True),
        ({"etag": '"x"'}, True),
        ({"last_modified": "then"}, True),
        ({"etag": '"x"', "cache_control": "no-store"}, False),
        ({"etag": '"x"', "vary": "Accept, *"}, False),
        ({"etag": '"x"', "cache_control": "no-cache"}, True),
    ],
)
def test_is_storable(headers: dict[str, str], expected: bool) -> None:
    assert freshness(**headers).is_storable is expected


def test_conditional_headers() -> None:
    assert freshness().conditional_headers() == {}
    assert freshness(etag='W/"1"', last_modified="then").conditional_headers() == {
        "if-none-match": 'W/"1"',
        "if-modified-since": "then",
    }


def test_identity_is_the_validator_else_the_time() -> None:
    assert freshness(etag="a", last_modified="b").identity == "a"
    assert freshness(last_modified="b").identity == "b"
    assert freshness().identity != Freshness.from_headers({}, NOW + 1).identity


def test_confirmation_keeps_what_it_does_not_say() -> None:
    old = freshness(etag='"1"', cache_control="max-age=600, must-revalidate")
    silent = old.confirmed({"etag": '"2"'}, NOW + 1000)
    assert silent.is_fresh(NOW + 1599)
    assert not silent.is_fresh(NOW + 1600)
    assert (silent.etag, silent.must_revalidate) == ('"1"', True)
    assert silent.identity == old.identity


def test_confirmation_takes_a_new_lifetime() -> None:
    renewed = freshness(etag='"1"', cache_control="max-age=600").confirmed({"cache-control": "max-age=5"}, NOW)
    assert renewed.is_fresh(NOW + 4)
    assert not renewed.is_fresh(NOW + 5)


@pytest.mark.parametrize(
    ("cache_control", "age", "usable"),
    [
        ("max-age=10", 9, True),
        ("max-age=10", 99, True),
        ("max-age=10", 100, False),
        ("", 99, True),
        ("no-store", 1, False),
        ("no-cache", 1, False),
        ("max-age=10, must-revalidate", 9, True),
        ("max-age=10, must-revalidate", 11, False),
        ("", -1, False),
    ],
)
def test_who_takes_an_older_answer_gets_it_unless_forbidden(cache_control: str, age: int, *, usable: bool) -> None:
    freshness = Freshness.from_headers({"cache-control": cache_control}, 1000)
    assert freshness.is_usable(1000 + age, 100) is usable
