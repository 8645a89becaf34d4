from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import asyncpip
from asyncpip.core.values import replace
from asyncpip.environment.target import TargetSelection, find_target
from asyncpip.errors import CommandError, TargetEnvironmentError
from tests.component.environment.conftest import make_venv, supported_pythons, unsupported_pythons
from tests.support.memory import MemoryRecords

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN: dict[str, str] = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")}
PACKAGES = [str(Path(asyncpip.__file__).parents[1]), *(path for path in sys.path if path.endswith("site-packages"))]


class Records(MemoryRecords):
    """Counts what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write_record(self, bucket: str, key: str, *data: bytes | bytearray) -> None:
        self.writes += 1
        super().write_record(bucket, key, *data)


def find(python: str | Path | None = None, records: Records | None = None, **environ: str) -> TargetSelection:
    named = None if python is None else str(python)
    return find_target(python=named, environ=PLAIN | environ, records=records)


def run_find(interpreter: Path, **environ: str) -> dict[str, Any]:
    """Return prefix and notice of the target that ``interpreter``, running asyncpip, finds."""
    code = (
        "import json, os; from asyncpip.environment.target import find_target\n"
        "found = find_target(python=None, environ=os.environ, records=None)\n"
        "print(json.dumps({'prefix': found.target.prefix, 'notice': found.notice}))"
    )
    variables = PLAIN | {"PYTHONPATH": os.pathsep.join(PACKAGES)} | environ
    child = subprocess.run([str(interpreter), "-c", code], env=variables, capture_output=True, check=True)
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


def test_running_interpreter() -> None:
    chosen = find()
    assert chosen.target.executable == sys.executable
    assert chosen.target.prefix == sys.prefix
    assert chosen.target.is_virtual is (sys.prefix != sys.base_prefix)
    assert chosen.notice is None


@pytest.mark.parametrize("name", ["", "bin/python", "bin/python3"])
def test_python_by_directory_and_by_path(venv: Path, name: str) -> None:
    chosen = find(venv / name)
    assert chosen.target.prefix == str(venv)
    assert chosen.target.executable == str(venv / (name or "bin/python"))
    assert chosen.target.is_virtual
    assert not chosen.target.include_system_site
    assert not chosen.target.user_site_enabled
    assert chosen.notice is None


def test_python_by_relative_path(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(venv.parent)
    assert find("venv").target.executable == str(venv / "bin" / "python")


def test_python_by_name(venv: Path) -> None:
    chosen = find("python", PATH=str(venv / "bin"))
    assert chosen.target.executable == str(venv / "bin" / "python")


@pytest.mark.parametrize("name", ["no-such-python", "no/such/python", ""])
def test_python_that_is_not_there(name: str) -> None:
    with pytest.raises(CommandError) as caught:
        find(name)
    assert caught.value.what == f"Could not locate Python interpreter {name}"
    assert caught.value.exit_code == 1


def test_directory_without_interpreter(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        find(tmp_path)
    assert "neither bin/python nor Scripts/python.exe" in (caught.value.why or "")


@pytest.mark.parametrize(
    ("text", "why"),
    [("#!/bin/sh\necho oops >&2; exit 3\n", "exit code 3"), ("#!/bin/sh\necho hello\n", "exit code 0")],
)
def test_file_that_is_no_interpreter(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "python"
    path.write_text(text)
    path.chmod(0o755)
    with pytest.raises(TargetEnvironmentError) as caught:
        find(path)
    assert why in (caught.value.why or "")
    path.chmod(0o644)
    with pytest.raises(TargetEnvironmentError) as caught:
        find(path)
    assert caught.value.what == f"could not run the Python interpreter {path}"


def test_system_site_packages(wide_venv: Path) -> None:
    assert find(wide_venv).target.include_system_site


def test_active_environment_is_used_from_outside(venv: Path) -> None:
    answer = run_find(Path(sys.base_prefix) / "bin" / "python3", VIRTUAL_ENV=str(venv))
    assert answer == {"prefix": str(venv), "notice": f"Using the active virtual environment {venv}"}


def test_environment_that_asyncpip_runs_in_beats_the_active_one(venv: Path, wide_venv: Path) -> None:
    answer = run_find(wide_venv / "bin" / "python", VIRTUAL_ENV=str(venv))
    assert answer == {"prefix": str(wide_venv), "notice": None}


def test_environment_of_a_tool_gives_way_to_the_active_one(tmp_path: Path, venv: Path) -> None:
    tool = make_venv(tmp_path / "tool")
    (tool / "uv-receipt.toml").touch()
    assert run_find(tool / "bin" / "python", VIRTUAL_ENV=str(venv))["prefix"] == str(venv)
    assert run_find(tool / "bin" / "python")["prefix"] == str(tool)
    assert run_find(tool / "bin" / "python", VIRTUAL_ENV=str(tool)) == {"prefix": str(tool), "notice": None}


def test_active_environment_that_is_gone(tmp_path: Path) -> None:
    answer = run_find(Path(sys.base_prefix) / "bin" / "python3", VIRTUAL_ENV=str(tmp_path / "gone"))
    assert answer["prefix"] == sys.base_prefix
    assert "holds no Python interpreter" in answer["notice"]


def test_file_beside_the_user_is_not_imported(venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the working directory')")
    (tmp_path / "sysconfig.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path) not in find(venv).target.sys_path


def test_python_path_counts_as_for_pip(venv: Path, tmp_path: Path) -> None:
    assert find(venv, PYTHONPATH=str(tmp_path)).target.sys_path[0] == str(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="manylinux is Linux")
@pytest.mark.parametrize(
    ("text", "kept", "lost"),
    [
        ("def manylinux_compatible(*_): return False\n", [], ["manylinux_2_17", "manylinux2014", "manylinux_2_5"]),
        (
            "def manylinux_compatible(major, minor, arch): return None if minor > 12 else False\n",
            ["manylinux_2_17", "manylinux2014", "manylinux_2_13"],
            ["manylinux_2_12", "manylinux2010"],
        ),
        ("manylinux2014_compatible = False\n", ["manylinux_2_16", "manylinux_2_18"], ["manylinux_2_17"]),
    ],
)
def test_distributor_that_refuses_manylinux(
    venv: Path, tmp_path: Path, text: str, kept: list[str], lost: list[str]
) -> None:
    (tmp_path / "_manylinux.py").write_text(text)
    usual = {tag.rpartition("-")[2] for tag in find(venv).target.tags}
    if not any(platform.startswith("manylinux_2_17_x86") for platform in usual):
        pytest.skip("not an x86 machine with glibc")
    chosen = find(venv, PYTHONPATH=str(tmp_path))
    platforms = {tag.rpartition("-")[2].removesuffix("_x86_64") for tag in chosen.target.tags}
    assert platforms.issuperset(kept)
    assert platforms.isdisjoint(lost)


def change_record(records: Records, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the facts of the one record there is."""
    ((key, record),) = records.records.items()
    fingerprint, _, text = record.partition(b"\n")
    facts = json.loads(text)
    change(facts)
    records.records[key] = fingerprint + b"\n" + json.dumps(facts).encode()


@pytest.mark.parametrize("name", ["venv", "wide_venv"])
def test_answer_is_remembered(name: str, request: pytest.FixtureRequest) -> None:
    place: Path = request.getfixturevalue(name)
    records = Records()
    asked = find(place, records)
    change_record(records, lambda facts: facts.update(cache_tag="remembered"))
    again = find(place, records)
    assert again == replace(asked, target=replace(asked.target, cache_tag="remembered"))
    assert records.writes == 1


@pytest.mark.parametrize("name", ["venv", "wide_venv"])
@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\n[]", b"\n{}", b"\n{", b"\xff\n{}", b'\n{"site_directories": 1}']
)
def test_damaged_record_is_a_miss(name: str, data: bytes, request: pytest.FixtureRequest) -> None:
    place: Path = request.getfixturevalue(name)
    records = Records()
    find(place, records)
    ((key, record),) = records.records.items()
    records.records[key] = record.partition(b"\n")[0] + data if data.startswith(b"\n") else data
    assert find(place, records).target.prefix == str(place)
    assert records.writes == 2


@pytest.mark.parametrize("name", ["venv", "wide_venv"])
@pytest.mark.parametrize("missing", [("scheme", "purelib"), ("markers",), ("version",)])
def test_record_with_missing_facts_is_a_miss(
    name: str, missing: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    place: Path = request.getfixturevalue(name)
    records = Records()
    asked = find(place, records)

    def drop(facts: dict[str, Any]) -> None:
        *way, last = missing
        for step in way:
            facts = facts[step]
        del facts[last]

    change_record(records, drop)
    assert find(place, records) == asked
    assert records.writes == 2


def test_environment_that_was_never_asked_is_known_from_its_like(tmp_path: Path, venv: Path) -> None:
    records = Records()
    find(venv, records)
    for name in ("new", "other/new"):
        new = make_venv(tmp_path / name)
        assert find(new, records) == find(new)
    assert records.writes == 1


def _no_difference(_: Path) -> None:
    pass


def _path_file(new: Path) -> None:
    (next(new.glob("lib/python*/site-packages")) / "more.pth").write_text("/somewhere\n")


def _customized(new: Path) -> None:
    (next(new.glob("lib/python*/site-packages")) / "sitecustomize.py").write_text("")


def _sees_more(new: Path) -> None:
    configuration = new / "pyvenv.cfg"
    configuration.write_text(configuration.read_text().replace("packages = false", "packages = true"))


def _copied(new: Path) -> None:
    interpreter = new / "bin" / "python"
    content = interpreter.read_bytes()
    interpreter.unlink()
    interpreter.write_bytes(content)
    interpreter.chmod(0o755)


def test_environment_without_site_packages_is_no_example(tmp_path: Path, venv: Path) -> None:
    """pip removes the directory with the last distribution in it."""
    records = Records()
    bare = make_venv(tmp_path / "bare")
    site_packages = next(bare.glob("lib/python*/site-packages"))
    shutil.rmtree(site_packages)
    assert str(site_packages) not in find(bare, records).target.sys_path
    site_packages.mkdir()
    assert find(bare, records) == find(bare)
    assert find(venv, records) == find(venv)


@pytest.mark.parametrize(
    ("change", "asks"),
    [(_no_difference, 0), (_path_file, 1), (_customized, 1), (_sees_more, 1), (_copied, 1)],
)
def test_environment_that_may_differ_is_asked(
    tmp_path: Path, venv: Path, change: Callable[[Path], None], asks: int
) -> None:
    records = Records()
    find(venv, records)
    new = make_venv(tmp_path / "new")
    change(new)
    assert find(new, records) == find(new)
    assert records.writes == 1 + asks


def test_record_ends_with_what_it_rests_on(tmp_path: Path) -> None:
    venv = make_venv(tmp_path / "venv")
    records = Records()
    site_packages = Path(find(venv, records).target.scheme.purelib)
    extra = tmp_path / "extra"
    extra.mkdir()
    (site_packages / "extra.pth").write_text(f"{extra}\n")
    assert str(extra) in find(venv, records).target.sys_path
    assert records.writes == 2
    configuration = venv / "pyvenv.cfg"
    text = configuration.read_text().replace("packages = false", "packages = true")
    configuration.write_text(text)
    os.utime(configuration, ns=(1, 1))
    assert find(venv, records).target.include_system_site
    assert records.writes == 3
    find(venv, records, PYTHONPATH=str(extra))
    assert records.writes == 4
    find(venv, records, PYTHONPATH=str(extra))
    assert records.writes == 4


def test_shim_is_asked_each_time(venv: Path, tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec "{venv}/bin/python" "$@"\n')
    shim.chmod(0o755)
    records = Records()
    assert find(shim, records).target.prefix == str(venv)
    assert records.writes == 0


@pytest.mark.skipif(not supported_pythons(), reason="no interpreters of pyenv here")
@pytest.mark.parametrize("python", supported_pythons())
def test_other_interpreters(python: str) -> None:
    chosen = find(python)
    code = "import sys, sysconfig; print(sys.executable, sysconfig.get_paths()['purelib'], *sys.version_info[:3])"
    child = subprocess.run([python, "-c", code], capture_output=True, check=True, text=True)
    executable, purelib, *version = child.stdout.split()
    assert chosen.target.executable == executable
    assert chosen.target.scheme.purelib == purelib
    assert chosen.target.python_full_version == ".".join(version)
    assert chosen.target.tags[0].startswith(f"cp{version[0]}{version[1]}-cp{version[0]}{version[1]}")
    assert chosen.target.user_scheme is not None
    assert not chosen.target.is_virtual


@pytest.mark.skipif(not unsupported_pythons(), reason="no old interpreters of pyenv here")
@pytest.mark.parametrize("python", unsupported_pythons())
def test_interpreters_that_are_too_old(python: str) -> None:
    with pytest.raises(TargetEnvironmentError) as caught:
        find(python)
    version = Path(python).parents[1].name
    assert caught.value.what == f"Python {version} is not supported as a target"
    assert "older than 3.8" in (caught.value.why or "")
    assert caught.value.hint
