"""Times lanes: tools take turns within each round, each in a fresh directory; nothing is deleted between rounds."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks.compare import compare, read_environment
from benchmarks.measurements import Measurement, Results, Trial, setting_of
from benchmarks.peers import clean_environment, ensure, version_of
from benchmarks.record import lock_path
from benchmarks.scenarios import LANES, SETS, Action, Cache, Lane, Pins, Places, command_of, has_lane, preparation_of
from benchmarks.serve import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT_FREE_BYTES = 4 << 30  # below this, finished rounds are deleted early: better than a full disk
_SLOW_TOOL = "pip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    lanes: list[str]
    sets: list[str]
    tools: list[str]
    rounds: int
    peer_rounds: int
    root: Path | None
    index_url: str | None


class Launcher:
    """The small process that starts and measures commands (`launch.py`)."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("launch.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def measure(self, command: list[str], directory: Path, output: Path, folders: dict[str, str]) -> Measurement:
        """Run ``command`` in a clean environment, plus ``folders`` that are variables naming directories."""
        request = {
            "command": command,
            "environment": clean_environment() | folders,
            "directory": str(directory),
            "output": str(output),
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - a pipe was asked for
        assert stdout is not None  # noqa: S101 - a pipe was asked for
        stdin.write(msgspec.json.encode(request) + b"\n")
        stdin.flush()
        return msgspec.json.decode(stdout.readline(), type=Measurement)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


class LaneRun:
    """One lane of one set, in one directory."""

    def __init__(self, lane: Lane, set_name: str, folder: Path, server: RunningServer | None, index_url: str) -> None:
        self._lane = lane
        self._folder = folder
        self._server = server
        self._index_url = index_url
        self._requirements = folder / "requirements.txt"
        self._requirements.write_text(requirements_text(lane, set_name))
        self._launcher = Launcher()
        self._prepared: dict[str, Path] = {}
        self._environments: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """End the launcher."""
        self._launcher.close()

    def trial(self, tool: str, executable: Path, number: int) -> Trial:
        """Run the lane once with ``tool`` and return what it took; a failure is a result, not an exception."""
        if self._lane.cache is Cache.FILLED and tool not in self._prepared:
            self._prepared[tool] = self._fresh(f"{tool}-prepared")
            lane = preparation_of(self._lane)
            self._run(tool, executable, self._prepared[tool], self._cache_of(tool, number), lane)
        environment = self._prepared[tool] if self._lane.installed else self._fresh(f"{tool}-{number}")
        if self._server:
            self._server.counters(reset=True)
        measured = self._run(tool, executable, environment, self._cache_of(tool, number), self._lane)
        counters = self._server.counters() if self._server else None
        if measured.exit_code == 0 and tool not in self._environments and self._lane.action is Action.INSTALL:
            self._environments[tool] = read_environment(environment)
        return Trial(
            measured=measured,
            requests=counters.requests if counters else 0,
            received_bytes=counters.sent_bytes if counters else 0,
            missed=counters.missed[:5] if counters else [],
            complaint=self._output(environment)[-600:] if measured.exit_code else "",
        )

    def differences(self) -> dict[str, list[str]]:
        """Return for each tool but the first how its environment differs from the first's."""
        tools = list(self._environments)
        return {
            tool: [str(one) for one in compare(self._environments[tools[0]], self._environments[tool])]
            for tool in tools[1:]
        }

    def free_space(self) -> None:
        """Delete finished rounds where the disk gets full."""
        if shutil.disk_usage(self._folder).free < _LEFT_FREE_BYTES:
            for used in self._folder.glob("*-[0-9]*"):
                shutil.rmtree(used, ignore_errors=True)

    def _run(self, tool: str, executable: Path, environment: Path, cache: Path, lane: Lane) -> Measurement:
        places = Places(
            executable=executable,
            python=environment / "bin" / "python",
            index_url=self._index_url,
            cache=cache,
            requirements=self._requirements,
            downloads=environment / "downloads",
        )
        folders = {"TMPDIR": str(self._folder)}
        return self._launcher.measure(command_of(tool, lane, places), self._folder, self._log(environment), folders)

    def _cache_of(self, tool: str, number: int) -> Path:
        return self._folder / (f"{tool}-cache" if self._lane.cache is Cache.FILLED else f"{tool}-cache-{number}")

    def _fresh(self, name: str) -> Path:
        """Make an empty environment; before the clock starts."""
        path = self._folder / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True, env=clean_environment())
        return path

    def _log(self, environment: Path) -> Path:
        return environment.with_name(environment.name + ".log")

    def _output(self, environment: Path) -> str:
        return self._log(environment).read_text("utf-8", "replace")


def run(plan: Plan) -> Results:
    """Measure everything in ``plan``; say each result when it is there."""
    executables: dict[str, Path] = {}
    versions: dict[str, str] = {}
    for tool in plan.tools:
        try:
            executables[tool] = ensure(tool)
        except subprocess.CalledProcessError as error:
            versions[tool] = "could not be installed"
            print(f"{tool} could not be installed: {error}", flush=True)
        else:
            versions[tool] = version_of(tool, executables[tool])
    results = Results(setting=setting_of(plan.root or default_root()), versions=versions, lanes=[])
    for set_name in plan.sets:
        for lane_name in plan.lanes:
            lane = LANES[lane_name]
            tools = {tool: path for tool, path in executables.items() if has_lane(tool, lane)}
            with _lane_run(plan, lane, set_name) as lane_run:
                trials = _take_turns(lane_run, tools, plan)
                result = results.add(lane_name, set_name, trials, lane_run.differences())
            print(result.summary(), flush=True)
    return results


@contextlib.contextmanager
def _lane_run(plan: Plan, lane: Lane, set_name: str) -> Iterator[LaneRun]:
    """Set up directory and server of a lane, and delete both afterwards."""
    with contextlib.ExitStack() as stack:
        root = plan.root or default_root()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asyncpip-bench-", dir=root)))
        server = None if plan.index_url else stack.enter_context(running_server(line=lane.line))
        index_url = server.index_url if server else plan.index_url or ""
        lane_run = LaneRun(lane, set_name, folder, server, index_url)
        stack.callback(lane_run.close)
        yield lane_run


def _take_turns(lane_run: LaneRun, tools: dict[str, Path], plan: Plan) -> dict[str, list[Trial]]:
    """Let every tool run once a round; a tool that fails is not asked again."""
    trials: dict[str, list[Trial]] = {tool: [] for tool in tools}
    for number in range(plan.rounds):
        for tool, executable in tools.items():
            failed = trials[tool] and trials[tool][-1].measured.exit_code
            if failed or (tool == _SLOW_TOOL and number >= plan.peer_rounds):
                continue
            trials[tool].append(lane_run.trial(tool, executable, number))
            lane_run.free_space()
    return trials


def requirements_text(lane: Lane, set_name: str) -> str:
    """Return the requirements file of a set as ``lane`` wants it written."""
    if lane.pins is Pins.NONE:
        return "".join(f"{line}\n" for line in SETS[set_name])
    locked = lock_path(set_name).read_text("utf-8")
    if lane.pins is Pins.HASHED:
        return locked
    pins = [line.removesuffix("\\").strip() for line in locked.splitlines() if not line.startswith((" ", "#"))]
    return "".join(f"{line}\n" for line in pins if line)


def default_root() -> Path:
    """Return where directories of a run go: memory where there is some."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh directory is made in it
    return memory if memory.is_dir() else Path(tempfile.gettempdir())
