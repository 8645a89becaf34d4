from __future__ import annotations

import pytest
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import DirectKind, DirectReference, Origin
from asyncpip.core.values import replace
from asyncpip.errors import (
    HashMismatchError,
    NoMatchingDistributionError,
    ResolutionError,
    ResolutionImpossibleError,
    WheelFormatError,
)
from asyncpip.resolve.resolver import ResolutionCancelled, ResolveRequest, resolve
from asyncpip.resolve.selection import FormatControl, PreferredVersion, ReleaseControl, Selection, UpgradeStrategy
from tests.support.memory_index import (
    MARKERS,
    SELECTION,
    TAGS,
    Collected,
    Index,
    MemoryIndex,
    MemoryPage,
    ask,
    installed,
    metadata,
    sdist,
    user,
    versions,
    wheel,
)

FLASK: Index = {
    "flask": {"2.0": ["click>=8", "jinja2>=3"], "1.0": ["click"]},
    "click": {"8.1": [], "7.0": []},
    "jinja2": {"3.1": ["markupsafe"]},
    "markupsafe": {"2.1": []},
}
URL = "https://host.example/p-1.0-py3-none-any.whl"


def test_newest_of_everything_dependencies_first() -> None:
    resolution = ask(MemoryIndex(FLASK), "Flask")
    assert [each.name for each in resolution.decisions] == ["markupsafe", "click", "jinja2", "flask"]
    assert versions(resolution)["flask"] == "2.0"
    flask = resolution.decisions[-1]
    assert (flask.requested, flask.dependencies, flask.wanted_by) == (True, ("click", "jinja2"), "")
    markupsafe = resolution.decisions[0]
    assert (markupsafe.requested, markupsafe.requirement_text) == (False, "markupsafe")
    assert markupsafe.wanted_by == "jinja2>=3->Flask"


def test_requirement_from_a_file_is_named() -> None:
    requirement = user("flask>=1", origin=Origin(file="reqs.txt", line=3))
    click = next(each for each in ask(MemoryIndex(FLASK), requirement).decisions if each.name == "click")
    assert click.wanted_by == "flask>=1->-r reqs.txt (line 3)"


def test_extras() -> None:
    index = MemoryIndex(
        {
            "p": {"1": ["a", 'b; extra == "x"', 'p[x]; extra == "all"', 'c; extra == "all" and os_name == "nt"']},
            "a": {"1": []},
            "b": {"1": []},
        }
    )
    resolution = ask(index, "p[all]")
    assert versions(resolution) == {"p": "1", "a": "1", "b": "1"}
    decision = next(each for each in resolution.decisions if each.name == "p")
    assert decision.requested_extras == {"all"}
    assert decision.dependencies == ("a", "b")
    assert index.fetched_metadata.count("p-1") == 1


def test_unknown_extra_is_a_warning() -> None:
    reporter = Collected()
    request = ResolveRequest(
        requirements=(user("flask[nope]"),), selection=SELECTION, evaluator=MarkerEvaluator(MARKERS)
    )
    assert versions(resolve(request, MemoryIndex(FLASK), reporter))["flask"] == "2.0"
    assert "flask 2.0 does not provide the extra 'nope'" in reporter.texts


def test_extra_of_the_version_that_fits() -> None:
    index: Index = {"p": {"1": ['a<2; extra == "x"'], "2": ['a>=2; extra == "x"']}, "a": {"1": [], "2": []}}
    assert versions(ask(MemoryIndex(index), "p[x]", "a<2")) == {"p": "1", "a": "1"}


def test_requirements_that_do_not_count_here_are_said_and_dropped() -> None:
    reporter = Collected()
    request = ResolveRequest(
        requirements=(user('missing; os_name == "nt"'), user("click")),
        selection=SELECTION,
        evaluator=MarkerEvaluator(MARKERS),
    )
    assert versions(resolve(request, MemoryIndex(FLASK), reporter)) == {"click": "8.1"}
    assert """Ignoring missing: markers 'os_name == "nt"' don't match your environment""" in reporter.texts


# Constraints and overrides


def test_constraint_restricts_without_adding() -> None:
    resolution = ask(MemoryIndex(FLASK), "flask", constraints=(user("flask<2"), user("missing==1")))
    assert versions(resolution) == {"flask": "1.0", "click": "8.1"}


def test_constraint_may_allow_a_pre_release() -> None:
    index = MemoryIndex({"p": {"1": [], "2b1": []}})
    assert versions(ask(index, "p", constraints=(user("p==2b1"),))) == {"p": "2b1"}


def test_constraint_whose_marker_does_not_hold() -> None:
    constraint = user('flask<2; python_version < "3"')
    assert versions(ask(MemoryIndex(FLASK), "flask", constraints=(constraint,)))["flask"] == "2.0"


def test_constraint_by_url_pins_the_source() -> None:
    index = MemoryIndex({"q": {"1": ["p>=0.5"]}, "p": {"2": []}})
    index.direct[URL] = metadata("p", "1.0")
    resolution = ask(index, "q", constraints=(user(f"p @ {URL}"),))
    assert versions(resolution) == {"q": "1", "p": "1.0"}
    assert "p" not in index.fetched_pages


def test_constraint_by_url_of_another_platform() -> None:
    index = MemoryIndex({"p": {"2": []}})
    constraint = user("p @ https://host.example/p-1.0-cp39-cp39-win32.whl")
    with pytest.raises(ResolutionImpossibleError, match="Cannot install"):
        ask(index, "p", constraints=(constraint,))


def test_override_replaces_what_dependencies_and_user_say() -> None:
    index = MemoryIndex({"p": {"1": ["a==1", 'b; extra == "x"']}, "a": {"1": [], "2": []}, "b": {"1": []}})
    assert versions(ask(index, "p", overrides=(user("a>=2"),))) == {"p": "1", "a": "2"}
    assert versions(ask(MemoryIndex(FLASK), "flask", "click<8", overrides=(user("click>=8"),)))["click"] == "8.1"
    index = MemoryIndex({"p": {"1": ['b; extra == "x"'], "2": []}, "b": {"1": []}})
    assert versions(ask(index, "p[x]==2", overrides=(user("p==1"),))) == {"p": "1", "b": "1"}


# Direct references


def test_direct_reference() -> None:
    index = MemoryIndex({**FLASK, "p": {"9": []}})
    index.direct[URL] = metadata("p", "1.0", ["click<8", 'jinja2; extra == "x"'])
    resolution = ask(index, user(f"p[x] @ {URL}"), "p")
    assert versions(resolution) == {"p": "1.0", "click": "7.0", "jinja2": "3.1", "markupsafe": "2.1"}


def test_direct_reference_that_does_not_meet_a_specifier() -> None:
    index = MemoryIndex({"p": {"2": []}})
    index.direct[URL] = metadata("p", "1.0")
    with pytest.raises(ResolutionImpossibleError, match=r"p>=2"):
        ask(index, user(f"p @ {URL}"), "p>=2")


def test_two_sources_for_one_project() -> None:
    index = MemoryIndex({})
    other = "https://host.example/other/p-1.0-py3-none-any.whl"
    index.direct = {URL: metadata("p", "1.0"), other: metadata("p", "1.0")}
    with pytest.raises(ResolutionImpossibleError):
        ask(index, user(f"p @ {URL}"), user(f"p @ {other}"))


def test_direct_reference_to_another_project() -> None:
    index = MemoryIndex({})
    index.direct[URL] = metadata("q", "1.0")
    with pytest.raises(ResolutionError, match="inconsistent name: expected 'p', but metadata has 'q'"):
        ask(index, user(f"p @ {URL}"))


def test_wheel_of_another_platform() -> None:
    with pytest.raises(WheelFormatError, match=r"p-1.0-cp39-cp39-win32.whl is not a supported wheel"):
        ask(MemoryIndex({}), user("p @ https://host.example/p-1.0-cp39-cp39-win32.whl"))


def test_dependency_by_url() -> None:
    index = MemoryIndex({"q": {"1": [f"p @ {URL}"]}})
    index.direct[URL] = metadata("p", "1.0")
    assert versions(ask(index, "q")) == {"q": "1", "p": "1.0"}


def test_dependency_by_url_of_a_distribution_from_the_public_index() -> None:
    lines = [f'p @ {URL} ; os_name == "nt"']
    index = MemoryIndex({"q": {"1": lines}}, page_url="https://pypi.org/simple/")
    with pytest.raises(ResolutionError, match="Distributions from PyPI cannot declare direct URL") as caught:
        ask(index, "q")
    assert "q 1 depends on p @ https://host.example/p-1.0-py3-none-any.whl" in str(caught.value.why)


# What is installed


@pytest.mark.parametrize(
    ("upgrade", "requirements", "expected"),
    [
        (UpgradeStrategy.TO_SATISFY_ONLY, ["flask"], {"flask": "1.0", "click": "7.0"}),
        (UpgradeStrategy.ONLY_IF_NEEDED, ["flask"], {"flask": "2.0", "click": "8.1"}),
        (UpgradeStrategy.ONLY_IF_NEEDED, ["flask==1.0"], {"flask": "1.0", "click": "7.0"}),
        (UpgradeStrategy.EAGER, ["flask==1.0"], {"flask": "1.0", "click": "8.1"}),
        (UpgradeStrategy.TO_SATISFY_ONLY, ["flask", "click>7"], {"flask": "1.0", "click": "8.1"}),
    ],
)
def test_upgrade_strategies(upgrade: UpgradeStrategy, requirements: list[str], expected: dict[str, str]) -> None:
    present = installed(("Flask", "1.0", ["click"]), ("click", "7.0", []))
    found = versions(ask(MemoryIndex(FLASK), *requirements, installed=present, upgrade=upgrade))
    assert {name: found[name] for name in expected} == expected


def test_installed_version_stays_where_it_is_the_newest() -> None:
    present = installed(("click", "8.1", []))
    resolution = ask(MemoryIndex(FLASK), "click", installed=present, upgrade=UpgradeStrategy.EAGER)
    assert resolution.decisions[0].choice is present[normalize_name("click")]


def test_installed_version_that_no_index_has() -> None:
    present = installed(("click", "9.0a1", []))
    resolution = ask(MemoryIndex(FLASK), "click", installed=present, upgrade=UpgradeStrategy.EAGER)
    assert versions(resolution) == {"click": "9.0a1"}
    assert versions(ask(MemoryIndex(FLASK), "click", installed=present)) == {"click": "9.0a1"}


@pytest.mark.parametrize("option", ["force_reinstall", "ignore_installed"])
def test_versions_taken_afresh(option: str) -> None:
    present = installed(("click", "7.0", []))
    resolution = ask(MemoryIndex(FLASK), "click", installed=present, **{option: True})
    assert isinstance(resolution.decisions[0].choice, Candidate)
    assert versions(resolution) == {"click": "8.1"}


def test_installed_distribution_with_broken_metadata_is_named() -> None:
    present = installed(("click", "7.0", ["a b c"]))
    with pytest.raises(ResolutionError, match=r"Cannot process installed package click 7\.0") as caught:
        ask(MemoryIndex(FLASK), "click", installed=present)
    assert caught.value.hint is not None


def test_installed_distribution_without_a_version_is_named() -> None:
    name = normalize_name("click")
    present = {name: replace(installed(("click", "1", []))[name], version="1.x-custom")}
    with pytest.raises(ResolutionError, match="has an invalid version"):
        ask(MemoryIndex(FLASK), "click", installed=present)


def test_no_deps() -> None:
    assert versions(ask(MemoryIndex(FLASK), "flask", no_deps=True)) == {"flask": "2.0"}
    assert versions(ask(MemoryIndex(FLASK), "flask[x]", no_deps=True)) == {"flask": "2.0"}
    present = installed(("flask", "1.0", ["click"]))
    assert versions(ask(MemoryIndex(FLASK), "flask", no_deps=True, installed=present)) == {"flask": "1.0"}


def test_older_version_where_the_extra_of_the_newest_is_broken() -> None:
    index = MemoryIndex({"p": {"1": ['a; extra == "x"'], "2": ["a ("]}, "a": {"1": []}})
    assert versions(ask(index, "p[x]")) == {"p": "1", "a": "1"}


# Metadata that is no good


def test_version_with_malformed_dependencies_is_passed_over() -> None:
    index = MemoryIndex({"p": {"1": [], "2": ["a (>=1"], "3": ["a; extra == 'x' and"]}})
    assert versions(ask(index, "p")) == {"p": "1"}


def test_version_whose_metadata_says_otherwise_is_passed_over() -> None:
    index = MemoryIndex({"p": {"1": [], "2": [], "3": []}})
    index.metadata["p", "3"] = metadata("q", "3")
    index.metadata["p", "2"] = metadata("p", "2.0.1")
    assert versions(ask(index, "p")) == {"p": "1"}


def test_requires_python_of_metadata_counts() -> None:
    index = MemoryIndex({"p": {"1": [], "2": []}})
    index.metadata["p", "2"] = metadata("p", "2", requires_python=">=3.13")
    assert versions(ask(index, "p")) == {"p": "1"}
    relaxed = Selection(tags=TAGS, python_full_version="3.11.7", ignore_requires_python=True)
    assert versions(ask(index, "p", selection=relaxed)) == {"p": "2"}


def test_no_version_supports_this_python() -> None:
    index = MemoryIndex({"p": {"1": []}})
    index.metadata["p", "1"] = metadata("p", "1", requires_python=">=3.13")
    with pytest.raises(NoMatchingDistributionError, match=r"'p' requires a different Python: 3.11.7 not in '>=3.13'"):
        ask(index, "p")


# Errors


def test_hints() -> None:
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(MemoryIndex({}), "requirements.txt")
    assert "-r" in str(caught.value.hint)
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(MemoryIndex({}), "flaks")
    assert "spelling" in str(caught.value.hint)
    index = MemoryIndex({})
    index.pages[normalize_name("p")] = [MemoryPage({"1": [sdist("p", "1")]})]
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(index, "p")
    assert "only a source distribution, and --no-build forbids building: 1" in str(caught.value.why)
    assert caught.value.hint == "leave --no-build out"
    wheels_only = Selection(
        tags=TAGS, python_full_version="3.11.7", formats=FormatControl.of([("only-binary", ":all:")]), allow_sdists=True
    )
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(index, "p", selection=wheels_only)
    assert "source distributions are excluded by --only-binary: 1" in str(caught.value.why)
    assert caught.value.hint == "relax --only-binary or --no-binary for p"


def test_several_pythons() -> None:
    index = MemoryIndex({"p": {"1": [], "2": []}})
    index.metadata["p", "1"] = metadata("p", "1", requires_python="<3")
    index.metadata["p", "2"] = metadata("p", "2", requires_python=">=3.13")
    with pytest.raises(NoMatchingDistributionError, match=r"Packages require a different Python\. 3\.11\.7") as caught:
        ask(index, "p")
    assert str(caught.value.why).splitlines() == ["p 1 needs Python <3", "p 2 needs Python >=3.13"]


def test_conflict_over_a_project_without_any_file_that_fits() -> None:
    index = MemoryIndex({"a": {"1": ["c>=1"], "2": ["c>=2"]}})
    index.pages[normalize_name("c")] = [MemoryPage({"1": [wheel("c", "1", "cp39-cp39-win32")]})]
    with pytest.raises(ResolutionImpossibleError) as caught:
        ask(index, "a")
    assert "No file of c fits this platform and Python (3.11.7)." in str(caught.value.why)
    assert "leave one out" in str(caught.value.hint)


def test_only_versions_with_broken_metadata() -> None:
    with pytest.raises(NoMatchingDistributionError, match="No matching distribution found for p") as caught:
        ask(MemoryIndex({"p": {"1": ["a ("]}}), "p")
    first, second, *_ = str(caught.value.why).splitlines()
    assert first == "Could not find a version that satisfies the requirement p (from versions: 1)"
    assert second.startswith("version 1 of p has invalid metadata")


def test_nothing_matches() -> None:
    index = MemoryIndex({"p": {"1.0": [], "2.0": [], "3.0a1": []}})
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(index, "P>9")
    error = caught.value
    assert error.what == "No matching distribution found for P>9"
    assert str(error.why).splitlines()[0] == (
        "Could not find a version that satisfies the requirement P>9 (from versions: 1.0, 2.0, 3.0a1)"
    )


def test_only_pre_releases_while_final_ones_are_demanded() -> None:
    selection = Selection(
        tags=TAGS, python_full_version="3.11.7", releases=ReleaseControl.of([("only-final", ":all:")])
    )
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(MemoryIndex({"p": {"1a1": []}}), "p", selection=selection)
    assert "Could not find a final version that satisfies the requirement p (from versions: 1a1)" in str(
        caught.value.why
    )
    assert "is a pre-release: 1a1" in str(caught.value.why)
    assert caught.value.hint == "--pre admits pre-releases"


def test_reasons_are_given() -> None:
    index = MemoryIndex({})
    files = {
        "1": [wheel("p", "1", requires_python=">=3.13")],
        "2": [wheel("p", "2", "cp39-cp39-win32")],
        "3": [wheel("p", "3", yanked="bad")],
    }
    index.pages[normalize_name("p")] = [MemoryPage(files)]
    with pytest.raises(NoMatchingDistributionError) as caught:
        ask(index, "p")
    why = str(caught.value.why)
    assert "(from versions: none)" in why
    assert "Ignored the following yanked versions: 3" in why
    assert (
        "Ignored the following versions that require a different python version (3.11.7 here): 1 Requires-Python >=3.13"
        in why
    )
    assert "no wheel for this platform and Python: 2" in why


def test_dependency_that_nobody_knows_names_who_wants_it() -> None:
    with pytest.raises(NoMatchingDistributionError, match=r"No matching distribution found for nope>=1 \(from p\)"):
        ask(MemoryIndex({"p": {"1": ["nope>=1"]}}), "p")


def test_conflict_is_explained() -> None:
    index = MemoryIndex(
        {"a": {"1": ["c<2"], "2": ["c<2"]}, "b": {"1": ["c>=2"]}, "c": {"1": [], "2": []}},
    )
    with pytest.raises(ResolutionImpossibleError) as caught:
        ask(index, "a>=1", user("b==1", origin=Origin(file="r.txt", line=7)))
    error = caught.value
    assert error.what.startswith("Cannot install ")
    assert error.what.endswith(" because these package versions have conflicting dependencies.")
    why = str(error.why)
    assert "a 1 to 2 (2 versions) depend on c<2" in why
    assert "b 1 depends on c>=2" in why
    assert error.hint == "relax `a>=1` or `b==1`"


def test_conflict_with_a_constraint_names_it() -> None:
    constraint = user("click<1", origin=Origin(file="c.txt", line=2, is_constraint=True))
    with pytest.raises(ResolutionImpossibleError) as caught:
        ask(MemoryIndex(FLASK), "flask", constraints=(constraint,))
    assert "The user requested (constraint) click<1 (-c c.txt (line 2))" in str(caught.value.why)
    assert "the constraint `click<1`" in str(caught.value.hint)


def test_explanation_fits_a_terminal() -> None:
    index = {f"p{number}": {"1": ["c<2", f"d{number}"]} for number in range(40)} | {"c": {"1": [], "2": []}}
    index |= {f"d{number}": {"1": []} for number in range(40)}
    with pytest.raises(ResolutionImpossibleError) as caught:
        ask(MemoryIndex(index), "c>=2", *[f"p{number}" for number in range(40)])
    assert len(str(caught.value.why).splitlines()) <= 20


def test_password_does_not_show() -> None:
    index = MemoryIndex({"p": {"2": []}})
    url = "https://me:secret@host.example/p-1.0-py3-none-any.whl"
    index.direct[url] = metadata("p", "1.0")
    with pytest.raises(ResolutionImpossibleError) as caught:
        ask(index, user(f"p @ {url}"), "p>=2")
    assert "secret" not in f"{caught.value.what}{caught.value.why}{caught.value.hint}"


# Hash-checking mode

GOOD = AllowedHashes.of([("sha256", "a" * 64)])


def test_hashes_on_everything() -> None:
    index: Index = {"p": {"1": []}}
    assert versions(ask(MemoryIndex(index), user("p==1", hashes=GOOD), require_hashes=True)) == {"p": "1"}
    assert versions(ask(MemoryIndex(index), "p", constraints=(user("p==1", hashes=GOOD),), require_hashes=True)) == {
        "p": "1"
    }


@pytest.mark.parametrize(
    ("requirement", "what", "line"),
    [
        ("p==1", "Hashes are required in --require-hashes mode", f"p==1 --hash=sha256:{'c' * 64}"),
        ("p>=1", "all requirements must have their versions pinned with ==", "    p>=1"),
    ],
)
def test_missing_hash(requirement: str, what: str, line: str) -> None:
    index = MemoryIndex({"p": {"1": []}})
    index.pages[normalize_name("p")] = [MemoryPage({"1": [wheel("p", "1", hashes={"sha256": "c" * 64})]})]
    with pytest.raises(HashMismatchError, match=what) as caught:
        ask(index, requirement, require_hashes=True)
    assert line in str(caught.value.why)


def test_what_is_installed_needs_no_hash() -> None:
    present = installed(("p", "1", []))
    assert versions(ask(MemoryIndex({}), "p", installed=present, require_hashes=True)) == {"p": "1"}


def test_hash_in_a_url_will_do() -> None:
    requirement = user(f"p @ {URL}", hashes=GOOD)
    index = MemoryIndex({})
    index.direct[URL] = metadata("p", "1.0")
    assert versions(ask(index, requirement, require_hashes=True)) == {"p": "1.0"}


@pytest.mark.parametrize("name", ["p", None])
def test_hash_in_the_fragment_of_a_url_will_do(name: str | None) -> None:
    index = MemoryIndex({})
    index.direct[URL] = metadata("p", "1.0")
    named = user(f"p @ {URL}")
    reference = replace(DirectReference(url=URL, kind=DirectKind.WHEEL), hashes=GOOD)
    requirement = replace(named, name=normalize_name(name) if name else None, direct=reference)
    assert versions(ask(index, requirement, require_hashes=True)) == {"p": "1.0"}
    again = MemoryIndex({})
    again.direct = index.direct
    with pytest.raises(HashMismatchError, match="missing from some requirements"):
        ask(again, named, require_hashes=True)


@pytest.mark.parametrize("kind", [DirectKind.VCS, DirectKind.DIRECTORY])
def test_source_without_a_digest(kind: DirectKind) -> None:
    with pytest.raises(HashMismatchError, match="Can't verify hashes"):
        ask(MemoryIndex({}), user("p @ https://host.example/p", direct=kind), require_hashes=True)


def test_hashes_that_exclude_one_another() -> None:
    other = AllowedHashes.of([("sha256", "b" * 64)])
    with pytest.raises(HashMismatchError, match="no archive of p"):
        ask(MemoryIndex({"p": {"1": []}}), user("p==1", hashes=GOOD), user("p", hashes=other))


# How it goes about it


def test_source_is_told_early() -> None:
    index = MemoryIndex(FLASK)
    resolution = ask(index, "flask")
    assert sorted(index.expected_projects) == ["click", "flask", "jinja2", "markupsafe"]
    assert index.expected_metadata[0] == ("flask-2.0",)
    assert index.archives == {f"{name}-{version}" for name, version in versions(resolution).items()}


def test_growing_batches_when_versions_fail_one_after_the_other() -> None:
    index = MemoryIndex({"p": {str(number): [f"nope{number}"] for number in range(40)} | {"0": []}})
    assert versions(ask(index, "p")) == {"p": "0"}
    assert [len(batch) for batch in index.expected_metadata] == [1, 2, 4, 8, 16, 9]


@pytest.mark.parametrize("fitting", [0, 1, 7, 8, 9, 150, 798, 799])
def test_versions_that_fail_for_one_reason_are_leapt_over(fitting: int) -> None:
    index = MemoryIndex(
        {"p": {str(n): ["q<2"] if n <= fitting else ["q>=2"] for n in range(800)}, "q": {"1": [], "2": []}}
    )
    resolution = ask(index, "p", "q<2")
    assert versions(resolution) == {"p": str(fitting), "q": "1"}
    assert len(set(index.fetched_metadata)) < 40


@pytest.mark.parametrize("fitting", [0, 1, 7, 8, 9, 150, 798, 799])
def test_versions_that_end_in_the_same_dead_end_are_leapt_over(fitting: int) -> None:
    index = MemoryIndex(
        {
            "p": {str(n): [f"core=={n}"] for n in range(800)},
            "core": {str(n): ["q<2"] if n <= fitting else ["q>=2"] for n in range(800)},
            "q": {"1": [], "2": []},
        }
    )
    resolution = ask(index, "p", "q<2")
    assert versions(resolution) == {"p": str(fitting), "core": str(fitting), "q": "1"}
    assert resolution.rounds < 80


def test_leaping_over_the_only_version_that_fits_is_made_good() -> None:
    """What is only presumed is looked at in the end, before the search says that there is no answer."""
    index = MemoryIndex({"p": {str(n): ["q<2"] if n == 33 else ["q>=2"] for n in range(100)}, "q": {"1": [], "2": []}})
    assert versions(ask(index, "p", "q<2")) == {"p": "33", "q": "1"}


def test_cancelled() -> None:
    with pytest.raises(ResolutionCancelled):
        ask(MemoryIndex(FLASK), "flask", cancelled=lambda: True)


def boto_like(count: int, lag: int) -> dict[str, dict[str, list[str]]]:
    """Return projects that pin a common one, one of them ``lag`` versions behind; old versions pin nothing."""
    return {
        "boto": {f"1.{n}": [f"core>=1.{n},<1.{n + 1}"] for n in range(count)} | {"0.1": []},
        "core": {f"1.{n}": [] for n in range(count)},
        "aio": {f"2.{n}": [f"core>=1.{n},<1.{n + 1}"] for n in range(count - lag)} | {"0.1": ["core"]},
        "fs": {"1": ["aio"]},
    }


@pytest.mark.parametrize("lag", [2, 10, 40])
@pytest.mark.parametrize("roots", [("boto", "aio"), ("boto", "fs")])
def test_no_project_falls_to_a_version_that_forgot_its_dependencies(roots: tuple[str, str], lag: int) -> None:
    index = MemoryIndex(boto_like(200, lag))
    resolution = ask(index, *roots)
    found = versions(resolution)
    assert found["aio"] == f"2.{199 - lag}"
    assert found["boto"] == f"1.{199 - lag}"
    assert len(set(index.fetched_metadata)) < 3 * lag + 40
    assert resolution.rounds < 40


def test_projects_that_nobody_wants_any_more_may_form_a_circle() -> None:
    """resolvelib's own last step recurses for ever here."""
    index = MemoryIndex(
        {
            "a": {"2": ["x"], "1": []},
            "x": {"1": ["y"]},
            "y": {"1": ["x", "z"]},
            "z": {"1": ["a<2"]},
        }
    )
    assert versions(ask(index, "a")) == {"a": "1"}


def test_versions_are_compared_as_versions() -> None:
    (decision,) = ask(MemoryIndex({"p": {"1.9": [], "1.10": []}}), "p").decisions
    assert decision.choice.version == Version("1.10")


# Which of the versions that fit

CHAIN: Index = {
    "a": {"1": ["b>=2"], "2": ["b>=2"], "3": ["b>=3"]},
    "b": {"1": [], "2": [], "3": [], "4": [], "5a1": []},
}


@pytest.mark.parametrize(
    ("preferred", "roots", "expected"),
    [
        (PreferredVersion.HIGHEST, ["a"], {"a": "3", "b": "4"}),
        (PreferredVersion.LOWEST, ["a"], {"a": "1", "b": "2"}),
        (PreferredVersion.LOWEST, ["a>=2", "b!=2"], {"a": "2", "b": "3"}),
        (PreferredVersion.LOWEST_DIRECT, ["a>1"], {"a": "2", "b": "4"}),
        (PreferredVersion.LOWEST_DIRECT, ["a>2", "b"], {"a": "3", "b": "3"}),
    ],
)
def test_preferred_version(preferred: PreferredVersion, roots: list[str], expected: dict[str, str]) -> None:
    assert versions(ask(MemoryIndex(CHAIN), *roots, selection=replace(SELECTION, preferred=preferred))) == expected


def test_lowest_version_beside_an_installed_one() -> None:
    lowest = replace(SELECTION, preferred=PreferredVersion.LOWEST)
    present = installed(("b", "3", []))
    assert versions(ask(MemoryIndex(CHAIN), "b", selection=lowest, installed=present)) == {"b": "3"}
    again = ask(MemoryIndex(CHAIN), "b", selection=lowest, installed=present, upgrade=UpgradeStrategy.EAGER)
    assert versions(again) == {"b": "1"}
    eager = ask(MemoryIndex(CHAIN), "b>2", selection=lowest, installed=present, upgrade=UpgradeStrategy.EAGER)
    assert isinstance(eager.decisions[0].choice, InstalledDistribution)


def test_lowest_version_is_final_where_one_is() -> None:
    lowest = replace(SELECTION, preferred=PreferredVersion.LOWEST)
    assert versions(ask(MemoryIndex({"p": {"1a1": [], "2": [], "3": []}}), "p", selection=lowest)) == {"p": "2"}
    assert versions(ask(MemoryIndex({"p": {"1a1": [], "2a1": []}}), "p", selection=lowest)) == {"p": "1a1"}


# The shortest explanation


def failure(index: MemoryIndex, *requirements: str) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        ask(index, *requirements)
    return caught.value


MANY: Index = {
    **{f"other{n}": {"1": ["shared", f"deep{n}"], "2": ["shared", f"deep{n}"]} for n in range(8)},
    **{f"deep{n}": {"1": ["shared<9"]} for n in range(8)},
    "shared": {"1": [], "2": []},
    "app": {str(n): [f"core=={n}"] for n in range(1, 30)},
    "core": {str(n): ["leaf<3"] for n in range(1, 30)},
    "leaf": {"1": [], "2": [], "3": []},
}


def test_only_what_is_to_blame_is_named() -> None:
    error = failure(MemoryIndex(MANY), *[f"other{n}" for n in range(8)], "app>1", "leaf>=3", "shared>1")
    assert str(error.why).splitlines() == [
        "The conflict is caused by:",
        "    The user requested app>1",
        "    The user requested leaf>=3",
        "    app 2 to 29 (28 versions) each depend on certain versions, 29 on core==29",
        "    core 2 to 29 (28 versions) depend on leaf<3",
    ]
    assert error.hint == "without the bounds of `leaf>=3` there is an answer, with leaf 2"


def test_facts_for_machines() -> None:
    index: Index = {"a": {"1": ["c<2"]}, "b": {"1": ["c>=2"]}, "c": {"1": [], "2": []}}
    assert failure(MemoryIndex(index), "a", "b>0").facts == {
        "kind": "conflict",
        "requirements": [{"requirement": "b>0", "origin": ""}],
        "constraints": [],
        "dependencies": [
            {"project": "a", "version": "1", "requires": "c<2"},
            {"project": "b", "version": "1", "requires": "c>=2"},
        ],
        "refused": [],
        "relaxing": [],
    }


def test_requirement_that_nothing_meets_is_named_with_its_reason() -> None:
    index = MemoryIndex({"a": {"1": ["c>1"], "2": ["c<1"]}})
    index.pages[normalize_name("c")] = [
        MemoryPage({"1": [wheel("c", "1")], "2": [wheel("c", "2", requires_python=">=3.13")]})
    ]
    error = failure(index, "a", "c")
    assert "Nothing meets c>1 here: 2 needs another Python" in str(error.why)
    assert "Nothing meets c<1 here" in str(error.why)


def test_python_is_the_reason_where_tags_of_another_python_are() -> None:
    index = MemoryIndex({})
    index.pages[normalize_name("p")] = [
        MemoryPage({"2": [wheel("p", "2", "cp313-cp313-win32", requires_python=">=3.13")]})
    ]
    error = failure(index, "p>=2")
    assert "2 Requires-Python >=3.13" in str(error.why)
    assert error.hint == "another Python version would do, or an older version of the project"


def test_explaining_fetches_little() -> None:
    """To know whether another version would do, a long way may have to be gone; that is not worth it."""
    chain: dict[str, dict[str, list[str]]] = {f"p{n}": {"1": [f"p{n + 1}"]} for n in range(100)}
    index = MemoryIndex({**chain, "p100": {"1": []}, "a": {"1": ["c<2"], "2": ["p0"]}, "c": {"1": [], "2": []}})
    error = failure(index, "a<2", "c>=2")
    assert len(index.fetched_pages) < 60
    assert error.hint == "without the bounds of `c>=2` there is an answer, with c 1"


def test_verbose_tells_what_was_decided_and_why_it_went_back() -> None:
    index = MemoryIndex(
        {
            "a": {"2": ["b>1"], "1": []},
            "b": {"2": ["c>1"]},
            "c": {"1": []},
            "p": {str(n): ["q<2"] if n < 2 else ["q>=2"] for n in range(100)},
            "q": {"1": [], "2": []},
        }
    )
    told = Collected()
    request = ResolveRequest(
        requirements=tuple(map(user, ("a", "p", "q<2"))), selection=SELECTION, evaluator=MarkerEvaluator(MARKERS)
    )
    resolve(request, index, told)
    assert "pinned a 2" in told.texts
    assert "no version of c is left for c>1 (b 2): back to before b 2" in told.texts
    assert "no version of b is left for b>1 (a 2); b 2 does not fit: back to before a 2" in told.texts
    assert "p 99 does not fit: q>=2 against q<2" in told.texts
    assert any(text.startswith("passed over ") and "versions of p:" in text for text in told.texts)
    assert "pinned p 1" in told.texts


def test_what_is_only_looked_at_for_the_hint_is_not_told() -> None:
    """Older versions of `app` have broken metadata; nobody asked for them."""
    index = MemoryIndex({"app": {"1": [">=nothing"], "2": ["leaf>=2"]}, "leaf": {"1": [], "2": []}})
    told = Collected()
    request = ResolveRequest(
        requirements=(user("app==2"), user("leaf<2")), selection=SELECTION, evaluator=MarkerEvaluator(MARKERS)
    )
    with pytest.raises(ResolutionError) as caught:
        resolve(request, index, told)
    assert caught.value.hint == "without the bounds of `leaf<2` there is an answer, with leaf 2"
    assert "app-1" in index.fetched_metadata
    assert not any("Ignoring" in text for text in told.texts)
