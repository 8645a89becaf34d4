"""`freeze` through pip and through asyncpip, on the same environments."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.layout import DEVELOPED, DIRECT, OLD, ORDINARY, lay_out
from tests.support.installed import dist_info

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.environments import Workplace

pytestmark = pytest.mark.golden

IDENTITY = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
}  # fmt: skip


@pytest.fixture
def filled(twins: Twins) -> Twins:
    """Both places with everything that has valid metadata."""
    lay_out(twins, *ORDINARY, *DIRECT, *OLD)
    twins.write({**DEVELOPED, "editable/pyproject.toml": "", "with blank/pyproject.toml": ""})
    return twins


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--all",
        "-l",
        "--local --all",
        "--user",
        "--exclude-editable",
        "--exclude child --exclude Local_Label",
        "--exclude pip --all",
        "-q",
        "-qqq",
        "--path {work}/other",
        "--path {work}/other --path {work}/developed",
    ],
)
def test_options(filled: Twins, options: str) -> None:
    filled.write({"other/Child-9.dist-info/METADATA": "Metadata-Version: 2.1\nName: Child\nVersion: 9\n"})
    filled.check_command(f"freeze {options}")


def test_refusals(twins: Twins) -> None:
    twins.check_command("freeze --path . --local", code=1)
    twins.check_command("freeze --path . --user", code=1)
    twins.check_command("freeze --unknown", code=2)


def test_nothing_installed(twins: Twins) -> None:
    twins.check_command("freeze")


def test_odd_versions(twins: Twins) -> None:
    lay_out(
        twins,
        dist_info("odd", "1.0-oops-2", directory="odd-1.0_oops_2"),
        dist_info("spelled", "1.0alpha1", directory="spelled-1.0alpha1"),
        dist_info("zeros", "01.02.0", directory="zeros-01.02.0"),
        dist_info("v", "v1.0", directory="v-v1.0"),
        dist_info("dashed", "1.0-1", directory="dashed-1.0-1"),
    )
    twins.check_command("freeze")
    twins.check_command("list --format=freeze")


FILES = {
    "requirements.txt": """\
# a comment
--index-url https://index.example/simple
-f links

Child>=1  # why
plain.name[x] ; python_version > "3"
# a comment
from-git @ git+https://git.example/r.git
not-installed==1
-e {work}/editable
./unclear
""",
    "more.txt": "# a comment\nchild\n--pre\n\nlicensed\nnot-installed==2\nlicensed\n",
    "unclear/pyproject.toml": "",
}


def test_requirements_files(filled: Twins) -> None:
    filled.write(FILES)
    filled.check_command("freeze -r more.txt")
    filled.check_command("freeze -r requirements.txt", Wanted.RESULTS_ALONE)
    filled.check_command("freeze -r requirements.txt --requirement more.txt", Wanted.RESULTS_ALONE)
    filled.check_command("freeze --all -r more.txt --exclude setuptools")


def test_requirements_files_that_are_wrong(filled: Twins) -> None:
    filled.write({"wrong.txt": "child ==\n", "binary.txt": "child\n"})
    filled.check_command("freeze -r wrong.txt", code=1)
    filled.check_command("freeze -r missing/requirements.txt", Wanted.NO_TRACEBACK_FOR_FILES, code=1)


def test_options_in_requirements_files(filled: Twins) -> None:
    """Lines that pip does not understand here although `install` does."""
    filled.write({"hashed.txt": "child==2.0.0 --hash=sha256:ab\n", "constrained.txt": "-c constraints.txt\nchild\n"})
    pair = filled.check_command("freeze -r hashed.txt", Wanted.READS_MORE_LINES)
    assert pair.ours.outcome.stdout.startswith("child==2.0.0\n##")
    pair = filled.check_command("freeze -r constrained.txt", Wanted.READS_MORE_LINES)
    assert pair.ours.outcome.stdout.startswith("-c constraints.txt\nchild==2.0.0\n##")


@pytest.mark.parametrize(
    ("remote", "place"),
    [
        ("https://user:secret@git.example/r.git", ""),
        ("git@git.example:group/r.git", "sub/dir"),
        ("ssh://git@git.example/r.git", ""),
        ("{work}/bare", ""),
        ("../nowhere", ""),
        (None, ""),
        (None, "sub"),
    ],
)
def test_editable_checkouts(twins: Twins, remote: str | None, place: str) -> None:
    lay_out(
        twins,
        dist_info("in-git", "1.0", directory="in_git-1.0", files={
            "direct_url.json": f'{{"url": "file://{{work}}/checkout/{place}", "dir_info": {{"editable": true}}}}',
        }),
    )  # fmt: skip
    twins.write({f"checkout/{place}/pyproject.toml": "", "bare/HEAD": "ref: refs/heads/main\n"})

    def commit(workplace: Workplace) -> None:
        for arguments in (
            ["init", "-q", "-b", "main"],
            ["add", "."],
            ["commit", "-q", "-m", "x"],
            *([["remote", "add", "origin", twins.fill(remote)]] if remote else []),
        ):
            subprocess.run(["git", *arguments], cwd=workplace.work / "checkout", env=os.environ | IDENTITY, check=True)

    twins.each(commit)
    wanted = [Wanted.HIDES_PASSWORDS] if remote and "secret" in remote else []
    pair = twins.check_command("freeze", *wanted)
    assert "secret" not in pair.ours.outcome.text


def test_editable_without_git(twins: Twins) -> None:
    lay_out(
        twins,
        dist_info("in-git", "1.0", directory="in_git-1.0", files={
            "direct_url.json": '{"url": "file://{work}/checkout", "dir_info": {"editable": true}}',
        }),
    )  # fmt: skip
    twins.write({"checkout/pyproject.toml": "", "checkout/.git/HEAD": "x"})
    twins.check_command("freeze", Wanted.SAYS_IT_ONCE, PATH="/nowhere")
    twins.check_command("freeze")
