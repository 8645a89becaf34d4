"""`wheel` through pip and through asyncpip: the files, the lines that scripts read, the exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.test_install_golden_builds import below
from tests.support.source_tree import sdist_of, source_tree

if TYPE_CHECKING:
    from tests.golden.twins import Pair, Twins
    from tests.support.environments import Outcome

pytestmark = pytest.mark.golden

_LINES = ("Collecting ", "Processing ", "File was already downloaded ", "Saved ", "Looking in ", "Ignoring ")
_BUILT = "Successfully built "


def said(outcome: Outcome) -> list[str]:
    """Return the lines that scripts read; those of single files come as the work goes on, in nobody's order."""
    lines = [line.strip() for line in outcome.stdout.splitlines()]
    done = [_BUILT + " ".join(sorted(line.removeprefix(_BUILT).split())) for line in lines if _BUILT in line]
    failed = [line for line in lines if line.startswith("Failed to build ")]
    return [*sorted(line for line in lines if line.startswith(_LINES)), *done, *failed]


def check(twins: Twins, line: str, *wanted: Wanted, code: int = 0, **environ: str) -> Pair:
    return twins.check_command(f"wheel -i {{index}} {line}", *wanted, code=code, said=said, **environ)


def wheels(pair: Pair, directory: str) -> set[str]:
    prefix = f"work/{directory}/"
    return {path.removeprefix(prefix) for path in pair.ours.tree if path.startswith(prefix)}


def test_wheels_of_an_index(twins: Twins) -> None:
    pair = check(twins, "-w dir child tools==1.0")
    assert wheels(pair, "dir") == {
        "child-2.0-py3-none-any.whl",
        "plain-2.0-py3-none-any.whl",
        "tools-1.0-py3-none-any.whl",
    }
    check(twins, "-w dir child tools==1.0")
    check(twins, "--wheel-dir other --no-deps child")
    check(twins, "-w only --only-deps child")
    check(twins, "-w dir missing", code=1)
    check(twins, "-w dir", code=1)


def test_into_the_working_directory(twins: Twins) -> None:
    check(twins, "plain==1.0")


def test_requirements_files(twins: Twins) -> None:
    twins.write({"r.txt": "child\nother; python_version < '3'\n", "c.txt": "plain<2\nchild<2\n"})
    check(twins, "-w dir -r r.txt -c c.txt")


def test_options_that_only_others_have(twins: Twins) -> None:
    check(twins, "--platform win_amd64 plain", code=2)
    check(twins, "--user plain", code=2)


def test_sources(twins: Twins) -> None:
    twins.write(below("proj", source_tree("My.Proj", "1.0", requires=["plain"])))
    filename, content = sdist_of("packed-w", "1.5", requires=["extra-dep"])
    twins.server.add(filename, content)
    filename, content = sdist_of("packed-w", "1.6", requires=["extra-dep"])
    twins.write({filename: content})
    check(twins, "-w dir ./proj packed-w")
    check(twins, "-w dir -e ./proj --no-deps", Wanted.WHEELS_ARE_NOT_EDITABLE)
    check(twins, f"-w other ./{filename} {{files}}/plain-1.0-py3-none-any.whl")
    check(twins, "-w dry --no-deps 'my.proj @ file://{work}/proj'")


def test_one_failed_build_does_not_stop_the_others(twins: Twins) -> None:
    twins.write(below("bad", source_tree("bad-proj", fails_in="build_wheel")))
    twins.write(below("good", source_tree("good-proj", requires=["plain"])))
    pair = check(twins, "-w dir ./bad ./good", code=1)
    assert wheels(pair, "dir") == {"good_proj-1.0-py3-none-any.whl", "plain-2.0-py3-none-any.whl"}
    check(twins, "-w dir ./nothing", code=1)


def test_without_verifying(twins: Twins) -> None:
    twins.write(below("wrong", source_tree("right", wheel_stem="wrong-1.0")))
    check(twins, "-w dir ./wrong", Wanted.WRONG_WHEELS_ARE_ERRORS, code=1)
    check(twins, "-w dir --no-verify ./wrong")
