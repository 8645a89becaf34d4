"""`index versions` through pip and through asyncpip: the same text, the same JSON, the same exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.conftest import fill_index
from tests.golden.twins import Twins, as_json
from tests.support.index_server import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.environments import Environment

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def versions_index() -> Iterator[IndexServer]:
    """Serve the small projects, and some with more versions than one of each kind."""
    with IndexServer() as server:
        fill_index(server)
        for version in ("1.0", "1.0.post1", "1.1.dev2", "1.1a1", "1.1", "2.0rc1", "1!0.1"):
            server.add_wheel("Many.Kinds", version)
        server.add_sdist("many-kinds", "0.9")
        server.add_sdist("many-kinds", "1.0")
        server.add_wheel("platforms", "1.0", tag="cp38-cp38-win_amd64")
        server.add_wheel("platforms", "2.0", tag="py3-none-manylinux2014_x86_64")
        server.add_wheel("platforms", "3.0", tag="cp39-abi3-macosx_11_0_arm64")
        server.add_wheel("python-2", "1.0", requires_python="<3")
        server.add_wheel("python-2", "2.0", requires_python=">=3.8,<3.9")
        server.add_wheel("python-2", "3.0", requires_python=">=3.9")
        yield server


@pytest.fixture
def twins(tmp_path: Path, template: Environment, versions_index: IndexServer, golden_cache: Path) -> Twins:
    return Twins(tmp_path, template, versions_index, golden_cache)


LINES = [
    "many-kinds",
    "Many.Kinds",
    "many_kinds --json",
    "--pre many-kinds",
    "--all-releases many_kinds many-kinds",
    "--all-releases plain many-kinds",
    "--only-final :all: --all-releases many-kinds many-kinds",
    "--all-releases :all: --only-final many-kinds many-kinds",
    "--no-binary :all: many-kinds",
    "--only-binary many-kinds many-kinds --json",
    "--prefer-binary many-kinds",
    "partly-yanked",
    "future",
    "future --ignore-requires-python",
    "local-label",
    "epoch",
    "windows --platform win_amd64 --python-version 3.11",
    "platforms --platform win_amd64 --python-version 38 --implementation cp --abi cp38",
    "platforms --platform macosx_14_0_arm64",
    "platforms --implementation py --platform manylinux2014_x86_64",
    "python-2 --python-version 3.8",
    "python-2 --python-version 3.8.1 --json",
    "--uploaded-prior-to 2024-01-02 plain",
    "-q plain",
    "-q --json plain",
    "--no-cache-dir plain",
]


@pytest.mark.parametrize("line", LINES)
def test_versions(twins: Twins, line: str) -> None:
    twins.check_command(f"index versions -i {{index}} {line}")


@pytest.mark.parametrize(
    "line",
    [
        "only-future",
        "all-yanked",
        "only-pre",
        "development",
        "windows",
        "python-2 --python-version 2.7",
        "missing",
        "plain>=1",
        "--uploaded-prior-to 2023-12-31 plain",
        "--no-index plain",
        "--only-binary :all: source",
    ],
)
def test_nothing_found(twins: Twins, line: str) -> None:
    twins.check_command(f"index versions -i {{index}} {line}", code=1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("index", 1),
        ("index versoins plain", 1),
        ("index versions", 1),
        ("index versions plain child", 1),
        ("index versions --pre --only-final :all: plain", 1),
        ("index versions --python-version 3.1.2.3 plain", 2),
        ("index versions --uploaded-prior-to yesterday plain", 2),
    ],
)
def test_usage(twins: Twins, line: str, code: int) -> None:
    pair = twins.check_command(line, code=code, said=lambda _: [])
    last = [side.outcome.stderr.split()[-1] for side in pair]
    assert last[0] == last[1]


def test_beside_what_is_installed(twins: Twins) -> None:
    twins.check("plain==1.0 only-pre==1.0a1 many-kinds==1.0")
    twins.check_command("index versions -i {index} plain")
    twins.check_command("index versions -i {index} --pre plain")
    twins.check_command("index versions -i {index} Plain --json", said=as_json)
    twins.check_command("index versions -i {index} --pre Only_Pre")
    twins.check_command("index versions -i {index} --pre many-kinds")


def test_find_links_and_several_indexes(twins: Twins) -> None:
    server = twins.server
    files = {f"wheels/{file.filename}": file.data for file in server.projects["child"]}
    twins.write(files)
    twins.check_command("index versions --no-index -f wheels child")
    twins.check_command("index versions -i {index} -f wheels --extra-index-url {index} child")
    twins.check_command("index versions -i {index} -f wheels/missing child", code=0)
