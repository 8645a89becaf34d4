"""Writes results: JSON with everything beside `results/`, and the table of `RESULTS.md`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks.measurements import Results
from benchmarks.resolutions import resolution_section
from benchmarks.scenarios import LANES
from benchmarks.sets import SETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measurements import LaneResult
    from benchmarks.resolutions import Resolutions

FOLDER = Path(__file__).parent / "results"
TABLE = Path(__file__).parent / "RESULTS.md"
_MIB = 1 << 20


def write_results(results: Results, *, table: bool) -> int:
    """Write the JSON file, and `RESULTS.md` where ``table`` is set; return 1 where a tool failed or is missing."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    print(f"written: {path.relative_to(Path(__file__).parent.parent)}")
    if table:
        write_table(results)
    return int(any(results.versions.keys() - result.summaries.keys() for result in results.lanes))


def read_results(path: Path) -> Results:
    """Return what `write_results` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def merged(runs: Sequence[Results]) -> Results:
    """Return the lanes of all ``runs``, of the last one that has it; the dates of all of them, the rest of the last."""
    lanes = {(result.set_name, result.lane): result for run in runs for result in run.lanes}
    dates = dict.fromkeys(run.setting["date"] for run in runs)
    return Results(
        setting={**runs[-1].setting, "date": ", ".join(dates)}, versions=runs[-1].versions, lanes=list(lanes.values())
    )


def write_table(results: Results) -> None:
    """Write `RESULTS.md`, keeping the section that other measurements fill."""
    TABLE.write_text(markdown(results) + _section_of("## Resolutions"), "utf-8")


def write_resolutions(results: Resolutions, *, table: bool) -> None:
    """Write the JSON file, and with ``table`` the section of `RESULTS.md`."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"resolve-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    if table:
        before = TABLE.read_text("utf-8") if TABLE.exists() else "# Results\n"
        before = before.removesuffix(_section_of("## Resolutions"))
        TABLE.write_text(before + "\n" + "\n".join(resolution_section(results)) + "\n", "utf-8")


def _section_of(heading: str) -> str:
    """Return the section of `RESULTS.md` that other results do not replace, with the blank line before it."""
    text = TABLE.read_text("utf-8") if TABLE.exists() else ""
    _, found, rest = text.partition(f"\n{heading}\n")
    return found + rest


def markdown(results: Results) -> str:
    """Return the text of `RESULTS.md`."""
    lines = [
        "# Results",
        "",
        "Written by `python -m benchmarks --table` (see `docs/how-to/benchmark.md`). Medians; a ratio is the median of",
        "the ratios of runs in the same round. All tools install the same requirements from the same local index.",
        "",
        *(f"- {name}: {value}" for name, value in results.setting.items()),
        "- " + ", ".join(f"{tool} {version}" for tool, version in results.versions.items()),
    ]
    for set_name in dict.fromkeys(result.set_name for result in results.lanes):
        lines += ["", f"## {set_name}", "", f"`{' '.join(SETS.get(set_name, ()))}`", ""]
        lines += _table([result for result in results.lanes if result.set_name == set_name])
    return "\n".join(lines) + "\n"


def _table(lanes: list[LaneResult]) -> list[str]:
    lines = [
        "| lane | tool | wall | ratio | CPU | peak memory | requests | runs |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    notes = []
    for result in lanes:
        for place, tool in enumerate(result.trials):
            lane = result.lane if place == 0 else ""
            found = result.summaries.get(tool)
            if found is None:
                lines.append(f"| {lane} | {tool} | failed | | | | | |")
                continue
            ratio = "" if found.ratio is None else f"{found.ratio:.2f}"
            lines.append(
                f"| {lane} | {tool} | {found.wall_seconds:.3f} s | {ratio} | {found.cpu_seconds:.2f} s "
                f"| {found.peak_bytes / _MIB:.0f} MiB | {found.requests} | {found.runs} |"
            )
        notes += [
            f"{result.lane}: {tool}'s environment differs from the first in {result.difference_counts[tool]} files, "
            f"for example {paths[0]}."
            for tool, paths in result.differences.items()
            if paths
        ]
    meanings = [f"{name}: {LANES[name].meaning}" for name in dict.fromkeys(one.lane for one in lanes) if name in LANES]
    return [*lines, "", "; ".join(meanings) + ".", *(f"\n{note}" for note in notes)]
