"""Modules are found where the interpreter finds them, and are what their sources say."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import py_compile
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.cli.quick_imports import _LATE, QuickFinder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path

LAYOUTS = {
    "module": ["a.py"],
    "package": ["a/__init__.py"],
    "package before module": ["a/__init__.py", "a.py"],
    "directory and module": ["a/b.py", "a.py"],
    "namespace": ["a/b.py"],
    "extension": [f"a{EXTENSION_SUFFIXES[0]}"],
    "extension before module": [f"a{EXTENSION_SUFFIXES[-1]}", "a.py"],
    "package before extension": [f"a{EXTENSION_SUFFIXES[0]}", "a/__init__.py"],
    "without source": ["a.pyc"],
    "something else": ["a", "a.txt", "a.b.py"],
    "something else and module": ["a.txt", "a.py"],
    "nothing": [],
}


def described(spec: ModuleSpec | None) -> dict[str, Any] | None:
    if spec is None:
        return None
    kind = next((each.__name__ for each in type(spec.loader).__mro__ if each.__module__.startswith("_frozen")), "")
    names = ("name", "origin", "cached", "submodule_search_locations", "has_location", "parent")
    return {"loader": kind, "path": getattr(spec.loader, "path", None), **{each: getattr(spec, each) for each in names}}


def check(name: str, path: list[str]) -> ModuleSpec | None:
    """Return what is found, which is what the interpreter finds, or left to it."""
    importlib.invalidate_caches()
    found = QuickFinder().find_spec(name, path)
    if found is not None:
        assert described(found) == described(PathFinder.find_spec(name, path))
    return found


@pytest.mark.parametrize("later", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("first", LAYOUTS.values(), ids=LAYOUTS)
def test_the_same_is_found(tmp_path: Path, first: Sequence[str], later: Sequence[str]) -> None:
    for place, files in (("first", first), ("later", later)):
        for file in files:
            (tmp_path / place / file).parent.mkdir(parents=True, exist_ok=True)
            if not (tmp_path / place / file).is_dir():
                (tmp_path / place / file).write_bytes(b"")
    path = [str(tmp_path / "missing"), str(tmp_path / "first"), str(tmp_path / "later")]
    found = check("a", path)
    check("x.a", path)
    if first in (LAYOUTS["module"], LAYOUTS["package"], LAYOUTS["extension"], LAYOUTS["something else and module"]):
        assert found is not None, "the usual goes the short way"


def test_what_is_loaded_here_is_found_so() -> None:
    found = 0
    for name, module in list(sys.modules.items()):
        parent = sys.modules.get(name.rpartition(".")[0])
        path = getattr(parent, "__path__", sys.path) if parent else sys.path
        spec = getattr(module, "__spec__", None)
        if spec is not None and type(path) is list and name == spec.name:
            found += check(name, path) is not None
    assert found > 100


def test_archives_and_odd_places_are_left(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"")
    (tmp_path / "a.py").write_bytes(b"")
    for path in ([str(archive), str(tmp_path)], ["", str(tmp_path)], (str(tmp_path),)):
        assert QuickFinder().find_spec("a", path) is None
    (tmp_path / "a.py").unlink()
    finder = QuickFinder()
    (tmp_path / "a.py").write_bytes(b"")
    assert finder.find_spec("a", [str(tmp_path)]) is not None
    (tmp_path / "a.py").unlink()
    assert finder.find_spec("a", [str(tmp_path)]) is None


def loaded(place: Path) -> object:
    spec = QuickFinder().find_spec("a", [str(place)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.value


@pytest.mark.parametrize("mode", list(py_compile.PycInvalidationMode))
def test_a_module_is_what_its_source_says(tmp_path: Path, mode: py_compile.PycInvalidationMode) -> None:
    source = tmp_path / "a.py"
    source.write_text("value = 1 # " + "x" * 100)
    assert loaded(tmp_path) == 1, "not compiled yet"
    compiled = py_compile.compile(str(source), invalidation_mode=mode)
    assert loaded(tmp_path) == 1
    is_looked_at = mode is not py_compile.PycInvalidationMode.UNCHECKED_HASH
    source.write_text("value = 22 # " + "x" * 100)
    assert loaded(tmp_path) == (22 if is_looked_at else 1), "longer"
    compiled = py_compile.compile(str(source), invalidation_mode=mode)
    assert compiled is not None
    source.write_text("value = 33 # " + "x" * 100)
    os.utime(source, (1, 1))
    assert loaded(tmp_path) == (33 if is_looked_at else 22), "as long, of another time"


@pytest.mark.parametrize("harm", ["cut", "empty", "other version", "nonsense", "no file"])
def test_a_harmed_compiled_file(tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source = tmp_path / "a.py"
    source.write_text("value = 1")
    compiled = py_compile.compile(str(source))
    assert compiled is not None
    with open(compiled, "rb") as file:
        data = file.read()
    harmed = {"cut": data[:20], "empty": b"", "other version": b"\0" + data[1:], "nonsense": data[:16] + b"i\0\0\0\0"}
    with open(compiled, "wb") as file:
        file.write(harmed.get(harm, b""))
    if harm == "no file":
        os.unlink(compiled)
        os.mkdir(compiled)
    # The interpreter's own word counts: it refuses some of these.
    expected: object
    try:
        expected = vars(_by_interpreter(source))["value"]
    except (EOFError, ImportError) as error:
        expected = type(error)
    got: object
    try:
        got = loaded(tmp_path)
    except (EOFError, ImportError) as error:
        got = type(error)
    assert got == expected


def _by_interpreter(source: Path) -> Any:
    spec = importlib.util.spec_from_file_location("a", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_large_module(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"value = {'x' * 200_000!r}, {[str(each) for each in range(9)]!r}")
    py_compile.compile(str(tmp_path / "a.py"))
    value = loaded(tmp_path)
    assert isinstance(value, tuple)
    assert len(value[0]) == 200_000


@pytest.mark.parametrize("options", [[], ["-O"], ["-X", "pycache_prefix=elsewhere"]])
def test_it_is_put_before_the_usual_finder_or_left_out(options: list[str]) -> None:
    code = (
        "import sys; from asyncpip.cli.quick_imports import quicken_imports; quicken_imports();"
        "import json.tool, email.message, _json; print([type(each).__name__ for each in sys.meta_path],"
        "type(json.tool.__loader__).__name__)"
    )
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True)
    assert ("QuickFinder" in done.stdout) is not bool(options)
    assert ("_QuickLoader" in done.stdout) is not bool(options)


def test_sources_can_be_shown() -> None:
    code = (
        "from asyncpip.cli.quick_imports import quicken_imports; quicken_imports(); import json.tool, inspect;"
        "print(inspect.getsource(json.tool.main)); 1 / 0"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("def main")
    assert "ZeroDivisionError" in done.stderr


def run_quickened(code: str) -> str:
    code = f"from asyncpip.cli.quick_imports import quicken_imports; quicken_imports()\n{code}"
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", sorted(_LATE))
def test_a_late_module_is_loaded_when_it_is_looked_at(name: str) -> None:
    code = (
        f"import {name}, sys; module = sys.modules[{name!r}]; print(type(module).__name__);"
        f"print(sorted(set(dir(module)) - {{'__warningregistry__'}}), type(module).__name__, module.__name__)"
    )
    loaded_then = run_quickened(code).splitlines()
    usual = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert loaded_then[1:] == usual[1:]


def test_what_is_late_stays_so() -> None:
    """Until it is used; by several threads at once, too."""
    code = """
import ssl, sys, threading, asyncio
kinds = lambda: [type(sys.modules[name]).__name__ for name in ("base64", "asyncio.sslproto")]
print(*kinds())
found = []
threads = [threading.Thread(target=lambda: found.append(ssl.DER_cert_to_PEM_cert(b"x")[28:32])) for _ in "1234"]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*found, *kinds())
"""
    before, after = run_quickened(code).splitlines()
    assert before == "_LateModule _LateModule"
    assert after == "eA== eA== eA== eA== module _LateModule"
