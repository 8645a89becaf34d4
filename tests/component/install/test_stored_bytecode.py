"""Bytecode of stored wheels: compiled once, linked from then on, and never when it is not what was compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.install.apply import apply_changes
from asyncpip.install.bytecode import compile_files
from asyncpip.install.linker import HARDLINK
from asyncpip.install.stored_bytecode import BytecodeManifest, KeptBytecode, read_bytecode_manifest
from asyncpip.install.verify import verify_distribution
from asyncpip.store.store import Store
from tests.support.stored import destination_below, open_test_store, snapshot, stored_wheel
from tests.unit.environment.examples import target as a_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.install.placement import WheelToInstall

FILES = {
    "demo/__init__.py": "X = 1\n",
    "demo/a,b.py": "Y = 1\n",
    "demo/bad.py": "def (",
    "top.py": "",
    "demo/x.txt": "",
}
TAG = str(sys.implementation.cache_tag)


class Compiling:
    """Installs with bytecode, and notes what is compiled."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path
        self.store = open_test_store(tmp_path / "store")
        self.compiled: list[str] = []

    def kept(self, version: str = "3.11.7") -> KeptBytecode:
        return KeptBytecode(self.store, cache_tag=TAG, python_full_version=version)

    def install(self, name: str, wheels: Sequence[WheelToInstall], **options: Any) -> Path:
        """Install into a new environment; return its site-packages."""
        self.compiled = []
        given: dict[str, Any] = {"link_mode": HARDLINK, "jobs": 2, "kept_bytecode": self.kept()} | options
        where = destination_below(self.tmp_path / name)
        apply_changes(wheels, [], where, compile_sources=self._compile, **given)
        return Path(where.scheme.purelib)

    def _compile(self, paths: list[str]) -> list[str]:
        self.compiled += paths
        return list(compile_files(sys.executable, paths, jobs=1).made)


@pytest.fixture
def compiling(tmp_path: Path) -> Compiling:
    return Compiling(tmp_path)


def bytecode_below(site: Path) -> list[Path]:
    return sorted(site.rglob("*.pyc"))


def test_the_second_environment_compiles_nothing_and_is_equal(compiling: Compiling) -> None:
    wheels = [stored_wheel(compiling.store, "demo", "1.0", files=FILES)]
    first = compiling.install("first", wheels)
    assert len(compiling.compiled) == 4
    second = compiling.install("second", wheels)
    assert compiling.compiled == []
    assert snapshot(first) == snapshot(second)
    assert len(bytecode_below(second)) == 3
    assert all(path.samefile(first / path.relative_to(second)) for path in bytecode_below(second))
    assert verify_distribution(str(second / "demo-1.0.dist-info")) == []
    assert f'"demo/__pycache__/a,b.{TAG}.pyc",,' in (second / "demo-1.0.dist-info" / "RECORD").read_text()


def test_python_takes_what_was_linked_and_tracebacks_name_this_environment(compiling: Compiling) -> None:
    wheels = [stored_wheel(compiling.store, "demo", "1.0", files=FILES)]
    compiling.install("first", wheels)
    site = compiling.install("second", wheels)
    before = {path: path.stat().st_ino for path in bytecode_below(site)}
    code = "import demo; print(demo.__spec__.loader.get_code('demo').co_filename)"
    told = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(site)}, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == str(site / "demo" / "__init__.py")
    assert {path: path.stat().st_ino for path in bytecode_below(site)} == before


def test_another_interpreter_compiles_for_itself(compiling: Compiling) -> None:
    wheels = [stored_wheel(compiling.store, "demo", "1.0", files=FILES)]
    compiling.install("first", wheels)
    compiling.install("second", wheels, kept_bytecode=compiling.kept("3.11.8"))
    assert len(compiling.compiled) == 4
    compiling.install("third", wheels)
    assert compiling.compiled == []


@pytest.mark.parametrize("damage", ["edited", "cut", "missing", "manifest", "no manifest"])
def test_what_was_damaged_is_compiled_again(compiling: Compiling, damage: str) -> None:
    wheel = stored_wheel(compiling.store, "demo", "1.0", files=FILES)
    compiling.install("first", [wheel])
    directory = next(Path(wheel.tree).glob("bytecode-*"))
    if damage == "edited":
        data = (directory / "0").read_bytes()
        (directory / "0").write_bytes(data[:-1] + b"?")
    elif damage == "cut":
        os.truncate(directory / "0", 5)
    elif damage == "missing":
        (directory / "0").unlink()
    elif damage == "manifest":
        (directory / "manifest").write_bytes(b"asyncpip-bytecode-1 00000000\n1 2 ../../x")
    else:
        (directory / "manifest").unlink()
    second = compiling.install("second", [wheel])
    assert len(compiling.compiled) == 4
    third = compiling.install("third", [wheel])
    assert compiling.compiled == []
    assert snapshot(second) == snapshot(third)


def test_what_two_wheels_share_and_what_a_wheel_brings_is_not_kept(compiling: Compiling) -> None:
    store = compiling.store
    wheels = [
        stored_wheel(store, "one", "1.0", files={"shared/__init__.py": "A = 1\n", "one.py": ""}),
        stored_wheel(store, "two", "1.0", files={"shared/__init__.py": "B = 2\n", "two.py": ""}),
        stored_wheel(store, "own", "1.0", files={"own.py": "", f"__pycache__/own.{TAG}.pyc": "its own"}),
        stored_wheel(store, "data", "1.0", files={"data.bin": ""}),
    ]
    for name in ("first", "second"):
        site = compiling.install(name, wheels)
        assert {os.path.basename(path) for path in compiling.compiled} >= {"one.py", "own.py"}
        assert b"B" in (site / "shared" / "__pycache__" / f"__init__.{TAG}.pyc").read_bytes()
    assert "two.py" not in {os.path.basename(path) for path in compiling.compiled}


def test_sources_beside_the_root_are_compiled_each_time(compiling: Compiling) -> None:
    wheel = stored_wheel(compiling.store, "demo", "1.0", files=FILES, data={"data/share/tool.py": "Z = 1\n"})
    for name in ("first", "second"):
        compiling.install(name, [wheel])
        made = compiling.tmp_path / name / "share" / "__pycache__" / f"tool.{TAG}.pyc"
        assert made.exists()
    assert [os.path.basename(path) for path in compiling.compiled] == ["tool.py"]


def test_a_tree_that_goes_meanwhile_costs_nothing(compiling: Compiling, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = stored_wheel(compiling.store, "demo", "1.0", files=FILES)
    keep = KeptBytecode.keep

    def drop_then_keep(self: KeptBytecode, *arguments: Any) -> None:
        shutil.rmtree(wheel.tree)
        keep(self, *arguments)

    monkeypatch.setattr(KeptBytecode, "keep", drop_then_keep)
    site = compiling.install("first", [wheel])
    assert len(bytecode_below(site)) == 3
    assert os.listdir(Path(compiling.store.root) / "tmp") == []


@pytest.mark.parametrize("case", ["copy", "epoch", "temporary"])
def test_where_it_would_not_fit_it_is_not_used(tmp_path: Path, case: str) -> None:
    store = Store(str(tmp_path), umask=0o022, is_temporary=case == "temporary")
    environ = {"SOURCE_DATE_EPOCH": "1"} if case == "epoch" else {}
    mode = "copy" if case == "copy" else HARDLINK
    assert KeptBytecode.for_target(store, a_target(), mode, environ) is None


def test_manifest(tmp_path: Path) -> None:
    manifest = BytecodeManifest(["a/__pycache__/ü b.pyc", "c.pyc"], [3, 4], [1, 0xFFFFFFFF])
    (tmp_path / "manifest").write_bytes(manifest.encode())
    read = read_bytecode_manifest(str(tmp_path))
    assert read is not None
    assert (read.paths, read.sizes, read.checksums) == (manifest.paths, manifest.sizes, manifest.checksums)
    assert BytecodeManifest.decode(BytecodeManifest([], [], []).encode()).paths == []
