"""What was measured, as values, and what follows from them: medians, ratios pair by pair."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DIFFERENCES_KEPT = 20
_STARTS = 9
NOT_INSTALLED = "could not be installed"
"""Version of a tool that is not there."""
INTERPRETER_START = "interpreter start"
"""Key of the setting that says what a bare interpreter takes."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One process: what `launch.py` answers."""

    exit_code: int
    wall_seconds: float
    user_seconds: float
    system_seconds: float
    peak_bytes: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a lane with one tool."""

    measured: Measurement
    requests: int
    received_bytes: int
    missed: list[str]
    """Some of what was asked for and is not in the mirror."""
    complaint: str
    """The end of the output of a run that failed."""

    @property
    def ok(self) -> bool:
        """Whether the tool said that it succeeded."""
        return self.measured.exit_code == 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A tool in a lane: medians over its runs."""

    runs: int
    wall_seconds: float
    fastest_seconds: float
    cpu_seconds: float
    peak_bytes: int
    requests: int
    ratio: float | None
    """Wall time to that of the first tool in the same round, median; None for the first tool."""
    ratios: dict[str, float] = {}
    """The same to each of the other tools."""
    received_bytes: int = 0


class LaneResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one lane of one set."""

    lane: str
    set_name: str
    trials: dict[str, list[Trial]]
    summaries: dict[str, Summary]
    differences: dict[str, list[str]]
    """How a tool's environment differs from the first one's: some of the paths."""
    difference_counts: dict[str, int]
    measured: str = ""
    """When and on what."""
    tools: list[str] = []
    """Those that took part, the first of them first."""

    def summary(self) -> str:
        """Return some lines for people."""
        lines = [f"{self.set_name} / {self.lane}"]
        for tool, trials in self.trials.items():
            found = self.summaries.get(tool)
            if found is None:
                lines.append(f"  {tool:9} failed: {_last_line(trials)}")
                continue
            ratio = "" if found.ratio is None else f"  x{found.ratio:.2f}"
            lines.append(
                f"  {tool:9} {found.wall_seconds:7.3f} s  cpu {found.cpu_seconds:7.3f} s  "
                f"peak {found.peak_bytes >> 20:4} MiB  {found.requests:4} requests  {found.runs} runs{ratio}"
            )
            missed = [target for trial in trials for target in trial.missed]
            lines += [f"            not in the mirror: {missed[0]}"] if missed else []
        lines += [
            f"  {tool}: {self.difference_counts[tool]} files differ: {paths[0]}"
            for tool, paths in self.differences.items()
            if paths
        ]
        return "\n".join(lines)


class Results(msgspec.Struct, kw_only=True):
    """A whole run of the harness, as it is written to JSON."""

    setting: dict[str, str]
    versions: dict[str, str]
    lanes: list[LaneResult]

    def add(
        self,
        lane: str,
        set_name: str,
        trials: Mapping[str, list[Trial]],
        differences: Mapping[str, list[str]],
    ) -> LaneResult:
        """Work out and keep the result of one lane."""
        result = LaneResult(
            measured=", ".join(
                self.setting[key] for key in ("date", "processor", "file system") if key in self.setting
            ),
            tools=list(trials),
            lane=lane,
            set_name=set_name,
            trials=dict(trials),
            summaries=summarise(trials),
            differences={tool: paths[:_DIFFERENCES_KEPT] for tool, paths in differences.items()},
            difference_counts={tool: len(paths) for tool, paths in differences.items()},
        )
        self.lanes.append(result)
        return result


def summarise(trials: Mapping[str, Sequence[Trial]]) -> dict[str, Summary]:
    """Return medians of each tool whose runs all succeeded; ratios are to the first tool, round by round."""
    first = next(iter(trials), None)
    summaries = {}
    for tool, runs in trials.items():
        if not runs or not all(run.ok for run in runs):
            continue
        walls = [run.measured.wall_seconds for run in runs]
        summaries[tool] = Summary(
            runs=len(runs),
            wall_seconds=statistics.median(walls),
            fastest_seconds=min(walls),
            cpu_seconds=statistics.median(run.measured.user_seconds + run.measured.system_seconds for run in runs),
            peak_bytes=int(statistics.median(run.measured.peak_bytes for run in runs)),
            requests=int(statistics.median(run.requests for run in runs)),
            ratio=None if tool == first or first is None else _ratio(runs, trials[first]),
            ratios={
                other: ratio
                for other, others in trials.items()
                if other != tool and (ratio := _ratio(runs, others)) is not None
            },
            received_bytes=int(statistics.median(run.received_bytes for run in runs)),
        )
    return summaries


def setting_of(root: Path) -> dict[str, str]:
    """Return what the numbers depend on besides the tools: machine, interpreter, file system, date."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "file system": _file_system(root),
        INTERPRETER_START: f"{_interpreter_start_seconds() * 1000:.0f} ms",
    }


def _ratio(runs: Sequence[Trial], others: Sequence[Trial]) -> float | None:
    pairs = [
        run.measured.wall_seconds / other.measured.wall_seconds
        for run, other in zip(runs, others, strict=False)
        if other.ok
    ]
    return statistics.median(pairs) if pairs else None


def _last_line(trials: Sequence[Trial]) -> str:
    lines = trials[-1].complaint.strip().splitlines() if trials else []
    return lines[-1] if lines else "no output"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, "unknown")


def _interpreter_start_seconds() -> float:
    """Return what a bare interpreter takes from start to end."""
    walls = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
        walls.append(time.perf_counter() - started)
    return statistics.median(walls)


def _file_system(root: Path) -> str:
    answer = subprocess.run(["df", "--output=fstype", str(root)], capture_output=True, text=True, check=False)
    return answer.stdout.split()[-1] if answer.returncode == 0 and answer.stdout.split() else "unknown"
