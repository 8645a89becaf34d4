"""Requirements files without end, and environments whose files were damaged, through the command line."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import read_tree
from tests.support.wheel_builder import build_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Site

pytestmark = pytest.mark.faults


def chain(work: Path) -> None:
    for number in range(1500):
        (work / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n")
    (work / "r.txt").write_text("-r r0.txt\n")


def doubling(work: Path) -> None:
    for number in range(60):
        (work / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n-c r{number + 1}.txt\n")
    (work / "r60.txt").touch()
    (work / "r.txt").write_text("-r r0.txt\n")


def circle(work: Path) -> None:
    (work / "r.txt").write_text("-r s.txt\n")
    (work / "s.txt").write_text("-c ./r.txt\n")


def device(work: Path) -> None:
    (work / "r.txt").symlink_to("/dev/zero")


def directory(work: Path) -> None:
    (work / "r.txt").mkdir()


def noise(work: Path) -> None:
    (work / "r.txt").write_bytes(random.Random(1).randbytes(1 << 20))  # noqa: S311 - reproducible


def nul(work: Path) -> None:
    (work / "r.txt").write_text("-r a\0b\n")


def long_line(work: Path) -> None:
    (work / "r.txt").write_text("demo" + "x" * (2 << 20) + " # y\n")


def many_markers(work: Path) -> None:
    (work / "r.txt").write_text("demo; " + "(" * 100_000 + "\n")


HOSTILE = {
    chain: "names one file too many",
    doubling: "names one file too many",
    circle: "recursively references itself",
    device: "holds more than 64 MiB",
    directory: "Is a directory",
    noise: "ERROR: ",
    nul: "null byte",
    long_line: "ERROR: ",
    many_markers: "Invalid requirement",
}


@pytest.mark.parametrize("make", list(HOSTILE), ids=lambda make: make.__name__)
def test_requirements_files_without_end_or_sense(site: Site, make: object) -> None:
    assert callable(make)
    make(site.work)
    before = site.tree()
    for option in ("-r", "-c"):
        outcome = site.install("nonesuch", "--no-index", option, "r.txt")
        assert outcome.code == 1, outcome.text[-2000:]
        assert "Traceback" not in outcome.stderr, outcome.text[-2000:]
        if option == "-r":
            assert HOSTILE[make] in outcome.stderr, outcome.text[-2000:]
    assert site.tree() == before


def damaged(rng: random.Random, text: str) -> bytes:
    data = bytearray(text.encode())
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at:at] = rng.randbytes(rng.randint(1, 9))
            case 1:
                del data[at : at + rng.randint(1, 40)]
            case 2:
                data[at:at] = b"\0\r\n\xff: "
            case _:
                data[at:at] = data[:at]
    return bytes(data)


FILES = {
    "METADATA": build_metadata("demo", "1.0", requires=["a>=1; extra == 'x'", "b[c] @ https://h.test/b.zip"]),
    "RECORD": 'demo.py,sha256=abc,3\r\n"a,b",,\r\n../../../bin/demo,,\r\n../../../../../outside,,\r\n',
    "direct_url.json": '{"url": "https://h.test/r", "vcs_info": {"vcs": "git", "commit_id": "ab"}}',
    "entry_points.txt": "[console_scripts]\ndemo = demo:main\n../../x = a:b\n",
    "INSTALLER": "pip\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "top_level.txt": "demo\n../..\n",
    "requires.txt": "a\n[x:python_version>'3']\nb\n",
}


def fill(site: Site, count: int) -> None:
    rng = random.Random(7)  # noqa: S311 - reproducible
    for number in range(count):
        kind = "egg-info" if number % 5 == 4 else "dist-info"
        info = site.environment.site_packages / f"demo{number}-1.0.{kind}"
        info.mkdir()
        for name, text in FILES.items():
            written = text.replace("demo", f"demo{number}")
            shown = "PKG-INFO" if kind == "egg-info" and name == "METADATA" else name
            broken = rng.random() < 0.4
            (info / shown).write_bytes(damaged(rng, written) if broken else written.encode())
    (site.environment.site_packages / "odd-1.0.dist-info").write_bytes(b"a file")
    (site.environment.site_packages / "-.dist-info").mkdir()
    (site.environment.site_packages / "x.egg-link").write_bytes(b"\xff\0\n")
    (site.environment.site_packages / "loop.pth").write_bytes(b"\0\xff\n" * 9)


LOOKING = ("list -v", "list --format json", "freeze --all", "check", "inspect", "list --not-required", "debug")


def test_commands_that_look_at_a_damaged_environment(site: Site) -> None:
    fill(site, 60)
    before = site.tree()
    names = [f"demo{number}" for number in range(60)]
    for command in (*LOOKING, "show -f " + " ".join(names)):
        outcome = site.asyncpip(*command.split())
        assert outcome.code in (0, 1), outcome.text[-3000:]
        assert "Traceback" not in outcome.stderr, outcome.text[-3000:]
    outcome = site.install("demo0", "nonesuch", "--no-index")
    assert "Traceback" not in outcome.stderr, outcome.text[-3000:]
    assert outcome.code == 1
    assert site.tree() == before


def test_uninstalling_what_is_damaged_takes_nothing_else(site: Site) -> None:
    fill(site, 25)
    outside = site.directory / "outside"
    outside.write_text("mine")
    before = site.tree()
    work = read_tree(site.work)
    for number in range(25):
        outcome = site.asyncpip("uninstall", "-y", f"demo{number}")
        assert outcome.code in (0, 1, 2), outcome.text
        assert "Traceback" not in outcome.stderr, outcome.text[-3000:]
    after = site.tree()
    gone = {path for path in before if path not in after}
    assert all("/demo" in path for path in gone), sorted(gone)
    assert {path: after[path] for path in after} == {path: before[path] for path in after}
    assert outside.read_text() == "mine"
    assert read_tree(site.work) == work
