"""The command line's grammar, which is optparse's as pip uses it: argv to a `ParsedCommand`.

Long options may be shortened to a unique prefix, short flags grouped, options and arguments mixed; general options
stand before or after the command. Nothing here knows a single option or touches configuration.
"""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import COMMANDS, MAIN
from asyncpip.cli.option_values import parse_value, split_key_value
from asyncpip.errors import CommandError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpip.cli.command_specs.registry import Commands
    from asyncpip.cli.specs import CommandSpec, Option


class CommandLineError(UsageError):
    """The command line does not follow the grammar; ``spec`` is that of the command whose usage explains it."""

    def __init__(self, what: str, spec: CommandSpec, *, hint: str | None = None) -> None:
        super().__init__(what, hint=hint)
        self.spec = spec


class ParsedCommand:
    """What a command line says. Values that it does not mention are not in ``values``."""

    __slots__ = ("arguments", "help_wanted", "spec", "values", "version_wanted", "warnings")

    def __init__(self) -> None:
        self.spec: CommandSpec | None = None
        """None where no command was given."""
        self.arguments: list[str] = []
        self.values: dict[str, object] = {}
        """By dest; counters are what was counted here, lists (as tuples) what was added here."""
        self.help_wanted = False
        self.version_wanted = False
        self.warnings: list[str] = []

    @property
    def command(self) -> str | None:
        """The command's name."""
        return self.spec.name if self.spec else None


def parse(argv: Sequence[str], commands: Commands = COMMANDS) -> ParsedCommand:
    """Return what ``argv``, without the program's name, says.

    Raises `CommandLineError`, or `CommandError` for a command that is unknown or not available. A wish for help ends
    parsing where it stands, as in pip: what comes after it may be wrong.
    """
    parsed = ParsedCommand()
    words = list(reversed(argv))
    before = _Reader(MAIN, parsed, words, commands)
    before.read(mixed=False)
    if parsed.help_wanted or parsed.version_wanted or not words:
        return parsed
    parsed.spec = find_command(words.pop(), commands)
    if before.ended:
        parsed.arguments = words[::-1]
    else:
        _Reader(parsed.spec, parsed, words, commands).read(mixed=True)
    return parsed


def find_command(name: str, commands: Commands = COMMANDS) -> CommandSpec:
    """Return the command called ``name``; raise `CommandError`, with the likeliest one meant, where there is none."""
    spec = commands.get(name)
    if spec is not None:
        return spec
    from asyncpip.cli.suggestions import close_command  # noqa: PLC0415 - only a misspelt command needs it

    close = close_command(name, commands)
    raise CommandError(f'unknown command "{name}"' + (f' - maybe you meant "{close}"' if close else ""))


class _Reader:
    """Reads options and arguments off ``words``, a stack whose top is the next word."""

    def __init__(self, spec: CommandSpec, parsed: ParsedCommand, words: list[str], commands: Commands) -> None:
        self.spec = spec
        self.commands = commands
        self.parsed = parsed
        self.words = words
        self.flags = {flag: option for option in spec.options for flag in option.flags}
        self.ended = False
        """Whether a `--` was met: no option follows."""

    def read(self, *, mixed: bool) -> None:
        """Read up to the first argument, or where options and arguments are ``mixed``, everything."""
        while self.words and not (self.parsed.help_wanted or self.parsed.version_wanted):
            word = self.words[-1]
            if word == "--":
                self.words.pop()
                self.ended = True
                break
            if word.startswith("--"):
                self.words.pop()
                self._read_long(word)
            elif word.startswith("-") and len(word) > 1:
                self.words.pop()
                self._read_short(word)
            elif mixed:
                self.parsed.arguments.append(self.words.pop())
            else:
                break
        if mixed and not self.parsed.help_wanted:
            self.parsed.arguments.extend(reversed(self.words))

    def _read_long(self, word: str) -> None:
        """Read ``--option`` or ``--option=value``."""
        spelling, equals, text = word.partition("=")
        flag = self._complete(spelling)
        option = self.flags[flag]
        if not option.takes_value:
            if equals:
                raise self._error(f"{flag} option does not take a value")
            self._apply_flag(option)
        else:
            self._apply_value(option, flag, text if equals else self._next_value(option, flag))

    def _read_short(self, word: str) -> None:
        """Read ``-q``, a group ``-qq``, or a value behind one: ``-rfile``."""
        for at, letter in enumerate(word[1:], start=2):
            flag = "-" + letter
            option = self.flags.get(flag)
            if option is None:
                raise self._error(f"no such option: {flag}")
            if option.takes_value:
                self._apply_value(option, flag, word[at:] or self._next_value(option, flag))
                break
            self._apply_flag(option)

    def _complete(self, spelling: str) -> str:
        """Return the long flag that ``spelling`` is, or is the only prefix of.

        Options of our own count only where no option of pip's fits, so that they make no shortened option of an
        existing command line ambiguous.
        """
        if spelling in self.flags:
            return spelling
        fitting = sorted(flag for flag in self.flags if flag.startswith(spelling))
        candidates = [flag for flag in fitting if not self.flags[flag].own] or fitting
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise self._error(f"ambiguous option: {spelling} ({', '.join(candidates)}?)")
        from asyncpip.cli.suggestions import option_hint  # noqa: PLC0415 - only a misspelt option needs it

        hint = option_hint(spelling, self.spec, self.commands)
        raise CommandLineError(f"no such option: {spelling}", self.spec, hint=hint)

    def _next_value(self, option: Option, flag: str) -> str:
        """Return the next word as the value of ``flag``, whatever it looks like (optparse).

        Our own options take no option for a value: `--timings --dry-run` would write a file of that name.
        """
        if not self.words or (option.own and self.words[-1].startswith("--")):
            raise self._error(f"{flag} option requires 1 argument")
        return self.words.pop()

    def _apply_flag(self, option: Option) -> None:
        """Note one occurrence of an option without a value."""
        values = self.parsed.values
        match option.kind:
            case "help":
                self.parsed.help_wanted = True
            case "version":
                self.parsed.version_wanted = True
            case "counter":
                count = values.get(option.dest, 0)
                values[option.dest] = count + 1 if isinstance(count, int) else 1
            case "off":
                values[option.dest] = None
            case "name":
                values[option.dest] = option.name
            case _:
                values[option.dest] = option.stores

    def _apply_value(self, option: Option, flag: str, text: str) -> None:
        """Note one occurrence of an option with its value."""
        values = self.parsed.values
        try:
            value = parse_value(option, flag, text)
        except ValueError as error:
            raise self._error(str(error)) from None
        match option.kind:
            case "list" | "several":
                _append(values, option.dest, text)
            case "control":
                if text.startswith("-"):
                    raise CommandError(f"{option.long_flags[0]} option requires 1 argument.")
                _append(values, option.dest, (option.name, text))
            case "key_value":
                if "=" not in text:
                    self.parsed.warnings.append(f"{flag} {text}: no `=VALUE`, so the value is empty")
                _append(values, option.dest, split_key_value(text))
            case _:
                values[option.dest] = value

    def _error(self, what: str) -> CommandLineError:
        return CommandLineError(what, self.spec)


def _append(values: dict[str, object], dest: str, item: str | tuple[str, str]) -> None:
    """Add ``item`` to the tuple at ``dest``."""
    items = values.get(dest)
    values[dest] = (*items, item) if isinstance(items, tuple) else (item,)
