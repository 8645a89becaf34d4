"""Every option of every command with values that make no sense: exit code 1 or 2, no traceback, nothing changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS
from tests.support.environments import REPOSITORY, read_tree

if TYPE_CHECKING:
    from asyncpip.cli.specs import Option
    from tests.faults.conftest import Site

pytestmark = pytest.mark.faults

NONSENSE = (
    "", " ", "-", "--", "=", "@", ",,,", "::", "x", "-1", "1e400", "nan", "9" * 30, "9" * 5000,
    "\N{ARABIC-INDIC DIGIT ONE}", "1_0", "0x10", "a\nb",
    "\udcff\udcfe", "n\0l", "\N{PILE OF POO}" * 50, "x" * 100_000, "x" * 300, "a/" * 3000,
    "file/below", "directory", "file", "http://[", "http://h:port/", "http://h:99999999/", "//", "file:///", "[", "{",
    "file://other/x", "git+", "git+ssh://", "'", "%s%n%(x)s", "${HOME}", "$(touch x)", "a=b=c", "=b", ":all:", ":none:",
    "*", "\x1b[31m", "==1", "a==", "a @ b", "a[b", "/dev/null/x", "sha256:", "sha256:zz", "P1D", "P99999999999D",
    "P\N{ARABIC-INDIC DIGIT ONE}D", "9999-99-99", "0001-01-01T00:00:00+23:59",
)  # fmt: skip
"""No absolute path that could be written to: some options name places to write to."""
EACH_OPTION = int(os.environ.get("NONSENSE_EACH_OPTION", "1"))
"""So many of them for an option, each with another of the commands that have it; which, differs among options."""
BASES = {
    "install": ["nonesuch", "--no-index"],
    "download": ["nonesuch", "--no-index"],
    "wheel": ["nonesuch", "--no-index"],
    "lock": ["nonesuch", "--no-index"],
    "index": ["versions", "nonesuch", "--no-index"],
    "search": ["nonesuch", "--no-index"],
    "config": ["get", "nonesuch.key"],
    "cache": ["nonesuch"],
    "show": ["nonesuch"],
    "hash": ["nonesuch"],
    "help": ["nonesuch"],
}
"""Arguments with which the command fails, whatever its options say; others may well succeed."""
NEVER_RIGHT = ("number", "seconds", "choice", "key_value", "flag", "name", "counter", "off")
"""Kinds of which the values in `WRONG_FOR_ALL` are none, or that take no value at all."""
WRONG_FOR_ALL = ("x" * 300, "file/below", "http://[", "'", "\x1b[31m")

OTHER_FILE = b"\x00\xff nonsense"
LOST = 70
"""Exit code of a run that raised what `main` does not catch."""


class Run(NamedTuple):
    """One command line, and what it came to."""

    line: list[str]
    may_succeed: bool
    variable: tuple[str, str] = ("", "")
    """In the environment."""
    configuration: str = ""
    """What the configuration file says."""
    code: int = -1
    text: str = ""


def lines_by_command() -> dict[str, list[Run]]:
    homes: dict[tuple[str, ...], list[str]] = {}
    for command in COMMANDS:
        for option in COMMANDS[command].options:
            if option.kind not in ("help", "version") and option.long_flags:
                homes.setdefault(option.flags, []).append(command)
    found: dict[str, list[Run]] = {command: [] for command in COMMANDS}
    at = 0
    for flags, commands in homes.items():
        for turn in range(EACH_OPTION):
            at += 1
            command = commands[(at + turn) % len(commands)]
            (option,) = (option for option in COMMANDS[command].options if option.flags == flags)
            flag, base = option.long_flags[at % len(option.long_flags)], BASES.get(command, [])
            run = given(command, option, flag, NONSENSE[at % len(NONSENSE)], at % 4)
            found[command].append(run._replace(may_succeed=command not in BASES))
            if option.kind in NEVER_RIGHT:
                value = WRONG_FOR_ALL[at % len(WRONG_FOR_ALL)]
                found[command].append(Run([command, *base, f"{flag}={value}"], may_succeed=False))
        command = commands[at % len(commands)]
        found[command].append(Run([command, *BASES.get(command, []), f"{flags[-1]}nonsense"], may_succeed=False))
    return found


def given(command: str, option: Option, flag: str, value: str, way: int) -> Run:
    """Return a run of ``command`` that is given ``value`` in one of four ways."""
    base = BASES.get(command, [])
    if way == 1 and "\0" not in value:
        return Run([command, flag, value, *base], may_succeed=True)
    if way == 2 and "\0" not in value:
        prefix = "ASYNCPIP_" if option.own else "PIP_"
        name = flag.lstrip("-").replace("-", "_").upper()
        return Run([command, *base], may_succeed=True, variable=(prefix + name, value))
    if way == 3:
        return Run([command, *base], may_succeed=True, configuration=f"[global]\n{flag.lstrip('-')} = {value}\n")
    return Run([command, *base, f"{flag}={value}"], may_succeed=True)


LINES = lines_by_command()


def drive() -> None:
    """Run the lines that stdin holds, each in a fork of this process, and write what they came to."""
    from asyncpip.cli.main import main  # noqa: PLC0415 - in the child
    from asyncpip.commands import install_work  # noqa: F401, PLC0415 - loaded once for all

    runs = json.load(sys.stdin)
    found = []
    nothing = os.open(os.devnull, os.O_RDONLY)
    configuration = Path("../pip.conf")
    for line, variable, said_there in runs:
        said = os.open("../said", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        child = os.fork()
        if not child:
            os.dup2(nothing, 0)
            os.dup2(said, 1)
            os.dup2(said, 2)
            code = LOST
            try:
                if variable[0]:
                    os.environ[variable[0]] = variable[1]
                if said_there:
                    configuration.write_bytes(said_there.encode("utf-8", "surrogateescape"))
                    os.environ["PIP_CONFIG_FILE"] = str(configuration.resolve())
                code = main(line)
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.lseek(said, 0, os.SEEK_SET)
        found.append((code, os.read(said, 1 << 16).decode(errors="replace")))
        os.close(said)
    Path("../found").write_text(json.dumps(found))


def run_all(site: Site, runs: list[Run]) -> list[Run]:
    program = "from tests.faults.test_nonsense_options import drive; drive()"
    extra = {"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(site.cache), "PYTHONDONTWRITEBYTECODE": "1"}
    extra |= {"PIP_PYTHON": str(site.environment.directory), "PIP_RETRIES": "0", "PIP_TIMEOUT": "1"}
    subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([(run.line, run.variable, run.configuration) for run in runs]),
        text=True,
        check=True,
        cwd=site.work,
        env=site.environ(extra),
        timeout=100,
    )
    return [
        run._replace(code=code, text=text)
        for run, (code, text) in zip(runs, json.loads((site.work / "../found").read_text()), strict=True)
    ]


def short(run: Run) -> str:
    words = (*run.line, *run.variable, run.configuration)
    line = [word if len(word) < 90 else f"{word[:40]}…" for word in words if word]
    return f"{line!r} ended with {run.code}: {run.text[-300:]}"


def complaint(run: Run) -> str:
    """Return what is wrong with what became of a line; empty for nothing."""
    allowed = (1, 2, *((0,) if run.may_succeed else ()), *((3,) if run.variable[0] or run.configuration else ()))
    if run.code not in allowed:  # 3 is pip's for variables and configuration files
        return "the exit code"
    asked_for = any(word.startswith(("--debug", "--verbose")) for word in run.line) or "DEBUG" in run.variable[0]
    asked_for = asked_for or "VERBOSE" in run.variable[0] or run.configuration[9:].startswith(("debug", "verbose"))
    if "This is a bug" in run.text or ("Traceback" in run.text and not asked_for):
        return "a traceback"
    return "" if run.code == 0 or run.text.strip() else "silence"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_options_with_nonsense(site: Site, command: str) -> None:
    (site.work / "directory").mkdir()
    (site.work / "file").write_bytes(OTHER_FILE)
    before, work = site.tree(), read_tree(site.work)
    complaints = [f"{wrong}: {short(run)}" for run in run_all(site, LINES[command]) if (wrong := complaint(run))]
    assert not complaints, "\n".join(complaints)
    assert site.tree() == before
    after = read_tree(site.work)
    log = after["file"].content
    assert isinstance(log, bytes)
    after["file"] = after["file"]._replace(content=log[: len(OTHER_FILE)])  # `--log` appends
    assert {path: entry for path, entry in after.items() if path in work} == work
    assert site.store_leftovers() == []
