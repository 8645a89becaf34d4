"""When the first request is prepared before anybody asks: where there will surely be one, and it goes directly."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.commands.begin_ahead import begin_ahead
from asyncpip.commands.install_options import IndexOptions
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import Origin
from asyncpip.core.values import replace
from asyncpip.index.addresses import PAGES, page_url, record_key
from asyncpip.net.transport import TransportOptions
from asyncpip.resolve.requirement_text import PathKind, parse_requirement_text
from tests.support.stored import open_test_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from asyncpip.core.requirement import UserRequirement

INDEX = IndexOptions(
    index_urls=("https://me:secret@index.invalid/simple", "https://other.invalid/simple"),
    find_links=(),
    refresh=frozenset(),
    offline=False,
    transport=TransportOptions(),
    trusted_hosts=(),
)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses for which something is begun."""
    found: list[str] = []

    def begin(url: str, options: TransportOptions, environ: Mapping[str, str]) -> str:
        assert isinstance(options, TransportOptions)
        assert isinstance(environ, dict)
        found.append(url)
        return url

    monkeypatch.setattr("asyncpip.net.ahead.Ahead", begin)
    return found


def requirement(text: str) -> UserRequirement:
    return parse_requirement_text(text, origin=Origin(), cwd="/", exists=lambda _: PathKind.MISSING)


@pytest.mark.parametrize(
    ("changes", "environ", "texts", "expected"),
    [
        ({}, {}, ["demo"], True),
        ({}, {}, ["known", "demo"], True),
        ({}, {}, ["known"], False),
        ({}, {}, [], False),
        ({}, {}, ["demo @ https://index.invalid/demo-1.0-py3-none-any.whl"], False),
        ({"offline": True}, {}, ["demo"], False),
        ({"index_urls": ()}, {}, ["demo"], False),
        ({"index_urls": ("http://127.0.0.1/simple",)}, {}, ["demo"], False),
        ({}, {"https_proxy": "http://proxy.invalid"}, ["demo"], False),
        ({}, {"https_proxy": "socks5://proxy.invalid"}, ["demo"], False),
        ({}, {"http_proxy": "http://proxy.invalid"}, ["demo"], True),
        ({"transport": TransportOptions(proxy="http://proxy.invalid")}, {}, ["demo"], False),
    ],
)
def test_when(
    tmp_path: Path,
    begun: list[str],
    changes: dict[str, Any],
    environ: dict[str, str],
    texts: list[str],
    expected: bool,
) -> None:
    store = open_test_store(tmp_path)
    store.write_record(PAGES, record_key(page_url(INDEX.index_urls[0], normalize_name("known"))), b"")
    begin_ahead(replace(INDEX, **changes), map(requirement, texts), store, environ)
    assert begun == ([INDEX.index_urls[0]] if expected else [])


def test_without_a_store_every_page_is_missing(begun: list[str]) -> None:
    begin_ahead(INDEX, [requirement("known")], None, {})
    assert begun == [INDEX.index_urls[0]]


@pytest.mark.parametrize("command", ["install_run", "download", "wheel", "lock"])
def test_every_command_that_resolves_begins_before_it_loads_the_pipeline(command: str) -> None:
    source = inspect.getsource(import_module(f"asyncpip.commands.{command}"))
    begun, loaded = source.find("inquiry.begin_ahead("), source.find("- loads the pipeline")
    assert 0 < begun < loaded
