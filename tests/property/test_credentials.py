from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncpip.core.urls import Credentials, split_credentials
from asyncpip.net.auth import Authenticator
from asyncpip.net.keyring_source import KeyringSource
from asyncpip.net.trust import origin_of

pytestmark = pytest.mark.property


class Silent:
    def emit(self, event: object) -> None:
        raise AssertionError(event)


HOSTS = st.sampled_from(["a.example", "b.example", "sub.a.example", "a.example.evil", "127.0.0.1"])
ORIGINS = st.builds(
    "{}://{}{}".format, st.sampled_from(["http", "https"]), HOSTS, st.sampled_from(["", ":80", ":443", ":8080"])
)
PATHS = st.sampled_from(
    ["", "/", "/simple", "/simple/", "/simple/x/", "/other/simple?q=1", "//a.example/", "/@b.example/"]
)


def with_secret(url: str, number: int) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://user:secret-{number}@{rest}"


@settings(max_examples=100, deadline=None)
@given(
    indexes=st.lists(st.builds("{}{}".format, ORIGINS, PATHS), max_size=4),
    visited=st.lists(st.tuples(st.builds("{}{}".format, ORIGINS, PATHS), st.booleans()), max_size=6),
)
def test_credentials_go_only_where_they_belong(indexes: list[str], visited: list[tuple[str, bool]]) -> None:
    owners: dict[str, str] = {}
    index_urls = []
    for number, url in enumerate(indexes):
        owners[f"secret-{number}"] = url
        index_urls.append(with_secret(url, number))
    reporter = Silent()
    auth = Authenticator(
        index_urls=index_urls,
        keyring=KeyringSource("disabled", allow_input=False, environ={}, reporter=reporter),
        environ={},
        reporter=reporter,
    )
    for number, (url, has_own) in enumerate(visited, start=100):
        given_url = with_secret(url, number) if has_own else url
        if has_own:
            owners[f"secret-{number}"] = url
        bare, in_url = split_credentials(given_url)
        sent = auth.known(bare, in_url)
        if has_own:
            assert sent == Credentials("user", f"secret-{number}")
        if sent is not None:
            owner, target = origin_of(owners[sent.password or ""]), origin_of(bare)
            assert owner.host == target.host
            assert owner.scheme == "http" or target.scheme == "https"
            assert owner.port == target.port or (owner.port, target.port) == (80, 443)
