"""Half-written command lines completed by pip and by asyncpip, and the command that prints scripts."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS
from asyncpip.cli.options import INDEX

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden.twins import Twins

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

pytestmark = pytest.mark.golden


def run(program: str, arguments: list[str], cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PIP_", "ASYNCPIP_"))}
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=kept | {"PIP_CONFIG_FILE": os.devnull, "HOME": str(cwd), "PYTHONPATH": REPOSITORY} | environ,
    )


@pytest.mark.parametrize(
    "line",
    [
        "ins|",
        "--ver|",
        "--lo|",
        "install --no-d|",
        "install --re|",
        "install -|",
        "install -r r|",
        "install -r req/|",
        "--cache-dir r|",
        "install r|",
        "install ./|",
        "-v install --tar|",
        "--cert r|",
        "help |",
        "completion --|",
        "completion -|",
        "cache i|",
        "config l|",
        "index v|",
        "list --o|",
        "list -|",
        "show -|",
        "freeze --|",
        "uninstall --|",
        "download --d|",
        "wheel --w|",
        "lock --o|",
        "index --|",
        "search -|",
        "debug --p|",
        "inspect --|",
        "check --|",
        "hash --a|",
    ],
)
def test_what_pip_offers_is_offered(line: str, tmp_path: Path) -> None:
    """Exit code 1, and more words only for options that pip does not have, and for commands behind `help`."""
    (tmp_path / "req").mkdir()
    (tmp_path / "req" / "base.txt").touch()
    (tmp_path / "readme.txt").touch()
    words = shlex.split(line.partition("|")[0])
    position = len(words) + line.endswith(" |")
    offered = {}
    for program in ("asyncpip", "pip"):
        environ = {
            "PIP_AUTO_COMPLETE": "1",
            "COMP_WORDS": " ".join([program, *words]),
            "COMP_CWORD": str(position),
        }
        done = run(program, [], tmp_path, environ)
        assert (done.returncode, done.stderr) == (1, "")
        offered[program] = {text.rstrip("=") for text in done.stdout.split()}
    assert offered["asyncpip"] >= offered["pip"]
    own = {flag for spec in COMMANDS.values() for option in spec.options if option.own for flag in option.flags}
    own.add("--dry-run")  # of `install` alone in pip
    if line.startswith(("freeze", "search")):  # they ask indexes here
        own |= {flag for option in INDEX.options for flag in option.flags}
    assert offered["asyncpip"] - offered["pip"] <= own | (set(COMMANDS) if line == "help |" else set())
    assert offered["asyncpip"]


@pytest.mark.parametrize("environ", [{}, {"COMP_WORDS": "x install"}, {"COMP_CWORD": "1"}])
def test_without_a_line_the_command_runs(environ: dict[str, str], tmp_path: Path) -> None:
    for program in ("asyncpip", "pip"):
        done = run(program, ["--version"], tmp_path, {"PIP_AUTO_COMPLETE": "1", **environ})
        assert (done.returncode, done.stdout.split()[0]) == (0, program)


@pytest.mark.parametrize(
    "line", ["", "--bash", "--zsh --bash", "-f", "-p", "-q --zsh", "-b -b -q -q -q", "--fish extra", "--korn", "-bz"]
)
def test_the_command(line: str, tmp_path: Path) -> None:
    """The same exit code and messages; of the script its first line, since the scripts are not pip's."""
    ours, theirs = (run(program, ["completion", *shlex.split(line)], tmp_path, {}) for program in ("asyncpip", "pip"))
    assert ours.returncode == theirs.returncode
    assert ours.stderr.splitlines()[-1:] == theirs.stderr.splitlines()[-1:]
    script = ours.stdout.removeprefix("#compdef asyncpip")  # which zsh looks for in the first line, where pip has none
    assert script.split("\n")[:2] == [text.replace("# pip", "# asyncpip") for text in theirs.stdout.split("\n")[:2]]


@pytest.mark.parametrize(("words", "position"), [("", 4), ("p", 4), ("Top", 4), ("plain ", 5)])
def test_names_of_what_is_installed(twins: Twins, words: str, position: int) -> None:
    twins.check("plain Top.Name tools")
    pair = twins.run_command(
        "",
        PIP_AUTO_COMPLETE="1",
        COMP_WORDS=twins.fill(f"x --python {{env}} uninstall {words}"),
        COMP_CWORD=str(position),
    )
    theirs, ours = (set(side.outcome.stdout.split()) for side in pair)
    assert theirs
    assert ours == theirs
    assert (pair.pip.outcome.code, pair.ours.outcome.code) == (1, 1)
