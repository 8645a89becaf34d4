from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import parse_tag

from asyncpip.environment.destination import choose_destination
from asyncpip.environment.tags import tags_for
from tests.unit.environment.examples import TEMPLATES, target

pytestmark = pytest.mark.property

path_text = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=30)
machine = st.sampled_from(["x86_64", "aarch64", "i686", "arm64", "universal2", "armv7l"])
number = st.integers(min_value=0, max_value=60)
platform = st.one_of(
    st.builds("{}_{}".format, st.sampled_from(["linux", "manylinux1", "manylinux2010", "manylinux2014"]), machine),
    st.builds("{}_{}_{}_{}".format, st.sampled_from(["manylinux", "musllinux", "macosx"]), number, number, machine),
    st.sampled_from(["win32", "win_amd64", "linux"]),
)


@settings(max_examples=100, deadline=None)
@given(directory=path_text, option=st.sampled_from(["prefix", "target_dir"]))
def test_nothing_leaves_the_root(directory: str, option: str) -> None:
    path = os.path.join("/", directory)
    scheme = choose_destination(
        target=target(),
        templates=TEMPLATES,
        root="/image/of/it",
        prefix=path if option == "prefix" else None,
        target_dir=path if option == "target_dir" else None,
    ).scheme
    for path in (scheme.purelib, scheme.platlib, scheme.scripts, scheme.data, scheme.headers):
        assert os.path.normpath(path).startswith("/image/of/it/") or os.path.normpath(path) == "/image/of/it"


@settings(max_examples=100, deadline=None)
@given(
    platforms=st.lists(platform, max_size=3),
    version=st.one_of(st.none(), st.tuples(st.just(3)), st.tuples(st.just(3), st.integers(0, 20))),
    implementation=st.sampled_from([None, "cp", "pp", "py", "cpython"]),
    abis=st.lists(st.sampled_from(["none", "abi3", "cp311", "cp313t", "pypy39_pp73"]), max_size=2),
)
def test_tags_are_tags_come_once_and_end_with_the_most_general(
    platforms: list[str], version: tuple[int, ...] | None, implementation: str | None, abis: list[str]
) -> None:
    tags = tags_for(
        platforms=platforms, python_version=version, implementation=implementation, abis=abis, base=target()
    )
    assert len(set(tags)) == len(tags)
    assert all(len(parse_tag(tag)) == 1 for tag in tags)
    assert "py3-none-any" in tags
    assert tags[-1].endswith("-none-any")
    for platform in platforms:
        # macOS 11 counts by major releases: `macosx_11_1` stands for 11.0 and older (packaging's rule).
        assert platform.startswith("macosx_") or any(tag.endswith(f"-{platform}") for tag in tags)
