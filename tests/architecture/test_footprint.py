"""What a run imports, measured in child interpreters: the doors before anything heavy, and the lean modules."""

from __future__ import annotations

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

NOT_LEAN = (
    "dataclasses", "email", "enum", "hashlib", "inspect", "json", "logging", "packaging", "pathlib", "re", "typing",
    "urllib",
)  # fmt: skip
"""What a remembered answer and a remembered install do without."""
HEAVY = (
    "aiohttp", "anyio", "asyncio", "asyncpip.resolve.search", "email.parser", "http.client", "msgspec", "ssl", "uvloop",
)  # fmt: skip
"""What only a run that has to resolve may load."""
ONLY_FOR_REQUESTS = (
    "aiohttp", "asyncpip.net.http_core", "asyncpip.net.direct_transport", "email.parser", "http.client", "truststore",
)  # fmt: skip
"""What only a run that sends something may load. (`ssl` comes with asyncio and anyio.)"""
LEAN = (
    "cli.completion", "cli.entry", "commands.check", "commands.context", "commands.freeze", "commands.list",
    "commands.show", "core.headers", "core.lean_json", "core.names", "core.plain_dependency",
    "core.plain_marker", "core.small_digests", "core.target", "core.unpacking", "core.values", "core.version_text",
    "environment.interpreter_records", "environment.listing", "environment.scan", "environment.tags",
    "environment.target", "environment.view", "errors", "install.apply", "install.archive", "install.journal",
    "install.linker", "install.manifest", "install.record", "install.scheme", "install.scripts",
    "install.transaction", "install.unpack_worker", "install.unpacker", "install.wheel", "store.answers",
    "store.layout", "store.sealed", "store.store",
)  # fmt: skip

RUNNER = """
import sys
sys.path[:0] = sys.argv[1].split(":")
blocked = tuple(sys.argv[3].split())
class Block:
    def find_spec(self, name, path=None, target=None):
        if name in blocked or name.partition(".")[0] in blocked:
            raise RuntimeError(f"{name} is loaded on a way that must not need it")
sys.meta_path.insert(0, Block())
if sys.argv[2] == "offline":
    def refuse(event, arguments):
        if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
            raise RuntimeError(f"{event}{arguments[1:]}: a socket is used on a way that must not need one")
    sys.addaudithook(refuse)
    import ssl
    def no_context(*arguments, **options):
        raise RuntimeError("a TLS context is made on a way that must not need one")
    ssl.SSLContext.__new__ = no_context
from asyncpip.cli.entry import main
code = main(sys.argv[4:])
sys.stdout.flush()
sys.exit(code)
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
    """Make a cache, an environment that has `demo`, and two that have nothing."""
    places = {name: tmp_path_factory.mktemp(name) for name in ("cache", "filled", "empty", "bare")}
    for name in ("filled", "empty", "bare"):
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
    paths = ":".join((ROOT, sysconfig.get_path("platlib")))
    mode = "offline" if offline else "free"
    command = [sys.executable, "-I", "-S", "-c", RUNNER, paths, mode, " ".join(blocked), *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("argv", [["--version"], ["install", "--help"]])
def test_pages_load_nothing_heavy(argv: list[str]) -> None:
    done = run_blocked(argv, (*HEAVY, "packaging", "urllib"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "asyncpip" in done.stdout


def test_completion_stays_before_the_first_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_AUTO_COMPLETE", "1")
    monkeypatch.setenv("COMP_WORDS", "asyncpip install --progress-bar o")
    monkeypatch.setenv("COMP_CWORD", "3")
    done = run_blocked([], (*HEAVY, *NOT_LEAN, "asyncpip.cli.main"))
    assert (done.returncode, done.stdout, done.stderr) == (1, "on\noff\n", "")


def test_known_answer_stays_before_the_first_door(environments: dict[str, Path], server: IndexServer) -> None:
    arguments = install_arguments(environments, "filled", server)
    first = run_blocked(arguments, ())
    asked = len(server.requests)
    again = run_blocked(arguments, (*HEAVY, *NOT_LEAN, "asyncpip.cli.main"))
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == first.stdout
    assert "Requirement already satisfied: needed>=1" in again.stdout
    assert len(server.requests) == asked


def test_known_dry_run_stays_before_the_first_door(environments: dict[str, Path], server: IndexServer) -> None:
    arguments = [*install_arguments(environments, "bare", server), "--dry-run"]
    first = run_blocked(arguments, ())
    again = run_blocked(arguments, (*HEAVY, *NOT_LEAN, "asyncpip.cli.main"))
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == first.stdout
    assert "Would install demo-1.0 needed-1.0" in again.stdout


def test_dry_run_elsewhere_stays_before_the_second_door(environments: dict[str, Path], server: IndexServer) -> None:
    """What `bare` was told does for `empty`, which is like it."""
    run_blocked([*install_arguments(environments, "bare", server), "--dry-run"], ())
    done = run_blocked([*install_arguments(environments, "empty", server), "--dry-run"], (*HEAVY, "packaging"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Would install demo-1.0 needed-1.0" in done.stdout


def test_remembered_install_stays_before_the_second_door(environments: dict[str, Path], server: IndexServer) -> None:
    asked = len(server.requests)
    done = run_blocked(install_arguments(environments, "empty", server), (*HEAVY, "packaging", "threading"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Successfully installed demo-1.0 needed-1.0" in done.stdout
    assert (environments["empty"] / "bin" / "demo").exists()
    assert len(server.requests) == asked


def test_remembered_upgrade_stays_before_the_second_door(tmp_path: Path) -> None:
    """What is there may stay, or be replaced, in another environment that has the same."""
    with IndexServer() as server:

        def upgraded(name: str, blocked: Collection[str]) -> str:
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / name)], check=True)
            places = {"cache": tmp_path / "cache", name: tmp_path / name}
            arguments = install_arguments(places, name, server)[:-1]
            assert run_blocked([*arguments, "tool==1.0"], ()).returncode == 0
            done = run_blocked([*arguments, "--upgrade", "tool"], blocked)
            assert (done.returncode, done.stderr) == (0, "")
            return done.stdout.replace(str(tmp_path / name), "ENVIRONMENT")

        for version in ("1.0", "2.0"):
            server.add_wheel("tool", version, requires=["needed"])
        server.add_wheel("needed", "1.0")
        first = upgraded("first", ())
        asked = len(server.requests)
        second = upgraded("second", (*HEAVY, "packaging"))
        assert len(server.requests) == asked
    assert second == first.replace("Downloading", "Using cached")
    assert "Successfully uninstalled tool-1.0\nSuccessfully installed tool-2.0" in second


def test_satisfied_install_stays_before_the_third_door(environments: dict[str, Path], server: IndexServer) -> None:
    arguments = [*install_arguments(environments, "filled", server), "needed>=0.5", "--report", "-"]
    done = run_blocked(arguments, HEAVY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Requirement already satisfied: needed>=0.5" in done.stdout
    assert '"install": []' in done.stdout


def test_served_install_stays_before_the_last_door(environments: dict[str, Path], server: IndexServer) -> None:
    """`--verify` is never remembered, so this run resolves."""
    arguments = [*install_arguments(environments, "bare", server), "--verify"]
    done = run_blocked(arguments, ONLY_FOR_REQUESTS, offline=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Successfully installed demo-1.0 needed-1.0" in done.stdout


def test_install_of_wheels_loads_nothing_that_builds(environments: dict[str, Path], server: IndexServer) -> None:
    arguments = [*install_arguments(environments, "filled", server), "--refresh", "--force-reinstall"]
    done = run_blocked(
        arguments, ("pyproject_hooks", "tarfile", "tomllib", "asyncpip.build", "asyncpip.pipeline.builder")
    )
    assert (done.returncode, done.stderr) == (0, "")


NOT_FOR_A_NAME = (
    "encodings.idna", "packaging.markers", "packaging.requirements", "packaging.tags", "packaging.utils",
    "asyncpip.environment.markers", "asyncpip.fetch.archives", "asyncpip.index.ranges", "asyncpip.install.uninstaller",
    "asyncpip.resolve.requirement_options", "asyncpip.resolve.requirement_text", "asyncpip.resolve.requirements_file",
)  # fmt: skip
"""What an install that is given names, of projects with usual metadata, does without."""
NOT_FOR_A_DRY_RUN = (
    "_hashlib",
    "asyncpip.commands.holding", "asyncpip.commands.install_changes",
    "asyncpip.environment.lock", "asyncpip.fetch", "asyncpip.install.apply", "asyncpip.install.archive",
    "asyncpip.install.transaction",
    "asyncpip.pipeline.keeping", "asyncpip.pipeline.stored_trees", "asyncpip.store.prune",
)  # fmt: skip


@pytest.mark.parametrize("is_dry", [False, True], ids=["install", "dry run"])
def test_install_of_a_name_loads_little(server: IndexServer, tmp_path: Path, *, is_dry: bool) -> None:
    """The cold path: nothing is in the store, and nothing is installed."""
    asked = len(server.requests)
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    places = {"cache": tmp_path / "cache", "new": environment}
    more, blocked = (["--dry-run"], (*NOT_FOR_A_NAME, *NOT_FOR_A_DRY_RUN)) if is_dry else ([], NOT_FOR_A_NAME)
    done = run_blocked([*install_arguments(places, "new", server), *more], blocked)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.requests) > asked


def test_install_of_a_file_of_names_loads_little_more(server: IndexServer, tmp_path: Path) -> None:
    environment, file = tmp_path / "environment", tmp_path / "requirements.txt"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    file.write_text("# all of it\ndemo\nneeded==1.0\n")
    arguments = install_arguments({"cache": tmp_path / "cache", "new": environment}, "new", server)
    grammar = {"asyncpip.resolve.requirement_options", "asyncpip.resolve.requirements_file"}
    done = run_blocked([*arguments, "-r", str(file)], [name for name in NOT_FOR_A_NAME if name not in grammar])
    assert (done.returncode, done.stderr) == (0, "")


def test_install_without_a_proxy_loads_no_aiohttp(environments: dict[str, Path], server: IndexServer) -> None:
    asked = len(server.requests)
    arguments = [*install_arguments(environments, "filled", server), "--refresh", "--force-reinstall"]
    done = run_blocked(arguments, ("aiohttp",))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.requests) > asked


@pytest.mark.parametrize(
    "line",
    [
        "hash {file}",
        "config list",
        "cache list --cache-dir {cache}",
        "uninstall -y --dry-run needed demo --python {filled}",
    ],
)
def test_local_commands_load_nothing_heavy(environments: dict[str, Path], line: str) -> None:
    values = {name: str(place) for name, place in environments.items()} | {"file": __file__}
    done = run_blocked([word.format_map(values) for word in line.split()], (*HEAVY, "packaging.requirements"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_blocking_works(environments: dict[str, Path], server: IndexServer) -> None:
    """Show that the tests above can fail: a run that has something to fetch loads what they block."""
    arguments = [*install_arguments(environments, "filled", server), "--refresh", "--force-reinstall"]
    stopped = run_blocked(arguments, ("msgspec",))
    assert stopped.returncode == 2
    assert "must not need it" in stopped.stderr
    silenced = run_blocked(arguments, (), offline=True)
    assert silenced.returncode != 0
    assert "must not need one" in silenced.stderr + silenced.stdout


LOCAL = (
    ["list"], ["list", "-v"], ["list", "--format=freeze"], ["list", "--not-required"], ["list", "--local"],
    ["freeze"], ["freeze", "--all", "--exclude", "demo"], ["show", "demo"], ["show", "-v", "needed"], ["check"],
)  # fmt: skip
"""Command lines that look at an environment."""


@pytest.mark.parametrize("argv", LOCAL, ids=" ".join)
def test_commands_that_look_load_nothing(environments: dict[str, Path], argv: list[str]) -> None:
    """Not even `re`: versions, requirements and metadata of the usual kind are read by hand."""
    options = ["--python", str(environments["filled"]), "--cache-dir", str(environments["cache"])]
    done = run_blocked([*argv, *options], (*HEAVY, *NOT_LEAN), offline=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(
    "argv",
    [["list", "--format=json"], ["inspect"], ["freeze", "-r", "demo"], ["show", "-f", "demo"]],
    ids=" ".join,
)
def test_commands_that_look_closer_load_nothing_heavy(environments: dict[str, Path], argv: list[str]) -> None:
    options = ["--python", str(environments["filled"]), "--cache-dir", str(environments["cache"])]
    done = run_blocked([*argv, *options], HEAVY, offline=False)
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout


@pytest.mark.parametrize("name", LEAN)
def test_lean_module_stays_lean(name: str) -> None:
    paths = [ROOT, sysconfig.get_path("platlib")]
    code = f"import sys; sys.path[:0] = {paths!r}; import asyncpip.{name}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {*NOT_LEAN, *HEAVY} == set()
