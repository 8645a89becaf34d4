"""Files that archives arrive in are used again, or kept, and none is left behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncpip.fetch.received import FreshFiles, SpareFiles

if TYPE_CHECKING:
    from asyncpip.fetch.received import Files
    from tests.component.fetch.conftest import Fetching


def take(files: Files, size_bytes: int) -> str:
    descriptor, path = files.take(size_bytes)
    os.pwrite(descriptor, b"x" * size_bytes, 0)
    os.close(descriptor)
    return path


def test_the_smallest_spare_file_that_is_long_enough_serves_else_the_longest(fetching: Fetching) -> None:
    files = SpareFiles(fetching.store)
    paths = {size: take(files, size) for size in (10, 1000, 100)}
    for path in paths.values():
        files.give_back(path)
    assert take(files, 50) == paths[100]
    assert take(files, 5000) == paths[1000]
    files.give_back(paths[1000])
    assert take(files, 4000) == paths[1000]  # it has grown
    assert take(files, 4000) == paths[10]
    assert take(files, 1) not in paths.values()


def test_a_spare_file_that_somebody_removed(fetching: Fetching) -> None:
    files = SpareFiles(fetching.store)
    path = take(files, 10)
    files.give_back(path)
    os.unlink(path)
    assert os.path.exists(take(files, 10))


def test_spare_files_go_in_the_end(fetching: Fetching) -> None:
    files = SpareFiles(fetching.store)
    for path in [take(files, 10), take(files, 20)]:
        files.give_back(path)
    files.close()
    assert fetching.left("tmp") == []


def test_a_fresh_file_goes_unless_it_was_renamed(fetching: Fetching) -> None:
    files = FreshFiles(fetching.store)
    kept, dropped = take(files, 10), take(files, 20)
    assert kept != dropped
    os.rename(kept, kept + "-kept")
    files.give_back(kept)
    files.give_back(dropped)
    assert [name.endswith("-kept") for name in fetching.left("tmp")] == [True]
