from __future__ import annotations

import pytest

from benchmarks.measurements import INTERPRETER_START, LaneResult, Measurement, Results, Trial
from benchmarks.targets import judged, summary_lines


def trial(wall: float, *, received_bytes: int = 0, peak: int = 1 << 20) -> Trial:
    measured = Measurement(exit_code=0, wall_seconds=wall, user_seconds=wall, system_seconds=0, peak_bytes=peak)
    return Trial(measured=measured, requests=1, received_bytes=received_bytes, missed=[], complaint="")


def lane(
    name: str, set_name: str, uv: float, pip: float, ours: Trial, counts: dict[str, int] | None = None
) -> LaneResult:
    results = Results(setting={}, versions={}, lanes=[])
    differences = {tool: [f"file{number}" for number in range(count)] for tool, count in (counts or {}).items()}
    trials = {"uv": [trial(uv)], "pip": [trial(pip)], "asyncpip": [ours]}
    return results.add(name, set_name, trials, differences)


@pytest.mark.parametrize(
    ("result", "missed"),
    [
        (lane("cold", "heavy26", 1.0, 20.0, trial(0.6)), ()),
        (lane("cold", "heavy26", 1.0, 20.0, trial(0.7)), ("uv",)),
        (lane("cold", "heavy26", 1.0, 10.0, trial(0.6)), ("pip",)),
        (lane("cold", "heavy26", 1.0, 20.0, trial(0.6, peak=2 << 20)), ("memory",)),
        (lane("warm", "heavy26", 1.0, 60.0, trial(0.6, peak=2 << 20)), ()),
        (lane("cold", "huge", 1.0, 20.0, trial(0.6)), ("uv",)),
        (lane("noop", "one", 0.010, 1.0, trial(0.022)), ()),
        (lane("noop", "one", 0.010, 1.0, trial(0.024)), ("uv",)),
        (lane("uninstall", "web", 1.0, 5.0, trial(0.99)), ()),
        (lane("slow-line", "web", 2.0, 20.0, trial(1.1, received_bytes=25_000_000)), ()),
        (lane("slow-line", "web", 2.0, 20.0, trial(1.2, received_bytes=25_000_000)), ("line (1.00 s)",)),
        (lane("cold", "web", 1.0, 20.0, trial(0.1), {"pip": 0, "asyncpip": 1}), ("same files",)),
        (lane("cold", "web", 1.0, 20.0, trial(0.1), {"pip": 3, "asyncpip": 3}), ()),
    ],
)
def test_what_is_reached(result: LaneResult, missed: tuple[str, ...]) -> None:
    found = judged(result, 0.013)
    assert found is not None
    assert found.missed == missed


def test_summary_counts_what_is_reached() -> None:
    lanes = [lane("warm", "web", 1.0, 60.0, trial(0.5)), lane("cold", "web", 1.0, 60.0, trial(0.9))]
    lines = summary_lines(lanes, {INTERPRETER_START: "13 ms"})
    assert "1 of 2 reached." in lines
    assert lines[-2].startswith("| cold | web | 0.900 s | 0.90 | 0.60 |")
    assert lines[-1].endswith("| yes |")
