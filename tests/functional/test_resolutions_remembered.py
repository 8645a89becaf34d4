"""Each command that resolves makes use of what another has found: the same question, whatever becomes of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.environments import Workplace
    from tests.support.index_server import IndexServer

KNOWN = "nothing to search for"


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
    index_server.add_wheel("app", "1.0", requires=["leaf"])
    return index_server


@pytest.mark.parametrize(
    ("command", "made"),
    [
        (("download", "-d", "out"), ["app-1.0-py3-none-any.whl", "leaf-2.0-py3-none-any.whl"]),
        (("wheel", "-w", "out"), ["app-1.0-py3-none-any.whl", "leaf-2.0-py3-none-any.whl"]),
        (("lock", "-o", "out/pylock.toml"), ["pylock.toml"]),
        (("install", "--target", "out/t"), ["t"]),
    ],
    ids=lambda value: value[0],
)
def test_the_second_run_does_not_search(
    workplace: Workplace, index: IndexServer, command: tuple[str, ...], made: list[str]
) -> None:
    out = workplace.work / "out"
    contents = []
    for is_known in (False, True):
        out.mkdir()
        outcome = workplace.asyncpip(*command, "-v", "-i", index.index_url, "app")
        assert outcome.code == 0, outcome.text
        assert (KNOWN in outcome.text) is is_known
        assert sorted(path.name for path in out.iterdir()) == made
        contents.append([path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()])
        out.rename(out.with_name(f"out-{is_known}"))
    assert contents[0] == contents[1]
    index.add_wheel("leaf", "3.0")
    out.mkdir()
    assert KNOWN not in workplace.asyncpip(*command, "-v", "-i", index.index_url, "app", "--refresh").text


def test_one_command_knows_what_another_found(workplace: Workplace, index: IndexServer) -> None:
    (workplace.work / "out").mkdir()
    question = ("-v", "-i", index.index_url, "app")
    assert KNOWN not in workplace.asyncpip("install", "--dry-run", "--target", "t", *question).text
    outcome = workplace.asyncpip("install", "--target", "t", *question)
    assert KNOWN in outcome.text
    assert "Successfully installed app-1.0 leaf-2.0" in outcome.stdout
