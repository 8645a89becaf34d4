"""What an option and a command are, as values.

Lean like all of the way from argv to Settings: plain classes, because importing `dataclasses` costs as much as the
bare interpreter.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal[
        "flag",
        "name",
        "counter",
        "text",
        "path",
        "number",
        "seconds",
        "choice",
        "list",
        "several",
        "key_value",
        "control",
        "off",
        "help",
        "version",
    ]
    Arguments = Literal["", "installed", "paths", "commands"]
    Default = bool | int | float | str | None


class Option:
    """One option with all its spellings.

    The kinds: *flag* stores `stores`; *name* stores the option's own name, so that of several which share a dest the
    last wins; *counter* counts; *text*, *path* (`~` expanded), *number*, *seconds*, *choice*
    store one value, the last wins; *list* collects values; *several* too, but those of a stronger source take the place
    of a weaker one's; *key_value* collects ``KEY=VALUE``; *control* collects
    pairs of its own name and its text, so that several options which share a dest keep their common order; *off*
    stores None in the dest of another option; *help* and *version* end parsing.
    """

    __slots__ = ("check", "choices", "default", "dest", "flags", "help", "hidden", "kind", "metavar", "own", "stores")

    def __init__(
        self,
        flags: str,
        dest: str,
        kind: Kind,
        text: str,
        *,
        metavar: str = "",
        choices: tuple[str, ...] = (),
        default: Default = None,
        stores: bool = True,
        hidden: bool = False,
        own: bool = False,
        check: str = "",
    ) -> None:
        self.flags = tuple(flags.split())
        self.dest = dest
        self.kind = kind
        self.help = text
        self.metavar = metavar or dest
        self.choices = choices
        self.default = default
        self.stores = stores
        """What a flag stores; False marks a negative flag (`--no-compile`)."""
        self.hidden = hidden
        """Accepted but not on the help page."""
        self.own = own
        """Not in pip: loses to pip's options where a prefix is looked up."""
        self.check = check
        """Name of a rule in `option_checks` that a value has to meet."""

    @property
    def takes_value(self) -> bool:
        """Whether a value follows on the command line."""
        return self.kind not in ("flag", "name", "counter", "off", "help", "version")

    @property
    def adds_up(self) -> bool:
        """Whether values of several configuration sources are joined instead of replaced (4.2)."""
        return self.kind in ("key_value", "control")

    @property
    def long_flags(self) -> tuple[str, ...]:
        """The spellings that start with two dashes; without these they are the keys of configuration files."""
        return tuple(flag for flag in self.flags if flag.startswith("--"))

    @property
    def name(self) -> str:
        """The first long spelling as a Python name: ``no_binary``."""
        return self.long_flags[0][2:].replace("-", "_")


class OptionGroup:
    """Options that belong together, under the title that the help page gives them."""

    __slots__ = ("options", "title")

    def __init__(self, title: str, options: tuple[Option, ...]) -> None:
        self.title = title
        self.options = options


class CommandSpec:
    """What the parser and the help page have to know of a command."""

    __slots__ = (
        "actions", "arguments", "description", "examples", "groups", "name", "summary", "usage",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        summary: str,
        *,
        usage: tuple[str, ...] = ("[options]",),
        description: str = "",
        groups: tuple[OptionGroup, ...] = (),
        examples: tuple[tuple[str, str], ...] = (),
        arguments: Arguments = "",
        actions: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.summary = summary
        self.usage = usage
        """What follows the command's name, one line each."""
        self.description = description
        self.groups = groups
        self.examples = examples
        """Pairs of a command line, without the program's name, and what it does."""
        self.arguments = arguments
        """What stands beside the options: names of installed distributions, paths, commands; empty: none of these."""
        self.actions = actions
        """What the first argument has to be: ``list``, ``set``."""

    @property
    def options(self) -> tuple[Option, ...]:
        """All options, in the order of the groups."""
        return tuple(option for group in self.groups for option in group.options)
