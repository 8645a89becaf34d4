"""`install` beside other software: what is importable where it runs must not matter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import REPOSITORY, read_tree
from tests.support.index_server import Fault
from tests.support.source_tree import sdist_of

if TYPE_CHECKING:
    from tests.support.environments import Workplace
    from tests.support.index_server import IndexServer

SNIFFIO = """\
import contextvars

class AsyncLibraryNotFoundError(RuntimeError):
    pass

current_async_library_cvar = contextvars.ContextVar("current_async_library_cvar", default=None)

def current_async_library():
    library = current_async_library_cvar.get()
    if library is None:
        raise AsyncLibraryNotFoundError
    return library
"""


def test_sniffio_is_installed(workplace: Workplace, index_server: IndexServer) -> None:
    """With it (it comes with httpx and trio) anyio knows its loop by a context variable, which threads do not have."""
    index_server.add_wheel("leaf", "1.0")
    index_server.add_wheel("app", "1.0", requires=["leaf"])
    (workplace.work / "beside").mkdir()
    (workplace.work / "beside" / "sniffio.py").write_text(SNIFFIO)
    path = os.pathsep.join([str(workplace.work / "beside"), str(REPOSITORY)])
    outcome = workplace.install("-i", index_server.index_url, "app", environ={"PYTHONPATH": path})
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["app-1.0", "leaf-1.0"]


def test_modules_of_the_working_directory_are_not_imported(workplace: Workplace, index_server: IndexServer) -> None:
    """`python -m` puts the working directory first on the path; pip takes it away again."""
    index_server.add_wheel("leaf", "1.0")
    for name in ("packaging", "anyio", "msgspec", "uvloop"):
        (workplace.work / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")
    outcome = workplace.install("-i", index_server.index_url, "leaf")
    assert outcome.code == 0, outcome.text


def test_target_with_modules_of_the_same_names(workplace: Workplace, index_server: IndexServer) -> None:
    """The target's interpreter is asked about itself without importing what is installed there."""
    index_server.add_wheel("leaf", "1.0")
    site_packages = workplace.environment.site_packages
    site_packages.mkdir(parents=True, exist_ok=True)
    for name in ("packaging", "json", "sitecustomize_not"):
        (site_packages / f"{name}.py").write_text("raise SystemExit('imported from the target')\n")
    outcome = workplace.install("-i", index_server.index_url, "leaf", "--compile")
    assert outcome.code == 0, outcome.text


def test_file_name_that_the_locale_cannot_write(workplace: Workplace, index_server: IndexServer) -> None:
    index_server.add_wheel("leaf", "1.0")
    index_server.add_wheel("accent", "1.0", files={"accent.py": "", "é.py": ""}, requires=["leaf"])
    before = read_tree(workplace.directory)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    refused = workplace.install("-i", index_server.index_url, "accent", environ=ascii_only)
    assert refused.code == 1
    assert "a file name cannot be written on this system" in refused.stderr
    assert read_tree(workplace.directory) == before
    assert workplace.install("-i", index_server.index_url, "accent", environ={"LC_ALL": "C"}).code == 0
    assert (workplace.environment.site_packages / "é.py").exists()


def start(workplace: Workplace, *arguments: str) -> subprocess.Popen[str]:
    """Start an install and do not wait for it."""
    environ = workplace.environ({"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(workplace.cache)})
    place = ["--python", str(workplace.environment.directory)]
    return subprocess.Popen(
        [sys.executable, "-m", "asyncpip", "install", *place, *arguments],
        env=environ,
        cwd=workplace.work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_into_one_environment(workplace: Workplace, index_server: IndexServer) -> None:
    for number in range(6):
        index_server.add_wheel(f"leaf{number}", "1.0")
    index_server.add_wheel("one", "1.0", requires=[f"leaf{number}" for number in range(4)])
    index_server.add_wheel("two", "1.0", requires=[f"leaf{number}" for number in range(2, 6)])
    runs = [start(workplace, "-i", index_server.index_url, name) for name in ("one", "two")]
    for run in runs:
        output, errors = run.communicate(timeout=60)
        assert run.returncode == 0, output + errors
    assert workplace.environment.distributions() == [
        *(f"leaf{number}-1.0" for number in range(6)),
        "one-1.0",
        "two-1.0",
    ]
    checked = workplace.pip("check")
    assert checked.code == 0, checked.text


def test_interrupt(workplace: Workplace, index_server: IndexServer) -> None:
    index_server.add_wheel("leaf", "1.0")
    index_server.add_wheel("slow", "1.0", requires=["leaf"])
    index_server.script("/files/slow-1.0-py3-none-any.whl", Fault(stall_seconds=30))
    before = read_tree(workplace.environment.directory)
    run = start(workplace, "-i", index_server.index_url, "slow")
    assert run.stdout is not None
    assert run.stdout.readline().startswith("Looking in indexes")
    for _ in range(600):
        if index_server.paths(containing="slow-1.0-py3-none-any.whl"):
            break
        index_server.stopping.wait(0.02)
    run.send_signal(signal.SIGINT)
    output, errors = run.communicate(timeout=20)
    assert run.returncode == 1, output + errors
    assert errors == "ERROR: Operation cancelled by user\n"
    assert read_tree(workplace.environment.directory) == before
    staging = workplace.cache / "asyncpip" / "tmp"
    assert not staging.exists() or list(staging.iterdir()) == []


def test_stdout_that_nobody_reads(workplace: Workplace, index_server: IndexServer) -> None:
    index_server.add_wheel("leaf", "1.0")
    reading, writing = os.pipe()
    os.close(reading)
    environ = workplace.environ({"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(workplace.cache)})
    done = subprocess.run(
        [sys.executable, "-m", "asyncpip", "install", "-i", index_server.index_url, "leaf",
         "--python", str(workplace.environment.directory)],
        env=environ, cwd=workplace.work, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 120, done.stderr
    assert "Traceback" not in done.stderr
    assert workplace.environment.distributions() == ["leaf-1.0"]  # what was begun is brought to its end


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed(workplace: Workplace, index_server: IndexServer, closed: str) -> None:
    """No file of the run gets such a descriptor: children would write into it, and libuv ends the process."""
    index_server.add_wheel("leaf", "1.0")
    index_server.add(*sdist_of("built", "1.0", requires=("leaf",)))
    environ = workplace.environ({"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(workplace.cache)})
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "asyncpip", "install", "--compile",
         "-i", index_server.index_url, "built", "--python", str(workplace.environment.directory)],
        env=environ, cwd=workplace.work, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert ("Successfully installed built-1.0 leaf-1.0" in done.stdout) == (">&-" not in closed.split())
    assert workplace.environment.distributions() == ["built-1.0", "leaf-1.0"]


def test_working_directory_that_is_gone(workplace: Workplace, index_server: IndexServer) -> None:
    index_server.add_wheel("leaf", "1.0")
    script = 'd=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$@"'
    environ = workplace.environ({"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(workplace.cache)})
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "asyncpip", "install", "-i", index_server.index_url, "leaf",
         "--python", str(workplace.environment.directory)],
        env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "ERROR: the working directory does not exist any more" in done.stderr
    assert "Traceback" not in done.stderr
