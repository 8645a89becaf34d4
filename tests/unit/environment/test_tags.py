from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from packaging import tags as reference

from asyncpip.environment import probe
from asyncpip.environment.tags import interpreter_tags, parse_python_version, tags_for
from asyncpip.errors import UsageError
from tests.unit.environment.examples import CPYTHON_311_TAGS, LINUX, MACOS, target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpip.environment.tags import PlatformFacts
    from asyncpip.environment.target import InterpreterFacts

ARM_HARD_FLOAT = [1, 1, 40, 0x05000400]
FREE_THREADED_TAGS = interpreter_tags(
    implementation="cpython", version=(3, 13, 0), nodot="313", abis=["cp313t"], platform=LINUX
)
FREE_THREADED = target(
    tags=FREE_THREADED_TAGS,
    python_full_version="3.13.0",
    markers=dict(target().markers, python_version="3.13", python_full_version="3.13.0"),
)
PYPY = target(
    implementation="pypy",
    tags=interpreter_tags(implementation="pypy", version=(3, 9, 16), nodot="39", abis=["pypy39_pp73"], platform=LINUX),
    markers=dict(target().markers, implementation_name="pypy", python_version="3.9"),
)


def texts(tags: Iterable[reference.Tag]) -> list[str]:
    return list(dict.fromkeys(map(str, tags)))


def platforms_of(facts: PlatformFacts) -> list[str]:
    tags = interpreter_tags(implementation="cpython", version=(3, 11), nodot="311", abis=["cp311"], platform=facts)
    return [tag.split("-", 2)[2] for tag in tags if tag.startswith("cp311-cp311-")]


def test_running_interpreter_has_the_tags_that_packaging_gives() -> None:
    facts = cast("InterpreterFacts", probe.collect([]))
    ours = interpreter_tags(
        implementation=facts["implementation"],
        version=facts["version"],
        nodot=facts["nodot"],
        abis=facts["abis"],
        platform=facts["platform"],
    )
    assert list(ours) == texts(reference.sys_tags())


@pytest.mark.parametrize(
    ("version", "abis"),
    [((3, 11), ["cp311"]), ((3, 13), ["cp313t"]), ((3, 12), ["cp312d", "cp312"]), ((3, 13), ["cp313td", "cp313t"])],
)
def test_cpython_tags_are_those_of_packaging(version: tuple[int, int], abis: list[str]) -> None:
    nodot = "".join(map(str, version))
    ours = interpreter_tags(implementation="cpython", version=version, nodot=nodot, abis=abis, platform=LINUX)
    platforms = platforms_of(LINUX)
    assert list(ours) == texts(
        [
            *reference.cpython_tags(version, abis, platforms),
            *reference.compatible_tags(version, f"cp{nodot}", platforms),
        ]
    )


def test_pypy_tags_are_those_of_packaging() -> None:
    platforms = platforms_of(LINUX)
    assert list(PYPY.tags) == texts(
        [
            *reference.generic_tags("pp39", ["pypy39_pp73"], platforms),
            *reference.compatible_tags((3, 9), "pp3", platforms),
        ]
    )


def linux(*architectures: str, **facts: object) -> PlatformFacts:
    return cast("PlatformFacts", LINUX | {"architectures": list(architectures)} | facts)


@pytest.mark.parametrize(
    ("facts", "first", "last", "length"),
    [
        (LINUX, "linux_x86_64", "manylinux1_x86_64", 1 + 32 + 3),
        (linux("aarch64", glibc=[2, 17]), "linux_aarch64", "manylinux2014_aarch64", 3),
        (linux("x86_64", denied=["2_5_x86_64"]), "linux_x86_64", "manylinux_2_6_x86_64", 34),
        (linux("x86_64", glibc=[3, 1]), "linux_x86_64", "manylinux1_x86_64", 1 + 2 + 46 + 3),
        (linux("x86_64", glibc=None, musl=[1, 2]), "linux_x86_64", "musllinux_1_0_x86_64", 4),
        (linux("armv8l", "armv7l", elf=ARM_HARD_FLOAT, glibc=[2, 17]), "linux_armv8l", "manylinux2014_armv7l", 6),
        (linux("armv8l", "armv7l", elf=[1, 1, 40, 0]), "linux_armv8l", "linux_armv7l", 2),
        (linux("armv8l", "armv7l", elf=None), "linux_armv8l", "linux_armv7l", 2),
        (linux("i686", elf=[1, 1, 3, 0]), "linux_i686", "manylinux1_i686", 36),
        (linux("i686", elf=[2, 1, 62, 0]), "linux_i686", "linux_i686", 1),
        (linux("mips"), "linux_mips", "linux_mips", 1),
        (MACOS, "macosx_13_0_arm64", "macosx_10_4_universal2", 19),
        ({"system": "Windows", "name": "win_amd64"}, "win_amd64", "win_amd64", 1),
        ({"system": "Linux", "name": "cygwin_x"}, "cygwin_x", "cygwin_x", 1),
        ({"system": "iOS", "name": "x", "release": [13, 1], "machine": "arm64_iphoneos"}, "ios_13_1_arm64_iphoneos",
         "ios_12_0_arm64_iphoneos", 12),
        ({"system": "Android", "name": "x", "release": [18], "machine": "arm64_v8a"}, "android_18_arm64_v8a",
         "android_16_arm64_v8a", 3),
    ],
)  # fmt: skip
def test_platforms(facts: PlatformFacts, first: str, last: str, length: int) -> None:
    platforms = platforms_of(facts)
    assert (platforms[0], platforms[-1], len(platforms)) == (first, last, length)


def foreign(
    *platforms: str, version: tuple[int, ...] | None = None, implementation: str | None = None, abi: str | None = None
) -> list[str]:
    abis = [abi] if abi else []
    return list(
        tags_for(platforms=platforms, python_version=version, implementation=implementation, abis=abis, base=target())
    )


def test_nothing_asked_for_gives_the_tags_of_the_base() -> None:
    assert tuple(foreign()) == CPYTHON_311_TAGS


@pytest.mark.parametrize(
    ("platform", "expanded"),
    [
        ("linux_x86_64", ["linux_x86_64"]),
        ("manylinux1_x86_64", ["manylinux1_x86_64"]),
        ("manylinux2010_x86_64", ["manylinux2010_x86_64", "manylinux1_x86_64"]),
        ("manylinux2014_x86_64", ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]),
        ("manylinux2014_aarch64", ["manylinux2014_aarch64"]),
        ("manylinux_2_17_aarch64", ["manylinux_2_17_aarch64", "manylinux2014_aarch64"]),
        ("manylinux_2_6_x86_64", ["manylinux_2_6_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64"]),
        ("manylinux_2_3_x86_64", ["manylinux_2_3_x86_64"]),
        ("manylinux_1_3_x86_64", ["manylinux_1_3_x86_64"]),
        ("manylinux_strange", ["manylinux_strange"]),
        ("musllinux_1_1_x86_64", ["musllinux_1_1_x86_64", "musllinux_1_0_x86_64"]),
        ("macosx_11_0_arm64", list(reference.mac_platforms((11, 0), "arm64"))),
        ("macosx_10_15_x86_64", list(reference.mac_platforms((10, 15), "x86_64"))),
        ("ios_13_0_arm64_iphoneos", list(reference.ios_platforms((13, 0), "arm64_iphoneos"))),
        ("android_21_x86_64", list(reference.android_platforms(21, "x86_64"))),
        ("win_amd64", ["win_amd64"]),
        ("any", ["any"]),
    ],
)
def test_platform_includes_older_ones(platform: str, expanded: list[str]) -> None:
    tags = foreign(platform)
    assert tags[: len(expanded)] == [f"cp311-cp311-{name}" for name in expanded]
    assert tags[len(expanded)].startswith("cp311-abi3-")


def test_several_platforms_keep_their_order_and_come_once() -> None:
    tags = foreign("manylinux2014_x86_64", "manylinux1_x86_64", "linux_x86_64")
    names = ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    assert tags[:4] == [f"cp311-cp311-{name}" for name in names]


@pytest.mark.parametrize(
    ("version", "implementation", "abi", "expected"),
    [
        ((3, 7), None, None, ["cp37-cp37m-win32", "cp37-abi3-win32", "cp37-none-win32", "cp36-abi3-win32"]),
        ((2, 7), "cp", None, ["cp27-cp27mu-win32", "cp27-none-win32", "py27-none-win32", "py2-none-win32"]),
        ((3, 12, 1), None, None, ["cp312-cp312-win32", "cp312-abi3-win32", "cp312-none-win32"]),
        ((3,), None, None, ["cp3-none-win32", "py3-none-win32", "cp3-none-any", "py3-none-any"]),
        ((3,), None, "abi3", ["cp3-none-win32", "py3-none-win32"]),
        (None, "py", None, ["py311-cp311-win32", "py311-none-win32", "py3-none-win32"]),
        (None, "py", "none", ["py311-none-win32", "py3-none-win32"]),
        ((3, 9), "pp", "pypy39_pp73", ["pp39-pypy39_pp73-win32", "pp39-none-win32", "py39-none-win32"]),
        ((3, 9), "PyPy", "pypy39_pp73", ["pp39-pypy39_pp73-win32", "pp39-none-win32", "py39-none-win32"]),
        ((3, 13), "cpython", "cp313t", ["cp313-cp313t-win32", "cp313-abi3t-win32", "cp313-none-win32"]),
    ],
)
def test_foreign_interpreters(
    version: tuple[int, ...] | None, implementation: str | None, abi: str | None, expected: list[str]
) -> None:
    tags = foreign("win32", version=version, implementation=implementation, abi=abi)
    assert tags[: len(expected)] == expected
    assert tags[-1].endswith("-none-any")


def test_a_free_threaded_base_stays_so_for_versions_that_can_be() -> None:
    def first(version: tuple[int, int]) -> str:
        return tags_for(platforms=["win32"], python_version=version, implementation=None, abis=(), base=FREE_THREADED)[
            0
        ]

    assert first((3, 14)) == "cp314-cp314t-win32"
    assert first((3, 12)) == "cp312-cp312-win32"


def test_a_debug_base_loads_both_kinds() -> None:
    base = target(
        tags=interpreter_tags(
            implementation="cpython", version=(3, 11), nodot="311", abis=["cp311d", "cp311"], platform=LINUX
        )
    )
    tags = tags_for(platforms=["win32"], python_version=(3, 12), implementation=None, abis=(), base=base)
    assert tags[:2] == ("cp312-cp312d-win32", "cp312-cp312-win32")


def test_another_base_lends_its_abi_to_its_own_kind_only() -> None:
    own = tags_for(platforms=["win32"], python_version=None, implementation=None, abis=(), base=PYPY)
    assert own[0] == "pp39-pypy39_pp73-win32"
    other = tags_for(platforms=["win32"], python_version=(3, 11), implementation="cp", abis=(), base=PYPY)
    assert other[0] == "cp311-cp311-win32"


@pytest.mark.parametrize(
    ("text", "version"),
    [("3", (3,)), ("37", (3, 7)), ("310", (3, 10)), ("3.7", (3, 7)), ("3.7.3", (3, 7, 3)), ("2.7", (2, 7))],
)
def test_python_version(text: str, version: tuple[int, ...]) -> None:
    assert parse_python_version(text) == version


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3.7.3.1", "at most three version parts are allowed"),
        ("3.x", "each version part must be an integer"),
        ("", "each version part must be an integer"),
        ("3.", "each version part must be an integer"),
        ("\u0663", "each version part must be an integer"),
    ],
)
def test_bad_python_version(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_python_version(text)
    assert why in caught.value.what
    assert "--python-version" in caught.value.what
