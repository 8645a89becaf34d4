from __future__ import annotations

import pytest

from benchmarks.measurements import Measurement, Results, Trial, summarise
from benchmarks.report import failures, join_sections, merged, result_sections, split_sections, without_trials


def trial(wall: float, exit_code: int = 0) -> Trial:
    measured = Measurement(
        exit_code=exit_code, wall_seconds=wall, user_seconds=1, system_seconds=0.5, peak_bytes=1 << 20
    )
    return Trial(measured=measured, requests=3, received_bytes=5, missed=[], complaint="boom\n" if exit_code else "")


def test_medians_and_ratios_of_the_same_round() -> None:
    # The machine was twice as slow in the second round: the ratio does not notice.
    found = summarise({"uv": [trial(1.0), trial(2.0), trial(1.0)], "pip": [trial(10.0), trial(20.0)]})
    assert (found["uv"].wall_seconds, found["uv"].ratio, found["uv"].runs) == (1.0, None, 3)
    assert found["pip"].ratio == pytest.approx(10.0)
    assert found["pip"].wall_seconds == pytest.approx(15.0)
    assert found["pip"].cpu_seconds == pytest.approx(1.5)


def test_a_tool_that_failed_has_no_numbers() -> None:
    assert set(summarise({"uv": [trial(1.0)], "pip": [trial(1.0), trial(1.0, exit_code=1)]})) == {"uv"}


def test_no_ratio_to_a_tool_that_failed() -> None:
    assert summarise({"uv": [trial(1.0, exit_code=2)], "pip": [trial(1.0)]})["pip"].ratio is None


def test_results_as_table() -> None:
    results = Results(setting={"cores": "2", "date": "monday"}, versions={"uv": "0.13.9"}, lanes=[])
    trials = {"uv": [trial(1.0)], "pip": [trial(4.0)], "asyncpip": [trial(1.0, exit_code=1)]}
    paths = [f"file{number}" for number in range(30)]
    result = results.add("cold", "one", trials, {"pip": paths})
    text = join_sections(result_sections(without_trials(results)))
    assert "| cold | uv | 1.000 s |  | 1.50 s | 1 MiB | 3 | 1 |" in text
    assert "|  | pip | 4.000 s | 4.00 |" in text
    assert "|  | asyncpip | failed |" in text
    assert "file0" in text
    assert "in 30 files" in text
    assert result.difference_counts["pip"] == 30
    assert "asyncpip  failed: boom" in result.summary()


def test_several_runs_make_one_table() -> None:
    first = Results(setting={"date": "monday", "cores": "2"}, versions={"uv": "1"}, lanes=[])
    first.add("cold", "one", {"uv": [trial(1.0)]}, {})
    first.add("warm", "one", {"uv": [trial(1.0)]}, {})
    second = Results(setting={"date": "tuesday", "cores": "2"}, versions={"uv": "1"}, lanes=[])
    second.add("cold", "one", {"uv": [trial(3.0)]}, {})
    both = merged([first, second])
    assert [(result.lane, result.summaries["uv"].wall_seconds) for result in both.lanes] == [
        ("cold", 3.0),
        ("warm", 1.0),
    ]
    assert both.setting == {"date": "monday, tuesday", "cores": "2"}


def test_sections_that_are_not_written_stay() -> None:
    text = "# Results\n\nhead\n\n## one\n\nold\n\n## Resolutions\n\ntable\n"
    sections = split_sections(text, "## ")
    assert sections == {"": "# Results\n\nhead", "one": "old", "Resolutions": "table"}
    assert join_sections(sections) == text
    after = join_sections({**sections, "one": "new", "Summary": "all", "two": "2"})
    assert after.replace("\n\n", "|") == "# Results|head|## Summary|all|## one|new|## two|2|## Resolutions|table\n"


def test_who_failed() -> None:
    results = Results(setting={}, versions={"uv": "1", "pip": "2", "asyncpip": "could not be installed"}, lanes=[])
    results.add("download", "one", {"pip": [trial(1.0)]}, {})  # uv has none
    results.add("cold", "one", {"uv": [trial(1.0, exit_code=1)], "pip": [trial(1.0)]}, {})
    assert failures(results) == ["asyncpip: not installed", "uv: one / cold"]
