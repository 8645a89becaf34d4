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

from benchmarks.certificates import make_certificates
from benchmarks.command_lines import Places, command_of, has_lane
from benchmarks.compare import compare, read_environment
from benchmarks.measurements import NOT_INSTALLED, Measurement, Results, Trial, setting_of
from benchmarks.peers import clean_environment, ensure, version_of
from benchmarks.requirements import installs, mirror_of, requirements_text
from benchmarks.scenarios import LANES, Cache, Lane, preparations_of
from benchmarks.serve import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT_FREE_BYTES = 6 << 30  # below this, finished rounds are deleted early: better than a full disk
_SLOW_TOOL = "pip"
_ROUNDS_ON_A_LINE = 3  # the line decides, and it is always the same


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where a lane's runs take place."""

    environments: Path
    caches: Path


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

    def __init__(
        self, lane: Lane, set_name: str, folders: Folders, server: RunningServer | None, index_url: str
    ) -> None:
        self._lane = lane
        self._set_name = set_name
        self._folder = folders.environments
        self._caches = folders.caches
        self._server = server
        self._index_url = index_url
        self._launcher = Launcher()
        self._prepared: dict[str, Path] = {}
        self._environments: dict[str, dict[str, str]] = {}

    @property
    def is_on_a_line(self) -> bool:
        """Whether the server imitates a network."""
        return self._lane.line is not None

    def close(self) -> None:
        """End the launcher."""
        self._launcher.close()

    def trial(self, tool: str, executable: Path, number: int) -> Trial:
        """Run the lane once with ``tool`` and return what it took; a failure is a result, not an exception."""
        if self._lane.cache is Cache.FILLED and tool not in self._prepared:
            self._prepared[tool] = self._fresh(f"{tool}-prepared")
            self._prepare(tool, executable, self._prepared[tool], number)
        environment = self._prepared[tool] if self._lane.installed else self._fresh(f"{tool}-{number}")
        if self._lane.action.changes:
            self._prepare(tool, executable, environment, number)
        if self._server:
            self._server.counters(reset=True)
        measured = self._run(tool, executable, environment, self._cache_of(tool, number), self._lane)
        counters = self._server.counters() if self._server else None
        if measured.exit_code == 0 and tool not in self._environments and self._lane.action.writes:
            self._environments[tool] = read_environment(environment)
        return Trial(
            measured=measured,
            requests=counters.requests if counters else 0,
            received_bytes=counters.sent_bytes if counters else 0,
            missed=counters.missed[:5] if counters else [],
            complaint=self._output(environment)[-600:] if measured.exit_code else "",
        )

    def _prepare(self, tool: str, executable: Path, environment: Path, number: int) -> None:
        for lane in preparations_of(self._lane):
            self._run(tool, executable, environment, self._cache_of(tool, number), lane)

    def differences(self) -> dict[str, list[str]]:
        """Return for each tool but the first how its environment differs from the first's."""
        tools = list(self._environments)
        return {
            tool: [str(one) for one in compare(self._environments[tools[0]], self._environments[tool])]
            for tool in tools[1:]
        }

    def free_space(self) -> None:
        """Delete finished rounds where the disk gets full."""
        for folder in {self._folder, self._caches}:
            if min(shutil.disk_usage(folder).free, available_memory()) < _LEFT_FREE_BYTES:
                for used in folder.glob("*-[0-9]*"):
                    shutil.rmtree(used, ignore_errors=True)

    def _run(self, tool: str, executable: Path, environment: Path, cache: Path, lane: Lane) -> Measurement:
        places = Places(
            executable=executable,
            python=environment / "bin" / "python",
            index_url=self._index_url,
            cache=cache,
            requirements=self._requirements(lane),
            downloads=environment / "downloads",
            certificates=self._server.certificates.authority if self._server and self._server.certificates else None,
        )
        folders = {"TMPDIR": str(self._folder)}
        return self._launcher.measure(command_of(tool, lane, places), self._folder, self._log(environment), folders)

    def _requirements(self, lane: Lane) -> Path:
        path = self._folder / f"{lane.pins.value}.txt"
        if not path.exists():
            path.write_text(requirements_text(lane.pins, self._set_name), "utf-8")
        return path

    def _cache_of(self, tool: str, number: int) -> Path:
        return self._caches / (f"{tool}-cache" if self._lane.cache is Cache.FILLED else f"{tool}-cache-{number}")

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
    executables, versions = installed_tools(plan.tools)
    results = Results(setting=setting_of(plan.root or default_root()), versions=versions, lanes=[])
    for set_name in plan.sets:
        for lane_name in plan.lanes:
            lane = LANES[lane_name]
            if not installs(set_name, lane):
                continue
            tools = {tool: path for tool, path in executables.items() if has_lane(tool, lane)}
            with opened_lane(plan, lane, set_name) as lane_run:
                trials = take_turns(lane_run, tools, plan)
                result = results.add(lane_name, set_name, trials, lane_run.differences())
            print(result.summary(), flush=True)
    return results


def installed_tools(tools: list[str]) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the commands of ``tools`` and their versions; one that cannot be installed has a version that says so."""
    executables: dict[str, Path] = {}
    versions: dict[str, str] = {}
    for tool in tools:
        try:
            executables[tool] = ensure(tool)
        except subprocess.CalledProcessError as error:
            versions[tool] = NOT_INSTALLED
            print(f"{tool} could not be installed: {error}", flush=True)
        else:
            versions[tool] = version_of(tool, executables[tool])
    return executables, versions


@contextlib.contextmanager
def opened_lane(plan: Plan, lane: Lane, set_name: str) -> Iterator[LaneRun]:
    """Set up directory and server of a lane, and delete both afterwards."""
    with contextlib.ExitStack() as stack:
        root = plan.root or default_root()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asyncpip-bench-", dir=root)))
        folders = Folders(environments=folder, caches=folder)
        if lane.copies:
            elsewhere = tempfile.TemporaryDirectory(prefix="asyncpip-bench-", dir=other_file_system(root))
            folders = Folders(environments=folder, caches=Path(stack.enter_context(elsewhere)))
        server = None
        if not plan.index_url:
            certificates = make_certificates(folder) if lane.tls else None
            served = running_server(line=lane.line, root=mirror_of(set_name), certificates=certificates)
            server = stack.enter_context(served)
        index_url = server.index_url if server else plan.index_url or ""
        lane_run = LaneRun(lane, set_name, folders, server, index_url)
        stack.callback(lane_run.close)
        yield lane_run


def take_turns(lane_run: LaneRun, tools: dict[str, Path], plan: Plan) -> dict[str, list[Trial]]:
    """Let every tool run once a round; a tool that fails is not asked again."""
    trials: dict[str, list[Trial]] = {tool: [] for tool in tools}
    rounds = min(plan.rounds, _ROUNDS_ON_A_LINE) if lane_run.is_on_a_line else plan.rounds
    for number in range(rounds):
        for tool, executable in tools.items():
            failed = trials[tool] and trials[tool][-1].measured.exit_code
            if failed or (tool == _SLOW_TOOL and number >= plan.peer_rounds):
                continue
            trials[tool].append(lane_run.trial(tool, executable, number))
            lane_run.free_space()
    return trials


def default_root() -> Path:
    """Return where directories of a run go: memory where there is some."""
    memory = Path("/dev/shm")  # noqa: S108 - a fresh directory is made in it
    return memory if memory.is_dir() else Path(tempfile.gettempdir())


def other_file_system(root: Path) -> Path:
    """Return a directory for temporary files on another file system than ``root``; ``root`` itself if there is none."""
    places = [default_root(), Path(tempfile.gettempdir()), Path(__file__).parent / "results"]
    device = root.stat().st_dev
    return next((place for place in places if place.is_dir() and place.stat().st_dev != device), root)


def available_memory() -> int:
    """Return how many bytes of memory are to be had, which is where tmpfs keeps its files; a great number elsewhere."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return sys.maxsize
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return int(found) << 10 if found else sys.maxsize
