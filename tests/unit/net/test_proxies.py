from __future__ import annotations

import pytest

from asyncpip.core.urls import Credentials
from asyncpip.errors import ConfigurationError
from asyncpip.net.proxies import Proxy, parse_proxy, select_proxy

BOTH = {"HTTP_PROXY": "http://plain:1", "HTTPS_PROXY": "http://secure:2"}


def selected(url: str, environ: dict[str, str]) -> str | None:
    proxy = select_proxy(url, option=None, environ=environ, use_environment=True)
    return proxy.url if proxy is not None else None


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("http://a/", BOTH, "http://plain:1"),
        ("https://a/", BOTH, "http://secure:2"),
        ("https://a/", {}, None),
        ("https://a/", {"ALL_PROXY": "http://all"}, "http://all"),
        ("https://a/", {**BOTH, "all_proxy": "http://all"}, "http://secure:2"),
        ("http://a/", {**BOTH, "http_proxy": "http://lower"}, "http://lower"),
        ("http://a/", {**BOTH, "http_proxy": ""}, None),
        ("http://a/", {"Http_Proxy": "mixed"}, "http://mixed"),
        ("http://a/", {**BOTH, "REQUEST_METHOD": "GET"}, None),
        ("http://a/", {"http_proxy": "http://lower", "REQUEST_METHOD": "GET"}, "http://lower"),
        ("no://a/", {"NO_PROXY": "b"}, None),
    ],
)
def test_variables(url: str, environ: dict[str, str], expected: str | None) -> None:
    assert selected(url, environ) == expected


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_exempt"),
    [
        ("http://a.example/", "*", True),
        ("http://a.example/", "b.example,*", False),
        ("http://a.example/", "a.example", True),
        ("http://A.Example/", "a.EXAMPLE", True),
        ("http://a.example/", "example", True),
        ("http://a.example/", ".example", True),
        ("http://a.example/", "b.example, .example", True),
        ("http://aexample/", "example", False),
        ("http://a.example:8080/", "a.example", True),
        ("http://a.example:8080/", "a.example:8080", True),
        ("http://a.example:8080/", "example:8080", True),
        ("http://a.example:8080/", "a.example:8081", False),
        ("http://10.1.2.3/", "10.0.0.0/8", True),
        ("http://11.1.2.3/", "10.0.0.0/8", False),
        ("http://10.1.2.3/", "10.1.2.3", True),
        ("http://10.1.2.3/", "2.3", False),
        ("http://10.1.2.3/", "10.0.0.0/99,junk/x", False),
        ("http://[fd00::1]/", "fd00::/8", True),
        ("http://[fd00::1]/", "[fd00::1]", True),
        ("http://a.example/", ",, .", False),
    ],
)
def test_no_proxy(url: str, no_proxy: str, is_exempt: bool) -> None:
    assert (selected(url, {**BOTH, "NO_PROXY": no_proxy}) is None) is is_exempt


def test_no_proxy_in_lower_case_wins() -> None:
    assert selected("http://a/", {**BOTH, "NO_PROXY": "a", "no_proxy": "b"}) == "http://plain:1"


def test_the_option_beats_the_environment() -> None:
    environ = {**BOTH, "NO_PROXY": "*"}
    chosen = select_proxy("http://a/", option="host:3128", environ=environ, use_environment=True)
    assert chosen == Proxy("http://host:3128", None)
    assert select_proxy("http://a/", option="", environ=BOTH, use_environment=True) is None
    assert select_proxy("http://a/", option=None, environ=BOTH, use_environment=False) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host:3128", Proxy("http://host:3128", None)),
        ("//host:3128", Proxy("http://host:3128", None)),
        ("joe:p%40w@host", Proxy("http://host", Credentials("joe", "p@w"))),
        ("https://host/ignored/path", Proxy("https://host", None)),
    ],
)
def test_proxy_texts(text: str, expected: Proxy) -> None:
    assert parse_proxy(text, source="--proxy") == expected


@pytest.mark.parametrize(
    "text", ["socks5://joe:secret@host", "ftp://joe:secret@host", "http://joe:secret@host:port", "http://joe:secret@"]
)
def test_proxies_that_cannot_be_used(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_proxy(text, source="HTTPS_PROXY")
    error = caught.value
    assert "HTTPS_PROXY" in error.what
    assert "secret" not in f"{error.what}{error.why}{error.hint}"
    assert error.exit_code == 1
