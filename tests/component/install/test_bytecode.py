"""Byte-compiling in child interpreters."""

from __future__ import annotations

import importlib.util
import marshal
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import TargetEnvironmentError
from asyncpip.install.bytecode import compile_files

if TYPE_CHECKING:
    from pathlib import Path

CACHE_TAG = sys.implementation.cache_tag


def sources(folder: Path, count: int) -> list[str]:
    paths = [folder / f"m{number}.py" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(f"VALUE = {number}\n")
    return [str(path) for path in paths]


def flags_of(pyc: str) -> int:
    with open(pyc, "rb") as file:
        return int.from_bytes(file.read(8)[4:], "little")


@pytest.mark.parametrize("jobs", [1, 3])
def test_all_are_compiled_in_order(tmp_path: Path, jobs: int) -> None:
    paths = sources(tmp_path, 70)
    result = compile_files(sys.executable, paths, jobs=jobs)
    assert list(result.made) == [importlib.util.cache_from_source(path) for path in paths]
    assert result.failed == ()
    assert all(os.path.exists(made) for made in result.made)


def test_nothing_to_do(tmp_path: Path) -> None:
    assert compile_files(str(tmp_path / "no-such-python"), [], jobs=2).made == ()


def test_stamps(tmp_path: Path) -> None:
    (path,) = sources(tmp_path, 1)
    assert flags_of(compile_files(sys.executable, [path], jobs=1).made[0]) == 0
    checked_hash = 0b11  # PEP 552
    assert flags_of(compile_files(sys.executable, [path], jobs=1, source_date_epoch=True).made[0]) == checked_hash


def test_sources_that_do_not_compile_are_passed_over(tmp_path: Path) -> None:
    good = sources(tmp_path, 2)
    bad = {
        "syntax.py": b"def (:\n",
        "nul.py": b"\0",
        "bytes.py": b"x = '\xff'\n",
        "deep.py": b"(" * 5000,
        "warns.py": b"x = 1 is 1\n",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    paths = [good[0], *(str(tmp_path / name) for name in bad), str(tmp_path / "missing.py"), good[1]]
    result = compile_files(sys.executable, paths, jobs=1)
    assert [os.path.basename(path) for path in result.failed] == [
        "syntax.py",
        "nul.py",
        "bytes.py",
        "deep.py",
        "missing.py",
    ]
    assert [os.path.basename(path).partition(".")[0] for path in result.made] == ["m0", "warns", "m1"]


@pytest.mark.parametrize("name", ["a b.py", "é.py", "new\nline.py"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    result = compile_files(sys.executable, [str(tmp_path / name)], jobs=1)
    assert result.made == (str(tmp_path / "__pycache__" / f"{name[:-3]}.{CACHE_TAG}.pyc"),)


def test_traceback_names_the_final_place(tmp_path: Path) -> None:
    (path,) = sources(tmp_path, 1)
    (made,) = compile_files(sys.executable, [path], jobs=1, base=(str(tmp_path), "/final/place")).made
    with open(made, "rb") as file:
        code = marshal.loads(file.read()[16:])  # noqa: S302 - made above
    assert code.co_filename == "/final/place/m0.py"


def test_cancelled_before_the_second_batch(tmp_path: Path) -> None:
    paths = sources(tmp_path, 40)
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 1

    result = compile_files(sys.executable, paths, jobs=1, cancelled=cancelled)
    assert 0 < len(result.made) < len(paths)
    assert result.failed == ()


def fake_interpreter(tmp_path: Path, text: str) -> str:
    path = tmp_path / "fake-python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="the fakes are shell scripts")
def test_interpreter_that_does_not_work(tmp_path: Path) -> None:
    paths = sources(tmp_path, 90)
    with pytest.raises(TargetEnvironmentError, match="could not byte-compile"):
        compile_files(str(tmp_path / "none"), paths, jobs=2)
    with pytest.raises(TargetEnvironmentError) as caught:
        compile_files(fake_interpreter(tmp_path, "echo nonsense"), paths, jobs=1)
    assert "ended 4 times" in (caught.value.why or "")


@pytest.mark.skipif(os.name == "nt", reason="the fakes are shell scripts")
def test_a_batch_that_kills_the_interpreter_costs_that_batch_alone(tmp_path: Path) -> None:
    paths = sources(tmp_path, 40)
    once = tmp_path / "died"
    fake = fake_interpreter(
        tmp_path, f'if [ ! -e "{once}" ]; then touch "{once}"; exit 1; fi\nexec "{sys.executable}" "$@"'
    )
    result = compile_files(fake, paths, jobs=1)
    assert len(result.failed) == 16
    assert len(result.made) == len(paths) - 16


def test_environment_variables_of_the_user_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (path,) = sources(tmp_path, 1)
    (made,) = compile_files(sys.executable, [path], jobs=1).made
    assert os.path.dirname(made) == str(tmp_path / "__pycache__")
