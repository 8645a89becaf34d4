from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.printer import Printer
from asyncpip.core.events import Level, Message

if TYPE_CHECKING:
    from pathlib import Path

STAMP = re.compile(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3} ")


def logging_printer(path: Path, stderr: io.StringIO | None = None) -> Printer:
    return Printer(
        verbosity=-3, log_path=str(path), stdout=io.StringIO(), stderr=stderr or io.StringIO(), clock=lambda: 0.25
    )


def test_the_log_holds_every_level_and_each_line_its_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "dir" / "pip.log"
    printer = logging_printer(path)
    printer.emit(Message(Level.DEBUG, "d"))
    printer.emit(Message(Level.WARNING, "w\nx \u00e9"))
    printer.close()
    text = path.read_text(encoding="utf-8")
    assert STAMP.sub("", text) == "d\nWARNING: w\nx \u00e9\n"
    assert len(STAMP.findall(text)) == 3
    assert ",250 " in text.splitlines()[0]


def test_the_log_is_appended_to_and_not_coloured(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    printer = Printer(color=True, log_path=str(path), stdout=None, stderr=io.StringIO(), clock=lambda: 0)
    printer.emit(Message(Level.ERROR, "e"))
    printer.close()
    assert STAMP.sub("", path.read_text()) == "before\nERROR: e\n"


def test_no_message_no_file(tmp_path: Path) -> None:
    logging_printer(tmp_path / "log").close()
    assert not (tmp_path / "log").exists()


def test_a_log_that_cannot_be_written_is_warned_of_once(tmp_path: Path) -> None:
    stderr = io.StringIO()
    printer = logging_printer(tmp_path, stderr)
    printer.emit(Message(Level.INFO, "a"))
    printer.emit(Message(Level.INFO, "b"))
    assert stderr.getvalue() == f"WARNING: the log {tmp_path} cannot be written: Is a directory\n"


@pytest.mark.parametrize("threads", [8])
def test_lines_of_many_threads_do_not_mix(tmp_path: Path, threads: int) -> None:
    path = tmp_path / "log"
    stdout = io.StringIO()
    printer = Printer(log_path=str(path), stdout=stdout, stderr=None)

    def speak(name: str) -> None:
        for _ in range(50):
            printer.emit(Message(Level.INFO, name * 20))

    speakers = [threading.Thread(target=speak, args=(str(number),)) for number in range(threads)]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    printer.close()
    for lines in (stdout.getvalue().splitlines(), STAMP.sub("", path.read_text()).splitlines()):
        assert sorted(lines) == sorted(str(number) * 20 for number in range(threads) for _ in range(50))
