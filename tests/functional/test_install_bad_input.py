"""`install` of what cannot be installed: what, why and hint; pip's exit code; everything as it was."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.environments import Workplace, read_tree
from tests.support.index_server import Fault, IndexServer
from tests.support.wheel_builder import build_wheel


class Case(NamedTuple):
    """A command line, and what stderr has to say of it."""

    line: str
    says: tuple[str, ...]
    code: int = 1


CASES = {
    "operator": Case("leaf=1", ("Invalid requirement: 'leaf=1'", "hint: = is not a valid operator. Did you mean == ?")),
    "line of a file": Case("-r bad.txt", ("Invalid requirement: '==x'", "why: line 2 of bad.txt")),
    "path": Case("./nowhere", ("Invalid requirement: './nowhere'", "hint: It looks like a path.", "does not exist")),
    "unknown project": Case(
        "nowhere", ("No matching distribution found for nowhere", "why: ", "hint: check the spelling")
    ),
    "version": Case(
        "choosy>=9",
        (
            "No matching distribution found for choosy>=9",
            "(from versions: 1.0, 2.0)",
            "Ignored the following yanked versions: 9.1",
            "9.2 Requires-Python >=4",
            "no wheel for this platform and Python: 9.3",
        ),
    ),
    "conflict": Case(
        "wants-old wants-new",
        (
            "Cannot install wants-new==1.0 and wants-old==1.0",
            "wants-old 1.0 depends on leaf<2",
            "wants-new 1.0 depends on leaf>=2",
            "hint: ",
        ),
    ),
    "conflict with the user's own words": Case(
        "wants-new leaf==1.0",
        ("The user requested leaf==1.0", "wants-new 1.0 depends on leaf>=2", "hint: without the bounds of `leaf==1.0`"),
    ),
    "constraint": Case(
        "wants-new -c limits.txt", ("The user requested (constraint) leaf<2", "-c limits.txt (line 1)", "hint: ")
    ),
    "wrong hash of the index": Case(
        "forged", ("does not have the hash that is required", "Expected sha256 000", "Got")
    ),
    "wrong hash of the user": Case("-r hashed.txt", ("does not have the hash that is required", "Expected sha256 111")),
    "broken archive": Case("cut", ("cut-1.0-py3-none-any.whl is not a valid wheel", "why: ")),
    "damaged member": Case("damaged", ("damaged-1.0-py3-none-any.whl is not a valid wheel", "member `damaged.py`")),
    "member outside": Case("evil", ("is not a wheel that can be installed", "'../evil.py'")),
    "one broken of several": Case("leaf==2.0 cut", ("cut-1.0-py3-none-any.whl is not a valid wheel",)),
    "missing archive": Case("gone", ("could not download gone-1.0-py3-none-any.whl", "404")),
    "file that a file names": Case("-r names.txt", ("Could not open requirements file", "line 2 of names.txt")),
    "no wheel of that name": Case("./leaf.whl", ("the file does not exist", "Invalid wheel filename")),
    "option for a value": Case("leaf --timings --dry-run", ("--timings option requires 1 argument",), 2),
    "missing file": Case("-r nowhere.txt", ("Could not open requirements file", "nowhere.txt")),
    "no requirement": Case("", ("You must give at least one requirement to install",)),
    "no project directory": Case(".", ("is not installable", "pyproject.toml")),
    "unknown option": Case("--nonsense leaf", ("no such option: --nonsense",), 2),
    "bad number": Case("leaf --retries many", ("--retries", "many"), 2),
    "target is a file": Case("leaf --target bad.txt", ("Target path exists but is not a directory",)),
    "target below a file": Case("leaf --target bad.txt/sub", ("bad.txt",)),
    "report nowhere": Case("leaf --report nowhere/r.json", ("could not write nowhere/r.json", "why: ")),
    "address of another machine": Case("leaf --bind-address 203.0.113.7", ("203.0.113.7",)),
}


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
        index_server.add_wheel("choosy", version)
    index_server.add_wheel("choosy", "9.1", yanked=True)
    index_server.add_wheel("choosy", "9.2", requires_python=">=4")
    index_server.add_wheel("choosy", "9.3", tag="cp311-cp311-win_amd64")
    index_server.add_wheel("wants-old", "1.0", requires=["leaf<2"])
    index_server.add_wheel("wants-new", "1.0", requires=["leaf>=2"])
    index_server.add("forged-1.0-py3-none-any.whl", build_wheel("forged", "1.0")[1], sha256="0" * 64)
    index_server.add("cut-1.0-py3-none-any.whl", build_wheel("cut", "1.0")[1][:-60])
    index_server.add_wheel("damaged", "1.0", files={"damaged.py": "x"}, bad_crc=["damaged.py"])
    index_server.add_wheel("evil", "1.0", raw_members=[("../evil.py", "x")])
    index_server.add_wheel("gone", "1.0")
    index_server.script("/files/gone-1.0-py3-none-any.whl", *[Fault(status=404)] * 9)
    return index_server


@pytest.fixture
def prepared(workplace: Workplace, index: IndexServer) -> Workplace:
    """Return a place with something installed already."""
    (workplace.work / "bad.txt").write_text("leaf\n==x\n")
    (workplace.work / "names.txt").write_text("leaf\n-r nowhere.txt\n")
    (workplace.work / "limits.txt").write_text("leaf<2\n")
    (workplace.work / "hashed.txt").write_text(f"choosy==1.0 --hash=sha256:{'1' * 64}\n")
    outcome = workplace.install("-i", index.index_url, "leaf==1.0", "choosy==2.0")
    assert outcome.code == 0, outcome.text
    return workplace


@pytest.mark.parametrize("name", CASES)
def test_error_says_why_and_leaves_everything_as_it_was(name: str, prepared: Workplace, index: IndexServer) -> None:
    case = CASES[name]
    before = read_tree(prepared.directory)
    outcome = prepared.install("-i", index.index_url, "--retries=0", "--force-reinstall", *shlex.split(case.line))
    assert outcome.code == case.code, outcome.text
    for words in case.says:
        assert words in outcome.stderr, outcome.text
    assert "Traceback" not in outcome.stderr
    assert "ERROR: " not in outcome.stdout
    assert read_tree(prepared.directory) == before
    assert leftovers(prepared) == []


def leftovers(workplace: Workplace) -> list[str]:
    """Return what stands in the store's staging directory."""
    staging = workplace.cache / "asyncpip" / "tmp"
    return os.listdir(staging) if staging.exists() else []


def test_index_that_does_not_answer(workplace: Workplace) -> None:
    outcome = workplace.install("-i", "http://127.0.0.1:1/simple", "--retries=0", "leaf")
    assert outcome.code == 1
    assert "WARNING: " in outcome.stderr
    assert "http://127.0.0.1:1/simple" in outcome.stderr
    assert "No matching distribution found for leaf" in outcome.stderr
    assert "not all places answered (see above): http://127.0.0.1:1/simple" in outcome.stderr
    assert "hint: try again when they answer" in outcome.stderr
    assert "spelling" not in outcome.stderr


@pytest.mark.parametrize("option", ["-i", "--extra-index-url", "--find-links"])
@pytest.mark.parametrize("address", ["http://[bad/simple", "http://u:secret@host:port/simple"])
def test_address_that_is_no_url(workplace: Workplace, index: IndexServer, option: str, address: str) -> None:
    others = () if option == "-i" else ("-i", index.index_url)
    outcome = workplace.install(option, address, *others, "--retries=0", "missing")
    assert outcome.code == 1, outcome.text
    assert f"WARNING: {address.replace('secret', '****')} is ignored: it is no URL (" in outcome.stderr
    assert outcome.stderr.count("is ignored: it is no URL") == 1
    assert "No matching distribution found for missing" in outcome.stderr
    assert "not all places answered" in outcome.stderr
    assert "secret" not in outcome.text
    assert others == () or workplace.install(option, address, *others, "leaf").code == 0


def test_place_that_is_not_there_beside_one_that_is(workplace: Workplace, index: IndexServer) -> None:
    outcome = workplace.install("-i", index.index_url, "-f", "http://127.0.0.1:1/links.html", "--retries=0", "leaf>9")
    assert outcome.code == 1
    assert "(from versions: 1.0, 2.0)" in outcome.stderr
    assert "not all places answered (see above): http://127.0.0.1:1/links.html" in outcome.stderr
    assert index.index_url not in outcome.stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_target_that_cannot_be_written_to(prepared: Workplace, index: IndexServer) -> None:
    closed = prepared.work / "closed"
    closed.mkdir(mode=0o555)
    outcome = prepared.install("-i", index.index_url, "leaf", "--target", str(closed / "t"))
    assert outcome.code == 1
    assert str(closed) in outcome.stderr
    assert list(closed.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a directory that nobody can write to")
def test_target_on_a_file_system_without_writing(prepared: Workplace, index: IndexServer) -> None:
    before = read_tree(prepared.directory)
    outcome = prepared.install("-i", index.index_url, "leaf", "--target", "/proc/self/nowhere")
    assert outcome.code == 1, outcome.text
    assert "ERROR: " in outcome.stderr
    assert "/proc/self/nowhere" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert read_tree(prepared.directory) == before


def test_failure_in_the_middle_puts_everything_back(prepared: Workplace, index: IndexServer) -> None:
    """A directory stands where a file has to go: found while files are written, after old ones were moved aside."""
    index.add_wheel("late", "1.0", requires=["leaf==2.0"], files={"zz_late/__init__.py": ""})
    blocked = prepared.environment.site_packages / "zz_late" / "__init__.py"
    blocked.mkdir(parents=True)
    (blocked / "keep.txt").write_text("mine")
    before = read_tree(prepared.directory)
    outcome = prepared.install("-i", index.index_url, "--refresh", "late")
    if outcome.code == 0:
        pytest.fail(f"a directory was replaced by a file\n{outcome.text}")
    assert outcome.code == 1, outcome.text
    assert "Traceback" not in outcome.stderr, outcome.text
    assert read_tree(prepared.directory) == before
