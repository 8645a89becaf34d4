"""`install` of sources: what is built when, what stands in between, and what is left when it goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import Workplace
from tests.support.source_tree import git, make_repository, sdist_of, source_tree, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.environments import Environment, Outcome
    from tests.support.index_server import IndexServer


@pytest.fixture
def temporary(workplace: Workplace) -> Path:
    """The directory for temporary files."""
    directory = workplace.directory / "temporary"
    directory.mkdir()
    return directory


def install(workplace: Workplace, temporary: Path, *arguments: str, **environ: str) -> Outcome:
    return workplace.install(*arguments, environ={"TMPDIR": str(temporary), **environ})


def staged(workplace: Workplace) -> list[str]:
    """What a run has left aside in the store."""
    directory = workplace.cache / "asyncpip" / "tmp"
    return sorted(os.listdir(directory)) if directory.exists() else []


def test_an_sdist_is_built_once(
    workplace: Workplace, temporary: Path, index_server: IndexServer, template: Environment
) -> None:
    index_server.add(*sdist_of("once", "1.0", requires=("leaf",)))
    index_server.add_wheel("leaf", "1.0")
    arguments = ["-v", "-i", index_server.index_url, "once"]
    first = install(workplace, temporary, *arguments)
    assert first.code == 0, first.text
    assert "Successfully built once" in first.stdout
    assert workplace.environment.distributions() == ["leaf-1.0", "once-1.0"]
    assert list(temporary.iterdir()) == []
    assert staged(workplace) == []
    asked = len(index_server.paths(containing="once-1.0.tar.gz"))
    other = Workplace(workplace.directory / "other", template, cache=workplace.cache)
    again = other.install(*arguments, "-U")
    assert again.code == 0, again.text
    assert "hook" not in again.stdout
    assert "Successfully built" not in again.stdout
    assert other.environment.distributions() == ["leaf-1.0", "once-1.0"]
    assert len(index_server.paths(containing="once-1.0.tar.gz")) == asked
    settings = other.install(*arguments, "--force-reinstall", "-C", "a=b")
    assert settings.code == 0, settings.text
    assert json.loads((other.environment.site_packages / "settings.json").read_text()) == {"a": "b"}


def test_a_wheel_of_a_directory_is_built_each_time(workplace: Workplace, temporary: Path) -> None:
    tree = write_tree(workplace.work / "proj", source_tree("proj"))
    assert install(workplace, temporary, "./proj").code == 0
    (tree / "src" / "proj" / "__init__.py").write_text("changed = 1\n")
    outcome = install(workplace, temporary, "./proj")
    assert outcome.code == 0, outcome.text
    assert (workplace.environment.site_packages / "proj" / "__init__.py").read_text() == "changed = 1\n"
    assert list(temporary.iterdir()) == []
    assert staged(workplace) == []


def test_metadata_that_can_be_relied_on_spares_a_build(
    workplace: Workplace, temporary: Path, index_server: IndexServer
) -> None:
    hook = "get_requires_for_build_wheel"
    index_server.add(*sdist_of("known", "1.0", static=True, requires=("leaf",), fails_in=hook))
    index_server.add(*sdist_of("unknown", "1.0", requires=("leaf",), fails_in=hook))
    index_server.add_wheel("leaf", "1.0")
    report = workplace.work / "report.json"
    outcome = install(workplace, temporary, "-i", index_server.index_url, "--dry-run", "--report", str(report), "known")
    assert outcome.code == 0, outcome.text
    assert "Would install known-1.0 leaf-1.0" in outcome.stdout
    entries = {entry["metadata"]["name"]: entry for entry in json.loads(report.read_text())["install"]}
    assert entries["known"]["metadata"]["requires_dist"] == ["leaf"]
    assert entries["known"]["download_info"]["archive_info"]["hashes"].keys() == {"sha256"}
    assert install(workplace, temporary, "-i", index_server.index_url, "known").code == 1
    assert install(workplace, temporary, "-i", index_server.index_url, "--dry-run", "unknown").code == 1
    assert workplace.environment.distributions() == []


def test_a_failed_build_says_what_why_and_where(
    workplace: Workplace, temporary: Path, index_server: IndexServer
) -> None:
    index_server.add_wheel("leaf", "1.0")
    index_server.add(*sdist_of("bad", "1.0", requires=("leaf",), fails_in="build_wheel"))
    outcome = install(workplace, temporary, "-i", index_server.index_url, "bad")
    assert outcome.code == 1
    assert "ERROR: Failed to build 'bad' when building wheel" in outcome.stderr
    assert "the backend `tiny_backend` failed (exit code 3); the end of its output:" in outcome.stderr
    assert "| hook build_wheel" in outcome.stderr
    assert "secret" not in outcome.text
    (log,) = temporary.iterdir()
    assert f"the whole output is in {log}" in outcome.stderr
    content = log.read_text()
    assert "hook prepare_metadata_for_build_wheel" in content
    assert "secret" not in content
    assert workplace.environment.distributions() == []
    assert staged(workplace) == []


def test_builds_that_need_one_another(workplace: Workplace, temporary: Path, index_server: IndexServer) -> None:
    index_server.add(*sdist_of("hen", "1.0", build_requires=("egg",)))
    index_server.add(*sdist_of("egg", "1.0", build_requires=("hen",)))
    index_server.add(*sdist_of("itself", "1.0", build_requires=("itself",)))
    for names in (["hen"], ["hen", "egg"], ["itself"]):
        outcome = install(workplace, temporary, "-i", index_server.index_url, *names)
        assert outcome.code == 1, outcome.text
        assert "cannot be built, because building it needs itself" in outcome.stderr
        assert list(temporary.iterdir()) == []


def test_what_a_build_sees(workplace: Workplace, temporary: Path, index_server: IndexServer) -> None:
    index_server.add_wheel("tool", "1.0", entry_points={"console_scripts": ["run-tool = tool:main"]}, files={
        "tool.py": "def main(): print('ran')\n"
    })  # fmt: skip
    index_server.add_wheel("hidden", "1.0")
    index_server.add(*sdist_of("sourced-tool", "1.0", files={"sourced_tool.py": ""}))
    needs = source_tree(
        "proj", build_requires=["tool", "sourced-tool"], imports=["sourced_tool"], programs=["run-tool"]
    )
    write_tree(workplace.work / "proj", needs)
    outcome = install(workplace, temporary, "-i", index_server.index_url, "hidden", "./proj")
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["hidden-1.0", "proj-1.0"]
    write_tree(workplace.work / "curious", source_tree("curious", imports=["hidden"]))
    curious = install(workplace, temporary, "./curious")
    assert curious.code == 1
    assert "No module named 'hidden'" in curious.stderr
    assert install(workplace, temporary, "--no-build-isolation", "./curious").code == 0


def test_builds_go_on_side_by_side(workplace: Workplace, temporary: Path, index_server: IndexServer) -> None:
    places = [str(workplace.directory / name) for name in ("one", "two")]
    for hook in ("prepare_metadata_for_build_wheel", "build_wheel"):
        for name, mine, other in (("one", *places), ("two", *reversed(places))):
            write_tree(workplace.work / hook / name, source_tree(name, meets=(hook, mine + hook, other + hook)))
        outcome = install(workplace, temporary, "--jobs", "2", f"./{hook}/one", f"./{hook}/two")
        assert outcome.code == 0, outcome.text
    hook = "prepare_metadata_for_build_wheel"
    for name, mine, other in (("three", *places), ("four", *reversed(places))):
        index_server.add(*sdist_of(name, meets=(hook, mine, other)))
    outcome = install(workplace, temporary, "--jobs", "2", "-i", index_server.index_url, "three", "four")
    assert outcome.code == 0, outcome.text


def test_archives_are_checked_before_anything_in_them_runs(
    workplace: Workplace, temporary: Path, index_server: IndexServer
) -> None:
    filename, content = sdist_of("checked", "1.0")
    index_server.add(filename, content)
    (workplace.work / "r.txt").write_text(f"checked==1.0 --hash=sha256:{'0' * 64}\n")
    outcome = install(workplace, temporary, "-v", "-i", index_server.index_url, "-r", "r.txt")
    assert outcome.code == 1
    assert "DO NOT MATCH THE HASHES" in outcome.stderr
    assert "hook" not in outcome.text
    by_url = install(workplace, temporary, "-v", f"{index_server.file_url(filename)}#sha256={'0' * 64}")
    assert by_url.code == 1
    assert "hook" not in by_url.text


def test_directories_that_stay(workplace: Workplace, temporary: Path, index_server: IndexServer) -> None:
    index_server.add(*sdist_of("kept", "1.0"))
    outcome = install(workplace, temporary, "-i", index_server.index_url, "--no-clean", "kept")
    assert outcome.code == 0, outcome.text
    (place,) = temporary.iterdir()
    assert f"Build directory {place} stays because of --no-clean" in outcome.stdout
    assert (place / "1" / "project.json").exists()


def test_a_subdirectory_in_the_place_of_a_revision(workplace: Workplace, temporary: Path) -> None:
    repository = workplace.directory / "repo"
    make_repository(repository, {f"pkg/in/{name}": text for name, text in source_tree("inner").items()})
    outcome = install(workplace, temporary, f"git+file://{repository}@subdirectory=pkg/in#egg=inner")
    assert outcome.code == 0, outcome.text
    assert "it is taken for #subdirectory=pkg/in" in outcome.stderr
    direct_url = json.loads((workplace.environment.site_packages / "inner-1.0.dist-info/direct_url.json").read_text())
    assert direct_url == {
        "subdirectory": "pkg/in",
        "url": f"file://{repository}",
        "vcs_info": {"commit_id": git(repository, "rev-parse", "HEAD"), "vcs": "git"},
    }


def test_a_commit_is_built_once(workplace: Workplace, temporary: Path) -> None:
    repository = workplace.directory / "repo"
    commit = make_repository(repository, source_tree("proj"))
    url = f"git+file://{repository}@{commit}"
    assert install(workplace, temporary, url).code == 0
    first = (workplace.environment.site_packages / "proj-1.0.dist-info/direct_url.json").read_text()
    outcome = install(workplace, temporary, url, "--force-reinstall")
    assert outcome.code == 0, outcome.text
    assert "Cloning" not in outcome.stdout
    assert (workplace.environment.site_packages / "proj-1.0.dist-info/direct_url.json").read_text() == first


def test_credentials_of_repositories_stay_secret(workplace: Workplace, temporary: Path) -> None:
    outcome = install(workplace, temporary, "-vvv", "git+http://user:secret@127.0.0.1:1/repo@main#egg=proj")
    assert outcome.code == 1
    assert "Failed to build 'proj' when cloning http://user:****@127.0.0.1:1/repo" in outcome.stderr
    assert "secret" not in outcome.text
    assert all("secret" not in log.read_text() for log in temporary.iterdir())


def test_a_checkout_that_is_in_the_way(workplace: Workplace, temporary: Path) -> None:
    one, two = workplace.directory / "one", workplace.directory / "two"
    make_repository(one, source_tree("proj", "1.0"))
    make_repository(two, source_tree("proj", "2.0"))
    arguments = ["-e", f"git+file://{two}#egg=proj", "--src", "src"]
    assert install(workplace, temporary, "-e", f"git+file://{one}#egg=proj", "--src", "src").code == 0
    stuck = install(workplace, temporary, *arguments)
    assert stuck.code == 1
    assert "exists already, and is a checkout of something else" in stuck.stderr
    assert "--exists-action" in stuck.stderr
    assert install(workplace, temporary, *arguments, "--exists-action", "a").code == 1
    assert workplace.environment.distributions() == ["proj-1.0"]
    switched = install(workplace, temporary, *arguments, "--exists-action", "s")
    assert switched.code == 0, switched.text
    assert workplace.environment.distributions() == ["proj-2.0"]
    wiped = install(workplace, temporary, "-e", f"git+file://{one}#egg=proj", "--src", "src", "--exists-action", "b")
    assert wiped.code == 0, wiped.text
    assert sorted(os.listdir(workplace.work / "src")) == ["proj", "proj.bak"]
    assert workplace.environment.distributions() == ["proj-1.0"]


@pytest.mark.parametrize("presses", [1, 5])
def test_a_run_that_is_interrupted_while_it_builds(workplace: Workplace, temporary: Path, presses: int) -> None:
    write_tree(workplace.work / "slow", source_tree("slow", sleeps_in="build_wheel"))
    environ = workplace.environ({"TMPDIR": str(temporary), "PIP_CACHE_DIR": str(workplace.cache)})
    command = [sys.executable, "-m", "asyncpip", "install", "--python", str(workplace.environment.directory), "./slow"]
    environ["PYTHONPATH"] = os.getcwd()
    child = subprocess.Popen(command, cwd=workplace.work, env=environ, stderr=subprocess.PIPE, text=True)
    note = workplace.work / "slow" / "sleeping"
    deadline = time.monotonic() + 30
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    backend = int(note.read_text())
    for _ in range(presses):
        child.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, stderr = child.communicate(timeout=30)
    assert child.returncode == 1, stderr
    assert "Traceback" not in stderr
    assert re.search("cancelled by user", stderr, re.IGNORECASE)
    with pytest.raises(ProcessLookupError):
        os.kill(backend, 0)
    assert list(temporary.iterdir()) == []
    assert staged(workplace) == []
    assert workplace.environment.distributions() == []


def test_what_a_build_requires_and_no_index_has(
    workplace: Workplace, temporary: Path, index_server: IndexServer
) -> None:
    """The error names the project whose build needs it: nobody has asked for the backend by name."""
    system = '[build-system]\nrequires = ["absent-backend"]\nbuild-backend = "absent"\n'
    write_tree(workplace.work / "needy", {"pyproject.toml": system})
    failed = install(workplace, temporary, "-i", index_server.index_url, "./needy")
    assert failed.code == 1
    assert "Failed to build './needy' when installing build dependencies" in failed.stderr
    assert "No matching distribution found for absent-backend" in failed.stderr
    assert "hint: " in failed.stderr
    assert list(temporary.iterdir()) == []
    assert staged(workplace) == []
    assert workplace.environment.distributions() == []
