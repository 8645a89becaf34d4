from __future__ import annotations

import pytest

from asyncpip.cli.progress_state import RunState
from asyncpip.cli.progress_view import Look, format_clock, format_seconds, format_size, frame, summary
from asyncpip.core.events import (
    Event,
    Stage,
    StageProgress,
    TransferEnded,
    TransferExpected,
    TransferProgress,
    TransferStarted,
)

MEGA = 1000 * 1000
FANCY = Look(color=False, encoding="utf-8")
ASCII = Look(color=False, encoding="ascii")
SPINNER = "\u280b"


def lines_of(*events: Event, seconds: float = 0.5, columns: int = 80, rows: int = 24, look: Look = FANCY) -> list[str]:
    """Return what is shown ``seconds`` after all of ``events`` came at once, a sample taken before and after them."""
    state = RunState(0.0)
    state.sample(0.0)
    for event in events:
        state.take(event, 0.0)
    state.sample(seconds)
    return frame(state, seconds, 0, look, columns=columns, rows=rows)


RESOLVED = (StageProgress(Stage.RESOLVING, 84, 84), StageProgress(Stage.FETCHING, 0, 84))


@pytest.mark.parametrize(
    ("events", "seconds", "shown"),
    [
        ([], 0.5, "Working "),
        ([StageProgress(Stage.ASKING, 3, 84)], 0.5, "Asking indexes 3 of 84"),
        ([StageProgress(Stage.RESOLVING, 0, None)], 0.5, "Resolving "),
        ([StageProgress(Stage.RESOLVING, 0, 1)], 0.5, "Resolving 1 project"),
        ([StageProgress(Stage.RESOLVING, 9, 84)], 0.5, "Resolving 84 projects"),
        ([StageProgress(Stage.RESOLVING, 9, 84)], 61.9, "Resolving 84 projects \u00b7 1:01"),
        (RESOLVED, 0.5, "Unpacking 0 of 84"),
        ([*RESOLVED, StageProgress(Stage.UNPACKING, 3, 84)], 0.5, "Unpacking 3 of 84"),
        ([StageProgress(Stage.SAVING, 3, 84)], 0.5, "Saving 3 of 84"),
        ([StageProgress(Stage.INSTALLING, 0, 1)], 0.5, "Installing 1 distribution"),
        ([StageProgress(Stage.COMPILING, 0, 8231)], 0.5, "Compiling 8231 files"),
        ([StageProgress(Stage.BUILDING, 0, None, "numpy, a\x1b[0m")], 0.5, "Building numpy, a?[0m"),
    ],
)
def test_the_first_line_names_the_stage(events: list[Event], seconds: float, shown: str) -> None:
    assert lines_of(*events, seconds=seconds) == [f"{SPINNER} {shown}"]


def test_downloads_are_told_with_count_bytes_rate_and_time_left() -> None:
    events: list[Event] = [
        *RESOLVED,
        TransferStarted("a", "a", 40 * MEGA),
        TransferProgress("a", 40 * MEGA),
        TransferEnded("a"),
        TransferStarted("b", "b", 150 * MEGA),
        TransferProgress("b", 5 * MEGA + 200_000),
    ]
    text = lines_of(*events, seconds=2.0)[0]
    assert text == f"{SPINNER} Downloading 1 of 2 \u00b7 45.2/190 MB \u00b7 22.6 MB/s \u00b7 0:06 left \u00b7 0:02"


def test_while_the_solver_works_nobody_knows_what_is_left() -> None:
    events: list[Event] = [
        StageProgress(Stage.RESOLVING, 9, 84),
        TransferStarted("a", "a", 9 * MEGA),
        TransferProgress("a", 900_000),
        TransferExpected("b", None),
    ]
    assert lines_of(*events)[0] == f"{SPINNER} Resolving 84 projects \u00b7 900 kB \u00b7 1.8 MB/s"
    assert lines_of(*events[:3])[0] == f"{SPINNER} Resolving 84 projects \u00b7 900 kB/9.0 MB \u00b7 1.8 MB/s"


def test_the_largest_transfers_have_a_line_each() -> None:
    events: list[Event] = [*RESOLVED]
    for number in range(8):
        events += [TransferStarted(f"k{number}", f"p{number}-1.0-py3-none-any.whl", (number + 1) * MEGA)]
    events += [TransferProgress("k7", 2 * MEGA)]
    lines = lines_of(*events)
    assert len(lines) == 7
    assert lines[1] == f"  {'p7 1.0':<24}  {chr(0x2501) * 8}{chr(0x2500) * 24}  2.0/8.0 MB"
    assert [line.split()[0] for line in lines[1:]] == ["p7", "p6", "p5", "p4", "p3", "p2"]
    assert len(lines_of(*events, rows=5)) == 3
    assert len(lines_of(*events, rows=2)) == 1


@pytest.mark.parametrize("columns", [1, 5, 20, 39, 60, 79, 200])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    events: list[Event] = [
        *RESOLVED,
        TransferStarted("k", "name" * 20 + ".tar.gz", 123_456_789),
        TransferProgress("k", 99_999_999),
    ]
    plain = lines_of(*events, columns=columns)
    assert max(map(len, plain)) <= columns
    coloured = lines_of(*events, columns=columns, look=Look(color=True, encoding="utf-8"))
    for style in ("0", "1", "2", "36"):
        coloured = [line.replace(f"\x1b[{style}m", "") for line in coloured]
    assert coloured == plain


def test_a_name_from_the_index_brings_no_escape_codes() -> None:
    events: list[Event] = [*RESOLVED, TransferStarted("k", "\x1b[2Jevil\u202e\n-1.0.tar.gz", 5)]
    assert lines_of(*events)[1].split("  ")[1] == "?[2Jevil??-1.0.tar.gz"


def test_an_archive_of_unknown_size_has_no_bar() -> None:
    events: list[Event] = [*RESOLVED, TransferStarted("k", "a-1.0.tar.gz", None), TransferProgress("k", 1500)]
    assert lines_of(*events)[1] == f"  {'a-1.0.tar.gz':<24}  1.5 kB"


def test_an_encoding_without_symbols_gets_ascii() -> None:
    events: list[Event] = [*RESOLVED, TransferStarted("k", "n" * 30, 100), TransferProgress("k", 50)]
    lines = lines_of(*events, look=ASCII)
    assert lines[0] == "| Downloading 0 of 1 - 0.1/0.1 kB - 0.1 kB/s"
    assert lines[1] == f"  {'n' * 23}~  {'#' * 16}{'.' * 16}  0.1/0.1 kB"
    assert Look(color=True, encoding="no such encoding").dot == " - "


def run_of(*timed_events: tuple[float, Event]) -> RunState:
    state = RunState(0.0)
    for seconds, event in timed_events:
        state.take(event, seconds)
    return state


INSTALLATION: list[tuple[float, Event]] = [
    (0.1, StageProgress(Stage.RESOLVING, 0, None)),
    (0.2, TransferStarted("a", "a", 190 * MEGA)),
    (0.2, TransferProgress("a", 190 * MEGA)),
    (0.7, StageProgress(Stage.FETCHING, 0, 171)),
    (1.3, TransferEnded("a")),
    (1.6, StageProgress(Stage.INSTALLING, 0, 171)),
]


def test_an_installation_is_summed_up_in_one_line() -> None:
    state = run_of(*INSTALLATION, (1.8, StageProgress(Stage.INSTALLING, 171, 171)))
    assert summary(state, 1.9, FANCY, None) == (
        "\u2713 Installed 171 distributions in 1.9 s"
        "  (resolved 0.6 s \u00b7 downloaded 190 MB in 1.1 s \u00b7 linked 0.2 s)"
    )
    assert summary(state, 1.9, ASCII, None) == (
        "Installed 171 distributions in 1.9 s  (resolved 0.6 s - downloaded 190 MB in 1.1 s - linked 0.2 s)"
    )
    coloured = summary(state, 1.9, Look(color=True, encoding="utf-8"), None)
    assert coloured is not None
    assert coloured.startswith("\x1b[1;32m\u2713 \x1b[0m\x1b[1mInstalled 171 distributions\x1b[0m in ")


@pytest.mark.parametrize(("columns", "lines"), [(100, 1), (99, 2), (20, 2)])
def test_a_summary_that_is_too_wide_has_two_lines(columns: int, lines: int) -> None:
    state = run_of(*INSTALLATION, (1.8, StageProgress(Stage.INSTALLING, 171, 171)))
    text = summary(state, 1.9, FANCY, columns)
    assert text is not None
    assert (
        len(text) == 100
        if lines == 1
        else text.split("\n")
        == [
            "\u2713 Installed 171 distributions in 1.9 s",
            "  resolved 0.6 s \u00b7 downloaded 190 MB in 1.1 s \u00b7 linked 0.2 s",
        ]
    )


def test_compiling_is_told_apart_from_linking() -> None:
    compiling: list[tuple[float, Event]] = [
        (1.8, StageProgress(Stage.COMPILING, 0, 50)),
        (4.8, StageProgress(Stage.COMPILING, 50, 50)),
        (4.8, StageProgress(Stage.INSTALLING, 171, 171)),
    ]
    text = summary(run_of(*INSTALLATION, *compiling), 4.9, FANCY, None)
    assert text is not None
    assert text.endswith("linked 0.2 s \u00b7 compiled 3.0 s)")


def test_building_is_told_in_the_summary() -> None:
    building: list[tuple[float, Event]] = [
        (0.0, StageProgress(Stage.BUILDING, 0, None, "a")),
        (3.0, StageProgress(Stage.INSTALLING, 1, 1)),
    ]
    text = summary(run_of(*building), 3.1, FANCY, None)
    assert text is not None
    assert "built 3.0 s" in text


def test_a_run_that_only_resolves_says_so() -> None:
    state = run_of((0.1, StageProgress(Stage.RESOLVING, 1, 1)), (0.14, StageProgress(Stage.FETCHING, 0, 0)))
    assert summary(state, 0.05, FANCY, None) == "\u2713 Resolved 1 distribution in 50 ms"


def test_archives_that_were_saved_are_summed_up() -> None:
    state = RunState(0.0)
    state.take(StageProgress(Stage.RESOLVING, 2, 2), 0.0)
    state.take(StageProgress(Stage.SAVING, 2, 2), 1.0)
    assert summary(state, 2.0, FANCY, None) == "\u2713 Saved 2 archives in 2.0 s  (resolved 1.0 s)"


def test_a_run_that_did_nothing_has_no_summary() -> None:
    assert summary(RunState(0.0), 1.0, FANCY, None) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.0 kB"),
        (1500, "1.5 kB"),
        (99_900, "99.9 kB"),
        (99_960, "100 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (190_400_000, "190 MB"),
        (2_500_000_000, "2.5 GB"),
        (2_500_000_000_000, "2500 GB"),
    ],
)
def test_format_size(size: int, text: str) -> None:
    assert " ".join(format_size(size)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0449, "45 ms"),
        (0.096, "0.1 s"),
        (9.99, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_format_seconds(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(3.9, "0:03"), (754, "12:34"), (3600, "1:00:00"), (3661, "1:01:01")])
def test_format_clock(seconds: float, text: str) -> None:
    assert format_clock(seconds) == text
