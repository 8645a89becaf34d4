from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import StoreError
from asyncpip.store.prune import StoreEntry, drop_entries, select_to_prune, store_entries, sweep_staging
from asyncpip.store.store import Store
from asyncpip.store.use import hold_alone, hold_shared, release

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_000_000.0
DIGEST = "ab" * 32


def entry(name: str, *, size: int, age: float) -> StoreEntry:
    return StoreEntry("trees-v1", name, is_tree=True, size_bytes=size, used_at=NOW - age)


ENTRIES = [entry("new", size=10, age=1), entry("old", size=20, age=100), entry("older", size=30, age=200)]


@pytest.mark.parametrize(
    ("older_than", "max_size", "expected"),
    [
        (None, None, []),
        (150, None, ["older"]),
        (50, None, ["older", "old"]),
        (None, 60, []),
        (None, 59, ["older"]),
        (None, 29, ["older", "old"]),
        (None, 0, ["older", "old", "new"]),
        (150, 30, ["older"]),
        (150, 15, ["older", "old"]),
    ],
)
def test_what_goes(older_than: float | None, max_size: int | None, expected: list[str]) -> None:
    gone = select_to_prune(ENTRIES, now=NOW, older_than_seconds=older_than, max_size_bytes=max_size)
    assert [each.path for each in gone] == expected


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one tree, one archive, one record and something staged."""
    store = Store(str(tmp_path / "store"), umask=0o022)
    staging = store.new_staging_directory()
    with open(os.path.join(staging, "0"), "w", encoding="utf-8") as file:
        file.write("x" * 100)
    with open(os.path.join(staging, "manifest"), "w", encoding="utf-8") as file:
        file.write("m")
    store.commit_tree(staging, DIGEST)
    store.write_file(store.archive_path(DIGEST, "a.whl"), b"y" * 10)
    store.write_record("pages-v1", "key", b"z")
    return store


def nobody_waits() -> None:
    pytest.fail("nobody holds the store")


def test_entries_are_all_but_what_is_staged(store: Store) -> None:
    store.write_temporary(b"staged")
    found = {each.bucket: each for each in store_entries(store.root)}
    assert {bucket: each.size_bytes for bucket, each in found.items()} == {
        "archives-v1": 10,
        "pages-v1": 9,  # with its seal
        "trees-v1": 101,
    }
    assert found["trees-v1"].is_tree
    assert store_entries(store.root + "-missing") == []


def test_a_transfer_under_way_is_no_entry(store: Store) -> None:
    path = store.partial_path("key")
    store.write_file(path, b"begin")
    assert "partial-v1" not in {each.bucket for each in store_entries(store.root)}
    os.utime(path, (1, 1))
    assert "partial-v1" in {each.bucket for each in store_entries(store.root)}


def test_a_use_is_seen(store: Store) -> None:
    path = store.tree_path(DIGEST)
    os.utime(path, (1, 1))
    manifest = os.stat(os.path.join(path, "manifest")).st_mtime_ns
    store.mark_used([DIGEST, "missing"])
    (tree,) = (each for each in store_entries(store.root) if each.is_tree)
    assert abs(tree.used_at - time.time()) < 100
    assert os.stat(os.path.join(path, "manifest")).st_mtime_ns == manifest  # the tree's stamp


def test_dropping(store: Store) -> None:
    drop_entries(store.root, store_entries(store.root), on_wait=nobody_waits)
    assert store_entries(store.root) == []
    assert os.listdir(store.root) == ["tmp"]
    assert os.listdir(os.path.join(store.root, "tmp")) == []


def test_dropping_waits_for_those_who_link(store: Store) -> None:
    store.begin_use()
    waiting = threading.Event()
    thread = threading.Thread(
        target=drop_entries, args=(store.root, store_entries(store.root)), kwargs={"on_wait": waiting.set}
    )
    thread.start()
    assert waiting.wait(10)
    assert store.has_tree(DIGEST)
    store.end_use()
    thread.join(10)
    assert not store.has_tree(DIGEST)


def test_several_may_link(store: Store) -> None:
    first, second = hold_shared(store.root), hold_shared(store.root)
    assert first is not None
    assert second is not None
    with pytest.raises(StoreError, match="is in use"):
        hold_alone(store.root, on_wait=lambda: None, most_seconds=0.05)
    release(first)
    release(second)
    release(hold_alone(store.root, on_wait=nobody_waits))
    assert hold_shared(store.root + "-missing") is None


@pytest.fixture
def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_sweeping(store: Store, dead_process: int) -> None:
    folder = os.path.join(store.root, "tmp")
    ages = {
        f"{dead_process}-fresh": 60,
        f"{dead_process}-left": 4000,
        f"{os.getpid()}-mine": 4000,
        f"{os.getpid()}-of-an-earlier-process": 4 * 86400,
        "strange": 4000,
    }
    now = time.time()
    for name, age in ages.items():
        path = os.path.join(folder, name)
        os.mkdir(path)
        with open(os.path.join(path, "0"), "w", encoding="utf-8"):
            pass
        os.utime(path, (now - age, now - age))
    left = os.path.join(folder, f"{dead_process}-file")
    with open(left, "w", encoding="utf-8"):
        pass
    os.utime(left, (now - 4000, now - 4000))
    assert sweep_staging(store.root, now=now) == 3
    assert sorted(os.listdir(folder)) == sorted([f"{dead_process}-fresh", f"{os.getpid()}-mine", "strange"])
    assert sweep_staging(store.root + "-missing", now=now) == 0
