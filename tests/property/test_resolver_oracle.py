"""The resolver against brute force over small random indexes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.errors import ResolutionError
from asyncpip.resolve.satisfied import check_satisfied
from tests.support.memory_index import MARKERS, MemoryIndex, ask, installed, user, versions

pytestmark = pytest.mark.property

PROJECTS = ("a", "b", "c", "d", "e")
VERSIONS = ("1", "2", "3")
SPECIFIERS = ("", "==1", "==2", "==3", ">=2", ">2", "<2", "<3", "!=2", "<=2")

_wanted = st.builds(
    lambda name, extra, specifier: f"{name}{extra}{specifier}",
    st.sampled_from(PROJECTS),
    st.sampled_from(["", "", "", "[x]"]),
    st.sampled_from(SPECIFIERS),
)
_lines = st.lists(
    st.builds(lambda text, marker: text + marker, _wanted, st.sampled_from(["", "", '; extra == "x"'])), max_size=3
)
_indexes = st.dictionaries(
    st.sampled_from(PROJECTS), st.dictionaries(st.sampled_from(VERSIONS), _lines, min_size=1), min_size=2
)
_roots = st.lists(_wanted, min_size=1, max_size=3)

Index = dict[str, dict[str, list[str]]]


def provides_x(index: Index, name: str, version: str) -> bool:
    return any("extra ==" in line for line in index[name][version])


def needed(index: Index, chosen: dict[str, str], roots: list[str]) -> set[str] | None:
    """Return the projects that ``roots`` need under the choice; None where one is missing or does not fit."""
    reached: set[tuple[str, str]] = set()
    open_texts = list(roots)
    while open_texts:
        requirement = Requirement(open_texts.pop())
        version = chosen.get(requirement.name)
        if version is None or not requirement.specifier.contains(version):
            return None
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) in reached:
                continue
            reached.add((requirement.name, extra))
            for line in index[requirement.name][version]:
                parsed = Requirement(line)
                if parsed.marker is None or parsed.marker.evaluate({"extra": extra}):
                    open_texts.append(line.partition(";")[0])
    return {name for name, _ in reached}


def solutions(index: Index, roots: list[str]) -> list[dict[str, str]]:
    """Return every choice that holds what ``roots`` need and nothing else."""
    names = sorted(index)
    choices = itertools.product(*[[None, *index[name]] for name in names])
    found = []
    for choice in choices:
        chosen = {name: version for name, version in zip(names, choice, strict=True) if version is not None}
        if needed(index, chosen, roots) == set(chosen):
            found.append(chosen)
    return found


def outcome(index: Index, roots: list[str]) -> dict[str, str] | None:
    try:
        return versions(ask(MemoryIndex(index), *roots))
    except ResolutionError:
        return None


@given(_indexes, _roots)
@settings(max_examples=200, deadline=None)
def test_sound_and_complete(index: Index, roots: list[str]) -> None:
    found = outcome(index, roots)
    possible = solutions(index, roots)
    assert (found in possible) if possible else (found is None)


@given(_indexes, _roots)
@settings(max_examples=100, deadline=None)
def test_newest_of_all_where_that_fits(index: Index, roots: list[str]) -> None:
    """Where the newest version of everything is a solution, it is the answer."""
    newest = {name: max(listed, key=Version) for name, listed in index.items()}
    reached = needed(index, newest, roots)
    if reached is not None:
        assert outcome(index, roots) == {name: newest[name] for name in reached}


@given(_indexes, _roots)
@settings(max_examples=100, deadline=None)
def test_no_project_could_simply_be_newer(index: Index, roots: list[str]) -> None:
    """A single root's own version is the newest with which there is a solution at all."""
    found = outcome(index, roots[:1])
    if found is not None:
        name = Requirement(roots[0]).name
        assert Version(found[name]) == max(Version(each[name]) for each in solutions(index, roots[:1]))


@given(_indexes, _roots, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_order_of_requirements_does_not_matter(index: Index, roots: list[str], random: st.Random) -> None:  # type: ignore[name-defined] # hypothesis hands out a random.Random
    shuffled = list(roots)
    random.shuffle(shuffled)
    assert outcome(index, shuffled) == outcome(index, roots)


@given(_indexes, _roots)
@settings(max_examples=100, deadline=None)
def test_every_archive_told_of_is_kept_or_retracted(index: Index, roots: list[str]) -> None:
    source = MemoryIndex(index)
    try:
        decided = versions(ask(source, *roots))
    except ResolutionError:
        decided = {}
    assert source.archives == {f"{name}-{version}" for name, version in decided.items()}


@given(_indexes, _roots)
@settings(max_examples=100, deadline=None)
def test_what_was_installed_is_kept(index: Index, roots: list[str]) -> None:
    """With the answer installed, asking again changes nothing and looks at no page."""
    found = outcome(index, roots)
    if found is None:
        return
    present = installed(*[(name, version, index[name][version]) for name, version in found.items()])
    source = MemoryIndex(index)
    again = ask(source, *roots, installed=present)
    assert versions(again) == found
    assert source.fetched_pages == []
    assert source.archives == set()


@given(_indexes, _roots)
@settings(max_examples=100, deadline=None)
def test_door_before_the_resolver_agrees_with_it(index: Index, roots: list[str]) -> None:
    """`check_satisfied` says yes for what the resolver would leave alone, and for nothing else."""
    present = installed(*[(name, max(listed), listed[max(listed)]) for name, listed in sorted(index.items())[:3]])
    found = check_satisfied([user(root) for root in roots], (), present, MarkerEvaluator(MARKERS))
    source = MemoryIndex(index)
    try:
        resolution = ask(source, *roots, installed=present)
    except ResolutionError:
        resolution = None
    is_untouched = resolution is not None and all(
        isinstance(each.choice, InstalledDistribution) for each in resolution.decisions
    )
    if found is not None:
        assert resolution is not None
        assert is_untouched
        assert {each.name: each for each in found.decisions}.keys() == versions(resolution).keys()
        assert source.fetched_pages == []
    elif not source.fetched_pages:
        assert not is_untouched
