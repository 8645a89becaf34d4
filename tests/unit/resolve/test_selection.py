from __future__ import annotations

import pytest

from asyncpip.core.names import normalize_name
from asyncpip.core.wheel_filename import parse_wheel_name
from asyncpip.errors import CommandError
from asyncpip.resolve.selection import FormatControl, ReleaseControl, Selection, unknown_words

ONLY, NOT = "only-binary", "no-binary"
BOTH, WHEELS, SDISTS = (True, True), (True, False), (False, True)


@pytest.mark.parametrize(
    ("rules", "foo", "bar"),
    [
        ([], BOTH, BOTH),
        ([(ONLY, ":all:")], WHEELS, WHEELS),
        ([(NOT, ":all:")], SDISTS, SDISTS),
        ([(ONLY, ":all:"), (NOT, "foo")], SDISTS, WHEELS),
        ([(NOT, "foo"), (ONLY, ":all:")], WHEELS, WHEELS),
        ([(ONLY, "foo"), (NOT, "foo")], SDISTS, BOTH),
        ([(ONLY, "Foo,bar")], WHEELS, WHEELS),
        ([(ONLY, ":all:"), (ONLY, ":none:")], BOTH, BOTH),
        ([(NOT, "foo"), (ONLY, ":none:")], SDISTS, BOTH),
        ([(NOT, "bar,:all:,:none:,foo")], SDISTS, BOTH),
        ([(NOT, "bar,:all:,foo")], SDISTS, SDISTS),
        ([(NOT, ":foo:")], SDISTS, BOTH),
    ],
)
def test_format_rules_act_from_left_to_right(
    rules: list[tuple[str, str]], foo: tuple[bool, bool], bar: tuple[bool, bool]
) -> None:
    control = FormatControl.of(rules)
    assert control.allows(normalize_name("foo")) == foo
    assert control.allows(normalize_name("bar")) == bar


@pytest.mark.parametrize(
    ("rules", "foo", "bar"),
    [
        ([], None, None),
        ([("all-releases", ":all:")], True, True),
        ([("only-final", ":all:")], False, False),
        ([("all-releases", ":all:"), ("only-final", "foo")], False, True),
        ([("only-final", "foo"), ("all-releases", ":all:")], True, True),
        ([("all-releases", "foo"), ("only-final", "foo")], False, None),
        ([("only-final", ":all:"), ("all-releases", "foo")], True, False),
    ],
)
def test_release_rules(rules: list[tuple[str, str]], foo: bool | None, bar: bool | None) -> None:
    control = ReleaseControl.of(rules)
    assert control.allows_pre_releases(normalize_name("foo")) is foo
    assert control.allows_pre_releases(normalize_name("bar")) is bar


def test_option_taken_for_a_value_is_refused() -> None:
    with pytest.raises(CommandError, match="--no-binary / --only-binary option requires 1 argument"):
        FormatControl.of([(NOT, "--pre")])


def test_unknown_words() -> None:
    assert unknown_words(":all:,foo,:bar:,:none:") == (":bar:",)


@pytest.mark.parametrize(
    ("filename", "rank"),
    [
        ("a-1-cp311-cp311-linux_x86_64.whl", 0),
        ("a-1-py2.py3-none-any.whl", 2),
        ("a-1-cp310.cp311-cp311.none-linux_x86_64.any.whl", 0),
        ("a-1-CP311-CP311-Linux_X86_64.whl", 0),
        ("a-1-cp312-cp312-linux_x86_64.whl", None),
    ],
)
def test_tag_rank_is_that_of_the_best_tag(filename: str, rank: int | None) -> None:
    selection = Selection(
        tags=("cp311-cp311-linux_x86_64", "cp311-none-any", "py3-none-any"), python_full_version="3.11.7"
    )
    wheel = parse_wheel_name(filename)
    assert wheel is not None
    assert selection.tag_rank(wheel) == rank
    assert selection.tag_rank(wheel) == rank


@pytest.mark.parametrize(
    ("text", "answer"),
    [(None, True), (">=3.8", True), (">=3.12", False), ("<3.11.7", False), ("nonsense", True), ("==3.11.*", True)],
)
def test_requires_python(text: str | None, answer: bool) -> None:
    assert Selection(tags=(), python_full_version="3.11.7").allows_python(text) is answer
    assert Selection(tags=(), python_full_version="3.11.7", ignore_requires_python=True).allows_python(text)


def test_pre_release_of_python_counts_as_its_release() -> None:
    assert Selection(tags=(), python_full_version="3.14.0rc1").allows_python(">=3.14")
