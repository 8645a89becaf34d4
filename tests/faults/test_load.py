"""Much in one run: memory and descriptors stay bounded.

`LOAD_SCALE=25 pytest tests/faults/test_load.py -s` is 1,000 distributions with 100,000 files, and 5,000 pages.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.environments import REPOSITORY
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.faults.conftest import Site
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

SCALE = int(os.environ.get("LOAD_SCALE", "2"))
DISTRIBUTIONS, FILES_EACH, PAGES, VERSIONS_EACH = 40 * SCALE, 100, 200 * SCALE, 10
MOST_DESCRIPTORS = 200
"""Of one process; many systems allow 256."""
MOST_BYTES = 250 << 20
"""Of one process; a bare run with the network has 50 MiB."""


class Load(NamedTuple):
    """What a run took at its peak."""

    code: int
    text: str
    descriptors: int
    peak_bytes: int
    processes: int


def tree_of(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


class Watch(threading.Thread):
    """Looks at a process and its children until it has ended."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.is_over = threading.Event()
        self.descriptors = self.peak_bytes = self.processes = 0

    def run(self) -> None:
        while not self.is_over.wait(0.01):
            processes = tree_of(self.root)
            self.processes = max(self.processes, len(processes))
            for pid in processes:
                try:
                    self.descriptors = max(self.descriptors, len(os.listdir(f"/proc/{pid}/fd")))
                    status = Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                peak = status.partition("VmHWM:")[2].split()[:1]
                self.peak_bytes = max(self.peak_bytes, int(peak[0]) << 10 if peak else 0)


def run_watched(site: Site, *arguments: str) -> Load:
    extra = {"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(site.cache), "PYTHONDONTWRITEBYTECODE": "1"}

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, MOST_DESCRIPTORS))

    started = time.monotonic()
    with (site.directory / "said").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "asyncpip", *arguments, "--python", str(site.environment.directory)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=site.work,
            env=site.environ(extra),
            preexec_fn=limit,  # noqa: PLW1509 - a limit can be set nowhere else
        )
        watch = Watch(process.pid)
        watch.start()
        code = process.wait()
        watch.is_over.set()
        watch.join()
        said.seek(0)
        load = Load(code, said.read()[-3000:], watch.descriptors, watch.peak_bytes, watch.processes)
    took = f"{time.monotonic() - started:.1f} s, {load.peak_bytes >> 20} MiB, {load.descriptors} descriptors"
    sys.stderr.write(f"{arguments[0]} {' '.join(arguments[1:3])}: {took}, {load.processes} processes\n")
    return load


def check(load: Load) -> None:
    assert load.code == 0, load.text
    assert load.descriptors <= MOST_DESCRIPTORS
    assert load.peak_bytes <= MOST_BYTES, load


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.timeout(60 + 60 * SCALE)
def test_many_distributions_and_files(site: Site, index_server: IndexServer) -> None:
    for number in range(DISTRIBUTIONS):
        name = f"p{number}"
        files = {f"{name}/sub{at % 7}/m{at}.py": f"{name} {at}\n" * (at % 30) for at in range(FILES_EACH - 5)}
        requires = [f"p{number + step}" for step in (1, 7) if number + step < DISTRIBUTIONS]
        index_server.add(*build_wheel(name, "1.0", files=files, requires=requires, entry_points={
            "console_scripts": [f"{name} = {name}:main"]}))  # fmt: skip
    places = ("-i", index_server.index_url)
    check(run_watched(site, "install", "p0", *places))
    assert len(site.environment.distributions()) == DISTRIBUTIONS
    check(run_watched(site, "install", "p0", "--force-reinstall", *places))
    names = [f"p{number}" for number in range(DISTRIBUTIONS)]
    (site.work / "all.txt").write_text("\n".join(names))
    check(run_watched(site, "download", "-r", "all.txt", "-d", "kept", "--no-deps", *places))
    assert len(list((site.work / "kept").iterdir())) == DISTRIBUTIONS
    check(run_watched(site, "freeze"))
    check(run_watched(site, "uninstall", "-y", "-r", "all.txt"))
    assert site.environment.distributions() == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.timeout(60 + 60 * SCALE)
def test_many_pages(site: Site, index_server: IndexServer) -> None:
    for number in range(PAGES):
        for version in range(VERSIONS_EACH):
            index_server.add_wheel(f"p{number}", f"1.{version}", requires=[f"p{(number * 7 + 1) % PAGES}"])
    (site.work / "all.txt").write_text("\n".join(f"p{number}" for number in range(PAGES)))
    for more in ((), ("--refresh",)):
        load = run_watched(site, "install", "-r", "all.txt", "--dry-run", "-q", "-i", index_server.index_url, *more)
        check(load)
    check(run_watched(site, "lock", "-r", "all.txt", "-i", index_server.index_url, "-q"))
