"""`download` through pip and through asyncpip: the files, the lines that scripts read, the exit codes."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.test_install_golden_builds import below
from tests.support.source_tree import git, make_repository, sdist_of, source_tree
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden.twins import Pair, Twins
    from tests.support.environments import Outcome, Workplace

pytestmark = pytest.mark.golden

_LINES = ("Collecting ", "Processing ", "File was already downloaded ", "Saved ", "Looking in ", "Ignoring ")
MISSING = (Wanted.STOPS_EARLIER, Wanted.NO_TRACEBACK)
_SUCCESS = "Successfully downloaded "


def said(outcome: Outcome) -> list[str]:
    """Return the lines that scripts read; those of single files come as the work goes on, in nobody's order."""
    lines = [line.strip() for line in outcome.stdout.splitlines()]
    done = [_SUCCESS + " ".join(sorted(line.removeprefix(_SUCCESS).split())) for line in lines if _SUCCESS in line]
    return [*sorted(line for line in lines if line.startswith(_LINES)), *done]


def check(twins: Twins, line: str, *wanted: Wanted, code: int = 0, **environ: str) -> Pair:
    return twins.check_command(f"download -i {{index}} {line}", *wanted, code=code, said=said, **environ)


def test_with_dependencies(twins: Twins) -> None:
    pair = check(twins, "-d dest child tools==1.0")
    assert {path for path in pair.ours.tree if path.startswith("work/dest/")} == {
        "work/dest/child-2.0-py3-none-any.whl",
        "work/dest/plain-2.0-py3-none-any.whl",
        "work/dest/tools-1.0-py3-none-any.whl",
    }
    check(twins, "-d dest child tools==1.0")
    check(twins, "-d dest child==1.0 'plain<2'")


def test_into_the_working_directory(twins: Twins) -> None:
    check(twins, "plain")
    check(twins, "plain --dest {work}/deep/down")
    check(twins, "--destination-directory other 'Top.Name[x]'")


@pytest.mark.parametrize("cache", ["", " --no-cache-dir"])
def test_permissions_do_not_depend_on_who_fetched_first(twins: Twins, cache: str) -> None:
    before = os.umask(0o077)
    try:
        for umask in (0o077, 0o022, 0o002, 0o027):
            os.umask(umask)
            check(twins, f"-d dest-{umask:o} child{cache}")
    finally:
        os.umask(before)


def test_permissions_of_the_user_s_own_files(twins: Twins) -> None:
    def write(workplace: Workplace) -> None:
        path = workplace.work / "links" / "plain-1.0-py3-none-any.whl"
        path.parent.mkdir()
        path.write_bytes(build_wheel("plain", "1.0")[1])
        path.chmod(0o440)

    twins.each(write)
    check(twins, "--no-index -f links -d dest plain")


def test_what_is_installed_does_not_count(twins: Twins) -> None:
    twins.check("child")
    check(twins, "-d dest child")


def test_a_file_that_is_there(twins: Twins) -> None:
    twins.write({"dest/plain-2.0-py3-none-any.whl": b"not the wheel"})
    pair = check(twins, "-d dest plain", Wanted.SAYS_ONCE_WHAT_IS_BAD)
    assert "Previously-downloaded file" in pair.ours.outcome.stderr
    check(twins, "-d dest plain")


def test_without_dependencies(twins: Twins) -> None:
    check(twins, "-d dest --no-deps child plain==1.0")
    check(twins, "-d dest --no-deps missing", code=1)
    check(twins, "-d dest --no-deps plain==9", code=1)
    check(twins, "-d dest --no-deps only-future", code=1)


def test_only_dependencies(twins: Twins) -> None:
    check(twins, "-d dest --only-deps child")


def test_requirements_files(twins: Twins) -> None:
    twins.write({"r.txt": "child\ntools>=1\nother; python_version < '3'\n", "c.txt": "plain<2\nchild<2\n"})
    check(twins, "-d dest -r r.txt -c c.txt")
    twins.write({"empty.txt": ""})
    check(twins, "-d dest -r empty.txt")
    check(twins, "-d dest", code=1)
    check(twins, "-d dest -r nothing.txt", code=1)


def test_conflicts(twins: Twins) -> None:
    pair = check(twins, "-d dest wants-old wants-new", Wanted.STOPS_EARLIER, code=1)
    assert not [path for path in pair.ours.tree if path.endswith(".whl")]
    check(twins, "-d dest missing", code=1)


def test_selection(twins: Twins) -> None:
    check(twins, "-d dest --pre plain")
    check(twins, "-d dest partly-yanked")
    check(twins, "-d dest all-yanked==1.0")
    check(twins, "-d dest tagged")


def test_hashes(twins: Twins) -> None:
    (good,) = (file for file in twins.server.projects["plain"] if file.filename.startswith("plain-1.0-"))
    digest = hashlib.sha256(good.data).hexdigest()
    twins.write(
        {"good.txt": f"plain==1.0 --hash=sha256:{digest}\n", "bad.txt": f"plain==1.0 --hash=sha256:{'0' * 64}\n"}
    )
    check(twins, "-d dest -r good.txt")
    check(twins, "-d dest -r good.txt")
    check(twins, "-d new --require-hashes plain==1.0", Wanted.STOPS_EARLIER, code=1)
    check(twins, "-d other -r bad.txt", Wanted.STOPS_EARLIER, code=1)


def test_other_targets(twins: Twins) -> None:
    check(twins, "-d dest --only-binary :all: --platform win_amd64 --python-version 3.11 --abi cp311 windows plain")
    check(twins, "-d dest --only-binary :all: --platform linux_x86_64 --platform win_amd64 tagged windows==1.0")
    check(twins, "-d dest --no-deps --python-version 3 child")
    check(twins, "-d dest --only-binary :all: --python-version 4 only-future", code=1)


def test_find_links(twins: Twins) -> None:
    def keep(workplace: Workplace) -> None:
        for name, version in (("plain", "1.0"), ("child", "1.0")):
            filename, data = build_wheel(name, version, requires=["plain"] if name == "child" else ())
            place = workplace.work / "links" / filename
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(data)

    twins.each(keep)
    twins.check_command("download --no-index -f links -d dest child", said=said)
    twins.check_command("download --no-index -f links -d links child", said=said)
    twins.check_command("download --no-index -d dest ./links/plain-1.0-py3-none-any.whl", said=said)
    twins.check_command("download --no-index -d dest ./links/nothing-1.0-py3-none-any.whl", *MISSING, said=said, code=1)
    twins.check_command("download -d dest {files}/plain-2.0-py3-none-any.whl", said=said)


def test_usage(twins: Twins) -> None:
    check(twins, "-e .", code=2)
    check(twins, "-C a=b plain", code=2)
    check(twins, "--no-deps --only-deps plain", code=1)
    check(twins, "-d dest -q plain")


def test_sources(twins: Twins) -> None:
    twins.write(below("proj", source_tree("My.Proj", "1.0", requires=["plain"])))
    filename, content = sdist_of("packed", "1.5", requires=["extra-dep"])
    twins.write({filename: content})
    twins.server.add(filename, content)
    twins.server.add(*sdist_of("static", "1.0", static=True, requires=["packed"]))
    check(twins, "-d dest static ./proj")
    check(twins, "-d dest static ./proj")
    check(twins, f"-d other ./{filename}")
    check(twins, f"-d third {{files}}/{filename} --no-binary packed")
    check(twins, "-d fourth --no-deps packed")


def test_checkouts(twins: Twins, tmp_path: Path) -> None:
    make_repository(tmp_path / "repo", source_tree("Git.Proj", "1.0", requires=["plain"]))
    git(tmp_path / "repo", "tag", "v1")
    url = f"git+file://{tmp_path}/repo"
    check(twins, f"-d named 'git-proj @ {url}@v1'", Wanted.ZIPS_WITHOUT_HISTORY, Wanted.PRINTS_FILE_URLS_WHOLE)
    check(twins, f"-d dest {url}@v1", Wanted.ZIPS_WITHOUT_HISTORY, Wanted.PRINTS_FILE_URLS_WHOLE)
    again = twins.run_command(f"download -i {{index}} -d dest {url}@v1").ours
    assert "File was already downloaded" in again.outcome.stdout
    twins.write({"dest/Git.Proj-1.0.zip": b"another"})
    twins.check_command(
        f"download -i {{index}} -d dest --exists-action i {url}@v1",
        Wanted.PRINTS_FILE_URLS_WHOLE,
        said=said,
    )
    pair = twins.run_command(f"download -i {{index}} -d dest --exists-action b {url}@v1")
    assert pair.ours.tree["work/dest/Git.Proj-1.0.zip.bak"].content == b"another"
