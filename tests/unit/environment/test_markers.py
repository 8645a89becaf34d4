from __future__ import annotations

import pytest

from asyncpip.environment.markers import markers_for, target_with_selection
from tests.unit.environment.examples import MARKERS, target


def changed(
    *platforms: str, version: tuple[int, ...] | None = None, implementation: str | None = None
) -> dict[str, str]:
    markers = markers_for(target(), platforms=platforms, python_version=version, implementation=implementation)
    assert markers.keys() == MARKERS.keys()
    return {key: value for key, value in markers.items() if value != MARKERS[key]}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 8), {"python_version": "3.8", "python_full_version": "3.8.0", "implementation_version": "3.8.0"}),
        ((3,), {"python_version": "3.0", "python_full_version": "3.0.0", "implementation_version": "3.0.0"}),
        (
            (3, 12, 4),
            {"python_version": "3.12", "python_full_version": "3.12.4", "implementation_version": "3.12.4"},
        ),
        (None, {}),
    ],
)
def test_python_version(version: tuple[int, ...] | None, expected: dict[str, str]) -> None:
    assert changed(version=version) == expected


WINDOWS = {
    "os_name": "nt",
    "sys_platform": "win32",
    "platform_system": "Windows",
    "platform_release": "",
    "platform_version": "",
}
MACOS = {"sys_platform": "darwin", "platform_system": "Darwin", "platform_release": "", "platform_version": ""}
ANDROID = {"sys_platform": "android", "platform_system": "Android", "platform_release": "", "platform_version": ""}


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("win_amd64", WINDOWS | {"platform_machine": "AMD64"}),
        ("win32", WINDOWS | {"platform_machine": "x86"}),
        ("win_arm64", WINDOWS | {"platform_machine": "ARM64"}),
        ("win_new", WINDOWS | {"platform_machine": "new"}),
        ("manylinux2014_aarch64", {"platform_machine": "aarch64"}),
        ("manylinux_2_28_x86_64", {}),
        ("musllinux_1_2_aarch64", {"platform_machine": "aarch64"}),
        ("linux_armv7l", {"platform_machine": "armv7l"}),
        ("macosx_11_0_arm64", MACOS | {"platform_machine": "arm64"}),
        ("macosx_10_9_universal2", MACOS),
        ("ios_13_0_arm64_iphoneos", MACOS | {"sys_platform": "ios", "platform_system": "iOS",
                                             "platform_machine": "arm64"}),
        ("android_21_arm64_v8a", ANDROID | {"platform_machine": "aarch64"}),
        ("android_21_riscv64", ANDROID | {"platform_machine": "riscv64"}),
        ("any", {}),
    ],
)  # fmt: skip
def test_platform(platform: str, expected: dict[str, str]) -> None:
    assert changed(platform) == expected


@pytest.mark.parametrize(
    ("implementation", "expected"),
    [
        ("cp", {}),
        ("py", {}),
        ("unheard_of", {}),
        (
            "pypy",
            {
                "implementation_name": "pypy",
                "platform_python_implementation": "PyPy",
                "implementation_version": "0",
            },
        ),
    ],
)
def test_implementation(implementation: str, expected: dict[str, str]) -> None:
    assert changed(implementation=implementation) == expected


def test_fat_binary_on_a_machine_that_it_cannot_mean() -> None:
    base = target(markers=dict(MARKERS, platform_machine="s390x"))
    markers = markers_for(base, platforms=["macosx_10_9_universal2"], python_version=None, implementation=None)
    assert markers["platform_machine"] == "x86_64"


def test_cpython_asked_for_on_another_implementation() -> None:
    base = target(
        markers=dict(MARKERS, implementation_name="pypy", implementation_version="7.3.11"), implementation="pypy"
    )
    markers = markers_for(base, platforms=[], python_version=None, implementation="cp")
    assert markers["implementation_version"] == "3.11.7"
    same = markers_for(base, platforms=[], python_version=(3, 9), implementation="pp")
    assert same["implementation_version"] == "7.3.11"


def test_no_selection_is_the_target_itself() -> None:
    base = target()
    assert target_with_selection(base) is base


def test_selection_changes_what_wheels_are_chosen_by_and_no_path() -> None:
    base = target()
    chosen = target_with_selection(base, platforms=["win_amd64"], python_version=(3, 8))
    assert (chosen.python_full_version, chosen.implementation, chosen.cache_tag) == ("3.8.0", "cpython", None)
    assert chosen.tags[0] == "cp38-cp38-win_amd64"
    assert chosen.markers["sys_platform"] == "win32"
    assert (chosen.scheme, chosen.executable) == (base.scheme, base.executable)


def test_selection_of_an_older_platform_can_still_be_compiled_for() -> None:
    chosen = target_with_selection(target(), platforms=["manylinux2014_x86_64"])
    assert (chosen.cache_tag, chosen.python_full_version) == ("cpython-311", "3.11.7")
