"""Find-links places on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

import pytest

from asyncpip.core.events import Level
from asyncpip.core.urls import path_to_url
from asyncpip.index.addresses import is_remote
from asyncpip.index.local_places import read_find_links_place
from tests.support.memory import MemoryReporter

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

DEMO = cast("NormalizedName", "demo")


@pytest.fixture
def reporter() -> MemoryReporter:
    return MemoryReporter()


def urls(location: str, reporter: MemoryReporter) -> list[str]:
    pages = [place.for_project(DEMO) for place in read_find_links_place(location, reporter)]
    return [file.url for page in pages if page is not None for version in page.versions for file in page.files(version)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "demo-1.tar.gz").touch()
    (tmp_path / "other-1.tar.gz").touch()
    (tmp_path / "more.html").write_text('<a href="https://host.test/demo-2.zip">', "utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "demo-3.zip").touch()
    return tmp_path


def test_directory_with_a_page(place: Path, reporter: MemoryReporter) -> None:
    expected = [path_to_url(str(place / "demo-1.tar.gz")), "https://host.test/demo-2.zip"]
    assert urls(str(place), reporter) == expected
    assert urls(path_to_url(str(place)), reporter) == expected
    assert reporter.events == []


def test_single_files(place: Path, reporter: MemoryReporter) -> None:
    assert urls(str(place / "demo-1.tar.gz"), reporter) == [path_to_url(str(place / "demo-1.tar.gz"))]
    assert urls(str(place / "more.html"), reporter) == ["https://host.test/demo-2.zip"]
    (place / "readme.txt").touch()
    assert urls(str(place / "readme.txt"), reporter) == []


def test_home(place: Path, reporter: MemoryReporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("USERPROFILE", str(place))
    assert urls("~", reporter) == urls(str(place), reporter)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("no/such/place", "it is either a non-existing path or lacks a specific scheme."),
        ("file:///no/such/place", "it is neither a file nor a directory."),
        pytest.param(
            "file://elsewhere/x",
            "names another host: file://elsewhere/x.",
            marks=pytest.mark.skipif(os.name == "nt", reason="a UNC path there"),
        ),
        ("git+https://me:secret@host.test/x", "only http, https and file locations are supported."),
        ("ftp://host.test/x", "only http, https and file locations are supported."),
    ],
)
def test_places_that_are_none(location: str, why: str, reporter: MemoryReporter) -> None:
    assert urls(location, reporter) == []
    (warning,) = reporter.texts(Level.WARNING)
    assert warning.endswith(why)
    assert "secret" not in warning


def test_unusable_page(place: Path, reporter: MemoryReporter) -> None:
    (place / "new.html").write_text('<meta name="pypi:repository-version" content="9.0">', "utf-8")
    assert len(urls(str(place), reporter)) == 2
    assert len(reporter.texts(Level.WARNING)) == 1


@pytest.mark.parametrize(
    ("location", "expected"), [("https://h/x", True), ("HTTP://h", True), ("file:///x", False), ("x", False)]
)
def test_is_remote(location: str, expected: bool) -> None:
    assert is_remote(location) is expected
