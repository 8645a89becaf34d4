"""Under which question an installation is remembered: whatever may change the answer asks another one, or none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.command_specs.install import SPEC
from asyncpip.cli.parser import parse
from asyncpip.cli.settings import load_settings
from asyncpip.commands.context import CommandContext
from asyncpip.commands.install_start import _DECIDE_NOTHING, _question
from asyncpip.environment.target import find_target
from tests.support.memory import MemoryReporter

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.core.target import TargetEnvironment

_SAID_TO_DECIDE_NOTHING = {
    "cache_dir", "concurrent_downloads", "debug", "jobs", "keyring_provider", "link_mode", "lock_timeout", "log",
    "no_color", "no_input", "progress_bar", "python", "quiet", "resume_retries", "retries", "timeout", "verbose",
    "explain", "compile", "requirement_files", "constraint_files",
}  # fmt: skip
_VALUES = {
    "moment": "2024-01-01", "python_version": "3.11", "address": "127.0.0.1", "keyring_provider": "disabled",
}  # fmt: skip


@pytest.fixture(scope="module")
def target() -> TargetEnvironment:
    return find_target(python=sys.executable, environ={}, records=None).target


def question(target: TargetEnvironment, *arguments: str, **environ: str) -> str | None:
    parsed = parse(["install", *arguments])
    environ = {"PIP_CONFIG_FILE": "/dev/null", **environ}
    settings, _ = load_settings(parsed, environ, home="/nowhere", prefix="/nowhere", platform="linux")
    context = CommandContext(
        settings=settings,
        arguments=tuple(parsed.arguments),
        reporter=MemoryReporter(),
        write_stdout=print,
        prompt=str,
        environ=environ,
        prog="asyncpip",
    )
    return _question(context, target)


def options() -> list[tuple[str, ...]]:
    """Return a way to give each option of `install`, by all that may be written after it."""
    found: list[tuple[str, ...]] = []
    for option in SPEC.options:
        flag = option.flags[-1]
        if option.kind in ("help", "version") or option.dest in _DECIDE_NOTHING:
            continue
        if not option.takes_value:
            found += [(flag,)] if option.stores != bool(option.default) else []
        elif option.choices:
            found += [(flag, choice) for choice in option.choices if choice != option.default]
        elif option.kind in ("number", "seconds"):
            found.append((flag, "7"))
        else:
            found.append((flag, _VALUES.get(option.check, "a=b" if option.kind == "key_value" else "value")))
    return found


def test_what_is_said_to_decide_nothing() -> None:
    """Each of these was thought about; another one has to be thought about as well."""
    assert set(_DECIDE_NOTHING) == _SAID_TO_DECIDE_NOTHING


@pytest.mark.parametrize("given", options(), ids=" ".join)
def test_every_option_asks_another_question(target: TargetEnvironment, given: tuple[str, ...]) -> None:
    plain = question(target, "leaf")
    assert plain is not None
    other = question(target, "leaf", *given)
    assert other is None or other != plain


@pytest.mark.parametrize("argument", ["leaf==1", "leaf[x]", "other", "leaf;python_version>'3'"])
def test_every_requirement_asks_another_question(target: TargetEnvironment, argument: str) -> None:
    assert question(target, argument) != question(target, "leaf")


def test_two_requirements_are_not_one(target: TargetEnvironment) -> None:
    assert question(target, "a", "b") != question(target, "a b")
    assert question(target, "a", "b") != question(target, "ab")


@pytest.mark.parametrize("kind", ["-r", "-c"])
def test_content_of_files(target: TargetEnvironment, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "list.txt"
    questions = []
    for content in ("leaf==1\n", "leaf==2\n", "-i https://other.example/simple\nleaf==1\n"):
        place.write_text(content)
        questions.append(question(target, "leaf", kind, str(place)))
    assert len({question(target, "leaf"), *questions}) == 4
    place.write_text("leaf==${VERSION}\n")
    assert question(target, "leaf", kind, str(place)) is None
    assert question(target, "leaf", kind, "https://host.example/list.txt") is None


def test_requirements_and_constraints_are_told_apart(target: TargetEnvironment, tmp_path: Path) -> None:
    place = tmp_path / "list.txt"
    place.write_text("leaf\n")
    assert question(target, "-r", str(place)) != question(target, "-c", str(place))


@pytest.mark.parametrize("argument", [".", "./leaf", "leaf @ https://host.example/leaf.whl", "leaf.whl", "dir/leaf"])
def test_what_is_not_named_by_a_name_is_not_remembered(target: TargetEnvironment, argument: str) -> None:
    assert question(target, argument) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "https://other.example/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://other.example/simple"),
        ("PIP_PRE", "1"),
        ("PIP_CONSTRAINT", "nowhere.txt"),
        ("ASYNCPIP_RESOLUTION", "lowest"),
        ("ASYNCPIP_INDEX_STRATEGY", "first-index"),
    ],
)
def test_variables(target: TargetEnvironment, name: str, value: str) -> None:
    assert question(target, "leaf", **{name: value}) != question(target, "leaf")


@pytest.mark.parametrize(
    "changed",
    [
        {"python_full_version": "3.11.99"},
        {"tags": ("py3-none-any",)},
        {"markers": {"sys_platform": "other"}},
        {"sys_path": ("/nowhere",)},
        {"prefix": "/same", "base_prefix": "/same"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_target(target: TargetEnvironment, changed: dict[str, object]) -> None:
    fields = {name: getattr(target, name) for name in _fields_of(target)}
    other = type(target)(**{**fields, **changed})
    assert question(other, "leaf") != question(target, "leaf")


def _fields_of(value: object) -> tuple[str, ...]:
    slots = getattr(type(value), "__slots__", None)
    return tuple(slots) if slots else tuple(vars(value))
