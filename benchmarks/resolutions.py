"""Lets the tools answer the questions of `resolution_cases.py` from an empty cache, and checks their answers."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import Version

from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.wheel_filename import parse_wheel_name
from benchmarks.measurements import Measurement, setting_of
from benchmarks.mirror import Mirror
from benchmarks.peers import clean_environment, ensure, version_of
from benchmarks.resolution_cases import CASES, Case
from benchmarks.resolution_check import Checked, Declared, check_answer
from benchmarks.run import Launcher, default_root
from benchmarks.serve import MIRROR, RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PIP_LINE = re.compile(r"^Would install (.*)$", re.MULTILINE)
_UV_LINE = re.compile(r"^ \+ (\S+)==(\S+)", re.MULTILINE)


class Answer(msgspec.Struct, kw_only=True):
    """What one tool made of one case."""

    measured: list[Measurement]
    requests: int
    missed: list[str]
    """What was asked for and is not recorded."""
    pins: dict[str, str]
    """Empty where it says that there is no answer."""
    problems: list[str]
    unchecked: list[str]
    rounds: int | None = None
    backtracks: int | None = None
    older: list[str] = []
    """Projects for which pip's answer has a newer version."""
    newer: list[str] = []
    output: str = ""

    @property
    def wall_seconds(self) -> float:
        """Median."""
        return statistics.median(each.wall_seconds for each in self.measured)

    @property
    def cpu_seconds(self) -> float:
        """Median."""
        return statistics.median(each.user_seconds + each.system_seconds for each in self.measured)


class Resolutions(msgspec.Struct, kw_only=True):
    """A whole run."""

    setting: dict[str, str]
    versions: dict[str, str]
    cases: dict[str, dict[str, Answer]]


class _Bench:
    """A directory, a target without anything in it, and a server."""

    def __init__(self, folder: Path, server: RunningServer, executables: Mapping[str, Path]) -> None:
        self._folder = folder
        self._executables = executables
        self._server = server
        self._launcher = Launcher()
        self._number = 0
        self._mirror = Mirror(MIRROR)
        self._python = folder / "target" / "bin" / "python"
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(folder / "target")], check=True, env=clean_environment()
        )

    def close(self) -> None:
        self._launcher.close()

    def answer(self, tool: str, case: Case, rounds: int) -> Answer:
        """Ask ``tool`` several times, each with an empty cache."""
        measured = []
        output = self._folder / "output.txt"
        timings = self._folder / "timings.json"
        timings.unlink(missing_ok=True)
        for _ in range(rounds):
            self._number += 1
            cache = self._folder / str(self._number)
            command = [
                str(self._executables[tool]),
                *_arguments(tool, case, self._python, self._server.index_url, cache),
            ]
            command += ["--timings", str(timings)] if tool == "asyncpip" else []
            self._server.counters(reset=True)
            measured.append(self._launcher.measure(command, self._folder, output, {}))
        counters = self._server.counters()
        text = output.read_text("utf-8", "replace")
        pins = pins_in(tool, text) if measured[-1].exit_code == 0 else {}
        checked = self._check(case, pins) if pins else Checked([], [])
        found = msgspec.json.decode(timings.read_bytes(), type=dict[str, float]) if timings.exists() else {}
        return Answer(
            measured=measured,
            requests=counters.requests,
            missed=counters.missed,
            pins=pins,
            problems=checked.problems,
            unchecked=checked.unknown,
            rounds=int(found["rounds"]) if "rounds" in found else None,
            backtracks=int(found["backtracks"]) if "backtracks" in found else None,
            output="" if pins else text[-3000:],
        )

    def _check(self, case: Case, pins: Mapping[str, str]) -> Checked:
        return check_answer(case.requirements, pins, self._declared)

    def _declared(self, name: str, version: str) -> Declared | None:
        """Return what a recorded metadata file of this version says; all its wheels are taken to say the same."""
        page = self._mirror.find(f"/simple/{name}/")
        if page is None or page.body is None:
            return None
        for file in msgspec.json.decode(page.body)["files"]:
            wheel = parse_wheel_name(file["filename"])
            if wheel is None or Version(wheel.version) != Version(version):
                continue
            found = self._mirror.find(file["url"] + ".metadata")
            data = None if found is None else found.body or (found.path.read_bytes() if found.path else None)
            if data:
                metadata = parse_core_metadata(data)
                return Declared(metadata.requires_dist, metadata.requires_python)
        return None


def run_resolutions(names: list[str], tools: list[str], *, rounds: int, record: bool) -> Resolutions:
    """Ask all ``tools`` all cases; with ``record`` what is not in the mirror is fetched from the index, once."""
    executables = {tool: ensure(tool) for tool in tools}
    root = default_root()
    results = Resolutions(
        setting=setting_of(root),
        versions={tool: version_of(tool, path) for tool, path in executables.items()},
        cases={},
    )
    with (
        tempfile.TemporaryDirectory(prefix="asyncpip-resolve-", dir=root) as folder,
        running_server(record=record) as server,
    ):
        bench = _Bench(Path(folder), server, executables)
        for name in names:
            answers = results.cases[name] = {}
            for tool in tools:
                answers[tool] = bench.answer(tool, CASES[name], 1 if tool == "pip" else rounds)
            if "pip" in answers:
                for answer in answers.values():
                    _compare(answer, answers["pip"])
            for line in _lines(name, answers):
                print(line, flush=True)
        bench.close()
    return results


def _arguments(tool: str, case: Case, python: Path, index_url: str, cache: Path) -> list[str]:
    if tool == "uv":
        own = ["pip", "install", "--no-progress", "--no-config", "--python", str(python), "--default-index", index_url]
    else:
        own = ["--python", str(python), "install"] if tool == "pip" else ["install", "--python", str(python)]
        own += ["--progress-bar", "off", "-i", index_url, "--trusted-host", "127.0.0.1"]
    own += ["--only-binary", ":all:"] if case.wheels_only else []
    return [*own, "--dry-run", "--cache-dir", str(cache), *case.requirements]


def pins_in(tool: str, output: str) -> dict[str, str]:
    """Return the answer that a dry run printed, by normalised name."""
    if tool == "uv":
        return {canonicalize_name(name): version for name, version in _UV_LINE.findall(output)}
    found = _PIP_LINE.search(output)
    pairs = [word.rpartition("-") for word in found[1].split()] if found else []
    return {canonicalize_name(name): version for name, _, version in pairs}


def _compare(answer: Answer, pip: Answer) -> None:
    """Note where ``answer`` has other versions than pip's."""
    for name in sorted(answer.pins.keys() & pip.pins.keys()):
        one, other = Version(answer.pins[name]), Version(pip.pins[name])
        if one != other:
            (answer.older if one < other else answer.newer).append(f"{name} {one} ({other})")


def _lines(name: str, answers: Mapping[str, Answer]) -> Iterator[str]:
    yield name
    for tool, answer in answers.items():
        rounds = "" if answer.rounds is None else f"  {answer.rounds} rounds, {answer.backtracks} back"
        yield (
            f"  {tool:9} {len(answer.pins) or 'no':>4} pins {answer.wall_seconds:7.2f} s  "
            f"cpu {answer.cpu_seconds:6.2f} s  {answer.requests:5} requests{rounds}"
        )
        for kind in ("problems", "missed", "older", "newer"):
            values = getattr(answer, kind)
            if values:
                yield f"            {kind}: {len(values)}: {'; '.join(values[:3])}"


def resolution_section(results: Resolutions) -> list[str]:
    """Return the lines of `RESULTS.md` about these results."""
    lines = [
        "## Resolutions",
        "",
        "Written by `python -m benchmarks resolve --table`: `install --dry-run` of the sets in",
        "`benchmarks/resolution_cases.py` with an empty cache into an empty environment. Pages and metadata come from",
        "the local index. Wheels only, but for `beam`. *older*: versions that are older than pip's. Every answer was",
        "checked against the metadata of all that is in it (`benchmarks/resolution_check.py`); what was built from",
        "source has none recorded and is not. Medians, *ratio* to the first tool; pip ran once.",
        "",
        *(f"- {name}: {value}" for name, value in results.setting.items()),
        "- " + ", ".join(f"{tool} {version}" for tool, version in results.versions.items()),
        "",
        "| set | tool | answer | older | wall | CPU | ratio | requests | rounds | backtracks |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, answers in results.cases.items():
        first = next(iter(answers.values()))
        for place, (tool, answer) in enumerate(answers.items()):
            size = f"{len(answer.pins)}" if answer.pins else "none"
            if answer.problems:
                size += f", {len(answer.problems)} problems"
            ratio = "" if place == 0 else f"{answer.wall_seconds / first.wall_seconds:.2f}"
            lines.append(
                f"| {name if place == 0 else ''} | {tool} | {size} | {len(answer.older)} | {answer.wall_seconds:.2f} s "
                f"| {answer.cpu_seconds:.2f} s | {ratio} | {answer.requests} "
                f"| {'' if answer.rounds is None else answer.rounds} "
                f"| {'' if answer.backtracks is None else answer.backtracks} |"
            )
    return lines
