"""Settings as the typed values of an install, and options that do not go together."""

from __future__ import annotations

import datetime as dt
import os
import shlex
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.parser import parse
from asyncpip.cli.settings import Settings, load_settings
from asyncpip.commands.install_checks import check_options
from asyncpip.commands.install_options import (
    index_options,
    limits_of,
    parse_moment,
    target_choice,
    upgrade_strategy,
)
from asyncpip.commands.requirement_sources import FileOptions
from asyncpip.core.events import Level
from asyncpip.errors import CommandError, UsageError
from asyncpip.resolve.selection import UpgradeStrategy
from tests.support.memory import MemoryReporter

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.commands.install_options import IndexOptions

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def settings_of(line: str) -> Settings:
    nowhere = "/no/such/place"
    loaded, notices = load_settings(
        parse(["install", *shlex.split(line)]),
        {"PIP_CONFIG_FILE": os.devnull},
        home=nowhere,
        prefix=nowhere,
        platform="linux",
        etc=nowhere,
    )
    assert notices == []
    return loaded


def index_of(line: str) -> IndexOptions:
    settings = settings_of(line)
    return index_options(settings, FileOptions(), limits=limits_of(settings))


# --- index options


def test_index_urls() -> None:
    assert index_of("x").index_urls == ("https://pypi.org/simple",)
    given = index_of("x -i https://a.example/simple --extra-index-url https://b.example/simple")
    assert given.index_urls == ("https://a.example/simple", "https://b.example/simple")
    assert given.transport.index_urls == given.index_urls
    assert index_of("x --no-index").index_urls == ()
    assert index_of("x --no-index -f https://a.example/f").find_links == ("https://a.example/f",)


def test_a_directory_as_an_index(tmp_path: Path) -> None:
    assert index_of(f"x -i {tmp_path}").index_urls == (tmp_path.as_uri(),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x", set()),
        ("x --refresh", {":all:"}),
        ("x --refresh-package Foo_Bar --refresh-package baz", {"foo-bar", "baz"}),
        ("x --refresh-package a,b.c", {"a", "b-c"}),
    ],
)
def test_what_is_asked_again(line: str, expected: set[str]) -> None:
    assert index_of(line).refresh == expected


def test_transport_options() -> None:
    given = index_of("x --proxy http://p.example:1 --cert /c.pem --client-cert /k.pem --trusted-host h --no-input")
    assert given.transport.proxy == "http://p.example:1"
    assert given.transport.cert == "/c.pem"
    assert given.transport.client_cert == "/k.pem"
    assert given.transport.trusted_hosts == ("h",)
    assert not given.transport.allow_input


def test_limits() -> None:
    assert limits_of(settings_of("x")).jobs == os.cpu_count()
    limits = limits_of(settings_of("x --jobs 3 --retries 7 --timeout 2.5 --resume-retries 1"))
    assert (limits.jobs, limits.retries, limits.timeout_seconds, limits.resume_retries) == (3, 7, 2.5, 1)


# --- the described interpreter


@pytest.mark.parametrize(
    ("line", "version", "implementation"),
    [
        ("x", None, None),
        ("x --python-version 3", (3,), None),
        ("x --python-version 37", (3, 7), None),
        ("x --python-version 312", (3, 12), None),
        ("x --python-version 3.7.3", (3, 7, 3), None),
        ("x --implementation cpython", None, "cp"),
        ("x --implementation pp", None, "pp"),
    ],
)
def test_another_interpreter(line: str, version: tuple[int, ...] | None, implementation: str | None) -> None:
    choice = target_choice(settings_of(line))
    assert (choice.python_version, choice.implementation) == (version, implementation)
    assert bool(choice) == (line != "x")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x", UpgradeStrategy.TO_SATISFY_ONLY),
        ("x --upgrade-strategy eager", UpgradeStrategy.TO_SATISFY_ONLY),
        ("x -U", UpgradeStrategy.ONLY_IF_NEEDED),
        ("x -U --upgrade-strategy eager", UpgradeStrategy.EAGER),
    ],
)
def test_upgrade_strategy(line: str, expected: UpgradeStrategy) -> None:
    assert upgrade_strategy(settings_of(line)) is expected


# --- moments


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("P3D", NOW - dt.timedelta(days=3)),
        ("p0d", NOW),
        ("2025-01-02T03:04:05Z", dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2025-01-02T03:04:05+02:00", dt.datetime(2025, 1, 2, 1, 4, 5, tzinfo=dt.UTC)),
        ("2025-01-02", dt.datetime(2025, 1, 2).astimezone()),
    ],
)
def test_moments(text: str, moment: dt.datetime) -> None:
    assert parse_moment(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "P1W", "2025-13-01", "P-1D"])
def test_no_moments(text: str) -> None:
    with pytest.raises(UsageError, match="uploaded-prior-to"):
        parse_moment(text, now=NOW)


# --- what does not go together


@pytest.mark.parametrize(
    "line",
    [
        "x --require-hashes --no-require-hashes",
        "x --only-deps --no-deps",
        "x --build-constraint c.txt --no-build-isolation",
        "x --only-deps --requirements-from-script s.py",
        "x --platform any --no-binary :all: --target t",
    ],
)
def test_options_that_exclude_one_another(line: str) -> None:
    settings = settings_of(line)
    with pytest.raises(CommandError, match="cannot be used"):
        check_options(settings, target_choice(settings), MemoryReporter())


@pytest.mark.parametrize(
    "line", ["x", "x --platform any --only-binary :all: --target t", "x --platform any --no-deps --no-binary :all:"]
)
def test_options_that_go_together(line: str) -> None:
    settings, reporter = settings_of(line), MemoryReporter()
    check_options(settings, target_choice(settings), reporter)
    assert reporter.events == []


def test_what_is_implied_is_said() -> None:
    settings, reporter = settings_of("x --platform any --target t"), MemoryReporter()
    check_options(settings, target_choice(settings), reporter)
    assert "--only-binary=:all:" in reporter.texts(Level.INFO)[0]
