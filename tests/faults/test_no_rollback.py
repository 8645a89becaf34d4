"""`--no-rollback`: what was finished before an error or a kill stays; what was not is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.environments import copy_environment, read_tree
from tests.support.killed_runs import killed_runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Site
    from tests.support.environments import Environment
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.faults

NAMES = ("alpha", "beta", "gamma")


@pytest.fixture
def wheels(site: Site, index_server: IndexServer) -> list[str]:
    """Options that find three projects, each in two versions, each of which needs the one before it."""
    for version in ("1.0", "2.0"):
        for number, name in enumerate(NAMES):
            index_server.add_wheel(
                name,
                version,
                files={f"{name}/mod.py": version, "shared/mod.py": f"{name} {version}", f"{name}/{version}.py": ""},
                entry_points={"console_scripts": [f"{name} = {name}.mod:main"]},
                requires=[f"{NAMES[number - 1]}=={version}"] if number else [],
            )
    folder = site.directory / "wheels"
    folder.mkdir()
    for served in (file for files in index_server.projects.values() for file in files):
        (folder / served.filename).write_bytes(served.data)
    return ["--no-index", "--find-links", str(folder)]


def put_in_the_way(site: Site) -> Path:
    """Let `beta` 2.0 fail: a directory with somebody's file stands where its module belongs."""
    place = site.environment.site_packages / "beta" / "2.0.py"
    place.mkdir(parents=True)
    (place / "theirs.txt").write_text("kept")
    return place


def test_what_was_finished_stays(site: Site, wheels: list[str]) -> None:
    assert site.install(*wheels, "gamma==1.0").code == 0
    obstacle = put_in_the_way(site)
    before = site.tree()

    whole = site.install(*wheels, "gamma==2.0")
    assert whole.code == 1, whole.text
    assert "the environment is as it was before" in whole.stderr
    assert site.tree() == before

    kept = site.install(*wheels, "gamma==2.0", "--no-rollback")
    assert kept.code == 1, kept.text
    assert "Installed before that, and kept because of --no-rollback: alpha-2.0\n" in kept.stderr, kept.text
    assert "what was not finished is as it was before" in kept.stderr, kept.text
    assert "Successfully installed" not in kept.stdout
    assert site.environment.distributions() == ["alpha-2.0", "beta-1.0", "gamma-1.0"]
    changed = {path for path, entry in site.tree().items() if before.get(path) != entry} | (before.keys() - site.tree())
    inside = {path.partition("site-packages/")[2].partition("/")[0] for path in changed}
    assert inside == {"alpha", "alpha-1.0.dist-info", "alpha-2.0.dist-info", "shared"}

    (obstacle / "theirs.txt").unlink()
    obstacle.rmdir()
    done = site.install(*wheels, "gamma==2.0", "--no-rollback")
    assert done.code == 0, done.text
    assert site.environment.distributions() == ["alpha-2.0", "beta-2.0", "gamma-2.0"]


def test_an_error_in_the_first_changes_nothing(site: Site, wheels: list[str]) -> None:
    put_in_the_way(site)
    before = site.tree()
    outcome = site.install(*wheels, "beta==2.0", "--no-deps", "--no-rollback")
    assert outcome.code == 1, outcome.text
    assert "the environment is as it was before" in outcome.stderr
    assert "kept because of" not in outcome.stderr
    assert site.tree() == before


@pytest.mark.parametrize("more", [(), ("--compile",)], ids=["plain", "compiled"])
def test_it_ends_with_the_same_files(
    site: Site, wheels: list[str], template: Environment, more: tuple[str, ...]
) -> None:
    trees, told = [], []
    for name, options in (("one", ()), ("two", ("--no-rollback",))):
        environment = copy_environment(template, site.directory / name / "env")
        for version in ("1.0", "2.0"):
            outcome = site.asyncpip(
                "install", *wheels, f"gamma=={version}", *options, *more, python=environment.directory
            )
            assert outcome.code == 0, outcome.text
            told.append(outcome.stderr.replace(name, "?"))
        trees.append(
            {
                path: entry
                for path, entry in read_tree(environment.directory, bytecode=False).items()
                if not path.startswith("bin/") and not path.endswith("RECORD") and path != "pyvenv.cfg"
            }
        )
    assert trees[0] == trees[1]
    assert "is written by both" in told[0]
    assert told[:2] == told[2:]


def test_a_kill_at_every_step_leaves_whole_distributions(site: Site, wheels: list[str]) -> None:
    environment = ["--python", str(site.environment.directory)]
    assert site.install(*wheels, "gamma==1.0").code == 0
    ends = killed_runs(
        ["install", "--no-rollback", *environment, *wheels, "gamma==2.0"],
        ["freeze", *environment],
        place=site.environment.directory,
        cwd=site.work,
        environ=site.environ({"PIP_CACHE_DIR": str(site.cache)}),
        stride=2,
    )
    assert {end.look_code for end in ends.ends} == {0}
    frozen = [[line for line in end.look.splitlines() if "==" in line] for end in ends.ends]
    stages = [
        [f"{name}=={'2.0' if number < done else '1.0'}" for number, name in enumerate(NAMES)] for done in range(4)
    ]
    assert all(each in stages for each in frozen)
    assert [stages.index(each) for each in frozen] == sorted(stages.index(each) for each in frozen)
    assert {stages.index(each) for each in frozen} == {0, 1, 2, 3}
