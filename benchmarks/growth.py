"""How cost grows with the number of distributions, files and requirements: lanes over generated sets of many sizes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from benchmarks.command_lines import has_lane
from benchmarks.measurements import Summary, setting_of, summarise
from benchmarks.plot import line_plot
from benchmarks.report import GROWTH, TABLE, join_subsections, split_sections, write_json, write_sections
from benchmarks.run import Plan, default_root, installed_tools, opened_lane, take_turns
from benchmarks.scenarios import LANES
from benchmarks.targets import OURS, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLOTS = Path(__file__).parent / "plots"
_HEAD = ("size", "tool", "wall", "CPU", "CPU for each more", "peak memory", "requests")
_MOST_FOR_SLOW_TOOL = 1000
_SLOW_TOOL = "pip"
_POINTS_FOR_EXPONENT = 3
_SMALLEST_SECONDS = 0.005  # a processor's time is told in steps of a few milliseconds


class Curve(NamedTuple):
    """A lane over sets that differ in one number."""

    lane: str
    kind: str
    """`dists` or `files`: the beginning of the sets' names."""
    sizes: tuple[int, ...]

    @property
    def unit(self) -> str:
        """What is counted."""
        return "distributions" if self.kind == "dists" else "files of one wheel"


_DISTRIBUTIONS, _FILES = (10, 30, 100, 300, 1000), (1, 10, 100, 1000, 10_000, 100_000)
_INSTALLED = (10, 100, 500, 2000)
CURVES: Mapping[str, Curve] = {
    "cold": Curve("cold", "dists", _DISTRIBUTIONS),
    "warm": Curve("warm", "dists", _DISTRIBUTIONS),
    "noop": Curve("noop", "dists", _DISTRIBUTIONS),
    "resolve": Curve("cold-resolve", "dists", _DISTRIBUTIONS),
    "uninstall": Curve("uninstall", "dists", _DISTRIBUTIONS),
    "cold-files": Curve("cold", "files", _FILES),
    "warm-files": Curve("warm", "files", _FILES),
    "uninstall-files": Curve("uninstall", "files", _FILES),
    "download": Curve("download-pinned", "dists", (10, 100, 1000, 5000)),
    "list": Curve("list", "dists", _INSTALLED),
    "freeze": Curve("freeze", "dists", _INSTALLED),
    "check": Curve("check", "dists", _INSTALLED),
}


class Growth(msgspec.Struct, kw_only=True):
    """A whole run: summaries by curve, size and tool."""

    setting: dict[str, str]
    versions: dict[str, str]
    curves: dict[str, dict[int, dict[str, Summary]]]
    differences: dict[str, list[str]] = {}
    """By curve and size, as text: how environments differ."""


def measure_growth(names: list[str], tools: list[str], rounds: int, root: Path | None) -> Growth:
    """Measure the curves ``names``; say each point when it is there."""
    executables, versions = installed_tools(tools)
    growth = Growth(setting=setting_of(root or default_root()), versions=versions, curves={})
    for name in names:
        curve = CURVES[name]
        lane = LANES[curve.lane]
        points = growth.curves[name] = {}
        for size in curve.sizes:
            set_name = f"{curve.kind}-{size}"
            plan = Plan(lanes=[], sets=[], tools=tools, rounds=rounds, peer_rounds=1, root=root, index_url=None)
            taking_part = {
                tool: path
                for tool, path in executables.items()
                if has_lane(tool, lane) and not (tool == _SLOW_TOOL and size > _MOST_FOR_SLOW_TOOL)
            }
            with opened_lane(plan, lane, set_name) as lane_run:
                trials = take_turns(lane_run, taking_part, plan)
                different = [f"{tool}: {paths[0]}" for tool, paths in lane_run.differences().items() if paths]
            points[size] = summarise(trials)
            if different:
                growth.differences[f"{name} {size}"] = different
            for tool, found in points[size].items():
                print(
                    f"{name:16} {size:7} {tool:9} {found.wall_seconds:8.3f} s  cpu {found.cpu_seconds:8.3f} s  "
                    f"peak {found.peak_bytes >> 20:4} MiB  {found.requests:5} requests",
                    flush=True,
                )
            for tool in taking_part.keys() - points[size].keys():
                print(f"{name:16} {size:7} {tool:9} failed: {trials[tool][-1].complaint[-300:]}", flush=True)
            print("".join(f"{name:16} {size:7} differs: {one}\n" for one in different), end="", flush=True)
    return growth


def write_growth(growth: Growth, *, table: bool) -> None:
    """Write the JSON file, and with ``table`` the plots and the section of `RESULTS.md`, curve by curve."""
    write_json("growth-", growth)
    if not table:
        return
    PLOTS.mkdir(exist_ok=True)
    for name, points in growth.curves.items():
        (PLOTS / f"{name}.svg").write_text(plot_of(name, points), "utf-8")
    before = split_sections(TABLE.read_text("utf-8"), "## ").get(GROWTH, "") if TABLE.exists() else ""
    write_sections({GROWTH: join_subsections({**split_sections(before, "### "), **growth_sections(growth)})})


def growth_sections(growth: Growth) -> dict[str, str]:
    """Return the text before the curves, and that of each curve."""
    head = (
        "Written by `python -m benchmarks growth --table`: generated distributions of 10 files, or one of many files,",
        "each from an index of its own. *CPU for each more*: processor time for each distribution or file beyond the",
        "size before. *Exponent*: n in cost ~ size^n over the last step, less what the smallest size costs; 1 is",
        "linear.",
    )
    sections = {"": "\n".join(head)}
    versions = ", ".join(f"{tool} {version}" for tool, version in growth.versions.items())
    setting = ", ".join(growth.setting[key] for key in ("date", "processor", "file system") if key in growth.setting)
    for name, points in growth.curves.items():
        curve = CURVES[name]
        exponents = [
            f"{tool} {exponent:.2f}"
            for tool in growth.versions
            if (exponent := exponent_of([(size, found[tool]) for size, found in points.items() if tool in found]))
        ]
        lines = [
            f"`{curve.lane}` over {curve.unit}. {setting}; {versions}.",
            "",
            *table(_HEAD, _rows(points), text_columns=2),
            "",
            f"Exponent of CPU time: {', '.join(exponents) or 'too small to tell'}.",
            *(
                f"\nDifferent at {where}: {'; '.join(what)}."
                for where, what in growth.differences.items()
                if where.startswith(f"{name} ")
            ),
            "",
            f"![{name}](plots/{name}.svg)",
        ]
        sections[name] = "\n".join(lines)
    return sections


def exponent_of(points: Sequence[tuple[int, Summary]]) -> float | None:
    """Return n in cost ~ size^n over the last step; None where the costs are too small to tell.

    What the smallest size costs is taken off: the start of an interpreter does not grow.
    """
    if len(points) < _POINTS_FOR_EXPONENT:
        return None
    fixed = points[0][1].cpu_seconds
    (size, one), (larger, other) = points[-2:]
    low, high = one.cpu_seconds - fixed, other.cpu_seconds - fixed
    if low < _SMALLEST_SECONDS or high < _SMALLEST_SECONDS:
        return None
    return math.log(high / low) / math.log(larger / size)


def plot_of(name: str, points: Mapping[int, Mapping[str, Summary]]) -> str:
    """Return the plot of a curve: wall time of each tool, and our processor time."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for size, found in points.items():
        for tool, summary in found.items():
            lines.setdefault(tool, []).append((size, max(summary.wall_seconds, 0.001)))
            if tool == OURS:
                lines.setdefault(f"{tool}, CPU", []).append((size, max(summary.cpu_seconds, 0.001)))
    return line_plot(f"{CURVES[name].lane}", CURVES[name].unit, "seconds", lines)


def _rows(points: Mapping[int, Mapping[str, Summary]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    before: dict[str, tuple[int, float]] = {}
    for size, found in points.items():
        for place, (tool, summary) in enumerate(found.items()):
            each = ""
            if tool in before:
                earlier, seconds = before[tool]
                each = f"{(summary.cpu_seconds - seconds) / (size - earlier) * 1000:.3f} ms"
            before[tool] = (size, summary.cpu_seconds)
            rows.append(
                (
                    *(f"{size:,}" if place == 0 else "", tool, f"{summary.wall_seconds:.3f} s"),
                    *(f"{summary.cpu_seconds:.2f} s", each, f"{summary.peak_bytes / (1 << 20):.0f} MiB"),
                    str(summary.requests),
                )
            )
    return rows
