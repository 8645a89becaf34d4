"""`install --dry-run` asked twice: printed again without a look, unless anything that it rests on has changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import copy_environment
from tests.support.index_server import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.environments import Environment, Workplace
    from tests.support.index_server import IndexServer


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
    index_server.add_wheel("app", "1.0", requires=["leaf"])
    index_server.add_wheel("more", "1.0")
    return index_server


@pytest.fixture
def would(workplace: Workplace, index: IndexServer) -> Callable[..., str]:
    """Return what asks, and gives the last line of the answer."""
    time.sleep(0.05)  # an answer is not kept where something changed a moment ago

    def ask(*arguments: str, **environ: str) -> str:
        outcome = workplace.install("-i", index.index_url, "--dry-run", *arguments, environ=environ)
        assert outcome.code == 0, outcome.text
        return outcome.stdout.splitlines()[-1]

    return ask


def kept(workplace: Workplace) -> int:
    """How many answers are remembered."""
    return len(list(workplace.cache.glob("asyncpip/answers-v*/*")))


BOTH = "Would install app-1.0 leaf-2.0"
OLDER = "Would install app-1.0 leaf-1.0"


@pytest.mark.parametrize("more", [(), ("--report", "-"), ("-q",)], ids=" ".join)
def test_it_is_kept_and_said_again(workplace: Workplace, index: IndexServer, more: tuple[str, ...]) -> None:
    time.sleep(0.05)
    first = workplace.install("-i", index.index_url, "--dry-run", "app", *more)
    assert kept(workplace)
    sent = len(index.requests)
    index.add_wheel("leaf", "3.0")
    again = workplace.install("-i", index.index_url, "--dry-run", "app", *more)
    assert (again.code, again.stdout, again.stderr) == (0, first.stdout, first.stderr)
    assert ("leaf" in again.stdout) is (more != ("-q",))
    assert len(index.requests) == sent
    assert kept(workplace)


@pytest.mark.parametrize("how", ["refresh", "no longer fresh"])
def test_a_page_that_has_changed(would: Callable[..., str], index: IndexServer, how: str) -> None:
    if how == "no longer fresh":
        index.switches.cache_control = "max-age=1"
    assert would("app") == BOTH
    index.add_wheel("leaf", "3.0")
    if how == "refresh":
        would("leaf", "--refresh-package", "leaf")
    else:
        time.sleep(1)
    assert would("app") == "Would install app-1.0 leaf-3.0"


@pytest.mark.parametrize("name", ["r.txt", "c.txt", "o.txt", "more.txt"])
def test_a_file_that_has_changed(would: Callable[..., str], workplace: Workplace, name: str) -> None:
    before = {"r.txt": "app\n-r more.txt\n", "more.txt": "leaf\n", "c.txt": "", "o.txt": ""}
    after = {"r.txt": "app\n", "more.txt": "leaf<2\n", "c.txt": "leaf<2\n", "o.txt": "leaf<2\n"}
    if name == "r.txt":
        before["more.txt"] = "leaf<2\n"
    for each, text in before.items():
        (workplace.work / each).write_text(text)
    time.sleep(0.05)
    arguments = ("-r", "r.txt", "-c", "c.txt", "--override", "o.txt")
    answers = (OLDER, BOTH) if name == "r.txt" else (BOTH, OLDER)
    for _ in range(2):
        assert would(*arguments) == answers[0]
    assert kept(workplace)
    (workplace.work / name).write_text(after[name])
    assert would(*arguments) == answers[1]


def test_variables_that_a_file_names(would: Callable[..., str], workplace: Workplace) -> None:
    (workplace.work / "r.txt").write_text("app\nleaf${LEAF}\n")
    time.sleep(0.05)
    for _ in range(2):
        assert would("-r", "r.txt", LEAF="<2") == OLDER
    assert would("-r", "r.txt", LEAF=">=2") == BOTH


@pytest.mark.parametrize("change", ["installed", "its metadata", "in a target directory"])
def test_what_is_installed(would: Callable[..., str], workplace: Workplace, index: IndexServer, change: str) -> None:
    more = ("--target", "t") if change == "in a target directory" else ()
    if change == "its metadata":
        assert workplace.install("-i", index.index_url, "leaf==1.0").code == 0
        time.sleep(0.05)
    before = "Would install app-1.0" if change == "its metadata" else BOTH
    for _ in range(2):
        assert would("app", *more) == before
    assert kept(workplace)
    if change == "its metadata":
        metadata = workplace.environment.site_packages / "leaf-1.0.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text().replace("Version: 1.0\n", "Version: 1.0\nRequires-Dist: more\n"))
    else:
        assert workplace.install("-i", index.index_url, "leaf==1.0", *more).code == 0
    answer = would("app", *more)
    assert kept(workplace)
    assert (
        answer
        == {
            "installed": "Would install app-1.0",
            "its metadata": "Would install app-1.0 more-1.0",
            "in a target directory": BOTH,
        }[change]
    )


@pytest.mark.parametrize(
    "arguments",
    [("--refresh",), ("--timings", "t.json"), ("--report", "r.json"), ("-v",), ("--uploaded-prior-to", "P0D")],
)
def test_what_is_never_kept(would: Callable[..., str], workplace: Workplace, arguments: tuple[str, ...]) -> None:
    assert "app-1.0" in would("app", *arguments)
    assert kept(workplace) == 0


@pytest.mark.parametrize("change", ["", "installed", "page", "option", "-v"])
def test_another_environment_of_the_same_kind(
    workplace: Workplace, index: IndexServer, template: Environment, change: str
) -> None:
    arguments = ["install", "--dry-run", "-i", index.index_url, "app"]
    first = workplace.asyncpip(*arguments)
    sent = len(index.requests)
    other = copy_environment(template, workplace.work / "other")
    index.add_wheel("leaf", "3.0")
    if change == "installed":
        assert workplace.asyncpip("install", "-i", index.index_url, "more", python=other.directory).code == 0
    elif change == "page":
        arguments.append("--refresh")
        workplace.asyncpip(*arguments)
        arguments.pop()
    elif change:
        arguments.append(change if change == "-v" else "--pre")
    again = workplace.asyncpip(*arguments, python=other.directory)
    assert again.code == 0
    if change:
        assert ("leaf-3.0" in again.stdout) is (change == "page")
        assert ("nothing to search for" in again.stdout) is (change == "-v")
    else:
        assert (again.stdout, again.stderr) == (first.stdout, first.stderr)
        assert len(index.requests) == sent


@pytest.mark.parametrize("by", ["override", "variable"])
def test_nothing_to_do_rests_on_all_that_was_read(workplace: Workplace, index: IndexServer, by: str) -> None:
    (workplace.work / "o.txt").write_text("")
    (workplace.work / "r.txt").write_text("leaf${LEAF}\n" if by == "variable" else "leaf\n")

    def ask(limit: str = ">=1") -> str:
        arguments = ("-r", "r.txt", "--override", "o.txt")
        outcome = workplace.install("-i", index.index_url, *arguments, environ={"LEAF": limit})
        assert outcome.code == 0, outcome.text
        return outcome.stdout.splitlines()[-1]

    assert ask() == "Successfully installed leaf-2.0"
    time.sleep(0.05)
    for _ in range(2):
        assert ask().startswith("Requirement already satisfied")
    assert bool(kept(workplace)) is (by != "variable")
    if by == "override":
        (workplace.work / "o.txt").write_text("leaf<2\n")
    assert ask("<2" if by == "variable" else ">=1") == "Successfully installed leaf-1.0"


def test_trouble_on_the_way_is_not_part_of_the_answer(
    would: Callable[..., str], workplace: Workplace, index: IndexServer
) -> None:
    index.script("/simple/leaf/", Fault(status=503), Fault(drop=True))
    assert would("app", "--retries", "5") == BOTH
    assert kept(workplace) == 1  # what the question's answer is, not what was written
    assert would("app", "--retries", "5", "-i", index.index_url) == BOTH
