"""The scripts that `completion` prints, read by the shells that they are for, as far as those are here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asyncpip.commands.completion import SCRIPTS, script_for

REPOSITORY = Path(__file__).resolve().parents[3]
BASH = """
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$(( $# - 2 ))
_asyncpip_completion "$2" "${@: -1}"
printf '%s\\n' "${COMPREPLY[@]}"
complete -p asyncpip
"""
ZSH = """
compdef() { print -r -- "registered $*" }
compadd() { while [[ $1 != -- ]]; do shift; done; shift; (( $# )) && print -rl -- "$@"; true }
_default() { print default }
source $1
words=("${@:2}")
CURRENT=$#words
__asyncpip
"""
FISH = """
source $argv[1]
complete -C "$argv[2]"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Put the program under its name on the path, and something to complete in the working directory."""
    program = tmp_path / "bin" / "asyncpip"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom asyncpip.cli.entry import run\nrun()\n")
    program.chmod(0o755)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a b.txt").touch()
    for shell in SCRIPTS:
        (tmp_path / shell).write_text(script_for(shell, "/usr/bin/asyncpip"))
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)}


def completed(shell: str, line: list[str], environ: dict[str, str]) -> list[str]:
    """Return what ``shell`` offers for the last word of ``line``."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} here")
    home = Path(environ["HOME"])
    commands = {
        "bash": ["--norc", "-c", BASH, "bash", str(home / shell), *line],
        "zsh": ["-f", "-c", ZSH, "zsh", str(home / shell), *line],
        "fish": ["--no-config", "-c", FISH, str(home / shell), " ".join(line)],
    }
    done = subprocess.run(
        [found, *commands[shell]], capture_output=True, text=True, check=True, cwd=home / "work", env=environ
    )
    return [text.partition("\t")[0] for text in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_ask_the_program(shell: str, environ: dict[str, str]) -> None:
    assert "install" in completed(shell, ["asyncpip", "ins"], environ)
    assert "--index-url=" in completed(shell, ["asyncpip", "install", "--index-u"], environ)
    assert {"on", "off"} <= set(completed(shell, ["asyncpip", "install", "--progress-bar", "o"], environ))


def test_bash_keeps_blanks_of_paths_and_is_registered(environ: dict[str, str]) -> None:
    offered = completed("bash", ["asyncpip", "install", "-r", "a"], environ)
    assert offered == ["a\\ b.txt", "complete -o default -F _asyncpip_completion asyncpip"]


def test_bash_completes_behind_an_equals_sign(environ: dict[str, str]) -> None:
    """It cuts words there, and replaces the last piece only."""
    assert completed("bash", ["asyncpip", "install", "--progress-bar", "=", "o"], environ)[:2] == ["on", "off"]


def test_zsh_is_registered_and_falls_back(environ: dict[str, str]) -> None:
    assert completed("zsh", ["asyncpip", "install", "-i", "x"], environ) == [
        "registered __asyncpip asyncpip",
        "default",
    ]


@pytest.mark.parametrize("shell", SCRIPTS)
@pytest.mark.parametrize("prog", ["asyncpip", "/a b/bin/asyncpip", "/usr/bin/python3 -m asyncpip"])
def test_scripts_are_for_the_command(shell: str, prog: str) -> None:
    script = script_for(shell, prog)
    first = "#compdef asyncpip" if shell == "zsh" else ""
    assert script.startswith(f"{first}\n# asyncpip {shell} completion start\n")
    assert script.endswith(f"\n# asyncpip {shell} completion end\n\n")
    assert "{prog}" not in script
    assert "{name}" not in script
    assert "PIP_AUTO_COMPLETE" in script
