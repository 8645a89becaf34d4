"""`install` with options of its own, and with settings from variables and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environments import Environment, Workplace, copy_environment, distributions_in, read_tree
from tests.support.index_server import IndexServer
from tests.support.wheel_builder import record_digest

BASE_PYTHON = os.path.realpath(sys.executable)
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
    index_server.add_wheel("app", "1.0", requires=["leaf>=1"], files={"app/__init__.py": "value = 1\n"})
    index_server.add_wheel("old-app", "1.0", requires=["leaf<2"])
    index_server.add_sdist("source", "1.0")
    return index_server


def test_compile(workplace: Workplace, index: IndexServer) -> None:
    assert workplace.install("-i", index.index_url, "app", "--compile").code == 0
    environment = workplace.environment
    tag = sys.implementation.cache_tag
    made = environment.site_packages / "app" / "__pycache__" / f"__init__.{tag}.pyc"
    assert made.exists()
    assert f"app/__pycache__/{made.name},," in (environment.site_packages / "app-1.0.dist-info/RECORD").read_text()
    used = subprocess.run([environment.python, "-v", "-c", "import app"], capture_output=True, text=True, check=True)
    assert f"matches {environment.site_packages / 'app' / '__init__.py'}" in used.stderr


def test_no_bytecode_unless_asked_for(workplace: Workplace, index: IndexServer) -> None:
    assert workplace.install("-i", index.index_url, "app").code == 0
    assert not any(workplace.environment.site_packages.rglob("*.pyc"))
    outcome = workplace.install("-i", index.index_url, "app", "--force-reinstall", environ={"PIP_COMPILE": "1"})
    assert outcome.code == 0, outcome.text
    assert any(workplace.environment.site_packages.rglob("*.pyc"))


def test_verify(workplace: Workplace, index: IndexServer) -> None:
    rows = [("liar.py", record_digest(b"something else"), "14"), ("liar-1.0.dist-info/RECORD", "", "")]
    index.add_wheel("liar", "1.0", files={"liar.py": "the truth\n"}, record_rows=rows)
    assert workplace.install("-i", index.index_url, "app", "--verify").code == 0
    outcome = workplace.install("-i", index.index_url, "liar", "--verify")
    assert outcome.code == 1
    assert "liar.py" in outcome.stderr


def test_verify_with_a_lone_requirements_file(workplace: Workplace, index: IndexServer) -> None:
    (workplace.work / "requirements.txt").write_text("leaf==1.0\n")
    outcome = workplace.install("-i", index.index_url, "--verify", "requirements.txt")
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["leaf-1.0"]
    assert "WARNING: " in outcome.stderr


def test_conflicts_with_what_is_installed(workplace: Workplace, index: IndexServer) -> None:
    assert workplace.install("-i", index.index_url, "old-app").code == 0
    before = read_tree(workplace.environment.directory)
    strict = workplace.install("-i", index.index_url, "leaf==2.0", "--strict-conflicts")
    assert strict.code == 1
    assert "old-app 1.0 requires leaf<2, but you have leaf 2.0 which is incompatible." in strict.stderr
    assert read_tree(workplace.environment.directory) == before
    silent = workplace.install("-i", index.index_url, "leaf==2.0", "--no-warn-conflicts")
    assert (silent.code, silent.stderr) == (0, "")
    told = workplace.install("-i", index.index_url, "leaf==2.0", "--force-reinstall")
    assert told.code == 0
    assert "ERROR: pip's dependency resolver does not currently take into account" in told.stderr


def test_override(workplace: Workplace, index: IndexServer) -> None:
    (workplace.work / "override.txt").write_text("leaf==2.0\n")
    outcome = workplace.install("-i", index.index_url, "old-app", "--override", "override.txt")
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["leaf-2.0", "old_app-1.0"]


def test_only_dependencies(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "--only-deps", "old-app")
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["leaf-1.0"]


def test_timings_and_report(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "app", "--timings", "times.json", "--report", "report.json")
    assert outcome.code == 0, outcome.text
    timings = json.loads((workplace.work / "times.json").read_text())
    assert timings["total"] >= timings["resolve"] >= 0
    report = json.loads((workplace.work / "report.json").read_text())
    assert [item["metadata"]["name"] for item in report["install"]] == ["leaf", "app"]


def test_how_much_is_said(workplace: Workplace, index: IndexServer) -> None:
    quiet = workplace.install("-i", index.index_url, "leaf==1.0", "-q", "--log", "logs/run.log")
    assert (quiet.code, quiet.stdout, quiet.stderr) == (0, "", "")
    log = (workplace.work / "logs" / "run.log").read_text()
    assert "Successfully installed leaf-1.0" in log
    usual = workplace.install("-i", index.index_url, "leaf==2.0")
    verbose = workplace.install("-i", index.index_url, "leaf==1.0", "-vv")
    assert usual.stdout.splitlines()[-1] == "Successfully installed leaf-2.0"
    assert verbose.stdout.splitlines()[-1] == "Successfully installed leaf-1.0"
    assert len(verbose.stdout.splitlines()) > len(usual.stdout.splitlines())
    silent = workplace.install("-i", index.index_url, "missing", "-qqq")
    assert (silent.code, silent.stdout) == (1, "")
    assert "No matching distribution found for missing" in silent.stderr


def test_dry_run_changes_nothing(workplace: Workplace, index: IndexServer) -> None:
    before = read_tree(workplace.directory)
    outcome = workplace.install("-i", index.index_url, "--dry-run", "app")
    assert outcome.stdout.splitlines()[-1] == "Would install app-1.0 leaf-2.0"
    assert not [path for path in index.paths(containing="/files/") if path.endswith(".whl")]
    assert read_tree(workplace.directory) == before


def test_active_environment(workplace: Workplace, index: IndexServer) -> None:
    environ = {"VIRTUAL_ENV": str(workplace.environment.directory)}
    outcome = workplace.asyncpip("install", "-i", index.index_url, "leaf", python=None, environ=environ)
    assert outcome.code == 0, outcome.text
    assert str(workplace.environment.directory) in outcome.stderr
    assert workplace.environment.distributions() == ["leaf-2.0"]


def test_virtual_environment_required(workplace: Workplace, index: IndexServer) -> None:
    arguments = ("install", "--dry-run", "-i", index.index_url, "leaf", "--require-virtualenv")
    outcome = workplace.asyncpip(*arguments, python=BASE_PYTHON)
    assert outcome.code == 3
    assert "Could not find an activated virtualenv (required)." in outcome.stderr
    assert workplace.asyncpip(*arguments).code == 0


@pytest.mark.skipif(
    not list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")), reason="the system's Python is not managed here"
)
def test_externally_managed(workplace: Workplace, index: IndexServer) -> None:
    arguments = ("install", "-i", index.index_url, "leaf", "--dry-run")
    refused = workplace.asyncpip(*arguments, python=SYSTEM_PYTHON)
    assert refused.code == 1
    assert "ERROR: This environment is externally managed" in refused.stderr
    for more in ("--break-system-packages", "--target=t", "--report=r.json"):
        allowed = workplace.asyncpip(*arguments, more, python=SYSTEM_PYTHON)
        assert allowed.code == 0, allowed.text
    real = [argument for argument in arguments if argument != "--dry-run"]
    assert workplace.asyncpip(*real, "--target=t", python=SYSTEM_PYTHON).code == 0
    assert distributions_in(workplace.work / "t") == ["leaf-2.0"]


@pytest.mark.parametrize("option", ["--target", "--prefix", "--root"])
def test_a_place_that_is_empty_is_none(workplace: Workplace, index: IndexServer, option: str) -> None:
    """It comes of a variable of the shell's that is not set; the working directory is not meant."""
    outcome = workplace.install("-i", index.index_url, "leaf", option, "")
    assert outcome.code == 0, outcome.text
    assert list(workplace.work.iterdir()) == []
    assert workplace.environment.distributions() == ["leaf-2.0"]


def test_words_that_mean_nothing_are_projects(workplace: Workplace, index: IndexServer, template: Environment) -> None:
    """Each time, also where the outcome is known: pip takes no notice at all."""
    for place in ("first", "second"):
        other = copy_environment(template, workplace.directory / place)
        arguments = ["-i", index.index_url, "--only-binary", ":leaf:,:all:", "leaf", "--all-releases", ":x:"]
        outcome = workplace.asyncpip("install", *arguments, python=other.directory)
        assert outcome.code == 0, outcome.text
        assert "WARNING: --only-binary :leaf:: neither :all: nor :none:, so it is read as" in outcome.stderr
        assert "the project leaf" in outcome.stderr
        assert "WARNING: --all-releases :x:: " in outcome.stderr
    excluded = workplace.install("-i", index.index_url, "--no-binary", ":leaf:", "leaf")
    assert excluded.code == 1
    assert "wheels are excluded by --no-binary" in excluded.stderr


def test_settings_from_files_and_variables(workplace: Workplace, index: IndexServer) -> None:
    configuration = workplace.work / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {index.index_url}\n[install]\nno-deps = yes\n")
    from_file = {"PIP_CONFIG_FILE": str(configuration)}
    assert workplace.install("app", environ=from_file).code == 0
    assert workplace.environment.distributions() == ["app-1.0"]
    dead = {**from_file, "PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0"}
    assert workplace.install("leaf", environ=dead).code == 1
    ours = {**dead, "ASYNCPIP_INDEX_URL": index.index_url}
    assert workplace.install("leaf==1.0", environ=ours).code == 0
    assert workplace.install("leaf==2.0", "-i", index.index_url, environ=dead).code == 0
    wrong = workplace.install("leaf", environ={"PIP_RETRIES": "many"})
    assert wrong.code == 3


def test_user_option_of_the_configuration_is_ignored_in_a_virtual_environment(
    workplace: Workplace, index: IndexServer
) -> None:
    outcome = workplace.install("-i", index.index_url, "leaf", environ={"PIP_USER": "1"})
    assert outcome.code == 0, outcome.text
    assert "WARNING: " in outcome.stderr
    assert workplace.environment.distributions() == ["leaf-2.0"]
    assert workplace.install("-i", index.index_url, "leaf", "--user").code == 1


def test_source_distributions_are_not_built_against_the_users_wish(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "--no-build", "source")
    assert outcome.code == 1
    assert "No matching distribution found for source" in outcome.stderr
    assert "only a source distribution, and --no-build forbids building: 1.0" in outcome.stderr
    assert "hint: leave --no-build out" in outcome.stderr
    assert workplace.environment.distributions() == []
    (workplace.work / "proj").mkdir()
    (workplace.work / "proj" / "setup.py").touch()
    by_path = workplace.install("--no-build", "./proj")
    assert by_path.code == 1
    assert "./proj would have to be built, and --no-build forbids that" in by_path.stderr


def test_prerequisites_of_a_target(workplace: Workplace, index: IndexServer) -> None:
    missing = workplace.asyncpip("install", "-i", index.index_url, "leaf", python=workplace.work / "no-python")
    assert missing.code == 1
    assert "no-python" in missing.stderr
    (workplace.work / "empty").mkdir()
    assert workplace.asyncpip("install", "-i", index.index_url, "leaf", python=workplace.work / "empty").code == 1


@pytest.mark.parametrize(
    ("given", "version"),
    [(("--index-strategy", "best"), "3.0"), (("--index-strategy", "first-index"), "2.0"), ((), "3.0")],
    ids=["best", "first-index", "default"],
)
def test_several_indexes(workplace: Workplace, index: IndexServer, given: tuple[str, ...], version: str) -> None:
    with IndexServer() as other:
        other.add_wheel("leaf", "3.0")
        other.add_wheel("only-here", "1.0")
        places = ("-i", index.index_url, "--extra-index-url", other.index_url)
        outcome = workplace.install(*places, "leaf", "only-here", *given)
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == [f"leaf-{version}", "only_here-1.0"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("highest", ["app-1.0", "leaf-2.0"]),
        ("lowest", ["app-1.0", "leaf-1.0"]),
        ("lowest-direct", ["app-1.0", "leaf-2.0"]),
    ],
)
def test_resolution(workplace: Workplace, index: IndexServer, given: str, expected: list[str]) -> None:
    outcome = workplace.install("-i", index.index_url, "app", "--resolution", given)
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == expected


def test_lowest_of_what_is_named(workplace: Workplace, index: IndexServer) -> None:
    index.add_wheel("app", "2.0", requires=["leaf>=1"])
    outcome = workplace.install("-i", index.index_url, "app", environ={"ASYNCPIP_RESOLUTION": "lowest-direct"})
    assert outcome.code == 0, outcome.text
    assert workplace.environment.distributions() == ["app-1.0", "leaf-2.0"]


def test_timings_of_a_dry_run(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "app", "--dry-run", "--timings", "times.json")
    assert outcome.code == 0, outcome.text
    timings = json.loads((workplace.work / "times.json").read_text())
    assert timings.keys() >= {"rounds", "backtracks", "requests", "waits", "resolve", "total"}
    assert (timings["rounds"], timings["backtracks"]) == (3, 0)
    assert timings["requests"] == 4


def test_explanation_for_machines(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "old-app", "leaf>=2", "--explain", "why.json")
    assert outcome.code == 1
    written = json.loads((workplace.work / "why.json").read_text())
    assert written["what"] in outcome.stderr
    assert written["dependencies"] == [{"project": "old-app", "version": "1.0", "requires": "leaf<2"}]
    assert written["relaxing"] == [{"requirement": "leaf>=2", "version": "1.0"}]
    assert "without the bounds of `leaf>=2` there is an answer, with leaf 1.0" in outcome.stderr
