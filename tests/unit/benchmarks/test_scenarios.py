from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.command_lines import Places, command_of, has_lane
from benchmarks.scenarios import ALL_LANES, DEFAULT_LANES, LANES, TOOLS, Action, Lane, Pins, preparations_of
from benchmarks.sets import ALL_SETS, DEFAULT_SETS, GENERATED, RECORDED, SETS

PLACES = Places(
    executable=Path("/t/tool"),
    python=Path("/e/bin/python"),
    index_url="http://h/simple",
    cache=Path("/c"),
    requirements=Path("/r.txt"),
    downloads=Path("/d"),
)


def test_names_agree() -> None:
    assert set(DEFAULT_LANES) <= set(ALL_LANES) <= set(LANES)
    assert set(DEFAULT_SETS) <= set(ALL_SETS) <= set(SETS)
    assert not RECORDED.keys() & GENERATED.keys()
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
        command = command_of(tool, preparations_of(lane)[0], PLACES)
    if lane.action is Action.UNINSTALL:
        assert {"uninstall", "--python", "/e/bin/python"} <= set(command)
        assert command[-2:] == ["-r", "/r.txt"]
        command = command_of(tool, preparations_of(lane)[0], PLACES)
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
        ("uv", "copy", "--link-mode"),
        ("asyncpip", "copy", "--link-mode"),
        ("pip", "upgrade", "--upgrade"),
        ("uv", "upgrade", "--upgrade"),
    ],
)
def test_lane_options(tool: str, lane: str, option: str) -> None:
    assert option in command_of(tool, LANES[lane], PLACES)
    assert option not in command_of(tool, LANES["warm-resolve"], PLACES) or option == "--no-compile"


def test_uv_has_no_download() -> None:
    assert not has_lane("uv", LANES["download"])
    assert has_lane("pip", LANES["download"])


def test_https_is_verified_against_the_authority_of_the_run() -> None:
    places = replace(PLACES, index_url="https://h/simple", certificates=Path("/ca.pem"))
    for tool in TOOLS:
        command = command_of(tool, LANES["https"], places)
        assert command[command.index("--cert") + 1] == "/ca.pem"
        assert "--trusted-host" not in command


def test_what_is_installed_before_something_is_changed() -> None:
    upgrade = preparations_of(LANES["upgrade"])
    assert [(lane.action, lane.pins) for lane in upgrade] == [
        (Action.INSTALL, Pins.EXACT),
        (Action.INSTALL, Pins.OLDER),
    ]
    assert [(lane.action, lane.pins) for lane in preparations_of(LANES["uninstall"])] == [(Action.INSTALL, Pins.EXACT)]
    assert preparations_of(LANES["warm"]) == [LANES["warm"]]
