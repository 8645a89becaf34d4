"""Which targets the options of `download` describe."""

from __future__ import annotations

import pytest

from asyncpip.commands.install_options import ANY_INTERPRETER, TargetChoice
from asyncpip.commands.target_matrix import label_of, target_choices
from asyncpip.errors import CommandError


def choices(
    platforms: str = "", pythons: str = "", implementations: str = "", abis: str = "", *, matrix: bool = False
) -> list[TargetChoice]:
    return list(
        target_choices(
            platforms=platforms.split(),
            python_versions=pythons.split(),
            implementations=implementations.split(),
            abis=abis.split(),
            matrix=matrix,
        )
    )


def choice(
    platforms: str = "", python: tuple[int, ...] | None = None, implementation: str | None = None, abis: str = ""
) -> TargetChoice:
    return TargetChoice(
        platforms=tuple(platforms.split()),
        python_version=python,
        implementation=implementation,
        abis=tuple(abis.split()),
    )


def test_one_target_means_what_it_means_in_pip() -> None:
    assert choices() == [ANY_INTERPRETER]
    assert choices("a b", "3.9", "pypy", "x y") == [choice("a b", (3, 9), "pp", "x y")]
    assert choices("a,b c") == [choice("a b c")]


def test_a_repeated_version_or_implementation_makes_a_matrix() -> None:
    assert choices("a b", "3.9 310") == [
        choice("a", (3, 9)),
        choice("b", (3, 9)),
        choice("a", (3, 10)),
        choice("b", (3, 10)),
    ]
    assert choices("a,b c", "", "cp pp") == [
        choice("a b", None, "cp"),
        choice("a b", None, "pp"),
        choice("c", None, "cp"),
        choice("c", None, "pp"),
    ]
    assert choices("", "3.9 3.9") == [choice("", (3, 9))]


def test_by_option() -> None:
    assert choices("a b", "3.9", matrix=True) == [choice("a", (3, 9)), choice("b", (3, 9))]
    assert choices(matrix=True) == [ANY_INTERPRETER]


def test_abis_of_another_version_make_no_target() -> None:
    assert choices("", "3.12 3.13", "", "cp312 cp313 cp313t") == [
        choice("", (3, 12), None, "cp312"),
        choice("", (3, 13), None, "cp313"),
        choice("", (3, 13), None, "cp313t"),
    ]
    assert choices("", "3.12 3.13", "", "cp312,cp313,abi3,none") == [
        choice("", (3, 12), None, "cp312 abi3 none"),
        choice("", (3, 13), None, "cp313 abi3 none"),
    ]
    assert choices("", "3.10", "pp", "pypy310_pp73 pypy311_pp73", matrix=True) == [
        choice("", (3, 10), "pp", "pypy310_pp73"),
        choice("", (3, 10), "pp", "pypy311_pp73"),
    ]
    assert choices("", "3 2", "", "cp310") == [choice("", (3,), None, "cp310"), choice("", (2,), None, "cp310")]
    with pytest.raises(CommandError, match=r"none of the ABIs .* Python 3\.11"):
        choices("", "3.10 3.11", "", "cp310")


def test_labels() -> None:
    assert label_of(ANY_INTERPRETER) == "the running interpreter"
    assert label_of(choice("a b", (3, 9), "pp", "x y")) == "Python 3.9, pp, a or b, ABI x or y"
