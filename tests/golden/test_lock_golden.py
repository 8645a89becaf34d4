"""`lock` by pip and by asyncpip: the same lock file but for its form, and each reads the other's."""

from __future__ import annotations

import hashlib
import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from packaging.pylock import Pylock

from tests.golden.differences import Wanted
from tests.golden.twins import kinds_on_stderr
from tests.support.environments import Entry
from tests.support.source_tree import sdist_of, source_tree
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.golden.twins import Pair, Side, Twins
    from tests.support.wheel_builder import Content

pytestmark = pytest.mark.golden
LOCK = "work/pylock.toml"


def below(directory: str, tree: Mapping[str, Content]) -> dict[str, Content]:
    return {f"{directory}/{path}": content for path, content in tree.items()}


def locked(side: Side, twins: Twins, path: str = LOCK) -> dict[str, dict[str, Any]]:
    """Return the packages of a lock file by name, paths as URLs."""
    content = side.tree.get(path, Entry(0, None)).content
    assert isinstance(content, bytes), side.outcome.text
    return packages_of(content.decode(), twins)


def packages_of(text: str, twins: Twins) -> dict[str, dict[str, Any]]:
    data = tomllib.loads(text)
    Pylock.from_dict(data).validate()
    assert data.pop("lock-version") == "1.0"
    assert data.pop("created-by") in ("pip", "asyncpip")
    packages = data.pop("packages")
    assert data == {}
    assert [each["name"] for each in packages] == sorted(each["name"] for each in packages)
    found = {}
    for package in packages:
        for file in [*package.get("wheels", ()), *(package[kind] for kind in ("sdist", "archive") if kind in package)]:
            file.pop("size", None)
            file.pop("upload-time", None)
            if "path" in file:
                file["url"] = f"file://{twins.workplace.work}/{file.pop('path')}"
            file["url"] = unquote(file["url"])
        found[package.pop("name")] = package
    return found


def forget(twins: Twins) -> None:
    """Remove the lock files of the line before."""
    twins.each(lambda workplace: (workplace.work / "pylock.toml").unlink(missing_ok=True))


def check(twins: Twins, line: str, code: int = 0) -> Pair:
    """Lock with both; what pip writes is what asyncpip writes, other wheels of the same release aside."""
    forget(twins)
    pair = twins.run_command(f"lock -i {{index}} {line}")
    assert (pair.pip.outcome.code, pair.ours.outcome.code) == (code, code), pair.text
    errors = [[kind for kind in kinds_on_stderr(side.outcome) if kind != "WARNING"] for side in pair]
    assert errors[0] == errors[1], pair.text
    if code:
        assert LOCK not in pair.ours.tree
        return pair
    theirs, ours = locked(pair.pip, twins), locked(pair.ours, twins)
    assert list(theirs) == list(ours)
    for name, package in ours.items():
        other = theirs[name]
        wheels = {file["name"]: file for file in package.pop("wheels", ())}
        for file in other.pop("wheels", ()):
            assert wheels[file["name"]] == file
        assert package == other
    return pair


@pytest.mark.parametrize(
    "line",
    [
        "plain",
        "'plain<2' tagged",
        "Top.Name",
        "'Top.Name[x,y]'",
        "--no-deps child",
        "--only-deps child",
        "--pre plain",
        "--only-binary :all: child",
        "partly-yanked",
        "all-yanked==1.0",
        "future",
        "only-future --ignore-requires-python",
        "post epoch local-label",
        "'plain; python_version < \"3\"' child",
        "'plain; python_version < \"3\"'",
        "--uploaded-prior-to 2024-01-02 plain",
    ],
)
def test_requirements(twins: Twins, line: str) -> None:
    check(twins, line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "missing",
        "wants-old wants-new",
        "only-future",
        "--pre --only-final :all: plain",
        "-r missing.txt",
        "./missing",
    ],
)
def test_errors(twins: Twins, line: str) -> None:
    check(twins, line, code=1)


def test_what_is_installed_has_no_part_in_it(twins: Twins) -> None:
    twins.check("plain==1.0")
    check(twins, "child")


def test_files_of_requirements(twins: Twins) -> None:
    twins.write(
        {
            "r.txt": "child\n-c c.txt\n",
            "c.txt": "plain<2\nchild<2\n",
            "pyproject.toml": '[dependency-groups]\ndev = ["tools", {include-group = "more"}]\nmore = ["plain"]\n',
            "script.py": '# /// script\n# dependencies = ["post"]\n# ///\n',
        }
    )
    check(twins, "-r r.txt")
    check(twins, "--group dev")
    check(twins, "--requirements-from-script script.py")
    check(twins, "-r r.txt --group more -o pylock.toml")


def test_hashes_that_are_asked_for(twins: Twins) -> None:
    digests = {file.filename: file.sha256 or sha256(file.data) for file in twins.server.projects["tagged"]}
    chosen = digests["tagged-1.0-2-py3-none-any.whl"]
    twins.write({"r.txt": f"tagged==1.0 --hash=sha256:{chosen}\n", "bad.txt": f"plain==1.0 --hash=sha256:{chosen}\n"})
    pair = check(twins, "-r r.txt")
    ours = locked(pair.ours, twins)["tagged"]["wheels"]
    assert [file["hashes"]["sha256"] for file in ours] == [chosen]
    check(twins, "--require-hashes plain==1.0", code=1)


def test_direct_references(twins: Twins) -> None:
    wheel, content = build_wheel("local", "1.0", requires=["plain"])
    sdist = sdist_of("packed", "1.5", requires=["extra-dep"])
    twins.server.add(*sdist)
    twins.write({wheel: content, f"sub/{wheel}": content, sdist[0]: sdist[1]})
    twins.write(below("proj", source_tree("My.Proj", "1.0", requires=["plain"])))
    check(twins, f"./{wheel}")
    check(twins, f"'local @ file://{{work}}/sub/{wheel}'")
    check(twins, "'plain @ {files}/plain-1.0-py3-none-any.whl'")
    check(twins, f"./{sdist[0]}")
    check(twins, f"{{files}}/{sdist[0]}")
    check(twins, "./proj")
    check(twins, "-e ./proj")


def test_sources_from_an_index(twins: Twins) -> None:
    twins.server.add(*sdist_of("sourced-lock", "1.0", requires=["plain<2"]))
    twins.server.add_wheel("sourced-lock", "0.9")
    twins.server.add_wheel("sourced-lock", "1.0", tag="cp27-cp27m-win32")
    pair = check(twins, "sourced-lock")
    assert {file["name"] for file in packages_with_wheels(pair, twins)["sourced-lock"]} == {
        "sourced_lock-1.0-cp27-cp27m-win32.whl"
    }
    check(twins, "--no-binary sourced-lock sourced-lock")
    check(twins, "--only-binary :all: sourced-lock")


def test_places(twins: Twins) -> None:
    twins.write({f"wheels/{file.filename}": file.data for file in twins.server.projects["child"]})
    twins.write({f"wheels/{file.filename}": file.data for file in twins.server.projects["plain"]})
    check(twins, "--no-index -f wheels child")


def test_an_index_without_digests(twins: Twins) -> None:
    """pip ends with a traceback; here the files are fetched, and what they have is locked."""
    twins.server.switches.hashes = False
    try:
        pair = twins.run_command("lock -i {index} --no-cache-dir child")
    finally:
        twins.server.switches.hashes = True
    assert (pair.pip.outcome.code, pair.ours.outcome.code) == (2, 0), pair.text
    digests = {file["name"]: file["hashes"] for files in packages_with_wheels(pair, twins).values() for file in files}
    served = [file for name in ("child", "plain") for file in twins.server.projects[name] if "-2.0-" in file.filename]
    assert digests == {file.filename: {"sha256": sha256(file.data)} for file in served}


def test_output(twins: Twins) -> None:
    pair = twins.run_command("lock -q -i {index} -o - child")
    theirs, ours = (packages_of(side.outcome.stdout, twins) for side in pair)
    assert list(theirs) == list(ours) == ["child", "plain"]
    assert LOCK not in pair.ours.tree
    twins.run_command("lock -q -i {index} -o pylock.dev.toml child")
    pair = twins.run_command("lock -i {index} -o other.toml child")
    assert list(locked(pair.ours, twins, "work/other.toml")) == ["child", "plain"]
    for side in pair:
        assert "other.toml is not a valid lock file name." in side.outcome.stderr
    pair = twins.run_command("lock -i {index} -o nowhere/pylock.toml child")
    assert pair.ours.outcome.code == 1
    assert "nowhere/pylock.toml" in pair.ours.outcome.stderr


def test_each_reads_what_the_other_wrote(twins: Twins) -> None:
    """Both install from both files; what they install is compared like any installation."""
    pair = twins.run_command("lock -i {index} Top.Name tagged tools")
    for name, side in (("pylock.pip.toml", pair.pip), ("pylock.ours.toml", pair.ours)):
        content = side.tree[LOCK].content
        assert isinstance(content, bytes)
        twins.write({name: content})
    forget(twins)
    for name in ("pylock.pip.toml", "pylock.ours.toml"):
        twins.check(f"--no-index --force-reinstall -r {name}", Wanted.LOCK_FILES_ARE_NO_EXPERIMENT)


def packages_with_wheels(pair: Pair, twins: Twins) -> dict[str, list[dict[str, Any]]]:
    return {name: package.get("wheels", []) for name, package in locked(pair.ours, twins).items()}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
