"""Distributions taken out of a real directory: as whole directories, in part, with failures and kills in between."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import InstallError
from asyncpip.install import removal
from asyncpip.install.removal import remove_distributions
from asyncpip.install.removal_plan import Directories, PthEdit, RemovalPlan
from asyncpip.install.transaction import PREFIX, Transaction, recover
from asyncpip.install.uninstaller import paths_to_remove
from tests.component.install.test_apply import FailAt, undone
from tests.component.install.test_uninstaller import dist, target, write
from tests.support.stored import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CALLS = ("open", "rename", "replace", "mkdir", "unlink", "rmdir")
"""System calls that change the target."""


def site(env: Path) -> Path:
    return env / "lib/site"


def installed(env: Path, name: str, files: Mapping[str, str], *, unlisted: Mapping[str, str] | None = None) -> Path:
    """Install ``files``, relative to site-packages; those ``unlisted`` lie there too, and RECORD has them not."""
    info = f"{name}-1.0.dist-info"
    listed = [*files, f"{info}/METADATA", f"{info}/RECORD"]
    write(site(env), {**files, **(unlisted or {}), f"{info}/METADATA": f"Name: {name}\nVersion: 1.0\n"})
    (site(env) / info / "RECORD").write_text("".join(f"{path},,\r\n" for path in listed))
    return site(env) / info


def plans_of(env: Path, *infos: Path) -> list[RemovalPlan]:
    directories = Directories()
    return [paths_to_remove(dist(info), target(env), directories=directories) for info in infos]


def remove(env: Path, *infos: Path, jobs: int = 1) -> None:
    remove_distributions(plans_of(env, *infos), str(site(env)), jobs=jobs)


def left(env: Path) -> list[str]:
    """Return what is left in site-packages."""
    return sorted(snapshot(site(env)))


def journalled(env: Path, *infos: Path) -> list[str]:
    """Return what a removal says that it moves."""
    seen: list[list[str]] = []
    begin = Transaction.begin

    def look(transaction: Transaction) -> None:
        seen.append(list(transaction._moved))
        begin(transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "begin", look)
        remove(env, *infos)
    return [os.path.relpath(path, site(env)) for path in seen[0]]


BIG = {f"big/{part}/m{number}.py": "x" for part in ("a", "a/b", "c") for number in range(3)}


def test_a_directory_goes_as_one(env: Path) -> None:
    info = installed(env, "big", {**BIG, "single.py": "", "../../bin/big": ""})
    (site(env) / "big/hollow/deep").mkdir(parents=True)
    assert journalled(env, info) == ["big-1.0.dist-info", "../../bin/big", "big", "single.py"]
    assert left(env) == []
    assert os.listdir(env / "bin") == []


def test_a_file_of_somebody_else_keeps_its_directory_and_those_above(env: Path) -> None:
    info = installed(env, "big", BIG, unlisted={"big/a/b/mine.txt": "mine"})
    assert sorted(journalled(env, info)) == [
        "big-1.0.dist-info",
        *(f"big/a/b/m{number}.py" for number in range(3)),
        *(f"big/a/m{number}.py" for number in range(3)),
        "big/c",
    ]
    assert left(env) == ["big", "big/a", "big/a/b", "big/a/b/mine.txt"]


def test_a_link_to_a_directory_goes_and_what_it_leads_to_stays(env: Path, tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/file": "mine"})
    info = installed(env, "big", {**BIG, "big/link": ""})
    (site(env) / "big/link").unlink()
    (site(env) / "big/link").symlink_to(tmp_path / "elsewhere")
    remove(env, info)
    assert left(env) == []
    assert (tmp_path / "elsewhere/file").read_text() == "mine"


def test_a_link_that_is_not_listed_stays_with_its_directory(env: Path, tmp_path: Path) -> None:
    info = installed(env, "big", BIG)
    (site(env) / "big/c/link").symlink_to(tmp_path)
    remove(env, info)
    assert left(env) == ["big", "big/c", "big/c/link"]


def test_files_that_a_link_in_their_path_leads_to(env: Path) -> None:
    """The directory of a recorded path may be a link to another one of the environment."""
    info = installed(env, "big", {"real/a.py": "", "real/b.py": ""})
    (site(env) / "alias").symlink_to("real")
    (site(env) / "big-1.0.dist-info/RECORD").write_text("alias/a.py,,\nreal/b.py,,\nbig-1.0.dist-info/RECORD,,\n")
    remove(env, info)
    assert left(env) == ["alias", "big-1.0.dist-info", "big-1.0.dist-info/METADATA"]


def test_a_directory_where_a_file_was_recorded_stays(env: Path) -> None:
    info = installed(env, "big", BIG)
    (site(env) / "big/a/m0.py").unlink()
    write(site(env), {"big/a/m0.py/mine": "mine"})
    remove(env, info)
    assert left(env) == ["big", "big/a", "big/a/m0.py", "big/a/m0.py/mine"]


def test_distributions_that_share_directories_and_files(env: Path) -> None:
    one = installed(env, "one", {"ns/one/a.py": "", "ns/common.py": "", "both/x.py": "", "both/y.py": ""})
    two = installed(env, "two", {"ns/two/a.py": "", "ns/common.py": "", "both/x.py": "", "both/sub/z.py": ""})
    plans = plans_of(env, one)
    assert [os.path.basename(path) for path in plans[0].directories_to_prune] == ["one", "one-1.0.dist-info"]
    remove(env, one, two)
    assert left(env) == []


def test_what_comes_into_a_directory_in_the_meantime_goes_back(env: Path) -> None:
    info = installed(env, "big", BIG)
    plans = plans_of(env, info)
    write(site(env), {"big/a/late.txt": "mine", "big/new/late.txt": "mine"})
    remove_distributions(plans, str(site(env)), jobs=1)
    assert left(env) == ["big", "big/a", "big/a/late.txt", "big/new", "big/new/late.txt"]
    assert (site(env) / "big/a/late.txt").read_text() == "mine"


def test_lines_of_pth_files(env: Path) -> None:
    write(site(env), {"easy-install.pth": "./a\n./b\n", "own/x.pth": "./a\n"})
    path = str(site(env) / "easy-install.pth")
    inner = str(site(env) / "own/x.pth")
    plan = RemovalPlan(
        files_by_directory={os.path.dirname(inner): {"x.pth"}},
        directories_to_prune=(os.path.dirname(inner),),
        pth_edits=(PthEdit(path=path, entry="./a"), PthEdit(path=inner, entry="./a")),
    )
    remove_distributions([plan], str(site(env)), jobs=1)
    assert left(env) == ["easy-install.pth"]
    assert (site(env) / "easy-install.pth").read_text() == "./b\n"


def test_many_files_are_deleted_by_several_processes(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [
        installed(env, f"d{number}", {f"d{number}/{part}/{file}.py": "" for part in "ab" for file in range(4)})
        for number in range(20)
    ]
    monkeypatch.setattr(removal, "_SHARED_FROM_FILES", 10)
    remove(env, *infos, jobs=3)
    assert left(env) == []


def test_no_process_for_deleting(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = installed(env, "big", BIG)
    monkeypatch.setattr(removal, "_SHARED_FROM_FILES", 1)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("asyncpip.install.parallel.run_parallel", refuse)
    remove(env, info, jobs=2)
    assert left(env) == []


# --- directories that cannot be moved as one


def refuse_directories(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let no directory be renamed, as in a lower layer of an overlay."""
    replace = os.replace

    def refuse(source: str, destination: str) -> None:
        if os.path.isdir(source) and not os.path.islink(source) and not os.path.basename(source).startswith(PREFIX):
            raise OSError(number, os.strerror(number), source)
        replace(source, destination)

    monkeypatch.setattr(os, "replace", refuse)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EBUSY])
def test_directories_that_cannot_be_renamed_go_file_by_file(
    env: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    info = installed(env, "big", BIG)
    (site(env) / "big/hollow").mkdir()
    refuse_directories(monkeypatch, number)
    remove(env, info)
    assert left(env) == []


def test_a_mount_point_is_not_moved_with_what_is_above_it(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = installed(env, "big", {**BIG, "big/with blank/x.py": ""})
    mounted = str(site(env) / "big/with blank").replace(" ", r"\040")
    table = env / "mountinfo"
    table.write_text(f"1 0 0:1 / / rw - ext4 /dev/x rw\n2 1 0:2 / {mounted} rw - tmpfs none rw\n")
    monkeypatch.setattr(removal, "_MOUNTS", str(table))
    assert sorted(journalled(env, info)) == ["big-1.0.dist-info", "big/a", "big/c", "big/with blank/x.py"]
    assert left(env) == []


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="becomes another user, as only root may")
def test_a_directory_that_may_not_be_emptied_stops_all(env: Path) -> None:
    """Moving the directory above it is allowed, deleting it is not: that must be found out before."""
    info = installed(env, "big", BIG)
    user = 65534
    for place, _, _ in os.walk(env):
        os.chown(place, user, user)
    os.chmod(site(env) / "big/a/b", 0o555)  # noqa: S103 - to be seen again
    for above in (env.parent, *env.parent.parents):
        if above.stat().st_uid == 0 and above.stat().st_mode & 0o001 == 0:
            above.chmod(above.stat().st_mode | 0o011)
    before = snapshot(env)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgid(user)
            os.setuid(user)
            remove(env, info)
        except InstallError as error:
            code = 3 if "Permission denied" in str(error) else 4
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert snapshot(env) == before


# --- failures and kills


class Killed(BaseException):
    """Nobody cleans up after it."""


def environment_to_empty(env: Path) -> list[Path]:
    write(site(env), {"easy-install.pth": "./a\n./b\n", "stranger.py": "mine"})
    return [
        installed(env, "big", {**BIG, "../../bin/big": "x"}, unlisted={"big/a/b/mine.txt": "mine"}),
        installed(env, "one", {"ns/one/a.py": "", "ns/common.py": "", "one.py": ""}),
        installed(env, "two", {"ns/two/deep/a.py": "", "ns/common.py": ""}),
    ]


def plans_with_edit(env: Path, infos: list[Path]) -> list[RemovalPlan]:
    edit = RemovalPlan(pth_edits=(PthEdit(path=str(site(env) / "easy-install.pth"), entry="./a"),))
    return [*plans_of(env, *infos), edit]


@pytest.mark.parametrize("renames", [True, False], ids=["whole", "file by file"])
def test_a_kill_at_every_step(tmp_path: Path, renames: bool) -> None:
    """Whatever a kill leaves, the next run undoes or finishes: never anything between."""
    results: list[bool] = []
    for step in range(1000):
        env = tmp_path.resolve() / f"env{step}"
        (env / "lib/site").mkdir(parents=True)
        (env / "bin").mkdir()
        plans = plans_with_edit(env, environment_to_empty(env))
        before = snapshot(env)
        fail = FailAt(step, Killed())
        with pytest.MonkeyPatch.context() as patch:
            if not renames:
                refuse_directories(patch, errno.EXDEV)
            for name in CALLS:
                patch.setattr(os, name, fail.wrap(getattr(os, name)))
            patch.setattr(Transaction, "rollback", lambda _: [])
            try:
                remove_distributions(plans, str(site(env)), jobs=1)
            except Killed:
                ended = False
            else:
                ended = fail.left > 0
        recover(str(site(env)), lambda _: None)
        now = snapshot(env)
        gone = ["bin", "lib", "lib/site", *(f"lib/site/{name}" for name in ("big", "big/a", "big/a/b"))]
        after = [*gone, *(f"lib/site/{name}" for name in ("big/a/b/mine.txt", "easy-install.pth", "stranger.py"))]
        assert now == before or sorted(now) == sorted(after), f"after step {step}"
        results.append(now == before)
        if ended:
            break
    assert results == sorted(results, reverse=True)  # once it is final, nothing brings it back
    assert results.count(True) > 15
    assert results.count(False) > 15


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_failure_at_every_step_before_it_is_final(tmp_path: Path, error: BaseException) -> None:
    for step in range(1000):
        env = tmp_path.resolve() / f"env{step}"
        (env / "lib/site").mkdir(parents=True)
        (env / "bin").mkdir()
        plans = plans_with_edit(env, environment_to_empty(env))
        before = snapshot(env)
        fail = FailAt(step, error)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("open", "rename", "replace", "mkdir"):
                patch.setattr(os, name, fail.wrap(getattr(os, name)))

            patch.setattr(Transaction, "rollback", undone(Transaction.rollback, patch))
            try:
                remove_distributions(plans, str(site(env)), jobs=1)
            except (InstallError, KeyboardInterrupt):
                now = snapshot(env)
            else:
                break
        if now != before:  # what failed came after the change was final, and so was finished
            assert not (site(env) / "big-1.0.dist-info").exists(), f"after step {step}"
            assert not [name for name in os.listdir(site(env)) if name.startswith(PREFIX)]
    assert step > 15
