from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scenarios import DEFAULT_LANES, LANES, SETS, TOOLS, Lane, Places, command_of, has_lane, preparation_of

PLACES = Places(
    executable=Path("/t/tool"),
    python=Path("/e/bin/python"),
    index_url="http://h/simple",
    cache=Path("/c"),
    requirements=Path("/r.txt"),
    downloads=Path("/d"),
)


def test_names_agree() -> None:
    assert set(DEFAULT_LANES) <= set(LANES)
    assert set(SETS["heavy27"]) - set(SETS["heavy26"]) == {"boto3"}
    assert len(SETS["heavy26"]) == 26


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("lane", LANES.values(), ids=LANES)
def test_every_lane_has_a_command_with_the_same_input(tool: str, lane: Lane) -> None:
    if not has_lane(tool, lane):
        return
    command = command_of(tool, lane, PLACES)
    assert command[0] == "/t/tool"
    if lane.action.looks:
        assert lane.installed
        assert {lane.name, "--python", "/e/bin/python"} <= set(command)
        command = command_of(tool, preparation_of(lane), PLACES)
    assert command[-2:] == ["-r", "/r.txt"]
    assert command[command.index("--python") + 1] == "/e/bin/python"
    assert "http://h/simple" in command
    assert ("/c" in command) is (lane.name != "no-cache")
    assert ("--dry-run" in command) is lane.name.endswith("resolve")


@pytest.mark.parametrize(
    ("tool", "lane", "option"),
    [
        ("uv", "cold-compile", "--compile-bytecode"),
        ("pip", "cold-compile", "--compile"),
        ("asyncpip", "warm-compile", "--compile"),
        ("pip", "cold", "--no-compile"),
        ("asyncpip", "cold", "--no-compile"),
        ("uv", "no-cache", "--no-cache"),
        ("pip", "no-cache", "--no-cache-dir"),
        ("pip", "hashed", "--require-hashes"),
        ("uv", "pinned", "--no-deps"),
        ("asyncpip", "download", "--dest"),
    ],
)
def test_lane_options(tool: str, lane: str, option: str) -> None:
    assert option in command_of(tool, LANES[lane], PLACES)
    assert option not in command_of(tool, LANES["warm-resolve"], PLACES) or option == "--no-compile"


def test_uv_has_no_download() -> None:
    assert not has_lane("uv", LANES["download"])
    assert has_lane("pip", LANES["download"])
