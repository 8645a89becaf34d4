"""What a command gets of the world: its settings, its arguments, and ways to speak and to ask."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from asyncpip.core.events import Reporter
    from asyncpip.store.answers import RestsOn

    class SettingsView(Protocol):
        """The option values of a run, by dest. A getter answers for options of its own kind only."""

        @property
        def files(self) -> tuple[str, ...]:
            """The configuration files that were looked at, existing or not, weakest first."""

        def flag(self, dest: str) -> bool:
            """Return whether a flag is on."""

        def number(self, dest: str) -> int:
            """Return an integer, or how often a counting option was given."""

        def seconds(self, dest: str) -> float:
            """Return a duration."""

        def text(self, dest: str) -> str | None:
            """Return a text, choice or path; None where nothing is set. For `cache_dir` None means no cache."""

        def texts(self, dest: str) -> tuple[str, ...]:
            """Return the values of a list option, or those of a control option without their names."""

        def pairs(self, dest: str) -> tuple[tuple[str, str], ...]:
            """Return key and value pairs; for a control option, its name (``no_binary``) and text, weakest first."""

        def changed_values(self) -> Mapping[str, object]:
            """Return the values of all options that something has set, by dest."""

        def source(self, dest: str) -> str:
            """Say where the value came from: ``command line``, a variable, a file and its section, or ``default``."""


class CommandContext:
    """All that `run(context) -> int` of a module in `commands` is given.

    A plain class, because every run makes one and `dataclasses` costs half of a bare interpreter's start.
    """

    __slots__ = ("arguments", "environ", "prog", "prompt", "remember", "reporter", "settings", "write_stdout")

    def __init__(
        self,
        *,
        settings: SettingsView,
        arguments: tuple[str, ...],
        reporter: Reporter,
        write_stdout: Callable[[str], None],
        prompt: Callable[[str], str],
        environ: Mapping[str, str],
        prog: str,
        remember: Callable[[RestsOn], None] = lambda _rests_on: None,
    ) -> None:
        self.settings = settings
        self.arguments = arguments
        """What stands beside the options, in order."""
        self.reporter = reporter
        self.write_stdout = write_stdout
        """Writes text as it is, whatever `-q` says."""
        self.prompt = prompt
        """Asks a question and returns the answer; raises `UsageError` (exit 2) where nobody may or can answer."""
        self.environ = environ
        """With `PIP_NO_INPUT` and `PIP_EXISTS_ACTION` set as options say: the environment for child processes."""
        self.prog = prog
        """How the program was called, for texts: ``asyncpip``, ``/usr/bin/python3 -m asyncpip``."""
        self.remember = remember
        """Says that this run, which ends with 0 and changes nothing, would print the same again while all that it rests
        on, and the files of the configuration, are as they are."""
