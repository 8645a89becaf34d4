"""Mercurial, Subversion and Bazaar as they are called; scripts stand for the programs. git is in the golden tests."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.build.checkout_place import CheckoutPlace
from asyncpip.build.child import Children, OutputLog
from asyncpip.build.vcs import Repository, vcs_environ
from asyncpip.build.vcs_urls import parse_vcs_url
from asyncpip.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path

NODE = "0123456789abcdef0123456789abcdef01234567"
PROGRAM = """#!{python}
import os, sys
program = os.path.basename(sys.argv[0])
with open({calls!r}, "a") as writing:
    writing.write(" ".join([program, *sys.argv[1:]]) + "\\n")
arguments = sys.argv[1:]
if arguments[0] in ("clone", "checkout"):
    os.makedirs(os.path.join(arguments[-1], "." + program))
    print("talked to", arguments[-2])
if "bad" in arguments:
    sys.exit("abort: unknown revision")
outputs = {{
    "parents": "{node}",
    "revno": "note\\n12",
    "info": '<info revision="3"><url>https://example.org/r</url>\\n revision="7">',
    "showconfig": "https://example.org/r",
}}
print(outputs.get(arguments[0], ""))
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory with the programs, and a file of what they were called with."""
    directory = tmp_path / "programs"
    directory.mkdir()
    for name in ("hg", "svn", "bzr"):
        path = directory / name
        path.write_text(PROGRAM.format(python=sys.executable, calls=str(tmp_path / "calls"), node=NODE))
        path.chmod(0o755)
    return directory


def repository(programs: Path, url: str, *, interactive: bool = False, name: str = "checkout") -> Repository:
    directory = programs.parent
    return Repository(
        parse_vcs_url(url),
        str(directory / name),
        label="proj",
        environ={"PATH": str(programs)},
        children=Children(),
        log=OutputLog(str(directory / f"log-{len(list(directory.iterdir()))}"), lambda _: None),
        tell=lambda _: None,
        interactive=interactive,
    )


def calls(programs: Path) -> list[str]:
    place = str(programs.parent / "checkout")
    return [line.replace(place, "PLACE") for line in (programs.parent / "calls").read_text().splitlines()]


@pytest.mark.parametrize(
    ("url", "commit", "immutable", "expected"),
    [
        (
            "hg+https://example.org/r@v1",
            NODE,
            False,
            [
                "hg clone --noupdate -q https://example.org/r PLACE",
                "hg update -q --rev=v1",
                "hg parents --template={node}",
            ],
        ),
        (
            f"hg+https://example.org/r@{NODE}",
            NODE,
            True,
            [
                "hg clone --noupdate -q https://example.org/r PLACE",
                f"hg update -q --rev={NODE}",
                "hg parents --template={node}",
            ],
        ),
        (
            "svn+https://user:secret@example.org/r@7",
            "7",
            False,
            [
                "svn checkout -q --non-interactive --username user --password secret -r 7 https://example.org/r PLACE",
                "svn info --xml PLACE",
            ],
        ),
        (
            "bzr+https://example.org/r",
            "12",
            False,
            ["bzr checkout --lightweight -q https://example.org/r PLACE", "bzr revno --tree"],
        ),
    ],
)
def test_check_out(programs: Path, url: str, commit: str, *, immutable: bool, expected: list[str]) -> None:
    checkout = repository(programs, url).check_out()
    assert (checkout.commit_id, checkout.is_immutable) == (commit, immutable)
    assert calls(programs) == expected
    logs = "".join(path.read_text() for path in programs.parent.glob("log-*"))
    assert "talked to https://example.org/r" in logs
    assert "secret" not in logs


@pytest.mark.parametrize("vcs", ["hg", "svn", "bzr"])
def test_a_checkout_that_is_there_is_brought_up_to_date(programs: Path, vcs: str) -> None:
    url = f"{vcs}+https://example.org/r"
    repository(programs, url).check_out()
    before = len(calls(programs))
    again = repository(programs, url)
    place = CheckoutPlace(again, str(programs.parent / "checkout"), ("i",) if vcs == "bzr" else (), lambda _: None)
    place.bring()
    words = {"hg": ["hg pull -q", "hg update -q"], "svn": ["svn update -q --non-interactive PLACE"], "bzr": []}
    assert all(line in calls(programs)[before:] for line in words[vcs])


def test_a_revision_that_does_not_exist(programs: Path) -> None:
    with pytest.raises(BuildError, match=r"when checking out https://example.org/r") as caught:
        repository(programs, "svn+https://user:secret@example.org/r@bad").check_out()
    assert "abort: unknown revision" in str(caught.value.why)
    assert "--password ****" in str(caught.value.why)
    assert "secret" not in str(caught.value.why)
    assert not (programs.parent / "checkout").exists()


def test_a_program_that_is_missing_or_not_to_be_run(programs: Path) -> None:
    (programs / "hg").unlink()
    with pytest.raises(BuildError, match="Cannot find command 'hg' - do you have 'hg' installed and in your PATH"):
        repository(programs, "hg+https://example.org/r").check_out()
    (programs / "svn").chmod(0o644)
    with pytest.raises(BuildError, match="No permission to execute 'svn'"):
        repository(programs, "svn+https://example.org/r").check_out()


def test_what_programs_see_of_the_environment() -> None:
    given = {"PATH": "/bin", "GIT_DIR": "/x", "GIT_WORK_TREE": "/x", "GIT_SSH_COMMAND": "ssh -i key"}
    assert vcs_environ(given, interactive=True) == {"PATH": "/bin", "GIT_SSH_COMMAND": "ssh -i key"}
    assert vcs_environ(given, interactive=False) == {
        "PATH": "/bin",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -i key -oBatchMode=yes",
    }
    assert vcs_environ({}, interactive=False)["GIT_SSH_COMMAND"] == "ssh -oBatchMode=yes"


def test_what_is_in_the_way_and_no_checkout(programs: Path) -> None:
    place = programs.parent / "checkout"
    place.mkdir()
    (place / "x").touch()
    url = "hg+https://example.org/r"

    def bring(*actions: str) -> None:
        CheckoutPlace(repository(programs, url), str(place), actions, lambda _: None).bring()

    with pytest.raises(BuildError, match="exists already") as caught:
        bring("s")
    assert "(i)gnore, (w)ipe, (b)ackup" in str(caught.value.hint)
    with pytest.raises(BuildError, match="exists already"):
        bring("a")
    bring("i")
    assert os.listdir(place) == ["x"]
    bring("b")
    assert (programs.parent / "checkout.bak" / "x").exists()
    (place / "y").touch()
    (place / ".hg").rmdir()
    bring("b")
    assert (programs.parent / "checkout.bak1" / "y").exists()
    (place / ".hg").rmdir()
    bring("w")
    assert os.listdir(place) == [".hg"]
