"""The resolver beside brute force where more of pip's rules count: constraints, pre-releases, yanked files, Pythons.

And beside itself and resolvelib where only the way to the answer differs: leaps, arrival of pages, order.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from asyncpip.core.names import normalize_name
from asyncpip.errors import ResolutionError
from asyncpip.resolve import nogoods
from asyncpip.resolve.selection import PreferredVersion
from benchmarks.resolution_check import Declared, check_answer
from tests.property.test_resolver_oracle import Index, outcome, solutions
from tests.support.memory_index import MARKERS, SELECTION, MemoryIndex, MemoryPage, ask, user, versions, wheel
from tests.support.reference_search import reference_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from random import Random

    from packaging.utils import NormalizedName

pytestmark = pytest.mark.property

PROJECTS = ("a", "b", "c", "d")


class Release(NamedTuple):
    """One version and what an index says of it."""

    lines: list[str]
    is_yanked: bool = False
    fits_python: bool = True


Releases = dict[str, dict[str, Release]]

_specifiers = st.sampled_from(["", "", "==1", "==2", ">=2", "<2", "<3", "!=2", "==2a1", ">=2a1"])
_wanted = st.builds(
    lambda name, extra, specifier: f"{name}{extra}{specifier}",
    st.sampled_from(PROJECTS),
    st.sampled_from(["", "", "", "[x]"]),
    _specifiers,
)
_lines = st.lists(
    st.builds(lambda text, marker: text + marker, _wanted, st.sampled_from(["", "", '; extra == "x"'])), max_size=2
)
_rarely = st.sampled_from([False, False, False, True])
_releases = st.builds(Release, _lines, is_yanked=_rarely, fits_python=_rarely.map(lambda value: not value))
_indexes = st.dictionaries(
    st.sampled_from(PROJECTS),
    st.dictionaries(st.sampled_from(["1", "2", "2a1", "3"]), _releases, min_size=1),
    min_size=2,
)
_roots = st.lists(_wanted, min_size=1, max_size=3)
_constraints = st.lists(
    st.builds("{}{}".format, st.sampled_from(PROJECTS), st.sampled_from(["<3", "==1", "!=3", ">=2"])), max_size=2
)


def lines_of(index: Releases) -> dict[str, dict[str, list[str]]]:
    return {name: {text: each.lines for text, each in releases.items()} for name, releases in index.items()}


def memory(index: Releases) -> MemoryIndex:
    found = MemoryIndex(
        {name: {text: each.lines for text, each in releases.items()} for name, releases in index.items()}
    )
    for name, releases in index.items():
        files = {
            text: [wheel(name, text, yanked=each.is_yanked, requires_python=None if each.fits_python else ">=3.99")]
            for text, each in releases.items()
        }
        found.pages[normalize_name(name)] = [MemoryPage(files)]
    return found


class Permission(NamedTuple):
    """What lets yanked files and pre-releases of a project be chosen: its own specifiers, as far as they count."""

    specifiers: list[SpecifierSet]

    def allows_yanked(self) -> bool:
        return any(clause.operator == "==" for each in self.specifiers for clause in each)

    def allows_pre_releases(self) -> bool:
        return any(each.prereleases for each in self.specifiers)


def may_be_chosen(releases: dict[str, Release], specifier: SpecifierSet, permission: Permission) -> Iterator[str]:
    """Yield the versions that pip would consider for all that is asked of a project."""
    fitting = [text for text in releases if specifier.contains(text, prereleases=True)]
    usable = [text for text in fitting if releases[text].fits_python]
    if not (permission.allows_yanked() and all(releases[text].is_yanked for text in usable)):
        usable = [text for text in usable if not releases[text].is_yanked]
    finals = [text for text in usable if not Version(text).is_prerelease]
    yield from usable if permission.allows_pre_releases() or not finals else finals


def is_answer(
    index: Releases,
    chosen: dict[str, str],
    roots: Sequence[str],
    constraints: Sequence[str],
    permissions: dict[str, Permission],
) -> bool:
    """Return whether the choice is what ``roots`` need."""
    asked = {name: SpecifierSet() for name in chosen}
    for text in constraints:
        limit = Requirement(text)
        if limit.name in asked:
            asked[limit.name] &= limit.specifier
    reached: set[tuple[str, str]] = set()
    open_texts = list(roots)
    while open_texts:
        requirement = Requirement(open_texts.pop())
        if requirement.name not in chosen:
            return False
        asked[requirement.name] &= requirement.specifier
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) not in reached:
                reached.add((requirement.name, extra))
                for line in index[requirement.name][chosen[requirement.name]].lines:
                    marker = Requirement(line).marker
                    if marker is None or marker.evaluate({"extra": extra}):
                        open_texts.append(line.partition(";")[0])
    return {name for name, _ in reached} == set(chosen) and all(
        version in set(may_be_chosen(index[name], asked[name], permissions[name])) for name, version in chosen.items()
    )


def permissions_in(texts: Iterable[str]) -> dict[str, Permission]:
    found = {name: Permission([]) for name in PROJECTS}
    for text in texts:
        requirement = Requirement(text)
        found[requirement.name].specifiers.append(requirement.specifier)
    return found


def answers(
    index: Releases, roots: Sequence[str], constraints: Sequence[str]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the answers that have to be found, and those that may be.

    Whether yanked files and pre-releases count depends on who asks. What the user says counts always; what a version
    says counts as long as that version is considered, which is for the search to decide.
    """
    named = [*roots, *constraints]
    lines = [line for releases in index.values() for release in releases.values() for line in release.lines]
    strict, lenient = permissions_in(named), permissions_in([*named, *lines])
    names = sorted(index)
    surely: list[dict[str, str]] = []
    perhaps: list[dict[str, str]] = []
    for choice in itertools.product(*[[None, *index[name]] for name in names]):
        chosen = {name: text for name, text in zip(names, choice, strict=True) if text is not None}
        if is_answer(index, chosen, roots, constraints, lenient):
            perhaps.append(chosen)
            if is_answer(index, chosen, roots, constraints, strict) and not any(
                Version(text).is_prerelease and any(not Version(other).is_prerelease for other in index[name])
                for name, text in chosen.items()
                if not strict[name].allows_pre_releases()
            ):
                surely.append(chosen)
    return surely, perhaps


def assert_among(
    found: dict[str, str] | None, index: Releases, roots: Sequence[str], constraints: Sequence[str] = ()
) -> None:
    surely, perhaps = answers(index, roots, constraints)
    assert (found is None and not surely) or found in perhaps


def resolved(index: Releases, roots: Sequence[str], constraints: Sequence[str] = ()) -> dict[str, str] | None:
    try:
        return versions(ask(memory(index), *roots, constraints=tuple(map(user, constraints))))
    except ResolutionError:
        return None


@given(_indexes, _roots, _constraints)
@settings(max_examples=200, deadline=None)
def test_sound_and_complete(index: Releases, roots: list[str], constraints: list[str]) -> None:
    assert_among(resolved(index, roots, constraints), index, roots, constraints)


@given(_indexes, _roots, _constraints)
@settings(max_examples=100, deadline=None)
def test_answers_pass_the_independent_check(index: Releases, roots: list[str], constraints: list[str]) -> None:
    found = resolved(index, roots, constraints)
    if found is None:
        return

    def declared(name: str, version: str) -> Declared:
        release = index[name][version]
        return Declared(tuple(release.lines), None if release.fits_python else ">=3.99")

    checked = check_answer(roots, found, declared, constraints=constraints, markers=MARKERS)
    assert checked == ([], [])


@given(_indexes, _roots, _constraints)
@settings(max_examples=100, deadline=None)
def test_leaps_change_nothing_about_whether_there_is_an_answer(
    index: Releases, roots: list[str], constraints: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nogoods, "STREAK", 1)
        found = resolved(index, roots, constraints)
    assert_among(found, index, roots, constraints)


@given(_indexes, _roots)
@settings(max_examples=50, deadline=None)
def test_lowest_versions_are_sound_and_complete(index: Releases, roots: list[str]) -> None:
    selection = SELECTION.__class__(
        tags=SELECTION.tags, python_full_version=SELECTION.python_full_version, preferred=PreferredVersion.LOWEST
    )
    try:
        found = versions(ask(memory(index), *roots, selection=selection))
    except ResolutionError:
        found = None
    assert_among(found, index, roots)


class _Shuffled(MemoryIndex):
    """Pages arrive whenever they like."""

    random: Random

    def arrived_projects(self) -> list[NormalizedName]:
        waiting = [normalize_name(name) for name in dict.fromkeys(self.expected_projects)]
        self.random.shuffle(waiting)
        return waiting[: self.random.randint(0, len(waiting))]


@given(_indexes, _roots, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_order_of_arrival_does_not_matter(index: Releases, roots: list[str], random: Random) -> None:
    made = memory(index)
    shuffled = _Shuffled(lines_of(index))
    shuffled.pages, shuffled.random = made.pages, random
    outcomes: list[tuple[object, ...]] = []
    for source in (made, shuffled):
        try:
            resolution = ask(source, *roots)
        except ResolutionError as error:
            outcomes.append((error.what, error.why, error.hint))
        else:
            outcomes.append((versions(resolution), resolution.rounds, resolution.backtracks))
    assert outcomes[0] == outcomes[1]


PLAIN = st.dictionaries(
    st.sampled_from(("a", "b", "c", "d", "e")),
    st.dictionaries(
        st.sampled_from(("1", "2", "3")),
        st.lists(
            st.builds(
                "{}{}".format,
                st.sampled_from(("a", "b", "c", "d", "e")),
                st.sampled_from(("", "==1", "==2", ">=2", "<2", "<3", "!=2")),
            ),
            max_size=3,
        ),
        min_size=1,
    ),
    min_size=2,
)


@given(PLAIN, st.lists(st.sampled_from(("a", "b", "c>=2", "d<3", "e")), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_never_worse_than_resolvelib(index: Index, roots: list[str]) -> None:
    """An answer wherever it has one; and not one that is older in one place and newer in none."""
    reference = reference_answer(index, roots)
    found = outcome(index, roots)
    if reference is None:
        assert found is None or found in solutions(index, roots)
        return
    assert found is not None
    common = found.keys() & reference.keys()
    older = [name for name in common if Version(found[name]) < Version(reference[name])]
    newer = [name for name in common if Version(found[name]) > Version(reference[name])]
    if found.keys() == reference.keys():
        assert newer or not older
