"""The store on disk: records, trees, what is damaged, and cache directories that cannot be used."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import StoreError
from asyncpip.install.linker import damaged_trees
from asyncpip.install.manifest import Manifest
from asyncpip.store.layout import MANIFEST_NAME, record_path, trees_bucket
from asyncpip.store.store import Store, open_store, process_umask, read_file, remove_tree
from tests.support.stored import edit_through_link, open_test_store, snapshot, unpack_into
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIGEST = "ab" * 32
WHEEL = build_wheel("demo", "1.0", files={"demo/__init__.py": "X = 1\n", "demo/data.bin": b"\0" * 5000, "demo/e": b""})


def staged(store: Store, content: bytes) -> str:
    staging = store.new_staging_directory()
    for name in ("0", MANIFEST_NAME):
        with open(os.path.join(staging, name), "wb") as file:
            file.write(content)
    return staging


def no_leftovers(store: Store) -> bool:
    staging = os.path.join(store.root, "tmp")
    return not os.path.isdir(staging) or not os.listdir(staging)


# --- records


def test_records(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    assert store.read_record("pages-v1", "key") is None
    for content in (b"one", b"", os.urandom(200_000)):
        store.write_record("pages-v1", "key", content)
        assert store.read_record("pages-v1", "key") == content
    assert store.read_record("pages-v2", "key") is None
    assert store.read_record("pages-v1", "other key") is None
    assert no_leftovers(store)


@pytest.mark.parametrize("key", ["", "https://a.example/simple/x/?a=b#c", "../../escape", "ü" * 300, "\udcff", "a\0b"])
def test_any_text_is_a_key(tmp_path: Path, key: str) -> None:
    store = open_test_store(tmp_path / "s")
    store.write_record("b-v1", key, b"content")
    assert store.read_record("b-v1", key) == b"content"
    assert os.listdir(tmp_path / "s" / "b-v1") == [os.path.basename(record_path("b-v1", key))]


def test_records_of_a_store_that_cannot_be_written_to_are_lost_silently(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file in the place of the store")
    store = open_test_store(tmp_path / "s")
    store.write_record("b-v1", "key", b"content")
    assert store.read_record("b-v1", "key") is None


def test_a_directory_in_the_place_of_a_record_is_a_miss(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    os.makedirs(tmp_path / "s" / record_path("b-v1", "key"))
    store.write_record("b-v1", "key", b"content")
    assert store.read_record("b-v1", "key") is None
    assert no_leftovers(store)


def test_a_temporary_store_keeps_no_records(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "s"), umask=0o022, is_temporary=True)
    store.write_record("b-v1", "key", b"content")
    assert not (tmp_path / "s").exists()


def test_a_record_is_never_seen_half_written(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    contents = [bytes([number]) * 300_000 for number in range(4)]
    store.write_record("b-v1", "key", contents[0])
    seen: set[bytes | None] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(store.read_record("b-v1", "key"))

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=store.write_record, args=("b-v1", "key", content)) for content in contents * 5]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert seen <= set(contents)
    assert no_leftovers(store)


# --- trees


def test_a_tree_is_absent_or_complete(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    assert not store.has_tree(DIGEST)
    assert store.read_manifest(DIGEST) is None
    staging = staged(store, b"content")
    assert not store.has_tree(DIGEST)
    assert store.commit_tree(staging, DIGEST) == store.tree_path(DIGEST)
    assert store.has_tree(DIGEST)
    assert store.read_manifest(DIGEST) == b"content"
    assert no_leftovers(store)


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    store, other = open_test_store(tmp_path / "s"), open_test_store(tmp_path / "s")
    stagings = [(store, staged(store, b"first")), (other, staged(other, b"second"))]
    for each, staging in stagings:
        each.commit_tree(staging, DIGEST)
    assert store.read_manifest(DIGEST) == b"first"
    assert no_leftovers(store)


def test_commits_of_the_same_tree_at_once(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    contents = [bytes([number]) * 1000 for number in range(8)]
    ready = threading.Barrier(len(contents))
    errors: list[BaseException] = []

    def commit(content: bytes) -> None:
        staging = staged(store, content)
        ready.wait()
        try:
            store.commit_tree(staging, DIGEST)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=commit, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert read_file(os.path.join(store.tree_path(DIGEST), "0")) == store.read_manifest(DIGEST)
    assert store.read_manifest(DIGEST) in contents
    assert no_leftovers(store)


def test_a_tree_that_cannot_be_committed(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    os.makedirs(os.path.dirname(os.path.dirname(store.tree_path(DIGEST))))
    with open(os.path.dirname(store.tree_path(DIGEST)), "wb"):
        pass  # a file in the place of the directory
    staging = staged(store, b"content")
    with pytest.raises(StoreError, match="cannot be written to"):
        store.commit_tree(staging, DIGEST)
    assert no_leftovers(store)


def test_dropped_and_discarded_trees_leave_nothing(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    store.drop_tree(DIGEST)
    store.commit_tree(staged(store, b"content"), DIGEST)
    store.drop_tree(DIGEST)
    store.discard(staged(store, b"content"))
    assert not store.has_tree(DIGEST)
    assert not os.path.exists(store.tree_path(DIGEST))
    assert no_leftovers(store)
    store.commit_tree(staged(store, b"again"), DIGEST)
    assert store.read_manifest(DIGEST) == b"again"


def test_trees_of_one_umask_are_not_seen_with_another(tmp_path: Path) -> None:
    usual, private = open_test_store(tmp_path / "s"), open_test_store(tmp_path / "s", umask=0o077)
    usual.commit_tree(staged(usual, b"content"), DIGEST)
    assert not private.has_tree(DIGEST)
    assert len({trees_bucket(umask) for umask in (0o022, 0o002, 0o027, 0o077, 0)}) == 5


def test_places_do_not_collide(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    places = {
        store.tree_path(DIGEST),
        store.archive_path(DIGEST, "x.whl"),
        store.partial_path(DIGEST),
        store.partial_path("https://x.example/x.whl"),
        store.partial_path("https://y.example/x.whl"),
    }
    assert len(places) == 5
    assert all(place.startswith(str(tmp_path / "s") + os.sep) for place in places)


# --- damage


def edited(tree: str) -> None:
    edit_through_link(os.path.join(tree, "0"), b"X = 2\n")


def edited_to_another_size(tree: str) -> None:
    stamp = os.stat(os.path.join(tree, MANIFEST_NAME)).st_mtime_ns
    with open(os.path.join(tree, "1"), "ab") as file:
        file.write(b"more")
    os.utime(os.path.join(tree, "1"), ns=(stamp, stamp))


def truncated(tree: str) -> None:
    stamp = os.stat(os.path.join(tree, "1")).st_mtime_ns
    os.truncate(os.path.join(tree, "1"), 10)
    os.utime(os.path.join(tree, "1"), ns=(stamp, stamp))


def emptied(tree: str) -> None:
    os.truncate(os.path.join(tree, "0"), 0)


def deleted(tree: str) -> None:
    os.unlink(os.path.join(tree, "2"))


def without_manifest(tree: str) -> None:
    os.unlink(os.path.join(tree, MANIFEST_NAME))


@pytest.mark.parametrize("damage", [edited, edited_to_another_size, truncated, emptied, deleted, without_manifest])
def test_damage_is_noticed(tmp_path: Path, damage: Callable[[str], None]) -> None:
    store = open_test_store(tmp_path / "s")
    manifest, tree = unpack_into(store, *WHEEL)
    other = unpack_into(store, *build_wheel("other", "1.0"))
    trees = [(other[1], other[0]), (tree, manifest)]
    assert damaged_trees(trees, jobs=2) == set()
    damage(tree)
    assert damaged_trees(trees, jobs=2) == {1}
    assert damaged_trees(trees, jobs=1) == {1}


def test_an_edit_through_a_hard_link_is_noticed(tmp_path: Path) -> None:
    store = open_test_store(tmp_path / "s")
    manifest, tree = unpack_into(store, *WHEEL)
    os.link(os.path.join(tree, "0"), tmp_path / "installed.py")
    assert damaged_trees([(tree, manifest)], jobs=1) == set()
    edit_through_link(str(tmp_path / "installed.py"), b"X = 3\n")
    assert damaged_trees([(tree, manifest)], jobs=1) == {0}


def test_a_store_that_was_copied_with_its_times_is_whole(tmp_path: Path) -> None:
    """What CI caches do: tar keeps times."""
    store = open_test_store(tmp_path / "s")
    manifest, tree = unpack_into(store, *WHEEL)
    shutil.copytree(tmp_path / "s", tmp_path / "copy")
    copied = tree.replace(str(tmp_path / "s"), str(tmp_path / "copy"))
    assert damaged_trees([(copied, Manifest.decode(read_file(f"{copied}/{MANIFEST_NAME}") or b""))], jobs=1) == set()
    assert manifest.file_count > 0


def test_no_trees() -> None:
    assert damaged_trees([], jobs=4) == set()


# --- cache directories


def opened(cache_dir: str | None) -> tuple[Store | None, list[str]]:
    warnings: list[str] = []
    return open_store(cache_dir, umask=0o022, warn=warnings.append), warnings


@pytest.mark.parametrize("cache_dir", [None, os.devnull])
def test_no_cache(cache_dir: str | None) -> None:
    assert opened(cache_dir) == (None, [])


def test_a_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    store, warnings = opened(str(tmp_path / "a" / "b"))
    assert warnings == []
    assert store is not None
    assert store.root == str(tmp_path / "a" / "b" / "asyncpip")
    assert not (tmp_path / "a").exists()
    store.write_record("b-v1", "key", b"x")
    assert store.read_record("b-v1", "key") == b"x"


def test_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        store, warnings = opened(str(tmp_path / place))
        assert store is None
        assert "The cache has been disabled" in warnings[0]


def test_a_file_in_the_place_of_the_staging_directory(tmp_path: Path) -> None:
    """A folder of the cache's may be another's than the cache: then nothing could be written either."""
    (tmp_path / "asyncpip").mkdir()
    (tmp_path / "asyncpip" / "tmp").touch()
    store, warnings = opened(str(tmp_path))
    assert store is None
    assert f"{tmp_path}/asyncpip/tmp is no directory" in warnings[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to change owners")
def test_root_does_not_use_the_cache_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    os.chown(tmp_path / "cache", 1234, 1234)
    store, warnings = opened(str(tmp_path / "cache"))
    assert store is None
    assert "another user" in warnings[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_directory(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o555)
    store, warnings = opened(str(tmp_path / "cache" / "below"))
    assert store is None
    assert "not writable" in warnings[0]


# --- small things


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_process_umask_is_read_and_left_as_it_was(umask: int) -> None:
    before = os.umask(umask)
    try:
        assert process_umask() == umask
        assert process_umask() == umask
    finally:
        os.umask(before)


def test_remove_tree_follows_no_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "gone" / "below").mkdir(parents=True)
    os.symlink(tmp_path / "kept", tmp_path / "gone" / "below" / "link")
    before = snapshot(tmp_path / "kept")
    remove_tree(str(tmp_path / "gone"))
    assert not (tmp_path / "gone").exists()
    assert snapshot(tmp_path / "kept") == before
    remove_tree(str(tmp_path / "gone"))


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 1_000_000])
def test_read_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert read_file(str(tmp_path / "file")) == content
    assert read_file(str(tmp_path / "missing")) is None
    assert read_file(str(tmp_path)) is None
