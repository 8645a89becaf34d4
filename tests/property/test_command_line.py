from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncpip.cli.command_specs.registry import COMMANDS
from asyncpip.cli.parser import CommandLineError, parse
from asyncpip.errors import CommandError

pytestmark = pytest.mark.property

INSTALL = COMMANDS["install"]
FLAGS = [flag for option in INSTALL.options for flag in option.flags]
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
"""No command line can hold a NUL; one that a variable or file makes up is refused."""
ARGUMENTS = st.text(min_size=1).filter(lambda text: not text.startswith("-"))
LISTS = [option for option in INSTALL.options if option.kind == "list" and not option.choices]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(FLAGS), st.text(), st.just("--"), st.just("install"))))
def test_any_words_parse_or_are_refused(words: list[str]) -> None:
    try:
        parsed = parse(words)
    except (CommandError, CommandLineError) as error:
        assert error.what  # noqa: PT017 - both outcomes are right, and each has its own claim
    else:
        assert parsed.spec in (None, *COMMANDS.values())
        assert len(parsed.arguments) < len(words) or not words


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LISTS), VALUES, st.booleans())), st.lists(ARGUMENTS), st.data())
def test_values_and_arguments_keep_their_order_however_they_are_mixed(
    given_options: list[tuple[object, str, bool]], arguments: list[str], data: st.DataObject
) -> None:
    expected: dict[str, tuple[str, ...]] = {}
    pieces: list[list[str]] = []
    for option in LISTS:
        chosen = [(text, joined) for candidate, text, joined in given_options if candidate is option]
        flag = option.long_flags[0]
        pieces += [[f"{flag}={text}"] if joined else [flag, text] for text, joined in chosen]
        if chosen:
            expected[option.dest] = tuple(text for text, _ in chosen)
    words = ["install"]
    waiting = list(arguments)
    while pieces or waiting:
        if waiting and (not pieces or data.draw(st.booleans())):
            words.append(waiting.pop(0))
        else:
            words += pieces.pop(0)
    parsed = parse(words)
    assert parsed.values == expected
    assert parsed.arguments == arguments
