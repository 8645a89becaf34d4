"""What `uninstall` has beyond pip's: plain directories, dry runs, all or nothing; and the lines of the reference."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import read_tree
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.support.environments import Outcome, Workplace
    from tests.support.index_server import IndexServer

SEED_LINES = """\
pip uninstall requests
pip uninstall -y requests
pip uninstall --yes requests
pip uninstall requests numpy pandas
pip uninstall -r requirements.txt
pip freeze | xargs pip uninstall -y
pip uninstall --clean-requests-cache package_name
pip uninstall --break-system-packages package_name
pip uninstall --target /custom/path package_name
"""
PROJECTS = ("requests", "numpy", "pandas", "package_name")


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for name in PROJECTS:
        index_server.add_wheel(name, "1.0", entry_points={"console_scripts": [f"{name} = {name}:main"]})
    index_server.add_wheel("tools", "1.0", files={"tools/__init__.py": ""}, data={"scripts/run": "#!python\n"})
    return index_server


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.text
    return outcome


@pytest.mark.parametrize("line", SEED_LINES.splitlines())
def test_line_of_the_reference(workplace: Workplace, index: IndexServer, line: str) -> None:
    target = ("--target", "custom") if "--target" in line else ()
    done(workplace.install("-i", index.index_url, *PROJECTS, *target))
    (workplace.work / "requirements.txt").write_text("requests==2.25.1\n")
    words = shlex.split(line.replace("/custom/path", "custom"))
    arguments = words[words.index("uninstall") :]
    if "xargs" in words:
        arguments += [f"{name}==1.0" for name in PROJECTS]
    outcome = done(workplace.asyncpip(*arguments, typed="y\n" * 4, environ={"PIP_NO_INPUT": ""}))
    assert "Successfully uninstalled" in outcome.stdout
    named = {name for name in PROJECTS if name in arguments or f"{name}==1.0" in arguments} or {"requests"}
    place = workplace.work / "custom" if target else workplace.environment.site_packages
    assert {name for name in PROJECTS if (place / f"{name}-1.0.dist-info").exists()} == set(PROJECTS) - named


@pytest.mark.parametrize("installed_by", ["asyncpip", "pip"])
def test_target_directory(workplace: Workplace, index: IndexServer, installed_by: str) -> None:
    """pip leaves `../../bin/run` in RECORD, a place that was never meant."""
    done(workplace.install("-i", index.index_url, "tools"))
    before = read_tree(workplace.environment.directory)
    (workplace.work.parent / "bin").mkdir()
    (workplace.work.parent / "bin" / "run").write_text("of somebody else")
    install = workplace.pip if installed_by == "pip" else workplace.asyncpip
    done(install("install", "-i", index.index_url, "--target", "deep/custom", "tools", "requests", "--no-compile"))
    outcome = done(workplace.asyncpip("uninstall", "-y", "-t", "deep/custom", "tools"))
    assert outcome.stdout.splitlines()[-1] == "  Successfully uninstalled tools-1.0"
    left = {path.name for path in (workplace.work / "deep" / "custom").iterdir()}
    assert left == {"bin", "requests.py", "requests-1.0.dist-info"}
    assert [path.name for path in (workplace.work / "deep" / "custom" / "bin").iterdir()] == ["requests"]
    assert read_tree(workplace.environment.directory) == before
    assert (workplace.work.parent / "bin" / "run").exists()


def test_target_touches_nothing_outside(workplace: Workplace) -> None:
    """Whatever RECORD says."""
    rows = [(path, "", "") for path in ("evil.py", "../precious.txt", "../../work/precious.txt", "/etc/hostname")]
    filename, wheel = build_wheel("evil", "1.0", files={"evil.py": ""})
    (workplace.work / filename).write_bytes(wheel)
    (workplace.work / "precious.txt").write_text("")
    done(workplace.install("--no-index", "--target", "custom", f"./{filename}"))
    record = workplace.work / "custom" / "evil-1.0.dist-info" / "RECORD"
    with record.open("a") as file:
        file.writelines(f"{path},,\r\n" for path, _, _ in rows)
    outcome = done(workplace.asyncpip("uninstall", "--target", "custom", "evil", "--dry-run"))
    assert "Would not remove (outside of prefix):" in outcome.stdout
    done(workplace.asyncpip("uninstall", "-y", "--target", "custom", "evil"))
    assert (workplace.work / "precious.txt").exists()
    assert list((workplace.work / "custom").iterdir()) == []


def test_an_empty_target_is_refused(workplace: Workplace, index: IndexServer) -> None:
    done(workplace.install("-i", index.index_url, "requests"))
    done(workplace.install("-i", index.index_url, "requests", "--target", "."))
    before = read_tree(workplace.directory)
    outcome = workplace.asyncpip("uninstall", "-y", "requests", "--target=")
    assert outcome.code == 1
    assert "--target names no directory" in outcome.stderr
    assert read_tree(workplace.directory) == before


def test_target_that_is_no_directory(workplace: Workplace) -> None:
    (workplace.work / "file").write_text("")
    outcome = workplace.asyncpip("uninstall", "-y", "--target", "file", "x")
    assert outcome.code == 1
    assert "is not a directory" in outcome.stderr
    nowhere = workplace.asyncpip("uninstall", "-y", "--target", "nowhere", "x")
    assert nowhere.code == 0
    assert not (workplace.work / "nowhere").exists()


def test_dry_run(workplace: Workplace, index: IndexServer) -> None:
    done(workplace.install("-i", index.index_url, "tools", "requests"))
    before = read_tree(workplace.directory)
    outcome = done(workplace.asyncpip("uninstall", "--dry-run", "requests", "missing", "tools"))
    assert "    " + str(workplace.environment.site_packages / "tools" / "*") in outcome.stdout.splitlines()
    assert outcome.stdout.splitlines()[-1] == "Would uninstall requests-1.0 tools-1.0"
    assert "Skipping missing as it is not installed." in outcome.stderr
    assert read_tree(workplace.directory) == before


def test_nothing_goes_where_one_cannot(workplace: Workplace, index: IndexServer) -> None:
    done(workplace.install("-i", index.index_url, "tools", "requests"))
    (workplace.environment.site_packages / "requests-1.0.dist-info" / "RECORD").unlink()
    before = read_tree(workplace.directory)
    outcome = workplace.asyncpip("uninstall", "-y", "tools", "requests")
    assert outcome.code == 1
    assert "no RECORD file was found for requests" in outcome.stderr
    assert read_tree(workplace.directory) == before


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}])
def test_file_names_that_the_locale_cannot_write(
    workplace: Workplace, index_server: IndexServer, locale: dict[str, str]
) -> None:
    """What was installed in UTF-8 goes as a whole, also where this run is not in UTF-8."""
    before = read_tree(workplace.environment.directory)
    index_server.add_wheel("accent", "1.0", files={"accent.py": "", "é.py": "", "ø/日本.py": "", "ø/__init__.py": ""})
    done(workplace.install("-i", index_server.index_url, "--compile", "accent"))
    outcome = done(workplace.asyncpip("uninstall", "-y", "accent", environ=locale))
    assert "Successfully uninstalled accent-1.0" in outcome.stdout
    assert read_tree(workplace.environment.directory) == before


def test_question_is_asked_until_it_is_answered(workplace: Workplace, index: IndexServer) -> None:
    done(workplace.install("-i", index.index_url, "tools"))
    outcome = done(workplace.asyncpip("uninstall", "tools", typed="perhaps\nn\n", environ={"PIP_NO_INPUT": ""}))
    assert "Your response ('perhaps') was not one of the expected responses: y, n, \n" in outcome.stdout
    assert workplace.environment.distributions() == ["tools-1.0"]


@pytest.mark.skipif(
    not list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")), reason="the system's Python is not managed here"
)
def test_externally_managed(workplace: Workplace) -> None:
    refused = workplace.asyncpip("uninstall", "-y", "missing-project", python="/usr/bin/python3")
    assert refused.code == 1
    assert "externally managed" in refused.stderr
    for option in ("--break-system-packages", "--target=nowhere"):
        admitted = workplace.asyncpip("uninstall", "-y", "missing-project", option, python="/usr/bin/python3")
        assert admitted.code == 0
        assert "Skipping missing-project" in admitted.stderr


def test_virtual_environment_required(workplace: Workplace) -> None:
    base = os.path.realpath(sys.executable)
    outcome = workplace.asyncpip("uninstall", "-y", "missing-project", "--require-virtualenv", python=base)
    assert outcome.code == 3


def test_requirements_file_on_the_network(workplace: Workplace, index: IndexServer) -> None:
    done(workplace.install("-i", index.index_url, "tools", "requests"))
    index.pages["/names.txt"] = ("text/plain", b"tools\n")
    done(workplace.asyncpip("uninstall", "-y", "-r", index.url + "/names.txt"))
    assert workplace.environment.distributions() == ["requests-1.0"]


def test_cache_of_the_projects_goes_too(workplace: Workplace, index: IndexServer) -> None:
    done(workplace.install("-i", index.index_url, "tools", "package_name"))
    store = workplace.cache / "asyncpip"

    def counts() -> tuple[int, int, int]:
        trees = [path for path in store.glob("trees-v*/*/*") if path.is_dir()]
        return len(trees), len(list(store.glob("pages-v*/*"))), len(list(store.glob("freshness-of-pages-v*/*")))

    assert counts() == (2, 2, 2)
    dry = done(workplace.asyncpip("uninstall", "--dry-run", "--clean-cache", "Package.Name"))
    assert "Files that would be removed from the cache: 3 (" in dry.stdout
    assert counts() == (2, 2, 2)
    outcome = done(workplace.asyncpip("uninstall", "-y", "--clean-requests-cache", "Package.Name"))
    assert "Files removed from the cache: 3 (" in outcome.stdout
    assert counts() == (1, 1, 1)
