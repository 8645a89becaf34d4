"""`wheel` beyond pip: builds side by side, each source once, nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.source_tree import sdist_of, source_tree, write_tree

if TYPE_CHECKING:
    from tests.support.environments import Outcome, Workplace
    from tests.support.index_server import IndexServer


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("leaf", "1.0")
    for name in ("first", "second", "third"):
        index_server.add(*sdist_of(name, "1.0", requires=["leaf"]))
    return index_server


def wheel(workplace: Workplace, index: IndexServer, *arguments: str, code: int = 0) -> Outcome:
    outcome = workplace.asyncpip("wheel", "-i", index.index_url, "-w", "dir", *arguments)
    assert outcome.code == code, outcome.text
    return outcome


def names(workplace: Workplace) -> list[str]:
    return sorted(path.name for path in (workplace.work / "dir").iterdir())


def test_each_source_is_fetched_and_built_once(workplace: Workplace, index: IndexServer) -> None:
    outcome = wheel(workplace, index, "first", "second", "third")
    assert "Successfully built first second third" in outcome.stdout
    expected = ["first-1.0-py3-none-any.whl", "leaf-1.0-py3-none-any.whl"]
    expected += ["second-1.0-py3-none-any.whl", "third-1.0-py3-none-any.whl"]
    assert names(workplace) == expected
    archives = [each.path for each in index.requests if each.path.endswith((".whl", ".tar.gz"))]
    assert len(archives) == len(set(archives)) == 4
    (workplace.work / "dir" / "first-1.0-py3-none-any.whl").unlink()
    again = wheel(workplace, index, "first", "second", "third")
    assert "Successfully built" not in again.stdout
    assert "Saved ./dir/first-1.0-py3-none-any.whl" in again.stdout
    assert again.stdout.count("File was already downloaded") == 3
    assert [each.path for each in index.requests if each.path.endswith((".whl", ".tar.gz"))] == archives
    installed = workplace.install("--no-index", "-f", "dir", "third")
    assert installed.code == 0, installed.text


@pytest.mark.parametrize("cache", [True, False])
def test_a_failure_leaves_the_others(workplace: Workplace, index: IndexServer, cache: bool) -> None:
    index.add(*sdist_of("broken", "1.0", fails_in="build_wheel"))
    write_tree(workplace.work / "proj", source_tree("proj", "1.0"))
    more = () if cache else ("--no-cache-dir",)
    outcome = wheel(workplace, index, "./proj", "broken", "first", *more, code=1)
    assert "Successfully built proj first" in outcome.stdout
    assert "Failed to build broken" in outcome.stdout
    assert "ERROR: Failed to build one or more wheels" in outcome.stderr
    expected = ["first-1.0-py3-none-any.whl", "leaf-1.0-py3-none-any.whl", "proj-1.0-py3-none-any.whl"]
    assert names(workplace) == expected


def test_dry_run(workplace: Workplace, index: IndexServer) -> None:
    outcome = wheel(workplace, index, "first", "--dry-run")
    assert "Would build a wheel of first-1.0.tar.gz" in outcome.stdout
    assert "Would download leaf-1.0-py3-none-any.whl" in outcome.stdout
    assert not (workplace.work / "dir").exists()


def test_no_build(workplace: Workplace, index: IndexServer) -> None:
    wheel(workplace, index, "first", "--no-build", code=1)
    index.add_wheel("first", "0.9")
    wheel(workplace, index, "first", "--no-build")
    assert names(workplace) == ["first-0.9-py3-none-any.whl"]
