"""Whole answers: said again while all that they rest on is the same, and never else."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.store.answers import RestsOn, keep_answer, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ARGV = ["install", "--dry-run", "p"]
SAID = [(False, "Would install p-1\n")]


class Place:
    """A cache, and paths that an answer rests on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"ASYNCPIP_CACHE_DIR": str(folder / "cache"), "HOME": str(folder)}
        self.file, self.record = folder / "r.txt", folder / "record"
        for path in (self.file, self.record):
            path.write_text("as it was")
            os.utime(path, (1, 1))

    def keep(self, *, said: list[tuple[bool, str]] = SAID, started: int | None = None, **fields: Any) -> None:
        given: dict[str, Any] = {"until_seconds": time.time() + 100, "records": [str(self.record)]} | fields
        keep_answer(
            ARGV,
            self.environ,
            cache_dir=self.environ["ASYNCPIP_CACHE_DIR"],
            rests_on=RestsOn([str(self.file), str(self.folder / "absent")], **given),
            more_paths=[str(self.folder / "pip.conf")],
            transcript=said,
            started_nanoseconds=time.time_ns() + 10**9 if started is None else started,
        )

    def read(self, argv: list[str] = ARGV) -> Any:
        return read_answer(argv, self.environ)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def test_it_is_said_again(place: Place) -> None:
    place.keep()
    assert place.read() == SAID
    place.keep(until_seconds=None, said=[(True, "WARNING: x\n"), *SAID])
    assert place.read() == [(True, "WARNING: x\n"), *SAID]


@pytest.mark.parametrize("path", ["r.txt", "record", "absent", "pip.conf"])
def test_a_path_that_changed(place: Place, path: str) -> None:
    place.keep()
    (place.folder / path).write_text("otherwise")
    assert place.read() is None


@pytest.mark.parametrize("name", ["PIP_PRE", "ASYNCPIP_X", "HOME", "PYTHONPATH", "NO_COLOR", "CI"])
def test_a_variable_that_changed(place: Place, name: str) -> None:
    place.keep()
    place.environ[name] = "otherwise"
    assert place.read() is None


def test_other_words(place: Place) -> None:
    place.keep()
    assert place.read([*ARGV, "q"]) is None
    assert place.read(["install", "--dry-run p"]) is None


def test_another_directory(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.keep()
    (place.folder / "sub").mkdir()
    monkeypatch.chdir(place.folder / "sub")
    assert place.read() is None


@pytest.mark.skipif(not hasattr(os, "uname"), reason="Windows has none")
@pytest.mark.parametrize("at", [0, 2, 3, 4])
def test_another_machine(place: Place, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    place.keep()
    info = list(os.uname())
    info[at] = "otherwise"
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(info))
    assert place.read() is None


@pytest.mark.parametrize("seconds", [101.0, -3600.0], ids=["stale pages", "clock set back"])
def test_the_time(place: Place, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    place.keep()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
    assert place.read() is None


@pytest.mark.parametrize(
    "keep",
    [
        lambda place: place.keep(until_seconds=time.time() - 1),
        lambda place: place.keep(still_holds=lambda: False),
        lambda place: place.keep(said=[(True, "WARNING: tried twice\n"), *SAID]),
        lambda place: place.keep(started=place.file.stat().st_ctime_ns),
        lambda place: place.keep(said=[(False, "a\0b")]),
    ],
    ids=["stale already", "records changed meanwhile", "trouble", "changed a moment ago", "what cannot be kept"],
)
def test_what_is_not_kept(place: Place, keep: Callable[[Place], None]) -> None:
    keep(place)
    assert place.read() is None


def test_a_cache_that_configuration_puts_elsewhere(place: Place) -> None:
    place.environ["ASYNCPIP_CACHE_DIR"] = str(place.folder / "first")
    keep_answer(
        ARGV,
        place.environ,
        cache_dir=str(place.folder / "second"),
        rests_on=RestsOn([]),
        more_paths=[],
        transcript=SAID,
        started_nanoseconds=time.time_ns(),
    )
    assert list(place.folder.glob("*/asyncpip")) == []


def test_damage(place: Place) -> None:
    place.keep()
    (record,) = (place.folder / "cache").glob("asyncpip/answers-v*/*")
    data = record.read_bytes()
    for broken in (b"", data[:-1], data[:-1] + b"X"):
        record.write_bytes(broken)
        assert place.read() is None
