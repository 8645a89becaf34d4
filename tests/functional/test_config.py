"""`config`: every line of the reference, comments that stay, dry runs. The machine's own file is never changed."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.environments import Outcome, Workplace

SEED_LINES = """\
pip config list
pip config list --global
pip config list --site
pip config list --user
pip config get global.index-url
pip config get global.timeout
pip config set global.index-url https://pypi.example.org/simple
pip config set global.timeout 60
pip config set global.trusted-host pypi.example.org
pip config set global.proxy http://proxy.example.com:8080
pip config set --global global.index-url https://pypi.example.org/simple
pip config set --user global.timeout 60
pip config edit
pip config edit --global
pip config edit --editor vim
pip config set global.retries 5
pip config set install.progress-bar on
pip config set install.warn-conflicts true
pip config set global.index-url http://localhost:3141/root/pypi/+simple/
pip config set global.trusted-host localhost
pip config set global.trusted-host files.example.org
"""


def config(workplace: Workplace, *arguments: str, **environ: str) -> Outcome:
    return workplace.asyncpip("config", *arguments, environ={"PIP_CONFIG_FILE": "", **environ})


@pytest.fixture
def user_file(workplace: Workplace) -> Path:
    path = workplace.home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text("[global]\nindex-url = https://old.example.org/simple\ntimeout = 1\n")
    return path


@pytest.mark.parametrize("line", SEED_LINES.splitlines())
def test_line_of_the_reference(workplace: Workplace, user_file: Path, line: str) -> None:
    arguments = shlex.split(line)[2:]
    changes_machine = "--global" in arguments and ("set" in arguments or "edit" in arguments)
    if changes_machine:
        arguments += ["--dry-run"]
    programs = workplace.directory / "programs"
    programs.mkdir()
    (programs / "vim").write_text('#!/bin/sh\necho "[edited]" > "$1"\n')
    (programs / "vim").chmod(0o755)
    before = user_file.read_text()
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    outcome = config(workplace, *arguments, PATH=path, EDITOR="vim")
    assert outcome.code == 0, outcome.text
    action = arguments[0]
    if changes_machine:
        assert outcome.stdout.startswith("Would ")
        assert user_file.read_text() == before
    elif action == "set":
        key, value = arguments[-2:]
        assert outcome.stdout == f"Writing to {user_file}\n"
        assert config(workplace, "get", key).stdout == f"{value}\n"
    elif action == "edit":
        assert user_file.read_text() == "[edited]\n"
    elif action == "get":
        assert outcome.stdout in ("https://old.example.org/simple\n", "1\n")


def test_comments_and_order_stay(workplace: Workplace, user_file: Path) -> None:
    user_file.write_text("# mine\n[install]\nNo_Compile = yes\n\n[global]\n# slow line\ntimeout: 1\n")
    for arguments in (("set", "global.timeout", "9"), ("set", "install.no-deps", "1"), ("unset", "install.no-compile")):
        assert config(workplace, *arguments).code == 0
    assert user_file.read_text() == "# mine\n[install]\nno-deps = 1\n\n[global]\n# slow line\ntimeout: 9\n"


def test_dry_run(workplace: Workplace, user_file: Path) -> None:
    before = user_file.read_text()
    for arguments in (("set", "global.timeout", "9"), ("unset", "global.timeout")):
        outcome = config(workplace, *arguments, "--dry-run")
        assert (outcome.code, outcome.stdout) == (0, f"Would write to {user_file}\n")
    assert user_file.read_text() == before


def test_site_file_of_the_environment_counts(workplace: Workplace) -> None:
    """What is set for an environment is read by commands that work on it."""
    assert config(workplace, "--site", "set", "global.timeout", "abc").code == 0
    assert (workplace.environment.directory / "pip.conf").exists()
    outcome = config(workplace, "list")
    assert outcome.code == 3, outcome.text
    assert "pip.conf [global]" in outcome.stderr


def test_settings_of_our_own(workplace: Workplace, user_file: Path) -> None:
    assert config(workplace, "set", "asyncpip.link-mode", "copy").code == 0
    assert "asyncpip.link-mode='copy'" in config(workplace, "list").stdout
    assert user_file.read_text().endswith("\n[asyncpip]\nlink-mode = copy\n\n")


@pytest.mark.parametrize("key", ["global.", ".x", "global.a=b", "global.#x"])
def test_keys_that_no_file_can_hold(workplace: Workplace, user_file: Path, key: str) -> None:
    before = user_file.read_text()
    outcome = config(workplace, "set", key, "1")
    assert outcome.code == 1, outcome.text
    assert "cannot be set" in outcome.stderr, outcome.text
    assert user_file.read_text() == before
