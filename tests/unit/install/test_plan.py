"""What an install adds, removes and keeps; and which conflicts it leaves."""

from __future__ import annotations

import pytest
from packaging.version import Version

from asyncpip.core.candidates import Candidate
from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.direct_url import ArchiveInfo, DirectoryInfo, DirectUrl, VcsInfo
from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.metadata import CoreMetadata
from asyncpip.core.names import normalize_name
from asyncpip.core.page import PageFile
from asyncpip.core.resolution import Resolution, Resolved
from asyncpip.errors import InstallError
from asyncpip.install.plan import Conflict, find_conflicts, plan_install


def installed(
    name: str,
    version: str = "1.0",
    *,
    requires: tuple[str, ...] = (),
    editable: str | None = None,
    user: bool = False,
    local: bool = True,
) -> InstalledDistribution:
    return InstalledDistribution(
        name=normalize_name(name),
        raw_name=name,
        version=Version(version),
        location="/site",
        info_path=f"/site/{name}-{version}.dist-info",
        requires_dist=requires,
        requires_python=None,
        provides_extra=(),
        editable_location=editable,
        is_local=local,
        in_user_site=user,
    )


def candidate(
    name: str,
    version: str = "1.0",
    *,
    url: str | None = None,
    direct: DirectUrl | None = None,
    yanked: bool | str = False,
) -> Candidate:
    filename = f"{name}-{version}-py3-none-any.whl"
    return Candidate(
        name=normalize_name(name),
        version=Version(version),
        file=PageFile(filename=(url or filename).rpartition("/")[2], url=url or f"https://h/{filename}", yanked=yanked),
        tag_rank=0,
        page_url=None,
        direct_url=direct,
    )


def decide(choice: Candidate | InstalledDistribution) -> Resolved:
    return Resolved(
        name=choice.name,
        choice=choice,
        requested=True,
        requested_extras=frozenset(),
        dependencies=(),
        wanted_by="",
        requirement_text=str(choice.name),
    )


def resolution(*choices: Candidate | InstalledDistribution) -> Resolution:
    return Resolution(decisions=tuple(decide(choice) for choice in choices))


def test_order_is_that_of_the_resolution() -> None:
    old = installed("b", "0.9")
    plan = plan_install(resolution(candidate("c"), candidate("b"), installed("a")), {normalize_name("b"): old})
    assert [decision.name for decision in plan.add] == ["c", "b"]
    assert plan.remove == (old,)
    assert [dist.name for dist in plan.keep] == ["a"]


DIRECTORY = DirectUrl(url="file:///p", info=DirectoryInfo())
EDITABLE = DirectUrl(url="file:///p", info=DirectoryInfo(editable=True))
ARCHIVE = DirectUrl(url="file:///a", info=ArchiveInfo())
VCS = DirectUrl(url="https://h/r.git", info=VcsInfo(vcs="git", commit_id="0" * 40))


@pytest.mark.parametrize(
    ("choice", "editable", "replaced", "noted"),
    [
        (candidate("a"), None, False, False),
        (candidate("a", "1.1"), None, True, False),
        (candidate("a", "1.0.0"), None, False, False),
        (candidate("a"), "/p", True, False),
        (candidate("a", url="file:///p", direct=DIRECTORY), None, True, False),
        (candidate("a", url="file:///p", direct=EDITABLE), None, True, False),
        (candidate("a", url="file:///p.whl", direct=DIRECTORY), None, True, False),
        (candidate("a", url="file:///a-1.0.tar.gz", direct=ARCHIVE), None, True, False),
        (candidate("a", url="file:///a-1.0-py3-none-any.whl", direct=ARCHIVE), None, False, True),
        (candidate("a", url="https://h/a-1.0-py3-none-any.whl", direct=ARCHIVE), None, False, False),
        (candidate("a", url="https://h/a-1.0.tar.gz", direct=ARCHIVE), None, False, False),
        (candidate("a", url="git+https://h/r.git", direct=VCS), None, False, False),
    ],
)
def test_what_is_replaced(choice: Candidate, editable: str | None, replaced: bool, noted: bool) -> None:
    existing = installed("a", editable=editable)
    plan = plan_install(resolution(choice), {existing.name: existing})
    assert plan.remove == ((existing,) if replaced else ())
    assert plan.keep == (() if replaced else (existing,))
    assert len(plan.add) == len(plan.remove)
    assert bool(plan.notes) is noted


def test_force_reinstall_and_ignore_installed() -> None:
    existing = installed("a")
    present = {existing.name: existing}
    assert plan_install(resolution(candidate("a")), present, force_reinstall=True).remove == (existing,)
    ignored = plan_install(resolution(candidate("a")), present, ignore_installed=True)
    assert (len(ignored.add), ignored.remove, ignored.keep) == (1, (), ())


def test_user_site() -> None:
    mine, base = installed("a", user=True), installed("a", local=False)
    new = resolution(candidate("a", "2"))
    assert plan_install(new, {mine.name: mine}, user_site=True).remove == (mine,)
    shadowing = plan_install(new, {base.name: base}, user_site=True, is_virtual=True)
    assert (len(shadowing.add), shadowing.remove) == (1, ())
    venv = installed("a")
    with pytest.raises(InstallError, match=r"lack sys\.path precedence to a in /site"):
        plan_install(new, {venv.name: venv}, user_site=True, is_virtual=True)


def test_only_dependencies() -> None:
    plan = plan_install(resolution(candidate("dep"), candidate("a")), {}, only_deps_names={normalize_name("a")})
    assert [decision.name for decision in plan.add] == ["dep"]


@pytest.mark.parametrize(("yanked", "reason"), [(True, "<none given>"), ("", "<none given>"), ("broken", "broken")])
def test_yanked_files_are_warned_about(yanked: bool | str, reason: str) -> None:
    plan = plan_install(resolution(candidate("a", url="https://u:secret@h/a-1.0-py3-none-any.whl", yanked=yanked)), {})
    assert plan.warnings == (
        (
            "The candidate selected for download or install is a yanked version: 'a' candidate "
            "(version 1.0 at https://u:****@h/a-1.0-py3-none-any.whl)\n"
            f"Reason for being yanked: {reason}"
        ),
    )


def metadata(name: str, *requires: str) -> CoreMetadata:
    return CoreMetadata(name=name, version="2.0", requires_python=None, requires_dist=requires, provides_extra=())


def conflicts(
    *others: InstalledDistribution, requires: tuple[str, ...] = (), together: bool = False, version: str = "2.0"
) -> list[Conflict]:
    plan = plan_install(resolution(candidate("bar", version)), {})
    known = {normalize_name("bar"): metadata("bar", *requires)}
    versions = {other.name: str(other.version) for other in others}
    return find_conflicts(plan, versions, others, known, lambda text: "win32" not in text, solved_together=together)


def test_texts_are_those_of_pip() -> None:
    found = conflicts(installed("Foo", requires=("bar<2", "gone", "bar[x]>=3; python_version > '3'")))
    assert [conflict.install_text for conflict in found] == [
        "foo 1.0 requires gone, which is not installed.",
        "foo 1.0 requires bar<2, but you have bar 2.0 which is incompatible.",
        'foo 1.0 requires bar[x]>=3; python_version > "3", but you have bar 2.0 which is incompatible.',
    ]


@pytest.mark.parametrize(
    "requires",
    [("bar",), ("Bar >=1",), ("bar==2.0",), ("bar<2; sys_platform=='win32'",), ("bar", "gone; sys_platform=='win32'")],
)
def test_requirements_that_are_met(requires: tuple[str, ...]) -> None:
    assert conflicts(installed("foo", requires=requires)) == []


def test_a_pre_release_that_is_there_counts() -> None:
    assert conflicts(installed("foo", requires=("bar>=1",)), version="2.0rc1") == []
    assert len(conflicts(installed("foo", requires=("bar>=2",)), version="2.0rc1")) == 1


@pytest.mark.parametrize("requires", [("other<1",), ("gone",), ("!!!",)])
def test_projects_without_a_part_in_the_plan_are_left_alone(requires: tuple[str, ...]) -> None:
    assert conflicts(installed("foo", requires=requires), installed("other")) == []


def test_requirements_that_do_not_parse_are_passed_over() -> None:
    assert conflicts(installed("foo", requires=("bar <<< 2", "bar")), requires=("foo ???",)) == []


def test_markers_that_are_plain_are_not_parsed() -> None:
    plan = plan_install(resolution(candidate("bar", "2.0")), {})
    other = installed(
        "foo", requires=('bar<2; extra == "x"', 'gone; extra == "y"', "bar<1; python_version > '3'", "bar")
    )
    evaluator = MarkerEvaluator({"python_version": "3.11", "python_full_version": "3.11.7"})
    asked: list[str] = []

    def evaluate(text: str) -> bool:
        asked.append(text)
        return True

    found = find_conflicts(
        plan, {other.name: "1.0"}, [other], {}, evaluate, plain_answer=evaluator.plain_answer, solved_together=True
    )
    assert [conflict.requirement for conflict in found] == ['bar<1; python_version > "3"']
    assert asked == ['python_version > "3"']


def test_requirements_of_the_plan_itself() -> None:
    assert [conflict.required for conflict in conflicts(requires=("gone", "bar<1"))] == ["gone", "bar"]
    assert conflicts(requires=("gone",), together=True) == []


def test_the_plan_counts_not_what_it_replaces() -> None:
    found = conflicts(installed("bar", "1.0", requires=("gone",)), installed("foo", requires=("bar==1.0",)))
    assert [conflict.found for conflict in found] == ["2.0"]
