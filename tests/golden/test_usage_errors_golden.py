"""Command lines that do not parse, given to pip and to asyncpip: the same exit code and the same last words."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

pytestmark = pytest.mark.golden


def run(program: str, line: str, cwd: Path, environ: dict[str, str]) -> tuple[int, str, str]:
    """Return exit code, whether there was output, and the last paragraph of stderr with its blanks made one."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PIP_", "ASYNCPIP_"))}
    done = subprocess.run(
        [sys.executable, "-m", program, *shlex.split(line)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=kept | {"PIP_CONFIG_FILE": os.devnull, "HOME": str(cwd), "PYTHONPATH": REPOSITORY} | environ,
    )
    last = " ".join(done.stderr.rpartition("\n\n")[2].split())
    return done.returncode, "output" if done.stdout else "", last.replace(f"-m {program}", "-m PROGRAM")


@pytest.mark.parametrize(
    "line",
    [
        "install --foo",
        "--foo install",
        "install --no-dep x",
        "install --c x",
        "--ver",
        "--no-c install",
        "install -r",
        "install -Uzq",
        "install -V",
        "install --no-deps=1 x",
        "install --retries abc x",
        "install --retries=",
        "--retries 08 install",
        "install --timeout abc x",
        "install --progress-bar foo",
        "install --use-feature foo",
        "install --exists-action x",
        "install --python-version 3.a",
        "install --python-version 3.1.2.3",
        "isntall x",
        "xyzzy",
        "help instal",
        "help --foo",
    ],
)
def test_the_same_last_words(line: str, tmp_path: Path) -> None:
    assert run("asyncpip", line, tmp_path, {}) == run("pip", line, tmp_path, {})


@pytest.mark.parametrize(
    ("line", "environ"),
    [
        ("install --no-binary -x foo", {}),
        ("install", {"PIP_RETRIES": "abc"}),
        ("install", {"PIP_NO_DEPS": "abc"}),
        ("install", {"PIP_NO_CACHE_DIR": "abc"}),
        ("install", {"PIP_VERBOSE": "-1"}),
        ("-h --foo", {}),
    ],
)
def test_the_same_exit_code(line: str, environ: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = (run(program, line, tmp_path, environ) for program in ("asyncpip", "pip"))
    assert ours[0] == theirs[0]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("install --upgrad-stratgy eager x", "did you mean --upgrade-strategy?"),
        (
            "--upgrade-strategy eager install x",
            "--upgrade-strategy is an option of install: it stands behind the command",
        ),
    ],
)
def test_what_was_meant_is_said_behind_the_words_of_pip(line: str, hint: str, tmp_path: Path) -> None:
    ours, theirs = (run(program, line, tmp_path, {}) for program in ("asyncpip", "pip"))
    assert ours == (2, "", f"{theirs[2]} {hint}")


@pytest.mark.parametrize(
    "line",
    [
        *["", "help", "--help", "help install", "install --help", "help install lock", "-h install", "help --help"],
        *[f"help {name}" for name in COMMANDS],
    ],
)
def test_help_pages_end_well(line: str, tmp_path: Path) -> None:
    """The same exit code and streams, and a page about the same command."""
    pages = {}
    for program in ("asyncpip", "pip"):
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("PIP_", "ASYNCPIP_"))}
        done = subprocess.run(
            [sys.executable, "-m", program, *shlex.split(line)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=kept | {"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), "PYTHONPATH": REPOSITORY},
        )
        assert (done.returncode, done.stderr) == (0, "")
        pages[program] = done.stdout.replace(f"-m {program}", "-m PROGRAM").splitlines()
    if line not in ("help hash", "help completion"):  # whose usage pip prints in another form, or not at all
        assert pages["asyncpip"][:2] == pages["pip"][:2]
        assert pages["asyncpip"][2].split()[:4] == pages["pip"][2].split()[:4]
