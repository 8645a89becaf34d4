"""`install --no-deps`: metadata is not asked for ahead, and what pip would have read in it counts all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.support.environments import Workplace
    from tests.support.index_server import IndexServer


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("leaf", "1.0", requires_python=">=3.8")
    index_server.add_wheel("app", "1.0", requires=["leaf", "nowhere"])
    return index_server


def test_no_metadata_is_asked_for(workplace: Workplace, index: IndexServer) -> None:
    (workplace.work / "pins.txt").write_text("app==1.0\nleaf==1.0\n")
    outcome = workplace.install("-i", index.index_url, "--no-deps", "-r", "pins.txt")
    assert outcome.code == 0, outcome.text
    assert outcome.stdout.endswith("Successfully installed app-1.0 leaf-1.0\n")
    assert workplace.environment.distributions() == ["app-1.0", "leaf-1.0"]
    assert index.paths(containing=".metadata") == []
    assert len(index.paths(containing="/files/")) == 2


def test_what_is_only_shown_needs_it(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "--no-deps", "--dry-run", "app")
    assert outcome.stdout.endswith("Would install app-1.0\n")
    assert len(index.paths(containing=".metadata")) == 1
    assert not [path for path in index.paths(containing="/files/") if path.endswith(".whl")]


@pytest.mark.parametrize("arguments", [(), ("--ignore-requires-python",)])
def test_a_page_that_does_not_tell_of_requires_python(
    workplace: Workplace, index: IndexServer, arguments: tuple[str, ...]
) -> None:
    filename, data = build_wheel("leaf", "2.0", requires_python="<3")
    index.add(filename, data)
    outcome = workplace.install("-i", index.index_url, "--no-deps", "leaf", *arguments)
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == [f"leaf-{'2.0' if arguments else '1.0'}"]


def test_a_wheel_of_another_version_is_passed_over(workplace: Workplace, index: IndexServer) -> None:
    wrong = build_wheel("leaf", "1.5", metadata="Metadata-Version: 2.1\nName: leaf\nVersion: 7.0\n")[1]
    index.add("leaf-2.0-py3-none-any.whl", wrong)
    outcome = workplace.install("-i", index.index_url, "--no-deps", "leaf")
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["leaf-1.0"]
    assert "WARNING: " in outcome.stderr


def test_a_second_run_asks_for_nothing(workplace: Workplace, index: IndexServer) -> None:
    (workplace.work / "pins.txt").write_text("app==1.0\nleaf==1.0\n")
    first = workplace.install("-i", index.index_url, "--no-deps", "-r", "pins.txt", "--target", "t")
    assert first.code == 0, first.text
    asked = len(index.requests)
    for line in ("--no-deps --target u", "--no-deps --dry-run --ignore-installed"):
        again = workplace.install("-i", index.index_url, "-r", "pins.txt", *line.split())
        assert again.code == 0, again.text
    assert len(index.requests) == asked
