from __future__ import annotations

import pytest

from tests.support.terminal import Screen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\r\n", ["a", "b"]),
        ("abc\rX", ["Xbc"]),
        ("abc\r\n\x1b[1A\rX\x1b[K\r\n", ["X"]),
        ("a\r\nb\r\nc\r\n\x1b[2A\r\x1b[J", ["a"]),
        ("\x1b[1;32ma\x1b[0mb", ["ab"]),
        ("abcdef", ["abcd", "ef"]),
    ],
)
def test_what_is_seen(text: str, shown: list[str]) -> None:
    screen = Screen(columns=4)
    screen.feed(text)
    assert screen.shown() == shown


def test_codes_may_come_in_pieces() -> None:
    screen = Screen()
    for piece in ("abc\x1b", "[", "1;3", "1md\r\x1b[", "Kx"):
        screen.feed(piece)
    assert screen.shown() == ["x"]


@pytest.mark.parametrize("text", ["\x1b[2A", "\x1b[?25l", "\x1b]0;title"])
def test_what_no_display_may_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor left the screen|not a code"):
        Screen().feed(text)
