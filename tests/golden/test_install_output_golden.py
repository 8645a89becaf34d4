"""Small texts beside pip's own functions."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.utils.misc import display_path, format_size

from asyncpip.commands import shown_paths
from asyncpip.core import quantities

pytestmark = pytest.mark.golden


@given(st.integers(0, 10**10) | st.integers(0, 2000) | st.integers(9_900, 10_100))
def test_sizes(size_bytes: int) -> None:
    assert quantities.format_size(size_bytes) == format_size(size_bytes)


@pytest.mark.parametrize("path", ["x", "sub/deep/x", "..", "../x", "../../..", "/", "/x"])
def test_paths(path: str) -> None:
    """Of absolute paths, which is what both are given."""
    path = os.path.abspath(path)
    assert shown_paths.display_path(path, os.getcwd()) == display_path(path)
