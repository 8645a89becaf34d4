"""What a run imports, measured in child interpreters: the two doors before anything heavy, and the lean modules."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest

from tests.architecture.modules import ROOT
from tests.support.index_server import IndexServer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

HEAVY = ("aiohttp", "anyio", "asyncio", "email.parser", "http.client", "resolvelib", "rich", "ssl", "uvloop")
"""Behind the first door: what only a run with something to do may load."""
ONLY_FOR_REQUESTS = ("aiohttp", "email.parser", "http.client", "truststore")
"""Behind the second door: what only a run that sends something may load. (`ssl` comes with asyncio and anyio.)"""
LEAN = (
    "store.layout",
    "store.store",
    "install.archive",
    "install.unpacker",
    "install.manifest",
    "install.linker",
    "install.transaction",
    "install.apply",
    "install.record",
    "install.scheme",
    "install.scripts",
    "install.wheel",
    "commands.context",
    "errors",
)
NOT_LEAN = frozenset({"asyncio", "dataclasses", "email", "enum", "hashlib", "inspect", "json", "re", "typing"})

RUNNER = """
import sys
blocked = tuple(sys.argv[2].split())
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(blocked) and (name in blocked or name.partition(".")[0] in blocked):
            raise RuntimeError(f"{name} is loaded on a way that must not need it")
sys.meta_path.insert(0, Block())
if sys.argv[1] == "offline":
    def refuse(event, arguments):
        if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
            raise RuntimeError(f"{event}{arguments[1:]}: a socket is used on a way that must not need one")
    sys.addaudithook(refuse)
    import ssl
    def no_context(*arguments, **options):
        raise RuntimeError("a TLS context is made on a way that must not need one")
    ssl.SSLContext.__new__ = no_context
from asyncpip.cli.main import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[IndexServer]:
    """Serve `demo`, which needs `needed`."""
    with IndexServer() as server:
        server.add_wheel("needed", "1.0")
        server.add_wheel("demo", "1.0", requires=["needed>=1"], entry_points={"console_scripts": ["demo = demo:main"]})
        yield server


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory, server: IndexServer) -> dict[str, Path]:
    """Make a cache, an environment that has `demo`, and an empty one."""
    places = {name: tmp_path_factory.mktemp(name) for name in ("cache", "filled", "empty")}
    for name in ("filled", "empty"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(places[name])], check=True)
    done = run_blocked(install_arguments(places, "filled", server), ())
    assert done.returncode == 0, done.stderr
    return places


def install_arguments(places: dict[str, Path], environment: str, server: IndexServer) -> list[str]:
    """Return a command line that installs `demo`."""
    options = ["--python", str(places[environment]), "--cache-dir", str(places["cache"]), "-i", server.index_url]
    return ["install", *options, "demo"]


def run_blocked(
    argv: list[str], blocked: Collection[str], *, offline: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run the program in a child where importing ``blocked`` (and what is in them) raises."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "ASYNCPIP_"))}
    environ |= {"PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": ROOT}
    environ.pop("VIRTUAL_ENV", None)
    mode = "offline" if offline else "free"
    return subprocess.run(
        [sys.executable, "-c", RUNNER, mode, " ".join(blocked), *argv],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_version_loads_nothing_heavy() -> None:
    done = run_blocked(["--version"], (*HEAVY, "packaging", "msgspec", "urllib"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("asyncpip ")


def test_help_loads_nothing_heavy() -> None:
    done = run_blocked(["install", "--help"], (*HEAVY, "packaging", "msgspec", "urllib"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "--requirement" in done.stdout


def test_satisfied_install_stays_before_the_first_door(environments: dict[str, Path], server: IndexServer) -> None:
    asked = len(server.requests)
    done = run_blocked(install_arguments(environments, "filled", server), HEAVY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Requirement already satisfied: needed>=1" in done.stdout
    assert len(server.requests) == asked


def test_served_install_stays_before_the_second_door(environments: dict[str, Path], server: IndexServer) -> None:
    done = run_blocked(install_arguments(environments, "empty", server), ONLY_FOR_REQUESTS, offline=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Successfully installed demo-1.0 needed-1.0" in done.stdout


def test_blocking_works(environments: dict[str, Path], server: IndexServer) -> None:
    """Show that the tests above can fail: a run that has something to fetch loads what they block."""
    arguments = [*install_arguments(environments, "filled", server), "--refresh", "--force-reinstall"]
    stopped = run_blocked(arguments, ("aiohttp",))
    assert (stopped.returncode, "must not need it" in stopped.stderr) == (2, True)
    silenced = run_blocked(arguments, (), offline=True)
    assert silenced.returncode != 0
    assert "must not need one" in silenced.stderr + silenced.stdout


@pytest.mark.parametrize("name", LEAN)
def test_lean_module_stays_lean(name: str) -> None:
    paths = [ROOT, sysconfig.get_path("platlib")]
    code = f"import sys; sys.path[:0] = {paths!r}; import asyncpip.{name}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & NOT_LEAN == set()
