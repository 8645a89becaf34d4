"""A disk that is full at some point; a limit on the size of files stands for it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import copy_environment

if TYPE_CHECKING:
    from tests.faults.conftest import Site
    from tests.support.environments import Environment
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

NOISE = random.Random(1).randbytes(300_000)  # noqa: S311 - noise, not a secret


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("small", "1.0")
    index_server.add_wheel("noisy", "1.0", files={"noisy.bin": NOISE})
    index_server.add_wheel("empty", "1.0", files={"zeros.bin": bytes(3_000_000)})
    index_server.add_wheel("wide", "1.0", files={f"wide/{'x' * 100}/f{number}.txt": "" for number in range(900)})
    return index_server


CASES = {
    "the archive": ("noisy", 100_000),
    "a file of the tree": ("empty", 1_000_000),
    "the manifest": ("wide", 110_000),
}


@pytest.mark.parametrize(("name", "limit"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("cache", [(), ("--no-cache-dir",)], ids=["cache", "no cache"])
def test_while_it_is_fetched(site: Site, index: IndexServer, name: str, limit: int, cache: tuple[str, ...]) -> None:
    assert site.install("small", "-i", index.index_url).code == 0
    before = site.tree()
    outcome = site.install_with_full_disk(name, "-i", index.index_url, *cache, largest_file_bytes=limit)
    assert outcome.code == 1, outcome.text
    assert "too large" in outcome.stderr, outcome.text
    assert "Traceback" not in outcome.stderr, outcome.text
    assert site.tree() == before
    assert site.store_leftovers() == []
    assert site.install(name, "-i", index.index_url, *cache).code == 0
    assert site.environment.distributions() == sorted([f"{name}-1.0", "small-1.0"])


@pytest.mark.parametrize(("name", "limit"), [("noisy", 100_000), ("wide", 70_000)], ids=["a file", "the journal"])
def test_while_it_is_installed(site: Site, index: IndexServer, template: Environment, name: str, limit: int) -> None:
    other = copy_environment(template, site.directory / "other")
    done = site.asyncpip("install", name, "-i", index.index_url, python=other.directory)
    assert done.code == 0, done.text
    assert site.install("small", "-i", index.index_url).code == 0
    before = site.tree()
    outcome = site.install_with_full_disk(name, "-i", index.index_url, "--link-mode", "copy", largest_file_bytes=limit)
    assert outcome.code == 1, outcome.text
    assert "Could not install packages due to an OSError" in outcome.stderr, outcome.text
    assert "the environment is as it was before" in outcome.stderr, outcome.text
    assert site.tree() == before
    assert site.install(name, "-i", index.index_url).code == 0
