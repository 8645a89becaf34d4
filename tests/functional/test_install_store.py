"""`install` and its store: warm, cold, none, edited, other ways to link, offline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import Environment, Workplace, copy_environment, read_tree

if TYPE_CHECKING:
    from tests.support.index_server import IndexServer

STAGING = "asyncpip/tmp"


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add_wheel("leaf", "1.0", files={"leaf/__init__.py": "value = 1\n", "leaf/data.txt": "original"})
    index_server.add_wheel("app", "1.0", requires=["leaf"], entry_points={"console_scripts": ["app = app:main"]})
    return index_server


def another(workplace: Workplace, template: Environment, name: str) -> Environment:
    """Return a second environment beside that of the workplace."""
    return copy_environment(template, workplace.directory / name)


def install_into(workplace: Workplace, environment: Environment, index: IndexServer, *arguments: str) -> None:
    outcome = workplace.asyncpip("install", "-i", index.index_url, *arguments, python=environment.directory)
    assert outcome.code == 0, outcome.text


def archives(index: IndexServer) -> list[str]:
    return [path for path in index.paths(containing="/files/") if path.endswith(".whl")]


def staged(workplace: Workplace) -> list[str]:
    """Return what a run has left in the store's staging directory."""
    place = workplace.cache / STAGING
    return sorted(os.listdir(place)) if place.exists() else []


def test_second_environment_comes_from_the_store(
    workplace: Workplace, index: IndexServer, template: Environment
) -> None:
    install_into(workplace, workplace.environment, index, "app")
    requests = len(index.requests)
    second = another(workplace, template, "second")
    install_into(workplace, second, index, "app")
    assert sorted(archives(index)) == ["/files/app-1.0-py3-none-any.whl", "/files/leaf-1.0-py3-none-any.whl"]
    assert len(index.requests) == requests  # the pages are fresh: nothing is asked at all
    data = "leaf/data.txt"
    assert (second.site_packages / data).samefile(workplace.environment.site_packages / data)
    assert second.distributions() == ["app-1.0", "leaf-1.0"]
    assert staged(workplace) == []


def test_edited_file_of_the_store_is_noticed(workplace: Workplace, index: IndexServer, template: Environment) -> None:
    install_into(workplace, workplace.environment, index, "leaf")
    edited = workplace.environment.site_packages / "leaf" / "data.txt"
    with edited.open("r+") as file:
        file.write("CHANGED!")
    second = another(workplace, template, "second")
    install_into(workplace, second, index, "leaf")
    assert (second.site_packages / "leaf" / "data.txt").read_text() == "original"
    assert edited.read_text() == "CHANGED!"
    third = another(workplace, template, "third")
    install_into(workplace, third, index, "leaf")
    assert len(archives(index)) == 2
    assert (third.site_packages / "leaf" / "data.txt").read_text() == "original"


@pytest.mark.parametrize("arguments", [("--no-cache-dir",), ("--cache-dir", os.devnull)])
def test_without_a_cache(workplace: Workplace, index: IndexServer, arguments: tuple[str, ...]) -> None:
    install_into(workplace, workplace.environment, index, "app", *arguments)
    assert not workplace.cache.exists()
    assert sorted(os.listdir(workplace.environment.site_packages)) == [
        "app-1.0.dist-info", "app.py", "leaf", "leaf-1.0.dist-info",
    ]  # fmt: skip
    assert (workplace.environment.bin / "app").exists()


def test_no_cache_and_a_cache_install_the_same(workplace: Workplace, index: IndexServer, template: Environment) -> None:
    install_into(workplace, workplace.environment, index, "app")
    cached = read_tree(workplace.environment.site_packages)
    bare = another(workplace, template, "bare")
    install_into(workplace, bare, index, "app", "--no-cache-dir")
    uncached = read_tree(bare.site_packages)
    record = "app-1.0.dist-info/RECORD"  # has the digest of a script, which names its environment's interpreter
    assert uncached.pop(record).mode == cached.pop(record).mode
    assert uncached == cached


@pytest.mark.parametrize("mode", ["copy", "symlink", "hardlink", "clone"])
def test_link_modes(workplace: Workplace, index: IndexServer, template: Environment, mode: str) -> None:
    install_into(workplace, workplace.environment, index, "app", "--link-mode", mode)
    file = workplace.environment.site_packages / "leaf" / "data.txt"
    assert file.read_text() == "original"
    assert file.is_symlink() == (mode == "symlink")
    assert (file.stat().st_nlink > 1) == (mode == "hardlink")
    second = another(workplace, template, "second")
    install_into(workplace, second, index, "app", "--link-mode", mode)
    assert len(archives(index)) == 2
    removed = workplace.pip("uninstall", "-y", "app", "leaf")
    assert removed.code == 0, removed.text
    assert (second.site_packages / "leaf" / "data.txt").read_text() == "original"


def test_offline(workplace: Workplace, index: IndexServer, template: Environment) -> None:
    cold = workplace.install("-i", index.index_url, "--offline", "app")
    assert cold.code == 1
    assert "ERROR: " in cold.stderr
    assert "--offline" in cold.stderr
    assert index.requests == []
    install_into(workplace, workplace.environment, index, "app")
    asked = len(index.requests)
    install_into(workplace, another(workplace, template, "second"), index, "app", "--offline")
    assert len(index.requests) == asked


def test_refresh_asks_again(workplace: Workplace, index: IndexServer) -> None:
    install_into(workplace, workplace.environment, index, "leaf")
    index.add_wheel("leaf", "2.0")
    install_into(workplace, workplace.environment, index, "-U", "leaf")
    assert workplace.environment.distributions() == ["leaf-1.0"]  # the page is fresh for ten minutes
    install_into(workplace, workplace.environment, index, "-U", "leaf", "--refresh-package", "leaf")
    assert workplace.environment.distributions() == ["leaf-2.0"]


def test_cache_directory_that_is_a_file(workplace: Workplace, index: IndexServer) -> None:
    workplace.cache.write_text("not a directory")
    outcome = workplace.install("-i", index.index_url, "leaf")
    assert outcome.code == 0, outcome.text
    assert "WARNING: " in outcome.stderr
    assert str(workplace.cache) in outcome.stderr
    assert workplace.environment.distributions() == ["leaf-1.0"]


def test_store_of_an_interrupted_or_foreign_hand(
    workplace: Workplace, index: IndexServer, template: Environment
) -> None:
    """Trees that were emptied, records that were cut: each is a miss, none an error."""
    install_into(workplace, workplace.environment, index, "app")
    for place in sorted((workplace.cache / "asyncpip").rglob("*")):
        if place.is_file() and place.name != "CACHEDIR.TAG":
            os.truncate(place, place.stat().st_size // 2)
    second = another(workplace, template, "second")
    outcome = workplace.asyncpip("install", "-i", index.index_url, "app", python=second.directory)
    assert outcome.code == 0, outcome.text
    assert (second.site_packages / "leaf" / "data.txt").read_text() == "original"
    assert Path(second.bin / "app").exists()
