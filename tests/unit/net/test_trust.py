from __future__ import annotations

import pytest

from asyncpip.net.trust import Origin, is_trusted_origin, may_share_credentials, origin_of, skips_verification


@pytest.mark.parametrize(
    ("url", "origin", "text"),
    [
        ("https://PyPI.org/simple/", Origin("https", "pypi.org", 443), "pypi.org"),
        ("http://u:p@host:8080/x", Origin("http", "host", 8080), "host:8080"),
        ("https://host:443/", Origin("https", "host", 443), "host"),
        ("git+ssh://git@host/x", Origin("ssh", "host", None), "host"),
        ("http://[::1]:80/", Origin("http", "::1", 80), "[::1]"),
        ("http://[::1]:81/", Origin("http", "::1", 81), "[::1]:81"),
    ],
)
def test_origins(url: str, origin: Origin, text: str) -> None:
    assert origin_of(url) == origin
    assert str(origin) == text


@pytest.mark.parametrize(
    ("url", "trusted_hosts", "expected"),
    [
        ("https://index.example/", (), True),
        ("file:///wheels", (), True),
        ("ssh://index.example/", (), True),
        ("git+https://index.example/x", (), True),
        ("git+http://index.example/x", (), False),
        ("http://index.example/", (), False),
        ("http://localhost:8000/", (), True),
        ("http://localhost.example/", (), False),
        ("http://127.0.0.1/", (), True),
        ("http://127.8.9.10:3141/", (), True),
        ("http://128.0.0.1/", (), False),
        ("http://[::1]/", (), True),
        ("http://index.example/", ("index.example",), True),
        ("http://index.example:8080/", ("index.example",), True),
        ("http://Index.Example/", ("INDEX.example",), True),
        ("http://index.example:8080/", ("index.example:8080",), True),
        ("http://index.example:8081/", ("index.example:8080",), False),
        ("http://index.example/", ("index.example:8080",), False),
        ("http://index.example/", ("index.example:80",), True),
        ("http://sub.index.example/", ("index.example",), False),
        ("http://[fe80::1]/", ("fe80::1",), True),
        ("http://[fe80::1]:81/", ("[fe80::1]:80",), False),
        ("http://anything/", ("*",), True),
        ("http://index.example/", ("index.example:port", "[", "index.example"), True),
        ("http://index.example:port/", ("index.example",), False),
        ("/just/a/path", ("*",), False),
    ],
)
def test_trusted_origins(url: str, trusted_hosts: tuple[str, ...], expected: bool) -> None:
    assert is_trusted_origin(url, trusted_hosts) is expected


@pytest.mark.parametrize(
    ("url", "trusted_hosts", "expected"),
    [
        ("https://index.example/", (), False),
        ("https://localhost/", (), False),
        ("https://index.example:8443/", ("index.example",), True),
        ("https://index.example/", ("index.example:443",), True),
        ("https://index.example/", ("*",), False),
        ("https://[bad/", ("[bad",), False),
    ],
)
def test_hosts_whose_certificate_is_not_checked(url: str, trusted_hosts: tuple[str, ...], expected: bool) -> None:
    assert skips_verification(url, trusted_hosts) is expected


@pytest.mark.parametrize(
    ("known", "target", "expected"),
    [
        ("https://a/", "https://a/other", True),
        ("https://a/", "https://a:443/", True),
        ("https://a/", "https://b/", False),
        ("https://a/", "https://sub.a/", False),
        ("https://a/", "https://a:444/", False),
        ("https://a/", "http://a/", False),
        ("https://a/", "http://a:443/", False),
        ("http://a/", "https://a/", True),
        ("http://a:8080/", "https://a:8080/", False),
        ("http:///", "http:///", False),
    ],
)
def test_where_credentials_may_follow(known: str, target: str, expected: bool) -> None:
    assert may_share_credentials(origin_of(known), origin_of(target)) is expected
