"""What may stand where the cursor is on a half-written command line (pip's protocol of `PIP_AUTO_COMPLETE`). Lean.

The script that `completion` prints calls the program with the line in `COMP_WORDS` and the number of the word under the
cursor in `COMP_CWORD`. What could stand there is printed, a line each, with exit code 1 as in pip: no command ran.
"""

from __future__ import annotations

import os

from asyncpip.cli.command_specs.registry import COMMANDS, MAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from asyncpip.cli.command_specs.registry import Commands
    from asyncpip.cli.specs import CommandSpec, Option

    InstalledNames = Callable[[str | None], Iterable[str]]
    """Names of what is installed where `--python` says; None where it says nothing."""

_BREAKS = "=:"
"""Characters at which bash cuts a word into several; each stands alone then."""


def requested_completions(environ: Mapping[str, str]) -> list[str] | None:
    """Return what could stand under the cursor; None where ``environ`` holds no half-written command line."""
    line, position = environ.get("COMP_WORDS"), environ.get("COMP_CWORD", "")
    if not line or not (position.isascii() and position.isdigit()):
        return None
    if int(position) == 0:
        return []  # the program's own name
    return complete(line.split()[1:], int(position) - 1, lambda python: _installed_names(python, environ))


def complete(
    words: Sequence[str], position: int, installed_names: InstalledNames, commands: Commands = COMMANDS
) -> list[str]:
    """Return what could stand at ``position`` of ``words``, the program's name not among them."""
    before, current, kept = _joined(words, position)
    line = _Line(before, commands)
    found = _Candidates(line, current, installed_names, commands).all()
    return [text.removeprefix(kept) for text in found]


def _joined(words: Sequence[str], position: int) -> tuple[list[str], str, str]:
    """Return the words before the cursor, the one under it, and how much of that the shell keeps as it is.

    What bash cut at `=` and `:` is put together again.
    """
    joined: list[str] = []
    glue, kept = False, ""
    for word in words[: position + 1]:
        is_break = word != "" and not word.strip(_BREAKS)
        if (glue or is_break) and joined:
            kept = joined[-1] + (word if is_break else "")
            joined[-1] += word
        else:
            kept = ""
            joined.append(word)
        glue = is_break
    if position < len(words):
        return joined[:-1], joined[-1], kept
    return (joined[:-1], joined[-1], joined[-1]) if glue else (joined, "", "")


class _Line:
    """What stands before the cursor."""

    def __init__(self, words: Sequence[str], commands: Commands) -> None:
        self.spec: CommandSpec = MAIN
        self.arguments: list[str] = []
        self.used: set[Option] = set()
        self.python: str | None = None
        self.pending: Option | None = None
        """The option whose value comes next."""
        self.ended = False
        """Whether a `--` was met: no option follows."""
        self.is_known = True
        """Whether all up to here can be a command line of ours."""
        for word in words:
            self._read(word, commands)

    def _read(self, word: str, commands: Commands) -> None:
        if self.pending is not None:
            self._take_value(self.pending, word)
            self.pending = None
        elif word == "--" and not self.ended:
            self.ended = True
        elif word.startswith("-") and len(word) > 1 and not self.ended:
            self._read_option(word)
        elif self.spec is MAIN:
            spec = commands.get(word)
            if spec is None:
                self.is_known = False
            else:
                self.spec = spec
        else:
            self.arguments.append(word)

    def _read_option(self, word: str) -> None:
        spelling, equals, value = word.partition("=")
        if not word.startswith("--"):
            spelling, equals, value = word[:2], word[2:], word[2:]
        option = next((each for each in self.spec.options if spelling in each.flags), None)
        if option is None:
            return
        self.used.add(option)
        if option.takes_value and equals:
            self._take_value(option, value)
        elif option.takes_value:
            self.pending = option

    def _take_value(self, option: Option, value: str) -> None:
        if option.dest == "python":
            self.python = value


class _Candidates:
    """What may come next."""

    def __init__(self, line: _Line, current: str, installed_names: InstalledNames, commands: Commands) -> None:
        self.line = line
        self.current = current
        self.installed_names = installed_names
        self.commands = commands

    def all(self) -> list[str]:
        """Return all candidates that begin with what is there already."""
        line, current = self.line, self.current
        if not line.is_known:
            return []
        if line.pending is not None:
            return list(_values(line.pending, current))
        if current.startswith("-") and not line.ended:
            return list(self._options())
        if line.spec is MAIN:
            return [name for name in self.commands if name.startswith(current)]
        return list(self._arguments())

    def _options(self) -> Iterator[str]:
        """Yield options, those that take a value with `=`; behind that, values."""
        spelling, equals, value = self.current.partition("=")
        if equals:
            option = next((each for each in self.line.spec.options if spelling in each.flags), None)
            if option is not None:
                yield from (f"{spelling}={text}" for text in _values(option, value))
            return
        for option in self.line.spec.options:
            if option.hidden or (option in self.line.used and not _may_repeat(option)):
                continue
            for flag in option.flags:
                if flag.startswith(self.current):
                    yield flag + "=" if option.takes_value and flag.startswith("--") else flag

    def _arguments(self) -> Iterator[str]:
        """Yield what the command works on; options where it takes no arguments, as in pip."""
        line, current = self.line, self.current
        if line.spec.actions and not line.arguments:
            yield from (name for name in line.spec.actions if name.startswith(current))
            return
        match line.spec.arguments:
            case "commands":
                yield from (name for name in self.commands if name.startswith(current) and not line.arguments)
            case "installed":
                wanted = current.lower().replace("_", "-")
                named = {word.lower().replace("_", "-") for word in line.arguments}
                names = self.installed_names(line.python)
                yield from (name for name in names if name.startswith(wanted) and name not in named)
            case "paths":
                yield from _paths(current, directories_only=False)
            case _ if not current and not line.ended:
                yield from self._options()


def _may_repeat(option: Option) -> bool:
    """Return whether giving ``option`` a second time means more than giving it once."""
    return option.kind in ("counter", "list", "control", "key_value")


def _values(option: Option, current: str) -> Iterator[str]:
    """Yield what ``option`` may be given; nothing for free text, for which shells offer what they like."""
    kinds = option.metavar.replace(" or ", "/").split("/")
    if option.choices:
        yield from (choice for choice in option.choices if choice.startswith(current))
    elif option.kind == "path" or not {"path", "file", "dir"}.isdisjoint(kinds):
        yield from _paths(current, directories_only=option.metavar == "dir")


def _paths(current: str, *, directories_only: bool) -> Iterator[str]:
    """Yield files and directories, with a slash, that begin with ``current``; hidden ones where a dot asks for them."""
    directory, start = os.path.split(current)
    start = os.path.normcase(start)
    try:
        entries = list(os.scandir(os.path.expanduser(directory) or "."))
    except OSError:
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        if not os.path.normcase(entry.name).startswith(start) or (entry.name[0] == "." and not start):
            continue
        if _is_directory(entry):
            yield os.path.join(directory, entry.name, "")
        elif not directories_only:
            yield os.path.join(directory, entry.name)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _installed_names(python: str | None, environ: Mapping[str, str]) -> Iterable[str]:
    """Return the normalised names of what is installed in the target, sorted; none where that cannot be told."""
    from asyncpip.environment.listing import installed_names  # noqa: PLC0415 - options and paths do without
    from asyncpip.environment.target import find_target  # noqa: PLC0415
    from asyncpip.errors import AsyncpipError  # noqa: PLC0415
    from asyncpip.store.answers import cache_directory  # noqa: PLC0415
    from asyncpip.store.store import open_store, process_umask  # noqa: PLC0415

    def ignore(_: str) -> None:
        pass

    try:
        store = open_store(cache_directory((), environ), umask=process_umask(), warn=ignore)
        target = find_target(python=python, environ=environ, records=store).target
    except AsyncpipError:
        return ()
    prefix = os.path.join(os.path.realpath(target.prefix), "")
    local = [path for path in target.sys_path if not target.is_virtual or os.path.realpath(path).startswith(prefix)]
    return installed_names(local)
