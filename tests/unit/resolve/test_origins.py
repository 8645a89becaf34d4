from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.resolution import Resolution, Resolved
from asyncpip.resolve.origins import confused_names
from asyncpip.resolve.selection import IndexStrategy
from tests.support.memory_index import MemoryPage, wheel

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

PYPI, CORPORATE = "https://pypi.org/simple/demo/", "https://index.corp.example/simple/demo/"
NAME = cast("NormalizedName", "demo")


def page(url: str, version: str, *, digest: str = "aa", is_private: bool = False) -> MemoryPage:
    return MemoryPage({version: [wheel("demo", version, hashes={"sha256": digest})]}, url=url, is_private=is_private)


def warnings(*pages: MemoryPage, strategy: IndexStrategy = IndexStrategy.BEST, hashed: tuple[str, ...] = ()) -> str:
    """Return what is said where the file of the first page was chosen."""
    ((version, (file,)),) = pages[0].by_version.items()
    decision = Resolved(
        name=NAME,
        choice=Candidate(name=NAME, version=Version(version), file=file, tag_rank=0, page_url=pages[0].url),
        requested=True,
        requested_extras=frozenset(),
        dependencies=(),
        wanted_by="",
        requirement_text="demo",
    )
    names = cast("tuple[NormalizedName, ...]", hashed)
    found = confused_names(Resolution(decisions=(decision,)), lambda _: pages, strategy=strategy, hashed=names)
    return "\n".join(found)


@pytest.mark.parametrize(
    ("chosen", "other"),
    [
        (page(PYPI, "99"), page(CORPORATE, "1", digest="bb")),
        (page(CORPORATE, "99"), page("https://secret.example/simple/demo/", "1", digest="bb", is_private=True)),
        (page("http://plain.example/demo/", "99"), page(CORPORATE, "1", digest="bb")),
        (page(PYPI, "99"), page("file:///srv/index/demo/index.html", "1", digest="bb")),
        (page(PYPI, "1"), page(CORPORATE, "1", digest="bb")),
    ],
)
def test_a_less_trusted_index_is_told_of(chosen: MemoryPage, other: MemoryPage) -> None:
    said = warnings(chosen, other)
    assert said.startswith("Be sure of demo: it comes from ")
    assert "first-index" in said
    assert warnings(chosen, other, strategy=IndexStrategy.FIRST_INDEX) == ""
    assert warnings(chosen, other, hashed=("demo",)) == ""


@pytest.mark.parametrize(
    "pages",
    [
        (page(CORPORATE, "1"), page(PYPI, "99")),
        (page(PYPI, "1"),),
        (page(PYPI, "1"), page(CORPORATE, "1.0")),
        (page(PYPI, "1"), MemoryPage({}, url=CORPORATE)),
        (page(CORPORATE, "1"), page("https://other.example/demo/", "2", digest="bb")),
        (page("http://127.0.0.1/demo/", "1"), page("https://other.example/demo/", "2", digest="bb")),
    ],
    ids=["the trusted one", "alone", "the same file", "an empty page", "of the same trust", "this machine"],
)
def test_nothing_is_said_of(pages: tuple[MemoryPage, ...]) -> None:
    assert warnings(*pages) == ""
