"""Writes results: JSON with everything in `results/`, what is kept of all runs in `RESULTS.json`, and `RESULTS.md`.

`RESULTS.md` is written by sections. A run replaces those that it measured, lane by lane, and leaves the others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks.measurements import NOT_INSTALLED, Results
from benchmarks.resolutions import resolution_section
from benchmarks.scenarios import LANES
from benchmarks.sets import SETS
from benchmarks.targets import summary_lines, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measurements import LaneResult
    from benchmarks.resolutions import Resolutions

FOLDER = Path(__file__).parent / "results"
TABLE = Path(__file__).parent / "RESULTS.md"
KEPT = Path(__file__).parent / "RESULTS.json"
_SUMMARY, _RESOLUTIONS, GROWTH, FLOORS = "Summary", "Resolutions", "How cost grows", "Floors"
_LAST_SECTIONS = (GROWTH, _RESOLUTIONS, FLOORS)
_MIB = 1 << 20
_PATHS_KEPT = 1
_HEAD = ("lane", "tool", "wall", "ratio", "CPU", "peak memory", "requests", "runs")


def write_results(results: Results, *, table: bool) -> int:
    """Write the JSON file, and `RESULTS.md` where ``table`` is set; return 1 where a tool failed or is missing."""
    write_json("", results)
    print("\n".join(summary_lines(results.lanes, results.setting)))
    if table:
        write_table(results)
    return int(bool(failures(results)))


def failures(results: Results) -> list[str]:
    """Return who failed where; a tool that does not know what a lane asks for did not take part."""
    absent = [f"{tool}: not installed" for tool, version in results.versions.items() if version == NOT_INSTALLED]
    return absent + [
        f"{tool}: {result.set_name} / {result.lane}"
        for result in results.lanes
        for tool in result.tools
        if tool not in result.summaries
    ]


def write_json(kind: str, results: object) -> None:
    """Write all of ``results`` to a new file of `results/`, named for its ``kind`` and the time."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{kind}{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1))
    print(f"written: {path.relative_to(Path(__file__).parent.parent)}")


def read_results(path: Path) -> Results:
    """Return what `write_results` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def merged(runs: Sequence[Results]) -> Results:
    """Return the lanes of all ``runs``, of the last one that has it; the dates of all of them, the rest of the last."""
    lanes = {(result.set_name, result.lane): result for run in runs for result in run.lanes}
    used = {result.measured for result in lanes.values()}
    dates = dict.fromkeys(
        run.setting["date"] for run in runs if any(run.setting["date"] in measured for measured in used)
    )
    setting = {**runs[-1].setting, "date": ", ".join(dates) or runs[-1].setting["date"]}
    return Results(setting=setting, versions=runs[-1].versions, lanes=list(lanes.values()))


def write_table(results: Results) -> None:
    """Merge ``results`` into what is kept, and write `RESULTS.md` from that."""
    kept = [read_results(KEPT)] if KEPT.exists() else []
    both = merged([*kept, without_trials(results)])
    lanes = [msgspec.json.encode(result).decode() for result in both.lanes]
    head = msgspec.json.encode({"setting": both.setting, "versions": both.versions}).decode()
    KEPT.write_text(f'{head[:-1]},\n"lanes":[\n' + ",\n".join(lanes) + "\n]}\n", "utf-8")
    write_sections(result_sections(both))


def without_trials(results: Results) -> Results:
    """Return ``results`` without the single runs, and with one path of those that differ: what is kept in git."""
    lanes = [
        msgspec.structs.replace(
            result, trials={}, differences={tool: paths[:_PATHS_KEPT] for tool, paths in result.differences.items()}
        )
        for result in results.lanes
    ]
    return Results(setting=results.setting, versions=results.versions, lanes=lanes)


def write_resolutions(results: Resolutions, *, table: bool) -> None:
    """Write the JSON file, and with ``table`` the section of `RESULTS.md`."""
    write_json("resolve-", results)
    if table:
        _, *lines = resolution_section(results)
        write_sections({_RESOLUTIONS: "\n".join(lines).strip("\n")})


def write_sections(sections: Mapping[str, str]) -> None:
    """Write ``sections`` to `RESULTS.md` and keep what else it has."""
    before = split_sections(TABLE.read_text("utf-8"), "## ") if TABLE.exists() else {}
    TABLE.write_text(join_sections({**before, **sections}), "utf-8")


def split_sections(text: str, mark: str) -> dict[str, str]:
    """Return the parts of a text by heading; what stands before the first of them has none."""
    sections = {"": ""}
    heading = ""
    for line in text.splitlines():
        if line.startswith(mark):
            heading = line[len(mark) :]
            sections[heading] = ""
        else:
            sections[heading] += line + "\n"
    return {heading: body.strip("\n") for heading, body in sections.items()}


def join_sections(sections: Mapping[str, str]) -> str:
    """Return the text of `RESULTS.md`: the summary first, what other measurements fill last."""
    middle = [heading for heading in sections if heading not in ("", _SUMMARY, *_LAST_SECTIONS)]
    parts = [sections.get("") or "# Results"]
    order = [heading for heading in (_SUMMARY, *middle, *_LAST_SECTIONS) if heading in sections]
    parts += [f"## {heading}\n\n{sections[heading]}" for heading in order]
    return "\n\n".join(parts) + "\n"


def join_subsections(sections: Mapping[str, str]) -> str:
    """Return the text of a section that has parts with headings of their own."""
    return "\n\n".join(f"### {heading}\n\n{body}" if heading else body for heading, body in sections.items())


def result_sections(results: Results) -> dict[str, str]:
    """Return the sections of `RESULTS.md` that ``results`` fill."""
    head = [
        "# Results",
        "",
        "Written by `python -m benchmarks --table` (see `docs/how-to/benchmark.md`). Medians; a ratio is the median of",
        "the ratios of runs in the same round. All tools install the same requirements from the same local index.",
        "",
        *(f"- {name}: {value}" for name, value in results.setting.items()),
        "- " + ", ".join(f"{tool} {version}" for tool, version in results.versions.items()),
    ]
    sections = {"": head, _SUMMARY: summary_lines(results.lanes, results.setting)}
    for set_name in dict.fromkeys(result.set_name for result in results.lanes):
        lanes = [result for result in results.lanes if result.set_name == set_name]
        sections[set_name] = [f"`{' '.join(SETS.get(set_name, ()))}`", "", *_table(lanes)]
    return {heading: "\n".join(lines) for heading, lines in sections.items()}


def _table(lanes: list[LaneResult]) -> list[str]:
    rows, notes = [], []
    for result in lanes:
        for place, tool in enumerate(result.tools):
            lane = result.lane if place == 0 else ""
            found = result.summaries.get(tool)
            if found is None:
                rows.append((lane, tool, "failed", "", "", "", "", ""))
                continue
            rows.append(
                (
                    *(lane, tool, f"{found.wall_seconds:.3f} s", "" if found.ratio is None else f"{found.ratio:.2f}"),
                    *(f"{found.cpu_seconds:.2f} s", f"{found.peak_bytes / _MIB:.0f} MiB"),
                    *(str(found.requests), str(found.runs)),
                )
            )
        notes += [
            f"{result.lane}: {tool}'s environment differs from the first in {result.difference_counts[tool]} files, "
            f"for example {paths[0]}."
            for tool, paths in result.differences.items()
            if paths
        ]
    meanings = [f"{name}: {LANES[name].meaning}" for name in dict.fromkeys(one.lane for one in lanes) if name in LANES]
    measured = dict.fromkeys(one.measured for one in lanes)
    when = [
        f"{at}: {', '.join(one.lane for one in lanes if one.measured == at)}." if len(measured) > 1 else f"{at}."
        for at in measured
        if at
    ]
    return [
        *table(_HEAD, rows, text_columns=2),
        "",
        "; ".join(meanings) + ".",
        *(f"\nMeasured {one}" for one in when),
        *(f"\n{note}" for note in notes),
    ]
