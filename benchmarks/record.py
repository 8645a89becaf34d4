"""Fills the mirror: runs the tools against a recording server, which keeps whatever they ask for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.command_lines import Places, command_of
from benchmarks.peers import clean_environment, ensure
from benchmarks.requirements import installs, lock_path, requirements_text
from benchmarks.scenarios import LANES, Pins
from benchmarks.serve import running_server


def record(set_name: str, tools: list[str], scratch: Path | None = None) -> None:
    """Bring into the mirror what ``tools`` ask for to install a set, and pin the set as uv resolves it."""
    with (
        tempfile.TemporaryDirectory(prefix="asyncpip-record-", dir=scratch) as name,
        running_server(record=True) as server,
    ):
        folder = Path(name)
        requirements, older = folder / "requirements.in", folder / "older.in"
        requirements.write_text(requirements_text(Pins.NONE, set_name))
        lock_path(set_name).parent.mkdir(parents=True, exist_ok=True)
        compiling = [str(ensure("uv")), "pip", "compile", "--no-config", "--quiet", "--generate-hashes", "--no-header"]
        compiling += ["--no-annotate", "--default-index", server.index_url, "--cache-dir", str(folder / "compile")]
        compiling += ["--python", sys.executable, "-o", str(lock_path(set_name)), str(requirements)]
        _run(compiling, f"{set_name}: pinned by uv")
        for tool in tools:
            environment = folder / tool
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
            places = Places(
                executable=ensure(tool),
                python=environment / "bin" / "python",
                index_url=server.index_url,
                cache=folder / f"{tool}-cache",
                requirements=requirements,
                downloads=folder / "downloads",
            )
            _run(command_of(tool, LANES["cold"], places), f"{set_name}: installed by {tool}")
            if installs(set_name, LANES["upgrade"]):
                older.write_text(requirements_text(Pins.OLDER, set_name))
                command = command_of(tool, LANES["cold"], replace(places, requirements=older))
                _run(command, f"{set_name}: an older version of one, by {tool}")
        counters = server.counters()
        print(f"{set_name}: {counters.requests} requests, {len(counters.missed)} without an answer", flush=True)


def _run(command: list[str], told: str) -> None:
    started = time.monotonic()
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    print(f"{told}: exit {done.returncode} in {time.monotonic() - started:.1f} s", flush=True)
    if done.returncode:
        print((done.stdout + done.stderr)[-2000:], flush=True)
