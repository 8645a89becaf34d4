"""Stored wheels into a target and back out of it."""

from __future__ import annotations

import csv
import errno
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.errors import InstallError
from asyncpip.install.apply import Removal, apply_changes
from asyncpip.install.bytecode import compile_files
from asyncpip.install.linker import COPY, HARDLINK, LINK_MODES, MOVE, link_files
from asyncpip.install.transaction import PREFIX, Transaction, recover
from asyncpip.install.verify import verify_distribution
from asyncpip.store.store import Store
from tests.support.stored import destination_below, open_test_store, snapshot, stored_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncpip.install.linker import LinkJob
    from asyncpip.install.placement import WheelToInstall

pytestmark = pytest.mark.usefixtures("usual_umask")

FULL: dict[str, Any] = {
    "files": {
        "demo/__init__.py": "def main(): print('ran')\n",
        "demo/sub/mod.py": "Y = 1\n",
        "demo/data.bin": b"\0" * 999,
    },
    "data": {
        "scripts/run": "#!python\nprint(1)\n",
        "scripts/plain": "#!/bin/sh\n",
        "data/share/doc.txt": "text",
        "headers/demo.h": "int x;",
        "purelib/extra.py": "Y = 2\n",
        "platlib/ext.py": "Y = 3\n",
    },
    "entry_points": {"console_scripts": ["demo = demo:main"], "gui_scripts": ["demo-gui = demo.gui:App.run"]},
    "executable": ["demo/data.bin", "demo-1.0.data/scripts/plain"],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_test_store(tmp_path / "store")


class Target:
    """A target below a directory, and what is in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = destination_below(root)
        self.site = Path(self.where.scheme.purelib)

    def install(self, wheels: Sequence[WheelToInstall], removals: Sequence[Removal] = (), **options: Any) -> None:
        given: dict[str, Any] = {"link_mode": HARDLINK, "jobs": 2} | options
        apply_changes(wheels, removals, self.where, **given)

    def rows(self, dist_info: str, *, site: Path | None = None) -> dict[str, tuple[str, str]]:
        with open((site or self.site) / dist_info / "RECORD", newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        assert len({row[0] for row in rows}) == len(rows)
        return {path: (digest, size) for path, digest, size in rows}

    def files(self) -> set[str]:
        return {
            name for name, value in snapshot(self.root).items() if isinstance(value, tuple) and value[0] != "directory"
        }

    def removal(self, dist_info: str) -> Removal:
        files = [os.path.normpath(self.site / path) for path in self.rows(dist_info)]
        return Removal(files, sorted({os.path.dirname(path) for path in files}))


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(tmp_path / "env")


@pytest.mark.parametrize("mode", [*LINK_MODES, MOVE])
@pytest.mark.parametrize("purelib", [True, False])
def test_every_placement(tmp_path: Path, target: Target, mode: str, purelib: bool) -> None:
    store = Store(str(tmp_path / "store"), umask=0o022, is_temporary=mode == MOVE)
    wheel = stored_wheel(store, "demo", "1.0", root_is_purelib=purelib, direct_url=b'{"url": "x"}', **FULL)
    target.install([wheel], link_mode=mode)
    lib, other = ("lib", "lib64") if purelib else ("lib64", "lib")
    site = target.root / lib / "python3.11" / "site-packages"
    expected = {
        *(f"{lib}/python3.11/site-packages/demo/{name}" for name in ("__init__.py", "sub/mod.py", "data.bin")),
        *(
            f"{lib}/python3.11/site-packages/demo-1.0.dist-info/{name}"
            for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "entry_points.txt")
        ),
        "lib/python3.11/site-packages/extra.py",
        "lib64/python3.11/site-packages/ext.py",
        "share/doc.txt",
        "include/site/python3.11/demo/demo.h",
        *(f"bin/{name}" for name in ("run", "plain", "demo", "demo-gui")),
    }
    found = {path for path, value in snapshot(target.root).items() if value[0] != "directory"}  # type: ignore[index] # pairs
    assert found == expected
    assert (target.root / "bin" / "run").read_text() == f"#!{sys.executable}\nprint(1)\n"
    assert (site / "demo-1.0.dist-info" / "INSTALLER").read_text() == "asyncpip\n"
    assert (site / "demo-1.0.dist-info" / "direct_url.json").read_text() == '{"url": "x"}'
    assert (site / "demo-1.0.dist-info" / "REQUESTED").read_bytes() == b""
    assert verify_distribution(str(site / "demo-1.0.dist-info")) == []
    rows = target.rows("demo-1.0.dist-info", site=site)
    assert {os.path.normpath(site / path) for path in rows} == {str(target.root / name) for name in expected}
    assert "../../../bin/run" in rows
    assert f"../../../{other}/python3.11/site-packages/{'ext' if purelib else 'extra'}.py" in rows
    assert rows["demo-1.0.dist-info/RECORD"] == ("", "")
    assert os.access(site / "demo" / "data.bin", os.X_OK)
    assert not os.access(site / "demo" / "__init__.py", os.X_OK) or os.geteuid() == 0
    assert all((target.root / "bin" / name).stat().st_mode & 0o111 == 0o111 for name in ("plain", "demo", "demo-gui"))


def test_installed_scripts_run(store: Store, target: Target) -> None:
    target.install([stored_wheel(store, "demo", "1.0", **FULL)])
    done = subprocess.run(
        [target.root / "bin" / "demo"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(target.site)},
    )
    assert done.stdout == "ran\n"


@pytest.mark.parametrize(("umask", "plain", "executable"), [(0o027, 0o640, 0o751), (0o077, 0o600, 0o711)])
@pytest.mark.parametrize("mode", [HARDLINK, COPY])
def test_modes_with_another_umask(
    tmp_path: Path, target: Target, umask: int, plain: int, executable: int, mode: str
) -> None:
    os.umask(umask)
    store = open_test_store(tmp_path / "store", umask=umask)
    parts = FULL | {"executable": [*FULL["executable"], "demo-1.0.data/scripts/run"]}
    target.install([stored_wheel(store, "demo", "1.0", **parts)], link_mode=mode)
    modes = {
        path.name: path.stat().st_mode & 0o7777 for path in (*target.site.rglob("*"), *(target.root / "bin").iterdir())
    }
    assert modes["__init__.py"] == modes["RECORD"] == modes["INSTALLER"] == modes["METADATA"] == plain
    assert modes["data.bin"] == modes["plain"] == executable
    assert modes["run"] == executable, "a script of the wheel, its first line written anew"
    assert modes["demo"] == modes["demo-gui"] == 0o755, "pip lets everybody run the scripts of entry points"
    assert modes["sub"] == 0o777 & ~umask


def test_record_rows_are_in_pip_s_order_with_names_that_need_quotes(store: Store, target: Target) -> None:
    names = ["zz.py", "a,b.py", 'a"q.py', "a.py", "ab.py", "ü.py", "A.py", "-.py", "demo/x.py", "demo.py"]
    target.install([stored_wheel(store, "demo", "1.0", files=dict.fromkeys(names, "x"))])
    assert set(names) <= target.rows("demo-1.0.dist-info").keys()
    assert (target.site / "demo-1.0.dist-info" / "RECORD").read_bytes().count(b"\r\n") == len(names) + 5
    assert verify_distribution(str(target.site / "demo-1.0.dist-info")) == []


def test_without_request_there_is_no_mark(store: Store, target: Target) -> None:
    target.install([stored_wheel(store, "demo", "1.0", requested=False)])
    assert sorted(os.listdir(target.site / "demo-1.0.dist-info")) == ["INSTALLER", "METADATA", "RECORD", "WHEEL"]
    assert target.rows("demo-1.0.dist-info").keys() == {
        "demo.py",
        *(f"demo-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
    }


# --- bytecode


def compiler(paths: list[str]) -> list[str]:
    return list(compile_files(sys.executable, paths, jobs=1).made)


def test_bytecode(store: Store, target: Target) -> None:
    wheels = [
        stored_wheel(store, "demo", "1.0", files={"demo/__init__.py": "X = 1\n", "demo/bad.py": "def ("}),
        stored_wheel(store, "other", "1.0", files={"demo_other.py": "X = 1\n"}),
    ]
    target.install(wheels, compile_sources=compiler)
    tag = sys.implementation.cache_tag
    rows = target.rows("demo-1.0.dist-info")
    assert rows[f"demo/__pycache__/__init__.{tag}.pyc"] == ("", "")
    assert not any("bad" in path and path.endswith(".pyc") for path in rows)
    assert f"__pycache__/demo_other.{tag}.pyc" in target.rows("other-1.0.dist-info")
    assert (target.site / "demo" / "__pycache__" / f"__init__.{tag}.pyc").exists()


def test_bytecode_is_taken_back_too(store: Store, target: Target) -> None:
    wheel = stored_wheel(store, "demo", "1.0", files={"demo/__init__.py": "X = 1\n"})
    target.site.mkdir(parents=True)
    before = snapshot(target.root)

    def fail_late(paths: list[str]) -> list[str]:
        assert compiler(paths)
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(InstallError, match="full") as caught:
        target.install([wheel], compile_sources=fail_late)
    assert "as it was before" in str(caught.value.why)
    assert snapshot(target.root) == before


# --- one path, two wheels


def shared_wheels(store: Store) -> list[WheelToInstall]:
    return [
        stored_wheel(
            store,
            name,
            "1.0",
            files={
                f"{name}.py": name,
                "shared/__init__.py": name * number,
                **{f"{name}/f{k}.py": "x" for k in range(20)},
            },
            data={"data/share/both.txt": name, "scripts/both": f"#!python\n{name}"},
            entry_points={"console_scripts": [f"tool = {name}:main"]},
        )
        for number, name in enumerate(("first", "second", "third"), 1)
    ]


def test_the_later_of_two_wheels_wins(store: Store, target: Target) -> None:
    told: list[str] = []
    target.install(shared_wheels(store), on_overwrite=told.append)
    assert (target.site / "shared" / "__init__.py").read_text() == "third" * 3
    assert (target.root / "share" / "both.txt").read_text() == "third"
    assert "from third import main" in (target.root / "bin" / "tool").read_text()
    assert (target.root / "bin" / "both").read_text().endswith("\nthird")
    assert all("shared/__init__.py" in target.rows(f"{name}-1.0.dist-info") for name in ("first", "second", "third"))
    assert verify_distribution(str(target.site / "third-1.0.dist-info")) == []
    assert len(told) == 8
    assert all("third" in text for text in told)


@pytest.mark.parametrize("seed", range(5))
def test_threads_do_not_show(
    tmp_path: Path, store: Store, target: Target, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    wheels = shared_wheels(store)
    target.install(wheels, jobs=1)

    def shuffled(jobs_list: Sequence[LinkJob], **options: Any) -> None:
        pieces = [
            (tree, root, [path], first + at) for tree, root, paths, first in jobs_list for at, path in enumerate(paths)
        ]
        random.Random(seed).shuffle(pieces)  # noqa: S311 - an order, not a secret
        link_files(pieces, **options)

    monkeypatch.setattr("asyncpip.install.apply.link_files", shuffled)
    other = Target(tmp_path / "other")
    other.install(wheels, jobs=8)
    assert snapshot(other.root) == snapshot(target.root)


def test_one_wheel_that_writes_a_path_twice(store: Store, target: Target) -> None:
    """`.data/purelib` over the root: what is written later stays; RECORD has both rows, as pip's."""
    wheel = stored_wheel(store, "demo", "1.0", files={"demo.py": "root"}, data={"purelib/demo.py": "data!"})
    told: list[str] = []
    target.install([wheel], on_overwrite=told.append)
    assert (target.site / "demo.py").read_text() == "data!"
    assert told == []
    assert (target.site / "demo-1.0.dist-info" / "RECORD").read_text().count("demo.py,sha256=") == 2


# --- what was there before


def test_replacing_a_version(store: Store, target: Target) -> None:
    target.install([stored_wheel(store, "demo", "1.0", files={"demo/__init__.py": "1", "demo/gone/x.py": "1"})])
    target.install(
        [stored_wheel(store, "demo", "2.0", files={"demo/__init__.py": "2", "demo/new/x.py": "2"})],
        [target.removal("demo-1.0.dist-info")],
    )
    assert (target.site / "demo" / "__init__.py").read_text() == "2"
    assert sorted(os.listdir(target.site)) == ["demo", "demo-2.0.dist-info"]
    assert sorted(os.listdir(target.site / "demo")) == ["__init__.py", "new"]
    # The store's own copy of the old version is whole: the link was taken away, not the file.
    target.install([stored_wheel(store, "demo", "1.0", files={"demo/__init__.py": "1", "demo/gone/x.py": "1"})])


def test_the_same_version_again(store: Store, target: Target) -> None:
    wheel = stored_wheel(store, "demo", "1.0", **FULL)
    target.install([wheel])
    before = snapshot(target.root)
    target.install([wheel], [target.removal("demo-1.0.dist-info")])
    assert snapshot(target.root) == before


def test_a_package_becomes_a_module_and_back(store: Store, target: Target) -> None:
    package = stored_wheel(store, "demo", "1.0", files={"thing/__init__.py": "1", "thing/sub/x.py": "1"})
    module = stored_wheel(store, "demo", "2.0", files={"thing": "2"})
    target.install([package])
    before = snapshot(target.root)
    target.install([module], [target.removal("demo-1.0.dist-info")])
    assert (target.site / "thing").read_text() == "2"
    target.install([package], [target.removal("demo-2.0.dist-info")])
    assert snapshot(target.root) == before


def test_a_stranger_s_file_is_overwritten_as_pip_does(store: Store, target: Target) -> None:
    target.site.mkdir(parents=True)
    (target.site / "demo.py").write_text("a stranger's")
    target.install([stored_wheel(store, "demo", "1.0", files={"demo.py": "ours"})])
    assert (target.site / "demo.py").read_text() == "ours"
    assert not any(name.startswith(PREFIX) for name in os.listdir(target.site))


def test_a_stranger_s_directory_is_not(store: Store, target: Target) -> None:
    (target.site / "demo.py" / "important").mkdir(parents=True)
    (target.site / "demo.py" / "important" / "data").write_text("months of work")
    before = snapshot(target.root)
    with pytest.raises(InstallError) as caught:
        target.install([stored_wheel(store, "demo", "1.0", files={"a.py": "1", "demo.py": "ours"})])
    assert "as it was before" in str(caught.value.why)
    assert snapshot(target.root) == before


def test_an_empty_directory_is_replaced(store: Store, target: Target) -> None:
    (target.site / "demo.py" / "empty").mkdir(parents=True)
    target.install([stored_wheel(store, "demo", "1.0", files={"demo.py": "ours"})])
    assert (target.site / "demo.py").read_text() == "ours"


def test_a_link_is_replaced_not_followed(store: Store, target: Target, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("kept")
    target.site.mkdir(parents=True)
    os.symlink(tmp_path / "elsewhere", target.site / "a.py")
    os.symlink(tmp_path / "elsewhere" / "file", target.site / "b.py")
    os.symlink("nowhere", target.site / "c.py")
    target.install([stored_wheel(store, "demo", "1.0", files={"a.py": "1", "b.py": "2", "c.py": "3"})])
    assert [(target.site / name).read_text() for name in ("a.py", "b.py", "c.py")] == ["1", "2", "3"]
    assert snapshot(tmp_path / "elsewhere") == {"file": (b"kept", 0o644)}


def test_lines_that_go(store: Store, target: Target) -> None:
    target.site.mkdir(parents=True)
    path = target.site / "easy-install.pth"
    path.write_text("./a\n./b\n./c\n./a\n")
    removals = [Removal([], [], [(str(path), line)]) for line in ("./a", "./c", "./missing")]
    target.install([stored_wheel(store, "demo", "1.0")], removals)
    assert path.read_text() == "./b\n./a\n"


# --- every step that may fail


def environment_with_an_old_version(store: Store, target: Target) -> tuple[list[WheelToInstall], Removal]:
    old: dict[str, Any] = FULL | {"files": {**FULL["files"], "demo/old.py": "old"}}
    target.install([stored_wheel(store, "demo", "0.9", **old, direct_url=b"{}")])
    (target.site / "demo" / "sub" / "mod.py").unlink()
    (target.site / "demo" / "sub" / "mod.py").write_text("a user's own edit")
    (target.site / "second.py").write_text("a stranger's")
    (target.site / "easy-install.pth").write_text("./a\n./b\n")
    removal = target.removal("demo-0.9.dist-info")
    dropped_lines = [(str(target.site / "easy-install.pth"), "./a")]
    files: dict[str, Any] = {"second.py": "2", **{f"second/f{number}.py": "x" for number in range(10)}}
    wheels = [stored_wheel(store, "demo", "1.0", **FULL), stored_wheel(store, "second", "1.0", files=files)]
    return wheels, Removal(removal.files, removal.directories, dropped_lines)


class FailAt:
    """Makes the number-th call of one of several functions fail."""

    def __init__(self, number: int, error: BaseException) -> None:
        self.left = number
        self.error = error

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if self.left == 0:
                raise self.error
            self.left -= 1
            return function(*args, **kwargs)

        return wrapped


def undone(
    rollback: Callable[[Transaction], list[str]], patch: pytest.MonkeyPatch
) -> Callable[[Transaction], list[str]]:
    """Return ``rollback`` with the patches taken back first: what puts back does not meet the same error."""

    def wrapped(transaction: Transaction) -> list[str]:
        patch.undo()
        return rollback(transaction)

    return wrapped


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_every_step(store: Store, target: Target, error: BaseException) -> None:
    """Every system call that changes the target fails in turn: the environment is byte for byte as before."""
    wheels, removal = environment_with_an_old_version(store, target)
    before = snapshot(target.root)
    steps = 0
    while True:
        fail = FailAt(steps, error)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "link", "mkdir", "rename", "replace"):
                patch.setattr(os, name, fail.wrap(getattr(os, name)))
            patch.setattr(Transaction, "rollback", undone(Transaction.rollback, patch))
            try:
                target.install(wheels, [removal], jobs=1)
            except (InstallError, KeyboardInterrupt):
                pass
            else:
                break
        assert snapshot(target.root) == before, f"after step {steps}"
        steps += 1
    assert steps > 60
    assert (target.site / "demo-1.0.dist-info" / "RECORD").exists()
    assert not (target.site / "demo-0.9.dist-info").exists()


def test_a_kill_at_every_step_is_undone_by_the_next_run(store: Store, target: Target) -> None:
    """As above, but nobody cleans up until `recover` looks at the target."""
    wheels, removal = environment_with_an_old_version(store, target)
    before = snapshot(target.root)

    class Killed(BaseException):
        pass

    for steps in range(0, 1000, 3):
        fail = FailAt(steps, Killed())
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "link", "mkdir", "rename", "replace"):
                patch.setattr(os, name, fail.wrap(getattr(os, name)))
            patch.setattr(Transaction, "rollback", lambda _: [])
            try:
                target.install(wheels, [removal], jobs=1)
            except Killed:
                pass
            else:
                assert steps > 60
                return
        recover(str(target.site), lambda _: None)
        assert snapshot(target.root) == before, f"after step {steps}"
    pytest.fail("the installation never ended")


def test_a_missing_stored_file(store: Store, target: Target) -> None:
    wheels, removal = environment_with_an_old_version(store, target)
    before = snapshot(target.root)
    os.unlink(os.path.join(wheels[1].tree, "5"))
    with pytest.raises(InstallError, match="No such file"):
        target.install(wheels, [removal], jobs=4)
    assert snapshot(target.root) == before


def test_a_target_that_is_not_there_is_not_left_behind(store: Store, target: Target) -> None:
    wheel = stored_wheel(store, "demo", "1.0", **FULL)
    os.unlink(os.path.join(wheel.tree, "0"))
    target.root.mkdir()
    with pytest.raises(InstallError):
        target.install([wheel])
    assert snapshot(target.root) == {}


def test_a_file_in_the_place_of_a_directory(store: Store, target: Target) -> None:
    target.site.mkdir(parents=True)
    (target.site / "demo").write_text("a stranger's file")
    before = snapshot(target.root)
    with pytest.raises(InstallError, match="exists"):
        target.install([stored_wheel(store, "demo", "1.0", **FULL)])
    assert snapshot(target.root) == before


# --- verify


def test_verify(store: Store, target: Target) -> None:
    target.install([stored_wheel(store, "demo", "1.0", **FULL)], link_mode=COPY)
    info = str(target.site / "demo-1.0.dist-info")
    (target.site / "demo" / "__init__.py").write_text("def main(): print('RAN')\n")
    (target.site / "demo" / "sub" / "mod.py").write_text("longer than before\n")
    (target.root / "bin" / "run").unlink()
    problems = verify_distribution(info)
    assert [problem.split()[0] for problem in problems] == ["../../../bin/run", "demo/__init__.py", "demo/sub/mod.py"]
    assert "is missing" in problems[0]
    assert "another hash" in problems[1]
    assert "19 bytes, not 6" in problems[2]
    os.unlink(os.path.join(info, "RECORD"))
    assert "has no RECORD" in verify_distribution(info)[0]


def test_verify_with_other_hashes(tmp_path: Path) -> None:
    info = tmp_path / "x-1.dist-info"
    info.mkdir()
    (tmp_path / "a.py").write_bytes(b"abc")
    rows = [
        "a.py,sha512=3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05ohkpkqJ0_BqDa6PCOj_uu9RU1EI2Q86A4qmslPpUyknw,3",
        "a.py,md5=kAFQmDzST7DWlj99KOF_cg,3",
        "a.py,whirlpool9=abc,3",
        "missing.py,,",
    ]
    (info / "RECORD").write_text("\n".join(rows))
    assert verify_distribution(str(info)) == ["a.py has a hash of an unknown kind, whirlpool9", "missing.py is missing"]
