"""What a person sees: the program on a pseudo-terminal, installing from the local index."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.core.names import normalize_name
from tests.support.environments import REPOSITORY, Environment, Workplace, make_environment
from tests.support.index_server import Fault
from tests.support.installed import dist_info, write_files
from tests.support.terminal import TerminalOutcome, run_in_terminal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.support.index_server import IndexServer

SLOW = Fault(drip_bytes=60_000, drip_seconds=0.1)
"""Of an archive of 600 kB: one second."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return make_environment(tmp_path_factory.mktemp("template") / "env")


@pytest.fixture
def place(tmp_path: Path, template: Environment) -> Workplace:
    return Workplace(tmp_path / "place", template)


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    """``big`` needs ``small``."""
    index_server.add_wheel("big", "1.0", requires=["small"], files={"big.bin": os.urandom(600_000)})
    index_server.add_wheel("small", "2.0", files={"small.py": ""})
    return index_server


@pytest.fixture
def slow_index(index: IndexServer) -> IndexServer:
    """The first time that ``big`` is fetched it takes a second."""
    index.script(f"/files/{index.projects[normalize_name('big')][0].filename}", SLOW)
    return index


def on_terminal(
    place: Workplace,
    index: IndexServer,
    *arguments: str,
    columns: int = 80,
    watch: Callable[[subprocess.Popen[bytes], list[str]], None] = lambda _process, _screen: None,
    environ: Mapping[str, str] | None = None,
    command: str = "install",
) -> TerminalOutcome:
    """Run `asyncpip COMMAND` on a terminal that no variable says is a machine's."""
    kept = place.environ({"PYTHONPATH": str(REPOSITORY), "PIP_CACHE_DIR": str(place.cache), "TERM": "xterm"})
    for name in ("CI", "BUILD_ID", "BUILD_BUILDID", "NO_COLOR", "FORCE_COLOR"):
        kept.pop(name, None)
    argv = [sys.executable, "-m", "asyncpip", command, "--python", str(place.environment.directory)]
    argv += ["-i", index.index_url, *arguments]
    return run_in_terminal(argv, environ={**kept, **(environ or {})}, cwd=place.work, columns=columns, watch=watch)


def test_an_installation_is_shown_while_it_goes_on_and_summed_up(place: Workplace, slow_index: IndexServer) -> None:
    outcome = on_terminal(place, slow_index, "big")
    assert outcome.returncode == 0
    looking, success, summary, details = outcome.screen
    assert looking == f"Looking in indexes: {slow_index.index_url}"
    assert success == "Successfully installed big-1.0 small-2.0"
    assert summary.startswith("\u2713 Installed 2 distributions in ")
    assert details.startswith("  resolved ")
    assert " \u00b7 downloaded 60" in details
    live = [frame for frame in outcome.frames if len(frame) == 3 and frame[2].startswith("  big 1.0  ")]
    assert live
    assert all(frame[0] == looking for frame in live)
    assert any(" Downloading 1 of 2 \u00b7 " in frame[1] and frame[1].endswith(" kB/s") for frame in live)
    assert place.environment.distributions() == ["big-1.0", "small-2.0"]


def test_messages_and_errors_are_not_torn(place: Workplace, index: IndexServer) -> None:
    (place.work / "c.txt").write_text("small<2\n")
    outcome = on_terminal(place, index, "big", "-c", "c.txt", "-v", "--no-color")
    assert outcome.returncode == 1
    assert "ERROR: " in "\n".join(outcome.screen)
    assert not any(line.startswith(tuple("\u280b\u2819\u2839\u2838")) for line in outcome.screen)
    assert not any("Installed" in line for line in outcome.screen)


def test_an_interrupt_removes_the_display(place: Workplace, slow_index: IndexServer) -> None:
    sent: list[int] = []

    def interrupt(process: subprocess.Popen[bytes], screen: list[str]) -> None:
        if not sent and screen[-1].startswith("  big 1.0  "):
            process.send_signal(signal.SIGINT)
            sent.append(process.pid)

    outcome = on_terminal(place, slow_index, "big", watch=interrupt)
    assert sent
    assert outcome.returncode == 1
    assert outcome.screen == [f"Looking in indexes: {slow_index.index_url}", "ERROR: Operation cancelled by user"]
    assert place.environment.distributions() == []


@pytest.mark.parametrize("columns", [20, 45])
def test_a_narrow_terminal_is_enough(place: Workplace, slow_index: IndexServer, columns: int) -> None:
    outcome = on_terminal(place, slow_index, "big", columns=columns)
    assert outcome.returncode == 0
    assert any(frame[-1].startswith("  big 1") for frame in outcome.frames)
    assert not any(line.startswith("  big") for line in outcome.screen)


@pytest.mark.parametrize(
    ("options", "environ"),
    [(["--progress-bar", "off"], {}), (["-q"], {}), ([], {"CI": "1"}), ([], {"TERM": "dumb"})],
)
def test_nothing_moves_where_nobody_wants_it(
    place: Workplace, index: IndexServer, options: list[str], environ: dict[str, str]
) -> None:
    outcome = on_terminal(place, index, "big", *options, environ=environ)
    assert outcome.returncode == 0
    assert "\x1b" not in outcome.text
    assert outcome.text.count("Collecting big\r\n") == (0 if "-q" in options else 1)
    assert "Installed" not in outcome.text


def test_an_installation_that_is_remembered_looks_the_same(
    place: Workplace, index: IndexServer, template: Environment, tmp_path: Path
) -> None:
    assert on_terminal(place, index, "big").returncode == 0
    requests = len(index.requests)
    outcome = on_terminal(Workplace(tmp_path / "second", template, cache=place.cache), index, "big")
    assert len(index.requests) == requests
    looking, success, summary = outcome.screen
    assert looking.startswith("Looking in indexes: ")
    assert success == "Successfully installed big-1.0 small-2.0"
    assert summary.startswith("\u2713 Installed 2 distributions in ")


def test_many_names_are_left_out_beside_a_summary(place: Workplace, index_server: IndexServer) -> None:
    names = [f"p{number}" for number in range(13)]
    for name in names:
        index_server.add_wheel(name, "1.0")
    outcome = on_terminal(place, index_server, *names, columns=120)
    assert len(outcome.screen) == 2
    assert outcome.screen[1].startswith("\u2713 Installed 13 distributions in ")
    assert (
        "Successfully installed p0-1.0 p1-1.0"
        in on_terminal(place, index_server, *names, "--force-reinstall", "-v", columns=400).text
    )


def test_a_pipe_gets_pip_s_lines_and_no_codes(place: Workplace, index: IndexServer) -> None:
    outcome = place.install("-i", index.index_url, "big")
    assert "\x1b" not in outcome.stdout + outcome.stderr
    first, *_, last = outcome.stdout.splitlines()
    assert first == f"Looking in indexes: {index.index_url}"
    assert "Collecting big" in outcome.stdout.splitlines()
    assert last == "Successfully installed big-1.0 small-2.0"


def test_a_summary_may_be_asked_for_in_a_pipe(place: Workplace, index: IndexServer) -> None:
    lines = place.install("-i", index.index_url, "big", "--progress-bar", "on").stdout.splitlines()
    assert "Collecting big" in lines
    assert lines[-1].lstrip("\u2713 ").startswith("Installed 2 distributions in ")


def test_raw_lines_go_to_stdout(place: Workplace, slow_index: IndexServer) -> None:
    outcome = place.install("-i", slow_index.index_url, "big", "--progress-bar", "raw")
    lines = [line for line in outcome.stdout.splitlines() if line.startswith("Progress ")]
    assert len(lines) >= 3
    numbers = [(int(line.split()[1]), int(line.split()[3])) for line in lines]
    assert numbers == sorted(numbers)
    assert numbers[-1][0] == numbers[-1][1] > 600_000


def test_nothing_to_do_on_a_terminal_is_a_line_as_ever(place: Workplace, index: IndexServer) -> None:
    assert place.install("-i", index.index_url, "small").code == 0
    outcome = on_terminal(place, index, "small")
    assert next(line for line in outcome.screen if "Looking" not in line).startswith(
        "Requirement already satisfied: small"
    )
    assert "\x1b" not in outcome.text


def test_questions_to_indexes_are_shown_and_leave_nothing_but_the_list(place: Workplace, index: IndexServer) -> None:
    write_files(place.environment.site_packages, dist_info("big", "0.1"), dist_info("small", "2.0"))
    index.script("/simple/small/", Fault(drip_bytes=30, drip_seconds=0.05))
    outcome = on_terminal(place, index, "--outdated", command="list")
    assert outcome.returncode == 0
    assert outcome.screen == [
        "Package Version Latest Type",
        "------- ------- ------ -----",
        "big     0.1     1.0    wheel",
    ]
    assert any("Asking indexes 1 of 2" in line for frame in outcome.frames for line in frame)
