"""`download` beyond pip: other targets side by side, resuming, what lies there, hashes, an index beside the files."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.support.index_server import Fault
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.support.environments import Outcome, Workplace
    from tests.support.index_server import IndexServer

SHM = "/dev/shm"  # noqa: S108 - another file system than the temporary directory, where there is one
PYTHONS = ("3.10", "3.11", "3.12")
PLATFORMS = ("manylinux2014_x86_64", "win_amd64", "macosx_11_0_arm64")
MATRIX = [
    *(part for platform in PLATFORMS for part in ("--platform", platform)),
    *(part for python in PYTHONS for part in ("--python-version", python)),
]


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
    index_server.add_wheel("app", "1.0", requires=["leaf>=1", 'colour; sys_platform == "win32"'])
    index_server.add_wheel("colour", "1.0")
    index_server.add_sdist("source", "1.0")
    for python in PYTHONS:
        tag = "cp" + python.replace(".", "")
        for platform in PLATFORMS:
            index_server.add_wheel("native", "1.0", tag=f"{tag}-{tag}-{platform}")
    index_server.add_wheel("fading", "2.0", requires_python=">=3.11")
    index_server.add_wheel("fading", "1.0")
    return index_server


def download(workplace: Workplace, index: IndexServer, *arguments: str, code: int = 0) -> Outcome:
    outcome = workplace.asyncpip("download", "-i", index.index_url, "-d", "dest", *arguments)
    assert outcome.code == code, outcome.text
    return outcome


def names_in(workplace: Workplace, directory: str = "dest") -> list[str]:
    place = workplace.work / directory
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def archives_asked_for(index: IndexServer) -> list[str]:
    return [each.path for each in index.requests if each.path.endswith((".whl", ".tar.gz"))]


def test_nothing_is_unpacked_and_the_next_run_links(workplace: Workplace, index: IndexServer) -> None:
    download(workplace, index, "app")
    assert not list(workplace.cache.rglob("trees-*"))
    asked = archives_asked_for(index)
    assert len(asked) == len(set(asked)) == 2
    workplace.asyncpip("download", "-i", index.index_url, "-d", "other", "app")
    assert archives_asked_for(index) == asked
    first, second = (workplace.work / place / "app-1.0-py3-none-any.whl" for place in ("dest", "other"))
    assert first.stat().st_ino == second.stat().st_ino


def test_an_edit_through_a_link_is_noticed(workplace: Workplace, index: IndexServer) -> None:
    download(workplace, index, "leaf")
    wheel = workplace.work / "dest" / "leaf-2.0-py3-none-any.whl"
    good = wheel.read_bytes()
    wheel.write_bytes(b"edited in place, and in the store with it")
    outcome = download(workplace, index, "leaf")
    assert "has bad hash. Re-downloading." in outcome.stderr
    assert wheel.read_bytes() == good


def test_without_a_cache_nothing_is_left_beside(workplace: Workplace, index: IndexServer) -> None:
    download(workplace, index, "--no-cache-dir", "app")
    assert names_in(workplace) == ["app-1.0-py3-none-any.whl", "leaf-2.0-py3-none-any.whl"]
    assert not workplace.cache.exists()
    (left,) = {path.stat().st_nlink for path in (workplace.work / "dest").iterdir()}
    assert left == 1


def test_what_killed_runs_left_is_removed(workplace: Workplace, index: IndexServer) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dest = workplace.work / "dest"
    (dest / f".asyncpip-{ended.pid}-0011aabb" / "tmp").mkdir(parents=True)
    (dest / f".asyncpip-{ended.pid}-22cc").write_bytes(b"half")
    download(workplace, index, "leaf")
    assert names_in(workplace) == ["leaf-2.0-py3-none-any.whl"]


def test_matrix(workplace: Workplace, index: IndexServer) -> None:
    download(workplace, index, *MATRIX, "app", "native", "fading", "--manifest", "lock.txt")
    natives = [f"native-1.0-cp{python.replace('.', '')}" for python in PYTHONS]
    expected = {
        "app-1.0-py3-none-any.whl",
        "colour-1.0-py3-none-any.whl",
        "fading-1.0-py3-none-any.whl",
        "fading-2.0-py3-none-any.whl",
        "leaf-2.0-py3-none-any.whl",
        *(f"{native}-{native[-5:]}-{platform}.whl" for native in natives for platform in PLATFORMS),
    }
    assert set(names_in(workplace)) == expected
    asked = archives_asked_for(index)
    assert len(asked) == len(set(asked)) == len(expected)
    pages = [each.path for each in index.requests if each.path.startswith("/simple/")]
    assert len(pages) == len(set(pages))
    lock = (workplace.work / "lock.txt").read_text()
    assert 'colour==1.0 ; sys_platform == "win32" \\\n' in lock
    assert 'fading==1.0 ; python_version == "3.10" \\\n' in lock
    assert "\nleaf==2.0 \\\n    --hash=sha256:" in lock
    assert lock.count("--hash") == len(expected)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_target_installs_from_the_matrix(
    workplace: Workplace, index: IndexServer, platform: str, python: str
) -> None:
    download(workplace, index, *MATRIX, "app", "native", "fading", "--simple-index")
    target = ["--only-binary", ":all:", "--platform", platform, "--python-version", python, "--target", "t"]
    wanted = ["app", "native", "fading"]
    pip = workplace.pip("install", "--no-index", "--find-links", "dest", *target, *wanted)
    assert pip.code == 0, pip.text
    ours = workplace.install("-i", f"file://{workplace.work}/dest/simple", *target[:-1], "u", *wanted)
    assert ours.code == 0, ours.text
    found, by_us = ({path.name for path in (workplace.work / place).glob("*.dist-info")} for place in ("t", "u"))
    # pip looks at the markers of the running interpreter; that is why `colour` may be missing there.
    assert found - {"colour-1.0.dist-info"} == by_us - {"colour-1.0.dist-info"}
    assert ("colour-1.0.dist-info" in by_us) == platform.startswith("win")


def test_repeated_platforms_are_one_target_as_in_pip(workplace: Workplace, index: IndexServer) -> None:
    platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
    download(workplace, index, *platforms, "--python-version", "3.11", "native")
    assert names_in(workplace) == ["native-1.0-cp311-cp311-manylinux2014_x86_64.whl"]
    download(workplace, index, *platforms, "--python-version", "3.11", "--matrix", "native")
    assert len(names_in(workplace)) == len(PLATFORMS)


def test_a_variable_does_not_make_a_matrix(workplace: Workplace, index: IndexServer) -> None:
    arguments = ["download", "-i", index.index_url, "-d", "dest", "--platform", "win_amd64", "native"]
    outcome = workplace.asyncpip(*arguments, "--python-version", "3.12", environ={"PIP_PYTHON_VERSION": "3.10"})
    assert outcome.code == 0, outcome.text
    assert names_in(workplace) == ["native-1.0-cp312-cp312-win_amd64.whl"]


def test_a_target_that_has_no_answer_is_named(workplace: Workplace, index: IndexServer) -> None:
    outcome = download(
        workplace,
        index,
        "--platform",
        "win_amd64",
        "--python-version",
        "3.9",
        "--python-version",
        "3.10",
        "native",
        code=1,
    )
    assert "for Python 3.9, win_amd64" in outcome.stderr
    assert names_in(workplace) == []


def test_large_archives_resume_across_runs(workplace: Workplace, index: IndexServer) -> None:
    name, data = build_wheel("huge", "1.0", files={"huge.bin": b"\0" * 60_000_000}, compression=0)
    index.add(name, data)
    cut = 45_000_000
    index.script(f"/files/{name}", *[Fault(cut_at=cut, close_silently=True)] * 1)
    outcome = download(workplace, index, "--resume-retries", "0", "huge", code=1)
    assert "huge-1.0" in outcome.stderr
    assert names_in(workplace) == []
    download(workplace, index, "huge")
    assert (workplace.work / "dest" / name).read_bytes() == data
    last = [each for each in index.requests if each.path == f"/files/{name}"][-1]
    assert last.headers["range"].startswith("bytes=4")
    assert not any((workplace.cache / "asyncpip" / "partial-v1").iterdir())


def test_a_wrong_archive_is_not_saved(workplace: Workplace, index: IndexServer) -> None:
    index.add(*build_wheel("liar", "1.0"), sha256="0" * 64)
    outcome = download(workplace, index, "liar", "leaf", code=1)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in outcome.stderr
    assert "liar-1.0-py3-none-any.whl" not in names_in(workplace)
    assert not list((workplace.cache / "asyncpip").rglob("liar-*.whl"))


def test_dry_run_lists_everything_and_fetches_nothing(workplace: Workplace, index: IndexServer) -> None:
    outcome = download(workplace, index, "--dry-run", "--report", "-", "-q", "app", "source", "--no-deps")
    report = json.loads(outcome.stdout)
    assert [each["filename"] for each in report["download"]] == ["app-1.0-py3-none-any.whl", "source-1.0.tar.gz"]
    (served,) = index.projects["app"]
    assert report["download"][0]["url"] == index.file_url(served.filename)
    assert report["download"][0]["size"] == len(served.data)
    assert report["download"][0]["hashes"] == {"sha256": hashlib.sha256(served.data).hexdigest()}
    assert report["total_size"] == sum(each["size"] for each in report["download"])
    assert archives_asked_for(index) == []
    assert names_in(workplace) == []


def test_pins_need_no_metadata(workplace: Workplace, index: IndexServer) -> None:
    lines = "".join(f"{name}\n" for name in ("app==1.0", "leaf==1.0", "source==1.0"))
    (workplace.work / "pins.txt").write_text(lines)
    outcome = download(workplace, index, "--no-deps", "-r", "pins.txt")
    assert "Successfully downloaded app leaf source" in outcome.stdout
    assert names_in(workplace) == ["app-1.0-py3-none-any.whl", "leaf-1.0-py3-none-any.whl", "source-1.0.tar.gz"]
    assert len(index.requests) == 2 * 3


def test_thousands_of_pins(workplace: Workplace, index_server: IndexServer) -> None:
    number = 1500
    for each in range(number):
        index_server.add_wheel(f"bulk{each}", "1.0")
    (workplace.work / "pins.txt").write_text("".join(f"bulk{each}==1.0\n" for each in range(number)))
    download(workplace, index_server, "--no-deps", "-q", "-r", "pins.txt")
    assert len(names_in(workplace)) == number
    download(workplace, index_server, "--no-deps", "-q", "-r", "pins.txt", "--offline")


def test_manifests(workplace: Workplace, index: IndexServer) -> None:
    download(workplace, index, "app", "--manifest", "lock.txt", "--manifest", "dest/SHA256SUMS")
    done = subprocess.run(
        shlex.split("sha256sum -c SHA256SUMS"), cwd=workplace.work / "dest", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    outcome = workplace.pip("install", "--no-index", "-f", "dest", "--require-hashes", "-r", "lock.txt")
    assert outcome.code == 0, outcome.text


def test_index_beside_the_files(workplace: Workplace, index: IndexServer) -> None:
    download(workplace, index, "app", "fading==1.0", "source", "--no-deps", "--simple-index")
    outcome = download(workplace, index, "leaf", "--simple-index")
    assert "Indexed 4 archives in ./dest/simple" in outcome.stdout
    url = f"file://{workplace.work}/dest/simple"
    for install in (workplace.pip, workplace.asyncpip):
        done = install("install", "--target", install.__name__, "-i", url, "app", "fading")
        assert done.code == 0, done.text
    page = json.loads((workplace.work / "dest/simple/leaf/index.json").read_text())
    assert page["files"][0]["url"] == "../../leaf-2.0-py3-none-any.whl"
    served = [each.path for each in index.requests]
    (workplace.work / "dest/leaf-2.0-py3-none-any.whl").unlink()
    download(workplace, index, "source", "--no-deps", "--simple-index")
    assert not (workplace.work / "dest/simple/leaf").exists()
    assert len(served) <= len(index.requests)


def test_offline(workplace: Workplace, index: IndexServer) -> None:
    outcome = download(workplace, index, "--offline", "app", code=1)
    assert "--offline" in outcome.stderr
    download(workplace, index, "app")
    asked = len(index.requests)
    outcome = workplace.asyncpip("download", "-i", index.index_url, "-d", "copy", "--offline", "app")
    assert outcome.code == 0, outcome.text
    assert len(index.requests) == asked


@pytest.mark.skipif(not os.path.isdir(SHM), reason="no second file system")
def test_another_file_system(workplace: Workplace, index: IndexServer) -> None:
    with tempfile.TemporaryDirectory(dir=SHM) as place:
        download(workplace, index, "leaf", "--dest", place)
        assert os.listdir(place) == ["leaf-2.0-py3-none-any.whl"]
