"""`uninstall` is killed at every step that changes the environment: the next command undoes or finishes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import REPOSITORY, Outcome
from tests.support.killed_runs import killed_runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Site
    from tests.support.environments import Tree
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

RUNNER = """
import os, signal, sys
step, place = int(sys.argv[1]), sys.argv[2]
steps = 0
def look(event, arguments):
    global steps
    if event not in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink"):
        return
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
        return
    below_descriptor = event in ("os.remove", "os.rmdir") and arguments[-1] != -1  # of what was moved aside
    if below_descriptor or str(arguments[0]).startswith(place):
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
from asyncpip.cli.main import main
sys.exit(main(sys.argv[3:]))
"""
"""Kills itself before the step of the number given; 0 for never."""


@pytest.fixture
def prepared(site: Site, index_server: IndexServer) -> Site:
    """Have an environment with two distributions that share a namespace, scripts, and a `.pth` line."""
    for name in ("alpha", "beta"):
        index_server.add_wheel(
            name,
            "1.0",
            files={f"shared/{name}/mod.py": ""},
            entry_points={"console_scripts": [f"{name} = shared.{name}:main"]},
        )
    index_server.add_wheel("gamma", "1.0", files={"gamma/here/mod.py": "", "gamma/deep/down/mod.py": ""})
    index_server.add_wheel("stays", "1.0")
    outcome = site.install("-i", index_server.index_url, "alpha", "beta", "gamma", "stays")
    assert outcome.code == 0, outcome.text
    (site.environment.site_packages / "gamma" / "here" / "mine.txt").write_text("not of the wheel")
    develop = site.work / "project"
    (develop / "Project.egg-info").mkdir(parents=True)
    (develop / "Project.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: Project\nVersion: 1.0\n")
    packages = site.environment.site_packages
    (packages / "Project.egg-link").write_text(f"{develop}\n.")
    (packages / "easy-install.pth").write_text(f"/elsewhere\n{develop}\n")
    return site


def uninstall(site: Site, step: int, *names: str) -> Outcome:
    place = str(site.environment.directory)
    environ = site.environ({"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(site.cache)})
    arguments = ["uninstall", "-y", *names, "--python", place]
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(step), os.path.realpath(place), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=site.work,
        env=environ,
        stdin=subprocess.DEVNULL,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def restore(site: Site, saved: Path) -> None:
    shutil.rmtree(site.environment.directory)
    shutil.copytree(saved, site.environment.directory, symlinks=True)


@pytest.mark.timeout(300)
def test_a_kill_at_every_step(prepared: Site, tmp_path: Path) -> None:
    names = ("alpha", "project", "beta", "gamma")  # few files: each costs two steps, and a step two processes
    saved = tmp_path / "saved"
    shutil.copytree(prepared.environment.directory, saved, symlinks=True)
    before = prepared.tree()
    assert uninstall(prepared, 0, *names).code == 0
    after = prepared.tree()
    assert "shared" not in os.listdir(prepared.environment.site_packages)
    gamma = prepared.environment.site_packages / "gamma"
    assert sorted(path.relative_to(gamma).as_posix() for path in gamma.rglob("*")) == ["here", "here/mine.txt"]
    ends: list[Tree] = []
    step = undone = 0
    while True:
        step += 1
        restore(prepared, saved)
        killed = uninstall(prepared, step, *names)
        if killed.code == 0:
            break
        assert killed.code == -9, killed.text
        looked = prepared.asyncpip("uninstall", "-y", "missing")
        assert looked.code == 0, looked.text
        ends.append(prepared.tree())
        assert ends[-1] in (before, after), f"step {step}: {looked.text}"
        undone += "its changes are undone" in looked.stderr
    assert ends.count(before) > 10
    assert ends.count(before) - 6 < undone <= ends.count(before)  # before there is a journal, nothing has changed
    assert ends.count(after) > 10
    assert ends == [before] * ends.count(before) + [after] * ends.count(after)


def test_an_install_puts_it_right_too(prepared: Site, index_server: IndexServer) -> None:
    before = prepared.tree()
    assert uninstall(prepared, 8, "alpha", "beta").code == -9
    assert prepared.tree() != before
    outcome = prepared.install("-i", index_server.index_url, "alpha")
    assert "Requirement already satisfied: alpha" in outcome.stdout, outcome.text
    assert prepared.tree() == before


@pytest.mark.timeout(300)
@pytest.mark.parametrize("alone", [False, True], ids=["all of it", "without its children"])
def test_many_files_at_random(site: Site, index_server: IndexServer, pytestconfig: pytest.Config, alone: bool) -> None:
    """So many that other processes look at them, and delete them."""
    names = [f"many{number}" for number in range(20)]
    for name in names:
        files = {f"{name}/{part}/m{number}.py": "" for part in range(12) for number in range(10)}
        index_server.add_wheel(name, "1.0", files=files)
    assert site.install("-i", index_server.index_url, *names).code == 0
    count: int = pytestconfig.getoption("random_kills") // 4  # to put so many files back takes a second
    environment = ["--python", str(site.environment.directory)]
    ends = killed_runs(
        ["uninstall", "-y", *environment, *names],
        ["uninstall", "-y", "missing", *environment],
        place=site.environment.directory,
        cwd=site.work,
        environ=site.environ({"PIP_CACHE_DIR": str(site.cache)}),
        random_kills=count,
        seed=count,
        alone=alone,
    )
    assert [end for end in ends.ends if end.state == "half" or end.look_code != 0] == []
    assert len(ends.ends) == count
