"""`show`, `check` and `inspect` through pip and through asyncpip, on the same environments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.layout import BROKEN, DEVELOPED, DIRECT, OLD, ORDINARY, lay_out
from tests.support.installed import WHEEL, dist_info

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.environments import Outcome

pytestmark = pytest.mark.golden


@pytest.fixture
def filled(twins: Twins) -> Twins:
    """Both places with everything that has valid metadata."""
    lay_out(twins, *ORDINARY, *DIRECT, *OLD)
    twins.write({**DEVELOPED, "editable/pyproject.toml": ""})
    return twins


def in_order(outcome: Outcome) -> list[str]:
    """Return the lines of `check`, sorted: pip's order is that of the directory."""
    return sorted(outcome.stdout.splitlines())


def inspected(outcome: Outcome) -> list[str]:
    """Return what `inspect` prints as lines, distributions by name, without what tells who printed it."""
    document = json.loads(outcome.stdout)
    document.pop("installer", None)
    document["installed"].sort(key=lambda each: str(each["metadata_location"]))
    return json.dumps(document, indent=1).splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "show plain.name",
        "show PLAIN_NAME child Grand-Child",
        "show -f plain-name",
        "show -v plain-name licensed",
        "show --verbose --files plain-name old editable",
        "show licensed local-label epoch",
        "show old distutils-made developed -f",
        "show editable spaced-editable from-git",
        "show child child",
        "show child nothing",
        "show -q child",
    ],
)
def test_show(filled: Twins, line: str) -> None:
    filled.check_command(line)


@pytest.mark.parametrize("line", ["show", "show nothing", "show nothing either", "show -f"])
def test_nothing_to_show(filled: Twins, line: str) -> None:
    filled.check_command(line, code=1)


def test_show_of_what_is_broken(twins: Twins) -> None:
    lay_out(twins, *ORDINARY, *BROKEN)
    for line in ("show bad-requirement", "show child", "show odd-version conflicting -f"):
        twins.check_command(line)


def test_show_without_metadata(twins: Twins) -> None:
    lay_out(twins, {"bare-1.0.dist-info/INSTALLER": "pip\n"})
    twins.check_command("show bare", Wanted.KNOWS_THE_VERSION)


def test_check_finds_nothing(filled: Twins) -> None:
    lay_out(filled, dist_info("six", "1.0"))
    filled.check_command("check")
    filled.check_command("check -q")


def test_check(twins: Twins) -> None:
    lay_out(twins, *ORDINARY, *BROKEN)
    twins.check_command("check", code=1, said=in_order)
    twins.check_command("check -q", code=1, said=in_order)
    twins.check_command("check -qq", code=1, said=in_order)


REQUIREMENTS = (
    "child",
    "child==2",
    "child==2.0.0",
    "child===2.0",
    "child!=2.*",
    "child>2",
    "child~=2.0",
    "child~=1.9",
    "child<2.0.1,>=2",
    "child (>=3)",
    "child[extra]>2.5",
    "child @ https://files.example/child.zip",
    "child<2; sys_platform != 'win32'",
    "child<2; sys_platform == 'win32'",
    "child<2; python_version >= '3.8' and platform_python_implementation == 'CPython'",
    "child<2; (python_version < '3' or os_name == 'posix')",
    "child<2; extra == 'x'",
    "absent; extra == 'x' or python_version > '3'",
    "absent ; python_full_version<'3.0.0'",
    "local-label==1.0",
    "local_label>1.0",
    "epoch>2",
    "epoch<3",
    "leading>=2024.1.2",
    "child >>2",
    "child; unknown == 'x'",
    "!child",
)


def test_requirements_of_all_kinds(twins: Twins) -> None:
    """Each of a distribution of its own; what is wrong with the malformed ones is said in the same words."""
    asking = [
        dist_info(f"asks-{number}", "1.0", f"Requires-Dist: {requirement}", directory=f"asks_{number}-1.0")
        for number, requirement in enumerate(REQUIREMENTS)
    ]
    lay_out(twins, *ORDINARY, *asking)
    pair = twins.check_command("check", code=1, said=in_order)
    theirs, ours = (sorted(side.outcome.stderr.splitlines()) for side in pair)
    assert [line for line in theirs if line.startswith("WARNING")] == [
        line for line in ours if line.startswith("WARNING")
    ]


@pytest.mark.parametrize(
    "wheel",
    ["Tag: cp311-cp311-win_amd64\n", "Tag: py2-none-any\nTag: py3-none-any\n", "Tag: PY3-none-any\n", "Tag: x\n", ""],
)
def test_wheel_tags(twins: Twins, wheel: str) -> None:
    lay_out(twins, dist_info("tagged", "1.0", wheel=f"{WHEEL.partition('Tag')[0]}{wheel}"))
    pair = twins.run_command("check") if wheel == "Tag: x\n" else twins.check_command("check", code=None)
    # Of a tag that is none, pip knows nothing but a traceback.
    assert pair.ours.outcome.code == (pair.pip.outcome.code if pair.pip.outcome.code < 2 else 1)


@pytest.mark.parametrize("options", ["", "--local", "--user", "--path {work}/other", "-q"])
def test_inspect(filled: Twins, options: str) -> None:
    filled.write(
        {"other/child-9.dist-info/METADATA": "Metadata-Version: 2.1\nName: child\nVersion: 9\nKeywords: a b\n"}
    )
    filled.check_command(f"inspect {options}", said=inspected)


def test_inspect_refuses(filled: Twins) -> None:
    filled.check_command("inspect --path . --local", code=1)
    filled.check_command("inspect -l", code=2)


def test_inspect_prints_like_pip(twins: Twins) -> None:
    lay_out(twins, dist_info("only", "1.0", "Author: Zoë", body="text\n"))
    pair = twins.run_command("inspect")
    added = '  "installer": {'
    ours = pair.ours.outcome.stdout.splitlines()
    at = ours.index(added)
    assert "\n".join([*ours[:at], *ours[at + 4 :]]) == pair.pip.outcome.stdout.rstrip("\n")
