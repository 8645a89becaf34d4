"""What is chosen where dependencies are left out: each project by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.core.requirement import DirectKind
from asyncpip.errors import NoMatchingDistributionError, ResolutionImpossibleError
from tests.support.memory_index import Index, MemoryIndex, ask, metadata, user, versions

if TYPE_CHECKING:
    from asyncpip.core.candidates import Candidate
    from asyncpip.core.metadata import CoreMetadata

INDEX: Index = {
    "a": {"1.0": ["b<2"], "2.0": ["missing"], "3.0rc1": []},
    "b": {"1.0": [], "2.0": []},
    "c": {"1.0": []},
}


def test_the_newest_of_each_whatever_it_needs() -> None:
    index = MemoryIndex(INDEX)
    resolution = ask(index, "b", "a", "c==1.0", no_deps=True)
    assert versions(resolution) == {"a": "2.0", "b": "2.0", "c": "1.0"}
    assert all(each.requested for each in resolution.decisions)
    assert index.archives == {"a-2.0", "b-2.0", "c-1.0"}
    assert len(index.expected_metadata) == 1


def test_archives_are_expected_before_metadata_is_read() -> None:
    index = MemoryIndex(INDEX)
    seen: list[int] = []
    fetch = index.fetch_metadata

    def fetch_metadata(candidate: Candidate) -> CoreMetadata:
        seen.append(len(index.archives))
        return fetch(candidate)

    index.fetch_metadata = fetch_metadata  # type: ignore[method-assign] # watched
    ask(index, "a", "b", "c", no_deps=True)
    assert seen == [3, 3, 3]


def test_metadata_that_nobody_needs_is_not_asked_for() -> None:
    index = MemoryIndex(INDEX)
    resolution = ask(index, "a", "b", no_deps=True, needs_metadata=lambda candidate: candidate.name == "b")
    assert versions(resolution) == {"a": "2.0", "b": "2.0"}
    assert index.fetched_metadata == ["b-2.0"]


def test_what_metadata_refuses_gives_way() -> None:
    index = MemoryIndex(INDEX)
    index.metadata["a", "2.0"] = metadata("a", "2.0", requires_python=">=4")
    assert versions(ask(index, "a", no_deps=True)) == {"a": "1.0"}
    assert index.archives == {"a-1.0"}
    index.archives.clear()
    index.metadata["a", "1.0"] = metadata("a", "1.0", requires_python=">=5")
    with pytest.raises(NoMatchingDistributionError):
        ask(index, "a", no_deps=True)
    assert index.archives == set()


def test_requirements_on_one_project_count_together() -> None:
    assert versions(ask(MemoryIndex(INDEX), "a<3", "a!=2.0", "a[x]", no_deps=True)) == {"a": "1.0"}
    for pair in (("a>2", "a<1"), ("b==1.0", "b==2.0")):
        with pytest.raises((ResolutionImpossibleError, NoMatchingDistributionError)):
            ask(MemoryIndex(INDEX), *pair, no_deps=True)
    with pytest.raises(NoMatchingDistributionError, match="nowhere"):
        ask(MemoryIndex(INDEX), "a", "nowhere", no_deps=True)


def test_direct_references() -> None:
    url = "https://host.example/p-1.0-py3-none-any.whl"
    index = MemoryIndex(INDEX)
    index.direct[url] = metadata("p", "1.0", ["missing"])
    resolution = ask(index, user(f"p @ {url}", direct=DirectKind.WHEEL), "b", no_deps=True)
    assert versions(resolution) == {"b": "2.0", "p": "1.0"}


def test_a_long_list_is_no_long_search() -> None:
    names = [f"project-{number}" for number in range(3000)]
    index = MemoryIndex({name: {"1.0": ["missing"]} for name in names})
    resolution = ask(index, *(f"{name}==1.0" for name in names), no_deps=True, needs_metadata=lambda _candidate: False)
    assert len(resolution.decisions) == len(names)
    assert resolution.rounds == 0
