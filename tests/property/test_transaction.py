"""Transactions over random trees: undone wherever they stop, done when they end."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncpip.install.transaction import PREFIX, Transaction, recover
from tests.support.stored import snapshot

pytestmark = pytest.mark.property

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from([b"", b"x", b"\0" * 100])


class Killed(BaseException):
    """Nobody cleans up after this."""


def write(root: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    """Write those of ``files`` that do not clash with earlier ones; return them."""
    written = {}
    for path, content in files.items():
        place = root / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.write_bytes(content)
                written[path] = content
        except (FileExistsError, NotADirectoryError):
            continue
    return written


@given(
    old=st.dictionaries(PATHS, CONTENTS, max_size=6),
    new=st.dictionaries(PATHS, CONTENTS, max_size=6),
    draw=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_all_or_nothing(old: dict[str, bytes], new: dict[str, bytes], draw: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        existing = write(root, old)
        moved = [path for path in existing if draw.draw(st.booleans())] if existing else []
        # What a plan may ask for: new files where nothing stands that stays, directories that are missing.
        fresh = write(root / "plan", {path: new[path] for path in new if not (root / path).is_dir()})
        fresh = {path: content for path, content in fresh.items() if path not in existing or path in moved}
        for path in sorted((root / "plan").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if (root / "plan").exists():
            (root / "plan").rmdir()
        parents = {parent.as_posix() for path in fresh for parent in Path(path).parents if parent.as_posix() != "."}
        directories = sorted(parent for parent in parents if not (root / parent).is_dir())
        before = snapshot(root)
        transaction = Transaction(
            folder,
            moved=[str(root / path) for path in moved],
            new_directories=[str(root / path) for path in directories],
            new_files=[str(root / path) for path in fresh],
        )
        stop = draw.draw(st.integers(0, 12))
        how = draw.draw(st.sampled_from(("rollback", "kill")))
        try:
            step(transaction, root, fresh, stop)
        except (Killed, OSError):
            problems: list[str] = []
            if how == "rollback":
                problems = transaction.rollback()
            else:
                recover(folder, lambda _: None)
            assert problems == []
            assert snapshot(root) == before
        else:
            after = {name: value for name, value in snapshot(root).items() if value[0] != "directory"}  # type: ignore[index] # pairs
            expected = {path: content for path, content in existing.items() if path not in moved} | fresh
            assert {name: value[0] for name, value in after.items()} == expected  # type: ignore[index] # pairs
            assert not any(name.startswith(PREFIX) for name in os.listdir(root))


def step(transaction: Transaction, root: Path, fresh: dict[str, bytes], stop: int) -> None:
    """Carry ``transaction`` out, up to a number of changes."""
    replace, mkdir, left = os.replace, os.mkdir, stop

    def count() -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1

    def counted_replace(source: str, destination: str) -> None:
        count()
        replace(source, destination)

    def counted_mkdir(path: str, mode: int = 0o777) -> None:
        count()
        mkdir(path, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", counted_replace)
        patch.setattr(os, "mkdir", counted_mkdir)
        transaction.begin()
    for path, content in fresh.items():
        count()
        with open(root / path, "xb") as file:
            file.write(content)
    count()
    transaction.commit()
