"""What is shown before a removal, against pip's own lists, for made-up sets of files."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.req.req_uninstall import compact, compress_for_output_listing

from asyncpip.install.removal_listing import removal_listing
from asyncpip.install.removal_plan import RemovalPlan

pytestmark = pytest.mark.golden

NAMES = st.sampled_from(
    (
        "single.py",
        "pack/__init__.py",
        "pack/mod.py",
        "pack/data.txt",
        "pack/__pycache__/mod.cpython-311.pyc",
        "pack/sub/__init__.py",
        "pack/sub/x.py",
        "pack/bare/y.py",
        "namespace/a/__init__.py",
        "namespace/a/b.so",
        "namespace/c.py",
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/RECORD",
        "demo-1.0.dist-info/licenses/LICENSE",
        "bin/demo",
    )
)


def plan_of(files: list[str]) -> RemovalPlan:
    names: dict[str, list[str]] = {}
    for path in files:
        names.setdefault(os.path.dirname(path), []).append(os.path.basename(path))
    return RemovalPlan(files_by_directory=names)


@given(removed=st.sets(NAMES, min_size=1), there=st.sets(NAMES))
@settings(max_examples=200, deadline=None)
def test_same_lists(removed: set[str], there: set[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = os.path.realpath(directory)
        for name in removed | there:
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8"):
                pass
        files = sorted(os.path.join(root, name) for name in removed)
        theirs, kept_by_them = compress_for_output_listing(files)
        plan = plan_of(files)
        ours = removal_listing(plan, every_file=False)
        assert list(ours.removed) == sorted(compact(theirs))
        assert list(ours.kept) == sorted(compact(kept_by_them))
        every = removal_listing(plan, every_file=True)
        assert list(every.removed) == sorted(compact(files))
