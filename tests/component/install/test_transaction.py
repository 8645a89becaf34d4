"""Transactions: all or nothing, whatever fails, and whoever is killed where."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asyncpip.install.transaction import PREFIX, Transaction, recover
from tests.support.stored import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHM = "/dev/shm"  # noqa: S108 - another file system than the temporary directory, where there is one


class Environment:
    """A small target: an old distribution to replace, and strangers that nobody may touch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "site"
        (self.home / "old").mkdir(parents=True)
        (self.home / "old" / "gone.py").write_text("old")
        (self.home / "old" / "stays.py").write_text("old")
        (self.home / "stranger.py").write_text("mine")
        os.chmod(self.home / "old" / "gone.py", 0o751)  # noqa: S103 - to be seen again
        os.symlink("nowhere", self.home / "old" / "dangling")
        (root / "bin").mkdir()
        (root / "bin" / "tool").write_text("old tool")
        self.moved = [
            str(self.home / "old" / "gone.py"),
            str(self.home / "old" / "stays.py"),
            str(self.home / "old" / "dangling"),
            str(root / "bin" / "tool"),
        ]
        self.directories = [str(self.home / "new"), str(self.home / "new" / "sub")]
        self.files = [
            str(self.home / "new" / "a.py"),
            str(self.home / "new" / "sub" / "b.py"),
            str(self.home / "old" / "stays.py"),
            str(root / "bin" / "tool"),
            str(self.home / "plain.py"),
        ]
        self.before = snapshot(root)

    def transaction(self) -> Transaction:
        return Transaction(str(self.home), moved=self.moved, new_directories=self.directories, new_files=self.files)

    def write(self, count: int | None = None) -> None:
        for path in self.files[:count]:
            with open(path, "x") as file:
                file.write("new")

    def leftovers(self) -> list[str]:
        return [name for name in os.listdir(self.home) if name.startswith(PREFIX)]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "env")


def test_commit(environment: Environment) -> None:
    transaction = environment.transaction()
    transaction.begin()
    environment.write()
    transaction.commit([str(environment.home / "old")])
    assert environment.leftovers() == []
    assert all(Path(path).read_text() == "new" for path in environment.files)
    assert not os.path.lexists(environment.moved[0])
    assert not os.path.lexists(environment.moved[2])
    assert (environment.home / "stranger.py").read_text() == "mine"
    assert (environment.home / "old").is_dir()  # not empty


def test_commit_prunes_what_is_empty(environment: Environment) -> None:
    transaction = Transaction(str(environment.home), moved=environment.moved[:3], new_directories=[], new_files=[])
    transaction.begin()
    transaction.commit([str(environment.home / "old"), str(environment.home)])
    assert not (environment.home / "old").exists()
    assert (environment.home / "stranger.py").exists()


@pytest.mark.parametrize("count", range(6))
def test_rollback_after_any_number_of_files(environment: Environment, count: int) -> None:
    transaction = environment.transaction()
    transaction.begin()
    environment.write(count)
    assert transaction.rollback() == []
    assert snapshot(environment.root) == environment.before


def test_rollback_before_begin(environment: Environment) -> None:
    assert environment.transaction().rollback() == []
    assert snapshot(environment.root) == environment.before


# --- `begin` that fails


@pytest.mark.parametrize("index", range(4))
def test_a_file_that_cannot_be_moved(environment: Environment, index: int) -> None:
    os.unlink(environment.moved[index])
    before = snapshot(environment.root)
    transaction = environment.transaction()
    with pytest.raises(FileNotFoundError):
        transaction.begin()
    assert transaction.rollback() == []
    assert snapshot(environment.root) == before


@pytest.mark.parametrize("index", range(2))
def test_a_directory_that_cannot_be_made(environment: Environment, index: int) -> None:
    os.makedirs(os.path.dirname(environment.directories[index]), exist_ok=True)
    with open(environment.directories[index], "w") as file:
        file.write("a stranger in the way")
    before = snapshot(environment.root)
    transaction = environment.transaction()
    with pytest.raises(FileExistsError):
        transaction.begin()
    assert transaction.rollback() == []
    after = snapshot(environment.root)
    assert after[f"site/{os.path.relpath(environment.directories[index], environment.home)}"] == (
        b"a stranger in the way",
        before[f"site/{os.path.relpath(environment.directories[index], environment.home)}"][1],  # type: ignore[index] # a file
    )
    assert after.items() <= before.items()


@pytest.mark.parametrize("index", [0, 1, 4])
def test_a_directory_in_the_way_of_a_new_file_stays(environment: Environment, index: int) -> None:
    transaction = environment.transaction()
    transaction.begin()
    stranger = environment.files[index]
    os.makedirs(os.path.join(stranger, "below"))
    assert transaction.rollback() == []
    assert os.path.isdir(os.path.join(stranger, "below"))
    assert environment.leftovers() == []
    assert environment.before.items() <= snapshot(environment.root).items()


def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    for ends in ("rollback", "commit"):
        transaction = Transaction(str(home), moved=[], new_directories=[], new_files=[str(home / "x")])
        transaction.begin()
        (home / "x").touch()
        if ends == "rollback":
            transaction.rollback()
            assert os.listdir(tmp_path) == []
        else:
            transaction.commit()
            assert os.listdir(home) == ["x"]


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """A function that makes writes beyond a file size fail, as they do on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    action = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size_bytes: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, action)


def test_a_journal_that_cannot_be_written_whole(environment: Environment, small_files: Callable[[int], None]) -> None:
    """Half a path in it may be the whole path of another file."""
    victim = environment.home / "stranger.py"
    environment.files.append(str(victim) + "c")
    transaction = environment.transaction()
    entries = [f"M{path}" for path in environment.moved]
    entries += [f"D{path}" for path in environment.directories] + [f"F{path}" for path in environment.files]
    small_files(len("\0".join(entries)) - 1)
    with pytest.raises(OSError, match="arge"):
        transaction.begin()
    small_files(resource.RLIM_INFINITY)
    assert transaction.rollback() == []
    assert snapshot(environment.root) == environment.before


def test_a_kill_while_the_journal_is_written(environment: Environment) -> None:
    directory = environment.home / f"{PREFIX}1-abc"
    directory.mkdir()
    (directory / "unfinished").write_text(f"F{environment.home / 'stranger.py'}")
    recover(str(environment.home), pytest.fail)
    assert snapshot(environment.root) == environment.before


# --- killed


STEPS = ("directory", "journal", "moved", "directories", "some files", "all files")


@pytest.mark.parametrize("step", STEPS)
def test_recover_after_a_kill(environment: Environment, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A kill is an error after which nobody cleans up."""

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    transaction = environment.transaction()
    module = "asyncpip.install.transaction"
    if step == "directory":
        monkeypatch.setattr(f"{module}._write", kill)
    elif step == "journal":
        monkeypatch.setattr(f"{module}._move_all", kill)
    elif step == "moved":
        environment.directories.insert(0, str(environment.home / "no" / "such"))  # its parent is missing: mkdir fails
    if step in ("directory", "journal", "moved"):
        with pytest.raises((Killed, FileNotFoundError)):
            transaction.begin()
    else:
        transaction.begin()
        environment.write({"directories": 0, "some files": 3}.get(step))
    monkeypatch.undo()
    assert environment.leftovers()

    warnings: list[str] = []
    recover(str(environment.home), warnings.append)
    assert snapshot(environment.root) == environment.before
    assert len(warnings) == (0 if step == "directory" else 1)
    recover(str(environment.home), pytest.fail)


@pytest.mark.parametrize("count", range(5))
def test_a_kill_between_two_moves(environment: Environment, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    replace = os.replace
    left = count

    def some(source: str, destination: str) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        replace(source, destination)

    monkeypatch.setattr(os, "replace", some)
    if count < len(environment.moved):
        with pytest.raises(KeyboardInterrupt):
            environment.transaction().begin()
    else:
        environment.transaction().begin()
    monkeypatch.undo()
    warnings: list[str] = []
    recover(str(environment.home), warnings.append)
    assert snapshot(environment.root) == environment.before


def test_a_kill_while_it_is_undone(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = environment.transaction()
    transaction.begin()
    environment.write()
    for left in (0, 1, 2):
        replace, remaining = os.replace, left

        def some(source: str, destination: str, replace: Callable[..., None] = replace) -> None:
            nonlocal remaining
            if remaining == 0:
                raise KeyboardInterrupt
            remaining -= 1
            replace(source, destination)

        monkeypatch.setattr(os, "replace", some)
        with pytest.raises(KeyboardInterrupt):
            recover(str(environment.home), lambda _: None)
        monkeypatch.undo()
    recover(str(environment.home), lambda _: None)
    assert snapshot(environment.root) == environment.before


def test_a_kill_behind_the_commit(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = environment.transaction()
    transaction.begin()
    environment.write()

    def kill(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncpip.install.transaction.remove_tree", kill)
    with pytest.raises(KeyboardInterrupt):
        transaction.commit()
    monkeypatch.undo()
    assert environment.leftovers()
    recover(str(environment.home), pytest.fail)
    assert environment.leftovers() == []
    assert all(Path(path).read_text() == "new" for path in environment.files)


def test_directories_left_empty_by_a_kill_behind_the_commit_go(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction = environment.transaction()
    transaction.begin()
    (environment.home / "empty").mkdir()

    def kill(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncpip.install.transaction._remove_empty", kill)
    with pytest.raises(KeyboardInterrupt):
        transaction.commit([str(environment.home / name) for name in ("empty", "new", "new/sub")])
    monkeypatch.undo()
    recover(str(environment.home), pytest.fail)
    assert environment.leftovers() == []
    assert not (environment.home / "empty").exists()
    assert not (environment.home / "new").exists()


def test_a_temporary_store_of_a_killed_run_is_removed(environment: Environment) -> None:
    (environment.home / f"{PREFIX}77-ff" / "trees-v1" / "ab").mkdir(parents=True)
    recover(str(environment.home), pytest.fail)
    assert snapshot(environment.root) == environment.before


def test_a_journal_that_cannot_be_read_loses_nothing(environment: Environment) -> None:
    transaction = environment.transaction()
    transaction.begin()
    environment.write()
    journal = os.path.join(transaction.directory, "journal")
    os.rename(journal, journal + "-kept")
    os.symlink("journal", journal)  # a loop: it is there, and opening it fails
    warnings: list[str] = []
    recover(str(environment.home), warnings.append)
    assert "could not read" in warnings[-1]
    assert "could not read" in transaction.rollback()[0]
    os.replace(journal + "-kept", journal)
    assert transaction.rollback() == []
    assert snapshot(environment.root) == environment.before


def test_recover_where_there_is_nothing(tmp_path: Path) -> None:
    recover(str(tmp_path), pytest.fail)
    recover(str(tmp_path / "missing"), pytest.fail)


def test_a_file_that_cannot_be_put_back_is_kept(environment: Environment) -> None:
    transaction = environment.transaction()
    transaction.begin()
    os.makedirs(os.path.join(environment.moved[0], "a stranger"))
    problems = transaction.rollback()
    assert len(problems) == 1
    assert "could not put back" in problems[0]
    kept = problems[0].partition("kept as ")[2].partition(")")[0]
    with open(kept) as file:
        assert file.read() == "old"
    os.rmdir(os.path.join(environment.moved[0], "a stranger"))
    os.rmdir(environment.moved[0])
    assert transaction.rollback() == []
    assert snapshot(environment.root) == environment.before


# --- two file systems


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    if not os.path.isdir(SHM) or os.stat(SHM).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("needs a second file system")
    place = os.path.join(SHM, f"asyncpip-test-{os.getpid()}-{tmp_path.name}")
    os.mkdir(place)
    yield place
    for name in os.listdir(place):
        os.unlink(os.path.join(place, name))
    os.rmdir(place)


def test_files_of_another_file_system(environment: Environment, elsewhere: str) -> None:
    script, link = os.path.join(elsewhere, "script"), os.path.join(elsewhere, "link")
    with open(script, "w") as file:
        file.write("old")
    os.chmod(script, 0o755)  # noqa: S103 - a script
    os.utime(script, (10**9, 10**9))
    os.symlink("script", link)
    before = snapshot(elsewhere)
    environment.moved += [script, link]
    transaction = environment.transaction()
    transaction.begin()
    assert os.listdir(elsewhere) == []
    assert transaction.rollback() == []
    assert snapshot(elsewhere) == before
    assert os.stat(script).st_mtime == 10**9
    assert snapshot(environment.root) == environment.before


def test_a_disk_that_is_full_while_it_is_copied_loses_nothing(
    environment: Environment, elsewhere: str, small_files: Callable[[int], None]
) -> None:
    big = os.path.join(elsewhere, "big")
    with open(big, "wb") as file:
        file.write(b"x" * 100_000)
    environment.moved.append(big)
    environment.files.append(big)
    transaction = environment.transaction()
    small_files(50_000)
    with pytest.raises(OSError, match="arge") as caught:
        transaction.begin()
    assert caught.value.errno == errno.EFBIG
    small_files(resource.RLIM_INFINITY)
    assert transaction.rollback() == []
    assert os.path.getsize(big) == 100_000
    assert snapshot(environment.root) == environment.before


# --- journals that cannot be followed, or are found somewhere else


def interrupted(environment: Environment) -> Path:
    """Leave a transaction that was killed half way; return the directory of it."""
    transaction = environment.transaction()
    transaction.begin()
    environment.write(3)
    return Path(transaction.directory)


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign"])
def test_a_damaged_journal_keeps_what_was_moved(environment: Environment, damage: str) -> None:
    directory = interrupted(environment)
    data = (directory / "journal").read_bytes()
    damaged = {
        "empty": b"",
        "cut": data[:-3],
        "flipped": data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
        "foreign": data.replace(b"asyncpip-journal-1", b"asyncpip-journal-2"),
    }[damage]
    (directory / "journal").write_bytes(damaged)
    before = snapshot(environment.root)
    warnings: list[str] = []
    recover(str(environment.home), warnings.append)
    assert snapshot(environment.root) == before
    assert f"is kept in {directory}" in warnings[1]
    assert ("another release" if damage == "foreign" else "damaged") in warnings[1]


def test_a_damaged_journal_beside_which_nothing_lies_is_dropped(environment: Environment) -> None:
    transaction = Transaction(str(environment.home), moved=[], new_directories=[], new_files=environment.files[-1:])
    transaction.begin()
    Path(transaction.directory, "journal").write_bytes(b"")
    warnings: list[str] = []
    recover(str(environment.home), warnings.append)
    assert "--force-reinstall" in warnings[1]
    recover(str(environment.home), pytest.fail)
    assert environment.leftovers() == []


@pytest.mark.parametrize("original", ["stays", "is put right", "is gone"])
def test_a_copy_is_put_right_and_the_original_left_alone(environment: Environment, original: str) -> None:
    (environment.root / "pyvenv.cfg").touch()
    expected = {**environment.before, "pyvenv.cfg": snapshot(environment.root)["pyvenv.cfg"]}
    interrupted(environment)
    copy = environment.root.with_name("copy")
    shutil.copytree(environment.root, copy, symlinks=True)
    if original == "is put right":
        recover(str(environment.home), lambda _: None)
    elif original == "is gone":
        shutil.rmtree(environment.root)
    before = snapshot(environment.root) if environment.root.exists() else None
    warnings: list[str] = []
    recover(str(copy / "site"), warnings.append)
    assert len(warnings) == 1
    assert snapshot(copy) == expected
    assert before is None or snapshot(environment.root) == before


def test_a_copy_of_the_packages_only_changes_nothing_above_it(environment: Environment) -> None:
    interrupted(environment)
    copy = environment.root / "elsewhere" / "site"
    shutil.copytree(environment.home, copy, symlinks=True)
    beside = environment.root / "elsewhere" / "bin"
    beside.mkdir()
    (beside / "tool").write_text("somebody's")
    recover(str(copy), lambda _: None)
    assert (beside / "tool").read_text() == "somebody's"
    assert (copy / "old" / "gone.py").read_text() == "old"
    assert not (copy / "new").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_what_another_user_left_is_said() -> None:
    with tempfile.TemporaryDirectory() as place:
        for each in (Path(place), *Path(place).parents):
            if each == Path(place):
                each.chmod(0o755)
            elif not each.stat().st_mode & 0o001:
                pytest.skip("the temporary directory is this user's own")
        environment = Environment(Path(place, "env"))
        interrupted(environment)
        environment.home.chmod(0o777)  # a shared directory
        reading, writing = os.pipe()

        def tell(text: str) -> None:
            os.write(writing, text.encode())

        if not os.fork():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            recover(str(environment.home), tell)
            os._exit(0)
        os.close(writing)
        os.wait()
        with open(reading) as told:
            text = told.read()
        assert "another user" in text
