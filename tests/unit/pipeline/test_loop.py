"""Which error of several is shown."""

from __future__ import annotations

from asyncpip.errors import DownloadError
from asyncpip.pipeline.loop import first_cause


def test_the_first_cause_is_shown_and_the_rest_counted() -> None:
    ours, other = DownloadError("a", why="no luck"), DownloadError("b")
    group = ExceptionGroup("", [ExceptionGroup("", [ours]), other])
    assert first_cause(group) is ours
    assert ours.why == "no luck\n1 more failed likewise"
    interrupt = KeyboardInterrupt()
    assert first_cause(BaseExceptionGroup("", [ours, BaseExceptionGroup("", [interrupt])])) is interrupt
    bug = RuntimeError("a bug")
    assert first_cause(ExceptionGroup("", [bug])) is bug
