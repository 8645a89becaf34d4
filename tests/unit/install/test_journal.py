"""A journal as bytes: what comes back, what is refused, and what a copy of the environment may follow."""

from __future__ import annotations

import pytest

from asyncpip.install.journal import Journal, JournalError

HOME = "/env/lib/site-packages"


def encoded(**fields: list[str]) -> bytes:
    given: dict[str, list[str]] = {"moved": [], "directories": [], "files": []} | fields
    return Journal.encode(HOME, moved=given["moved"], directories=given["directories"], files=given["files"], below=[])


def test_what_was_written_comes_back() -> None:
    data = Journal.encode(
        HOME,
        moved=["/env/a", "/env/\udcff"],
        directories=["/env/d"],
        files=["/env/f", "/env/é"],
        below=[(f"{HOME}/p", ["x", "x/y"], ["one.py", "x/two.py"]), (f"{HOME}/q", [], ["three.py"])],
    )
    journal = Journal.decode(data)
    assert journal.home == HOME
    assert journal.moved == ["/env/a", "/env/\udcff"]
    assert journal.directories == ["/env/d", f"{HOME}/p/x", f"{HOME}/p/x/y"]
    assert journal.files == ["/env/f", "/env/é", f"{HOME}/p/one.py", f"{HOME}/p/x/two.py", f"{HOME}/q/three.py"]


def test_nothing_below_a_directory_is_nothing() -> None:
    """Above all not the directory itself, which was there before."""
    journal = Journal.decode(Journal.encode(HOME, moved=[], directories=[], files=[], below=[(f"{HOME}/p", [], [])]))
    assert (journal.moved, journal.directories, journal.files) == ([], [], [])


@pytest.mark.parametrize("cut", [0, 5, 20, -1])
def test_a_torn_journal_is_damaged(cut: int) -> None:
    with pytest.raises(JournalError, match="damaged"):
        Journal.decode(encoded(moved=["/env/a"])[:cut])


def test_a_flipped_bit_is_damage() -> None:
    data = bytearray(encoded(moved=["/env/a"]))
    for place in range(len(data)):
        data[place] ^= 1
        with pytest.raises(JournalError):
            Journal.decode(bytes(data))
        data[place] ^= 1


def test_a_format_to_come_is_told_from_damage() -> None:
    with pytest.raises(JournalError, match="another release"):
        Journal.decode(encoded().replace(b"journal-1", b"journal-2"))


def test_a_copy_changes_nothing_outside_of_its_environment() -> None:
    journal = Journal.decode(
        encoded(
            moved=[f"{HOME}/m.py", "/env/bin/m", "/etc/m", "/environment/m"],
            directories=[f"{HOME}/d", "/etc/d"],
            files=["/env/bin/f", "/usr/f"],
        )
    )
    copy = journal.moved_to("/copy/lib/site-packages", "/copy")
    assert copy.home == "/copy/lib/site-packages"
    assert copy.moved == ["/copy/lib/site-packages/m.py", "/copy/bin/m", None, None]
    assert copy.directories == ["/copy/lib/site-packages/d"]
    assert copy.files == ["/copy/bin/f"]
