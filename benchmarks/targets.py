"""The numbers to reach, and how far a run is from them: the summary of `RESULTS.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measurements import INTERPRETER_START
from benchmarks.scenarios import LANES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.measurements import LaneResult, Summary

OURS = "asyncpip"
_SMALL_SETS = ("one",)
_ROOM_ON_A_LINE = 1.1  # of what the line alone needs
_HEAD = ("lane", "set", "wall", "to uv", "at most", "to pip", "at most", "CPU to uv", "peak to uv", "reached")


class Target(NamedTuple):
    """Most that our wall time may be of another tool's; None where that is not a goal."""

    uv: float | None
    pip: float | None


_ANY_LANE = Target(1.0, 0.2)
TARGETS: Mapping[str, Target] = {
    "cold": Target(0.6, 0.05),
    "warm": Target(0.6, 0.02),
    "noop": Target(1.0, 0.05),
    "cold-resolve": Target(0.8, 0.1),
    "warm-resolve": Target(1.0, 0.1),
    "cold-compile": Target(1.0, 0.1),
    "warm-compile": Target(0.1, 0.1),
    "download": Target(None, 0.1),
    "slow-line": Target(0.85, 0.17),
    "slower-line": Target(0.85, 0.17),
}
"""By lane; what is not here is to be ahead of uv, and five times as fast as pip."""
_OF_ONE_SET: Mapping[tuple[str, str], Target] = {("cold", "huge"): Target(0.5, 0.2)}
_PEAK_TARGET: Mapping[str, float] = {"cold": 1.0}


class Reached(NamedTuple):
    """One line of the summary."""

    cells: tuple[str, ...]
    missed: tuple[str, ...]
    """What is not reached, in words; empty where all is."""


def target_of(lane: str, set_name: str) -> Target:
    """Return what a lane of a set has to reach."""
    return _OF_ONE_SET.get((lane, set_name)) or TARGETS.get(lane, _ANY_LANE)


def judged(result: LaneResult, start_seconds: float | None) -> Reached | None:
    """Return how far our run of a lane is from its target; None where there is none of ours.

    A small set may take as much longer than uv as a bare interpreter takes to start (``start_seconds``).
    """
    ours = result.summaries.get(OURS)
    if ours is None:
        return None
    target = target_of(result.lane, result.set_name)
    missed = []
    uv_limit = "" if target.uv is None else f"{target.uv:.2f}"
    to_uv, to_pip = ours.ratios.get("uv"), ours.ratios.get("pip")
    uv = result.summaries.get("uv")
    if uv is not None and result.set_name in _SMALL_SETS and start_seconds is not None:
        uv_limit = f"+{start_seconds * 1000:.0f} ms"
        if ours.wall_seconds > uv.wall_seconds + start_seconds:
            missed.append("uv")
    elif to_uv is not None and target.uv is not None and to_uv > target.uv:
        missed.append("uv")
    if to_pip is not None and target.pip is not None and to_pip > target.pip:
        missed.append("pip")
    peak = None if uv is None else ours.peak_bytes / uv.peak_bytes
    if peak is not None and peak > _PEAK_TARGET.get(result.lane, peak):
        missed.append("memory")
    line = line_seconds(result.lane, ours)
    if line is not None and ours.wall_seconds > line * _ROOM_ON_A_LINE:
        missed.append(f"line ({line:.2f} s)")
    missed += ["same files"] if _is_alone(result) else []
    cpu = None if uv is None or not uv.cpu_seconds else ours.cpu_seconds / uv.cpu_seconds
    cells = (
        *(result.lane, result.set_name, f"{ours.wall_seconds:.3f} s", _ratio(to_uv), uv_limit),
        *(_ratio(to_pip), _ratio(target.pip), _ratio(cpu), _ratio(peak)),
        "yes" if not missed else "not: " + ", ".join(missed),
    )
    return Reached(cells, tuple(missed))


def _is_alone(result: LaneResult) -> bool:
    """Return whether ours differs from what the first tool installs, and from what pip does."""
    ours = result.difference_counts.get(OURS, 0)
    like_pip = ours == result.difference_counts.get("pip") and result.differences[OURS] == result.differences["pip"]
    return ours > 0 and not like_pip


def line_seconds(lane: str, ours: Summary) -> float | None:
    """Return what the bytes of a run need on the line of its lane; None where it has none."""
    line = LANES[lane].line if lane in LANES else None
    return None if line is None else ours.received_bytes / (line.mbit_per_second * 125_000)


def summary_lines(results: Iterable[LaneResult], setting: Mapping[str, str]) -> list[str]:
    """Return the table of all lanes and sets against their targets."""
    words = setting.get(INTERPRETER_START, "").split()
    start = float(words[0]) / 1000 if words else None
    rows = [row for row in (judged(result, start) for result in sorted(results, key=_order)) if row]
    reached = sum(not row.missed for row in rows)
    return [
        "Our wall time, and its ratio to uv's and pip's in the same rounds, beside the most that it may be. `+` is for",
        "a set so small that the start of an interpreter counts. A line has to be used to 90 %. *same files*: what is",
        "installed is neither what the first tool installs nor what pip does (see the notes below the tables).",
        "",
        f"{reached} of {len(rows)} reached.",
        "",
        *table(_HEAD, [row.cells for row in rows], text_columns=2),
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int) -> list[str]:
    """Return a Markdown table; all columns after ``text_columns`` are numbers."""
    marks = ["---" if place < text_columns else "--:" for place in range(len(head))]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def _order(result: LaneResult) -> tuple[int, str]:
    lanes = list(LANES)
    return (lanes.index(result.lane) if result.lane in LANES else len(lanes), result.set_name)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
