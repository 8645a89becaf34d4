"""`list`, `freeze`, `show`, `check` and `inspect`: the lines of the reference, and what pip does not have."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.environment.scan import UNFINISHED
from asyncpip.install.transaction import PREFIX, Transaction
from tests.support.environments import REPOSITORY, Workplace, make_environment
from tests.support.index_server import IndexServer
from tests.support.installed import dist_info, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.environments import Environment

SEED_LINES = """\
pip show requests
pip show -f requests  # Show files included
pip show requests | grep "Requires"
pip show requests | grep "Location"
pip show -v requests
pip show package_name > /dev/null 2>&1 && echo "Installed" || echo "Not installed"
pip list
pip list --format=freeze
pip list --format=json
pip list --format=columns
pip list --outdated
pip list -o
pip list --uptodate
pip list -u
pip list --format=freeze > requirements.txt
pip list --index-url https://pypi.example.org/simple
pip list --local
pip list --user
pip freeze > requirements.txt
pip freeze --exclude-editable > requirements.txt
pip freeze --local > requirements.txt
pip freeze --requirement package_name > package_requirements.txt
pip freeze --all > requirements_all.txt
pip freeze --dev > requirements-dev.txt
pip freeze --include-editable > requirements.txt
pip show pip | grep Location
pip freeze --require-hashes > requirements-prod.txt
pip freeze > requirements-backup.txt
pip check
"""
SILENT = ("> ", "--user")
"""Lines that print nothing on the terminal."""


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        for name, versions in {
            "requests": ("2.25.1", "2.26.0"),
            "package_name": ("1.0",),
            "dependency": ("1.0",),
            "pip": ("99.0",),
            "black": ("1.0",),
            "click": ("8.0",),
        }.items():
            for version in versions:
                server.add_wheel(name, version)
        server.add_sdist("requests", "2.25.1")
        yield server


@pytest.fixture
def place(workplace: Workplace) -> Workplace:
    """An environment with a little of everything that indexes know."""
    write_files(
        workplace.environment.site_packages,
        dist_info("requests", "2.25.1", "Requires-Dist: dependency", files={"RECORD": "requests/__init__.py,,\n"}),
        dist_info("package_name", "1.0", "Requires-Dist: click>=7; extra == 'x'", "Provides-Extra: x"),
        dist_info("dependency", "1.0"),
        dist_info("pip", "99.0"),
        dist_info("black", "1.0", "Requires-Dist: click"),
        dist_info("click", "8.0"),
    )
    return workplace


@pytest.mark.parametrize("line", SEED_LINES.splitlines())
def test_seed_line(line: str, place: Workplace, index: IndexServer, tmp_path: Path) -> None:
    """As a shell runs it, `pip` being asyncpip."""
    program = tmp_path / "bin" / "pip"
    program.parent.mkdir()
    call = [sys.executable, "-m", "asyncpip", "--python", str(place.environment.directory)]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(call)} "$@"\n')
    program.chmod(0o755)
    environ = place.environ(
        {"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(place.cache), "PIP_INDEX_URL": index.index_url}
    )
    environ["PATH"] = f"{program.parent}{os.pathsep}{environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], cwd=place.work, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    if "| grep" in line:
        assert len(done.stdout.splitlines()) == 1
    elif not any(sign in line for sign in SILENT):
        assert done.stdout
    written = line.rpartition("> ")[2]
    if line.startswith("pip freeze"):
        assert (place.work / written).read_text()


def freeze(place: Workplace, *options: str, **environ: str) -> list[str]:
    outcome = place.asyncpip("freeze", *options, environ=environ)
    assert outcome.code == 0, outcome.text
    return outcome.stdout.splitlines()


def test_freeze_of_a_project(place: Workplace) -> None:
    outcome = place.asyncpip("freeze", "-r", "Requests")
    assert (outcome.code, outcome.stdout) == (0, "dependency==1.0\nrequests==2.25.1\n")
    assert outcome.stderr == "WARNING: There is no file Requests: freezing the project Requests and what it needs\n"
    assert freeze(place, "-r", "black", "-r", "package_name") == ["black==1.0", "click==8.0", "package_name==1.0"]
    (place.work / "files.txt").write_text("# order\nclick\n")
    assert freeze(place, "-r", "black", "-r", "files.txt") == [
        "# order",
        "click==8.0",
        "## The following requirements were added by pip freeze:",
        "black==1.0",
    ]
    missing = place.asyncpip("freeze", "-r", "nothing")
    assert (missing.code, missing.stdout) == (1, "")
    assert "nothing is neither a requirements file nor an installed project" in missing.stderr


def test_freeze_of_what_development_needs(place: Workplace) -> None:
    outcome = place.asyncpip("freeze", "--dev")
    assert outcome.stdout.splitlines() == freeze(place)
    assert "neither dependency groups in pyproject.toml nor a requirements-dev.txt" in outcome.stderr

    (place.work / "requirements-dev.txt").write_text("-r requirements.txt\nblack>=1\n")
    (place.work / "requirements.txt").write_text("requests\npackage_name\n")
    assert freeze(place, "--dev") == ["black==1.0", "click==8.0"]
    (place.work / "requirements.txt").write_text("requests\npackage_name[x]\n")
    assert freeze(place, "--dev") == ["black==1.0"]

    (place.work / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["click"]\n'
        '[project.optional-dependencies]\nweb = ["requests"]\ntest = ["package-name"]\n'
        '[dependency-groups]\nlint = ["black", "dependency; python_version < \'3\'"]\n'
        'all = [{include-group = "lint"}]\n'
    )
    assert freeze(place, "--dev") == ["black==1.0", "package_name==1.0"]
    (place.work / "pyproject.toml").write_text("[project\n")
    broken = place.asyncpip("freeze", "--dev")
    assert broken.code == 1
    assert "Error parsing pyproject.toml" in broken.stderr


def test_freeze_with_hashes(place: Workplace, index: IndexServer) -> None:
    lines = freeze(place, "--require-hashes", "-i", index.index_url)
    at = lines.index("requests==2.25.1 \\")
    files = [file for file in index.projects["requests"] if "2.25.1" in file.filename]
    digests = sorted(hashlib.sha256(file.data).hexdigest() for file in files)
    assert len(digests) == 2
    assert lines[at + 1 :] == [f"    --hash=sha256:{digests[0]} \\", f"    --hash=sha256:{digests[1]}"]
    (place.work / "hashed.txt").write_text("\n".join(lines))
    again = place.install(
        "--require-hashes", "-r", "hashed.txt", "-i", index.index_url, "--dry-run", "--force-reinstall"
    )
    assert again.code == 0, again.text


def test_hashes_that_are_required_of_installs(place: Workplace) -> None:
    """`PIP_REQUIRE_HASHES` is no wish for hashes in what is printed: pip's freeze does not know the option."""
    assert freeze(place, "--no-index", PIP_REQUIRE_HASHES="1") == freeze(place)
    outcome = place.asyncpip("freeze", "--no-index", environ={"ASYNCPIP_REQUIRE_HASHES": "1"})
    assert outcome.code == 1
    assert "Hashes are required" in outcome.stderr


def test_freeze_without_known_hashes(place: Workplace, index: IndexServer) -> None:
    project = place.work / "project"
    project.mkdir()
    direct_url = json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}})
    write_files(
        place.environment.site_packages,
        dist_info("editable", "1.0", files={"direct_url.json": direct_url}),
        dist_info("unheard", "1.0"),
    )
    outcome = place.asyncpip("freeze", "--require-hashes", "-i", index.index_url)
    assert (outcome.code, outcome.stdout) == (1, "")
    assert "editable: editable" in outcome.stderr
    assert "unheard: no index lists a hash of 1.0" in outcome.stderr
    left = freeze(place, "--require-hashes", "-i", index.index_url, "--exclude-editable", "--exclude", "unheard")
    assert "requests==2.25.1 \\" in left


def test_freeze_offline_answers_from_the_store(place: Workplace, index: IndexServer) -> None:
    first = freeze(place, "--require-hashes", "-i", index.index_url)
    asked = len(index.requests)
    assert freeze(place, "--require-hashes", "-i", index.index_url, "--offline") == first
    assert len(index.requests) == asked


@pytest.mark.parametrize(
    ("options", "environ", "shows"),
    [
        ((), {}, True),
        (("--exclude-editable",), {}, False),
        (("--exclude-editable", "--include-editable"), {}, True),
        (("--include-editable", "--exclude-editable"), {}, False),
        ((), {"PIP_EXCLUDE_EDITABLE": "1"}, False),
        ((), {"PIP_INCLUDE_EDITABLE": "1"}, True),
        (("--include-editable",), {"PIP_EXCLUDE_EDITABLE": "1"}, True),
    ],
)
def test_the_last_word_about_editables(
    place: Workplace, options: tuple[str, ...], environ: dict[str, str], shows: bool
) -> None:
    direct_url = json.dumps({"url": place.work.as_uri(), "dir_info": {"editable": True}})
    write_files(place.environment.site_packages, dist_info("editable", "1.0", files={"direct_url.json": direct_url}))
    assert (f"-e {place.work}" in freeze(place, *options, **environ)) is shows


def test_outdated_asks_all_at_once_and_in_parallel(place: Workplace, index: IndexServer) -> None:
    outcome = place.asyncpip("list", "-o", "--format=json", "-i", index.index_url)
    assert [(each["name"], each["version"], each["latest_version"]) for each in json.loads(outcome.stdout)] == [
        ("requests", "2.25.1", "2.26.0")
    ]
    assert outcome.stderr == ""
    (place.work / "requirements.txt").write_text("")
    dead = place.asyncpip("list", "-o", "-i", "http://127.0.0.1:9/simple", "--retries", "0")
    assert (dead.code, dead.stdout) == (0, "")
    assert dead.stderr.count("Could not fetch URL") == 1


def test_version_that_cannot_be_compared(place: Workplace, index: IndexServer) -> None:
    write_files(place.environment.site_packages, dist_info("click", "1.0-oops", directory="odd-1.0_oops"))
    outcome = place.asyncpip("list", "-o", "-i", index.index_url)
    assert outcome.code == 0
    assert "does not follow PEP 440" in outcome.stderr


def test_active_environment_is_named(place: Workplace) -> None:
    environ = {"VIRTUAL_ENV": str(place.environment.directory)}
    outcome = place.asyncpip("list", "--format=freeze", environ=environ, python=None)
    assert "requests==2.25.1" in outcome.stdout.splitlines()
    assert outcome.stderr == f"WARNING: Using the active virtual environment {place.environment.directory}\n"


def test_without_a_cache(place: Workplace) -> None:
    assert place.asyncpip("list", "--no-cache-dir").code == 0
    assert not place.cache.exists()


def test_missing_environment(workplace: Workplace) -> None:
    outcome = workplace.asyncpip("list", python=workplace.work / "nothing")
    assert outcome.code == 1
    assert "Could not locate Python interpreter" in outcome.stderr


def interrupted(place: Workplace) -> Path:
    """Leave an installation as a killed run does: a new version half there, the old one moved aside."""
    site_packages = place.environment.site_packages
    old = site_packages / "click-8.0.dist-info"
    new = site_packages / "click-9.0.dist-info"
    transaction = Transaction(
        str(site_packages),
        moved=[str(path) for path in sorted(old.iterdir())],
        new_directories=[str(new)],
        new_files=[str(new / "METADATA"), str(new / "RECORD")],
    )
    transaction.begin()
    old.rmdir()
    (new / "METADATA").write_text("Name: click\nVersion: 9.0\n")
    return site_packages


@pytest.mark.parametrize("command", ["list --format=freeze", "freeze", "inspect", "show click", "check"])
def test_what_a_killed_installation_left_is_undone(place: Workplace, command: str) -> None:
    site_packages = interrupted(place)
    assert [path for path in site_packages.iterdir() if path.name.startswith(PREFIX)]
    outcome = place.asyncpip(*command.split())
    assert outcome.code == 0
    assert "its changes are undone" in outcome.stderr
    assert "click-9.0" not in outcome.stdout
    assert "click==9.0" not in outcome.stdout
    assert not [path for path in site_packages.iterdir() if path.name.startswith(PREFIX)]
    assert (site_packages / "click-8.0.dist-info" / "METADATA").exists()
    assert place.asyncpip(*command.split()).stderr == ""


def test_prefix_of_unfinished_installations() -> None:
    assert UNFINISHED == PREFIX


def test_an_installation_that_goes_on_is_left_alone(place: Workplace) -> None:
    from asyncpip.environment.lock import lock_environment  # noqa: PLC0415 - for this test only

    site_packages = interrupted(place)
    with lock_environment(str(site_packages), timeout_seconds=0, on_wait=lambda: None):
        outcome = place.asyncpip("list")
    assert outcome.code == 0
    assert "Another process is changing" in outcome.stderr
    assert [path for path in site_packages.iterdir() if path.name.startswith(PREFIX)]


def test_conda_and_other_installers(workplace: Workplace) -> None:
    """What conda and uv write: no RECORD or another INSTALLER, epochs, `direct_url.json` of a build directory."""
    feedstock = json.dumps({"url": "file:///home/conda/feedstock/work", "dir_info": {}})
    write_files(
        workplace.environment.site_packages,
        dist_info("numpy", "2.0", files={"INSTALLER": "conda\n", "direct_url.json": feedstock}),
        dist_info("uv-made", "1.0", directory="uv_made-1.0", files={"INSTALLER": "uv", "REQUESTED": ""}),
    )
    assert freeze(workplace) == ["numpy @ file:///home/conda/feedstock/work", "uv-made==1.0"]
    listed = json.loads(workplace.asyncpip("list", "-v", "--format=json").stdout)
    assert [each["installer"] for each in listed] == ["conda", "uv"]


def test_metadata_that_is_not_utf_8(workplace: Workplace) -> None:
    write_files(workplace.environment.site_packages, dist_info("latin", "1.0"))
    metadata = workplace.environment.site_packages / "latin-1.0.dist-info" / "METADATA"
    metadata.write_bytes(b"Name: latin\nVersion: 1.0\nAuthor: Ren\xe9\n")
    for command in ("list", "freeze", "check", "inspect", "show -v -f latin"):
        outcome = workplace.asyncpip(*command.split())
        assert (outcome.code, outcome.stderr) == (0, ""), command


def test_thousands_of_distributions(workplace: Workplace) -> None:
    site_packages = workplace.environment.site_packages
    for number in range(2000):
        info = site_packages / f"p{number}-1.{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: p{number}\nVersion: 1.{number}\nRequires-Dist: p{(number + 1) % 2000}\n")
    assert len(freeze(workplace)) == 2000
    assert workplace.asyncpip("check").stdout == "No broken requirements found.\n"
    assert len(workplace.asyncpip("list", "--format=freeze").stdout.splitlines()) == 2000


def test_system_packages(tmp_path: Path, template: Environment) -> None:
    """`--local` leaves out what a virtual environment only sees."""
    wide = make_environment(tmp_path / "wide", "--system-site-packages")
    write_files(wide.site_packages, dist_info("own", "1.0"))
    place = Workplace(tmp_path / "place", template)
    inspected = json.loads(place.asyncpip("inspect", "--local", python=wide.directory).stdout)
    names = [each["metadata"]["name"] for each in inspected["installed"]]
    assert names == ["own"]
    assert place.asyncpip("freeze", "--local", python=wide.directory).stdout == "own==1.0\n"
