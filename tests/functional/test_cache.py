"""`cache` on our own store: what it lists, drops and checks, beside installations; and the lines of the reference."""

from __future__ import annotations

import os
import shlex
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.environments import Outcome, Workplace
    from tests.support.index_server import IndexServer

SEED_LINES = """\
pip cache info
pip cache dir
pip cache list
pip cache list package_name
pip cache remove package_name
pip cache purge
"""
PROJECTS = ("package_name", "tools", "leaf")


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.text
    return outcome


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for name in PROJECTS:
        index_server.add_wheel(name, "1.0", files={f"{name}.py": "x" * 5000})
    return index_server


@pytest.fixture
def filled(workplace: Workplace, index: IndexServer) -> Workplace:
    done(workplace.install("-i", index.index_url, *PROJECTS))
    return workplace


def trees(workplace: Workplace) -> dict[str, Path]:
    """Return the stored trees by project."""
    found = [path for path in (workplace.cache / "asyncpip").glob("trees-v*/*/*") if path.is_dir()]
    return {path.joinpath("manifest").read_bytes().split(b"\0")[3].decode(): path for path in found}


@pytest.mark.parametrize("line", SEED_LINES.splitlines())
def test_line_of_the_reference(filled: Workplace, line: str) -> None:
    outcome = done(filled.asyncpip(*shlex.split(line)[1:]))
    assert outcome.stdout


def test_listing(filled: Workplace) -> None:
    listed = done(filled.asyncpip("cache", "list")).stdout.splitlines()
    assert listed[:2] == ["Cache contents:", ""]
    assert [line.partition(" (")[0] for line in listed[2:]] == [
        " - leaf-1.0-py3-none-any.whl",
        " - package_name-1.0-py3-none-any.whl",
        " - tools-1.0-py3-none-any.whl",
    ]
    for pattern in ("package_name", "Package-Name", "package_name-1", "pack*"):
        assert len(done(filled.asyncpip("cache", "list", pattern)).stdout.splitlines()) == 3
    paths = done(filled.asyncpip("cache", "list", "tools", "--format", "abspath")).stdout.splitlines()
    assert paths == [str(trees(filled)["tools"])]
    info = done(filled.asyncpip("cache", "info")).stdout
    assert "Number of stored wheels: 3\n" in info
    assert "Number of stored index pages: 3\n" in info
    assert done(filled.asyncpip("cache", "dir")).stdout == f"{filled.cache}\n"


def test_removing(filled: Workplace, index: IndexServer) -> None:
    dry = done(filled.asyncpip("cache", "remove", "tools", "--dry-run", "-v"))
    assert f"Would remove {trees(filled)['tools']}\n" in dry.stdout
    assert len(trees(filled)) == 3
    assert "Files removed: 1 (" in done(filled.asyncpip("cache", "remove", "tools")).stdout
    assert set(trees(filled)) == {"leaf", "package_name"}
    again = filled.install("-i", index.index_url, *PROJECTS, "--force-reinstall")
    assert done(again).stdout.count("Downloading tools") == 1
    done(filled.asyncpip("cache", "purge", "--dry-run"))
    assert len(trees(filled)) == 3
    done(filled.asyncpip("cache", "purge"))
    assert trees(filled) == {}
    assert [path.name for path in (filled.cache / "asyncpip").iterdir()] == ["tmp"]
    done(filled.install("-i", index.index_url, *PROJECTS, "--force-reinstall"))


def test_what_was_used_stays(filled: Workplace, index: IndexServer) -> None:
    """By age and by size, what was not used for longest goes first; linking is a use, also of a remembered install."""
    long_ago = time.time() - 40 * 86400
    for base, _, names in os.walk(filled.cache / "asyncpip"):
        for name in names:
            if name != "manifest":
                os.utime(os.path.join(base, name), (long_ago, long_ago))
    for path in trees(filled).values():
        os.utime(path, (long_ago, long_ago))
    done(filled.install("-i", index.index_url, "tools", "--force-reinstall"))
    done(filled.asyncpip("cache", "prune", "--dry-run", "--older-than", "P30D"))
    assert len(trees(filled)) == 3
    outcome = done(filled.asyncpip("cache", "prune", "--older-than", "P30D"))
    assert set(trees(filled)) == {"tools"}
    assert outcome.stdout.startswith("Files removed: "), outcome.text
    assert done(filled.asyncpip("cache", "prune")).stdout == "Files removed: 0 (0 bytes)\n"
    done(filled.asyncpip("cache", "prune", "--max-size", "1k"))
    assert trees(filled) == {}


@pytest.mark.parametrize("line", ["--max-size=much", "--older-than=yesterday", "--max-size=-1"])
def test_malformed_values(workplace: Workplace, line: str) -> None:
    outcome = workplace.asyncpip("cache", "prune", line)
    assert outcome.code == 2
    assert "invalid value" in outcome.stderr


def test_verifying(filled: Workplace, index: IndexServer) -> None:
    intact = done(filled.asyncpip("cache", "verify"))
    assert intact.stdout == "Checked 3 stored wheels and archives: 0 damaged\nFiles removed: 0 (0 bytes)\n"
    found = trees(filled)
    bit_rot = next(path for path in found["tools"].iterdir() if path.stat().st_size == 5000)
    stamp = bit_rot.stat()
    bit_rot.unlink()  # the installed file stays as it is
    bit_rot.write_text("y" * 5000)
    os.utime(bit_rot, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    (found["leaf"] / "0").write_text("edited")
    outcome = done(filled.asyncpip("cache", "verify"))
    assert "tools.py does not have the hash that RECORD says" in outcome.stderr
    assert f"{found['leaf']}: a file is missing, of another size, or was changed after it was stored" in outcome.stderr
    assert "Checked 3 stored wheels and archives: 2 damaged\nFiles removed: 2 (" in outcome.stdout
    assert set(trees(filled)) == {"package_name"}
    done(filled.install("-i", index.index_url, *PROJECTS, "--force-reinstall", "--verify"))


def test_verifying_bytecode(filled: Workplace, index: IndexServer) -> None:
    done(filled.install("-i", index.index_url, *PROJECTS, "--force-reinstall", "--compile"))
    path = next(trees(filled)["leaf"].glob("bytecode-*/0"))
    stamp = path.stat()
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    outcome = done(filled.asyncpip("cache", "verify"))
    assert ".pyc is not what was compiled" in outcome.stderr
    assert "Checked 3 stored wheels and archives: 1 damaged" in outcome.stdout
    assert "leaf" not in trees(filled)


def test_verifying_archives(workplace: Workplace) -> None:
    good = (
        workplace.cache
        / "asyncpip"
        / "archives-v1"
        / "e3"
        / ("e3b0c44298fc1c149afbf4c8996fb924" + "27ae41e4649b934ca495991b7852b855")
    )
    bad = workplace.cache / "asyncpip" / "archives-v1" / "ab" / ("ab" * 32)
    for directory in (good, bad):
        directory.mkdir(parents=True)
        (directory / "demo-1.0.tar.gz").write_bytes(b"")
    outcome = done(workplace.asyncpip("cache", "verify"))
    assert "its SHA-256 is not the one that it is stored by" in outcome.stderr
    assert (good / "demo-1.0.tar.gz").exists()
    assert not bad.exists()
    assert " - demo-1.0.tar.gz (0 bytes)" in done(workplace.asyncpip("cache", "list", "demo")).stdout


def test_no_cache(workplace: Workplace) -> None:
    for option in ("--no-cache-dir", "--cache-dir=/dev/null"):
        outcome = workplace.asyncpip("cache", "list", option)
        assert outcome.code == 1
        assert "cache is disabled" in outcome.stderr


def test_built_wheels_are_listed_and_removed(filled: Workplace) -> None:
    """What a build leaves: a tree, perhaps an archive, and a record that names both."""
    digest = trees(filled)["tools"].name
    record = filled.cache / "asyncpip" / "built-v2" / ("0" * 40)
    record.parent.mkdir()
    record.write_text(f"{digest}\ntools-1.0-py3-none-any.whl\nkey")
    assert "Number of wheels built here: 1\n" in done(filled.asyncpip("cache", "info")).stdout
    assert len(done(filled.asyncpip("cache", "list")).stdout.splitlines()) == 5
    done(filled.asyncpip("cache", "remove", "tools"))
    assert not record.exists()
    assert "tools" not in trees(filled)
