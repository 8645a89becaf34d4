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
        ("httpclient", "http-client"),
    ],
)
def test_misspelt(query: str, first: str) -> None:
    assert found(query)[0] == first


@pytest.mark.parametrize("query", ["", "!?", "zzz", "q9"])
def test_nothing(query: str) -> None:
    assert best_matches(NAMES, words_of([query]), limit=20) == ([], 0)


def test_names_that_others_build_on_come_first() -> None:
    names = ["flask-aa", "flask-login", "flask-login-oauth", "my-flask-login", "flask-zz", "flask"]
    assert best_matches(names, ["flask"], limit=4)[0] == ["flask", "flask-login", "flask-aa", "flask-zz"]


def test_dashes_do_not_matter_much() -> None:
    names = ["my-scikitlearn", "scikitlearn", "scikit-learn", "sickitlearn"]
    assert best_matches(names, ["scikitlearn"], limit=9)[0][:2] == ["scikitlearn", "scikit-learn"]
    assert best_matches(names[2:], ["scikitlearn"], limit=9)[0] == ["scikit-learn", "sickitlearn"]


def test_how_many_fit() -> None:
    assert best_matches(NAMES, ["requests"], limit=1) == (["requests"], 6)


def test_what_is_no_name_is_left_out() -> None:
    assert best_matches(["x\x1b[2J", "../x", "x", "-x", "xy"], ["x"], limit=9)[0] == ["x", "xy"]
