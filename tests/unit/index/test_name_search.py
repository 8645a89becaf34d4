"""Which names come first."""

from __future__ import annotations

import pytest

from asyncpip.index.name_search import best_matches, words_of

NAMES = [
    "requests",
    "requests-cache",
    "requests-oauthlib",
    "requestsx",
    "my-requests",
    "xrequests",
    "http-client",
    "client-for-http",
    "httpclients",
    "django",
    "a",
]


def found(query: str, *, limit: int = 20) -> list[str]:
    return best_matches(NAMES, words_of([query]), limit=limit)[0]


def test_order() -> None:
    assert found("Requests") == [
        "requests",
        "requests-cache",
        "requests-oauthlib",
        "requestsx",
        "my-requests",
        "xrequests",
    ]
    assert found("requests", limit=2) == ["requests", "requests-cache"]


@pytest.mark.parametrize("query", ["http client", "HTTP_Client", "http.client", " http--client "])
def test_several_words(query: str) -> None:
    assert found(query) == ["http-client", "client-for-http", "httpclients"]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("reqests", "requests"),
        ("requestss", "requests"),
        ("requezts", "requests"),
        ("erquests", "requests"),
        ("djangoo", "django"),
        ("ddjanggo", "django"),
        ("httpclient", "httpclients"),
    ],
)
def test_misspelt(query: str, first: str) -> None:
    assert found(query)[0] == first


@pytest.mark.parametrize("query", ["", "!?", "zzz", "q9"])
def test_nothing(query: str) -> None:
    assert best_matches(NAMES, words_of([query]), limit=20) == ([], 0)


def test_how_many_fit() -> None:
    assert best_matches(NAMES, ["requests"], limit=1) == (["requests"], 6)


def test_what_is_no_name_is_left_out() -> None:
    assert best_matches(["x\x1b[2J", "../x", "x", "-x", "xy"], ["x"], limit=9)[0] == ["x", "xy"]
