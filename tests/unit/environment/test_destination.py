from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.core.target import SchemePaths
from asyncpip.environment.destination import Destination, Place, choose_destination, is_writable_directory
from asyncpip.errors import CommandError, TargetEnvironmentError
from tests.unit.environment.examples import TEMPLATES, scheme, target

if TYPE_CHECKING:
    from pathlib import Path

PLAIN_VENV = target(prefix="/venv", scheme=scheme("/venv"), user_site_enabled=False)
WIDE_VENV = target(prefix="/venv", scheme=scheme("/venv"), include_system_site=True)


def choose(base: Any = None, *, writable: bool = True, **options: Any) -> Destination:
    return choose_destination(target=base or target(), templates=TEMPLATES, is_writable=lambda _: writable, **options)


def test_usually_the_targets_own_scheme() -> None:
    chosen = choose()
    assert (chosen.place, chosen.scheme, chosen.notice) == (Place.ENVIRONMENT, scheme("/usr"), None)
    assert (chosen.sees_installed, chosen.is_target, chosen.warns_about_scripts) == (True, True, True)


def test_user() -> None:
    chosen = choose(user=True)
    assert (chosen.place, chosen.scheme) == (Place.USER, scheme("/home/me/.local"))
    assert chosen.is_target
    assert choose(WIDE_VENV, user=True).place is Place.USER


def test_target_directory_has_libraries_at_its_top() -> None:
    chosen = choose(target_dir="/build/vendored")
    assert chosen.scheme == SchemePaths(
        purelib="/build/vendored",
        platlib="/build/vendored",
        scripts="/build/vendored/bin",
        data="/build/vendored",
        headers="/build/vendored/include/python",
    )
    assert (chosen.place, chosen.sees_installed, chosen.is_target, chosen.warns_about_scripts) == (
        Place.DIRECTORY, False, False, False,
    )  # fmt: skip


def test_prefix() -> None:
    chosen = choose(prefix="/opt/app")
    assert chosen.scheme == scheme("/opt/app")
    assert (chosen.place, chosen.sees_installed, chosen.is_target, chosen.warns_about_scripts) == (
        Place.PREFIX, True, False, False,
    )  # fmt: skip


def test_relative_directories_count_from_the_working_directory() -> None:
    assert choose(prefix="app").scheme == scheme(os.path.abspath("app"))
    assert choose(target_dir="app").scheme.purelib == os.path.abspath("app")
    assert choose(root="image").root == os.path.abspath("image")


@pytest.mark.parametrize(
    ("options", "purelib"),
    [
        ({}, "/image/usr/lib/python3.11/site-packages"),
        ({"user": True}, "/image/home/me/.local/lib/python3.11/site-packages"),
        ({"prefix": "/opt/app"}, "/image/opt/app/lib/python3.11/site-packages"),
        ({"target_dir": "/vendored"}, "/image/vendored"),
    ],
)
def test_root_moves_every_destination(options: dict[str, Any], purelib: str) -> None:
    chosen = choose(root="/image", **options)
    assert chosen.scheme.purelib == purelib
    assert chosen.scheme.scripts.startswith("/image/")
    assert (chosen.root, chosen.is_target) == ("/image", False)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"user": True, "target_dir": "/a"}, "Can not combine '--user' and '--target'"),
        ({"user": True, "prefix": "/a"}, "Can not combine '--user' and '--prefix'"),
        ({"target_dir": "/b", "prefix": "/a"}, "Can not combine '--target' and '--prefix'"),
        ({"target_dir": "/dev/null"}, "Target path exists but is not a directory"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], what: str) -> None:
    with pytest.raises(CommandError) as caught:
        choose(**options)
    assert caught.value.what.startswith(what)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("base", "what"),
    [
        (PLAIN_VENV, "User site-packages are not visible in this virtualenv."),
        (target(user_site_enabled=False), "User site-packages are disabled for this Python."),
        (target(user_scheme=None), "User site-packages are disabled for this Python."),
    ],
)
def test_user_site_that_is_not_possible(base: Any, what: str) -> None:
    with pytest.raises(TargetEnvironmentError) as caught:
        choose(base, user=True)
    assert caught.value.what == f"Can not perform a '--user' install. {what}"


def test_user_from_configuration_gives_way_in_a_plain_virtual_environment_only() -> None:
    chosen = choose(PLAIN_VENV, user=True, user_is_from_configuration=True)
    assert chosen.place is Place.ENVIRONMENT
    assert chosen.warning is not None
    assert "not visible in this virtualenv" in chosen.warning
    assert choose(user=True, user_is_from_configuration=True).place is Place.USER
    with pytest.raises(TargetEnvironmentError):
        choose(target(user_site_enabled=False), user=True, user_is_from_configuration=True)


def test_site_packages_that_cannot_be_written_to_gives_way_to_the_user_site() -> None:
    chosen = choose(writable=False)
    assert chosen.place is Place.USER
    assert chosen.scheme == scheme("/home/me/.local")
    assert chosen.notice == "Defaulting to user installation because normal site-packages is not writeable"


@pytest.mark.parametrize(
    ("base", "options"),
    [
        (target(), {"user": False}),
        (target(user_site_enabled=False), {}),
        (target(user_scheme=None), {}),
        (target(), {"prefix": "/opt/app"}),
        (target(), {"target_dir": "/vendored"}),
    ],
)
def test_what_does_not_fall_back_to_the_user_site(base: Any, options: dict[str, Any]) -> None:
    chosen = choose(base, writable=False, **options)
    assert chosen.place is not Place.USER
    assert chosen.notice is None


def test_root_is_asked_for_permission_at_its_own_place() -> None:
    asked: list[str] = []

    def is_writable(path: str) -> bool:
        asked.append(path)
        return True

    choose_destination(target=target(), templates=TEMPLATES, root="/image", is_writable=is_writable)
    assert asked == ["/image/usr/lib/python3.11/site-packages"]


def test_writable_directory(tmp_path: Path) -> None:
    assert is_writable_directory(str(tmp_path))
    assert is_writable_directory(str(tmp_path / "not" / "there"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        assert not is_writable_directory(str(tmp_path / "below"))
    finally:
        tmp_path.chmod(0o755)
