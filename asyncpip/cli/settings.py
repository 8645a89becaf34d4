"""All option values of a run, each with the place that it came from.

Sources, weakest first: defaults; section `[global]` of pip's configuration files, then that of the command (a section
beats a file); `PIP_*` variables; section `[asyncpip]`; `ASYNCPIP_*` variables; the command line.
"""

from __future__ import annotations

import os

from asyncpip.cli.option_values import parse_boolean, parse_count, parse_value, split_key_value
from asyncpip.cli.options import ALWAYS_ENABLED_FEATURES
from asyncpip.environment.configuration import configuration_files, normalize_key, read_configuration, xdg_folder
from asyncpip.errors import CommandError, ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from asyncpip.cli.parser import ParsedCommand
    from asyncpip.cli.specs import Option
    from asyncpip.environment.configuration import Entry

    Layer = dict[str, tuple[str, str]]

COMMAND_LINE = "command line"
DEFAULT = "default"
INFO = 20
WARNING = 30


class Settings:
    """The values of all options of one command; nothing changes them once they are loaded.

    A getter answers for options of its own kind only; another kind, or an option that the command lacks, is a mistake
    of the caller (`KeyError`, `TypeError`).
    """

    __slots__ = ("_sources", "_values", "command", "files")

    def __init__(
        self, command: str, values: Mapping[str, object], sources: Mapping[str, str], files: tuple[str, ...]
    ) -> None:
        self.command = command
        """Its name."""
        self._values = dict(values)
        self._sources = dict(sources)
        self.files = files
        """The configuration files that were looked at, existing or not, weakest first."""

    def flag(self, dest: str) -> bool:
        """Return whether a flag is on."""
        value = self._values[dest]
        if not isinstance(value, bool):
            raise TypeError(f"{dest} is no flag")
        return value

    def number(self, dest: str) -> int:
        """Return an integer, or how often a counting option was given."""
        value = self._values[dest]
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{dest} is no number")
        return value

    def seconds(self, dest: str) -> float:
        """Return a duration."""
        value = self._values[dest]
        if not isinstance(value, float):
            raise TypeError(f"{dest} is no duration")
        return value

    def text(self, dest: str) -> str | None:
        """Return a text, choice or path; None where nothing is set. For `cache_dir` None means no cache."""
        value = self._values[dest]
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{dest} is no text")
        return value

    def texts(self, dest: str) -> tuple[str, ...]:
        """Return the values of a list option, or those of a control option without their names."""
        value = self._values[dest]
        if not isinstance(value, tuple):
            raise TypeError(f"{dest} is no list")
        return tuple(item if isinstance(item, str) else item[1] for item in value)

    def pairs(self, dest: str) -> tuple[tuple[str, str], ...]:
        """Return key and value pairs; for a control option, its name (``no_binary``) and text, weakest source first."""
        value = self._values[dest]
        if not isinstance(value, tuple) or any(isinstance(item, str) for item in value):
            raise TypeError(f"{dest} has no pairs")
        return value

    def changed_values(self) -> Mapping[str, object]:
        """Return the values of all options that something has set, by dest."""
        return {dest: self._values[dest] for dest, place in self._sources.items() if place != "default"}

    def source(self, dest: str) -> str:
        """Say where the value came from.

        ``command line``, ``environment PIP_X``, ``/etc/pip.conf [global]`` or ``default``; where several sources add
        up, the strongest.
        """
        return self._sources.get(dest, DEFAULT)


def load_settings(
    parsed: ParsedCommand,
    environ: Mapping[str, str],
    *,
    home: str,
    prefix: str,
    platform: str,
    etc: str = "/etc",
) -> tuple[Settings, list[tuple[int, str]]]:
    """Return the settings of the command in ``parsed``, and notices as pairs of message level (20, 30) and text.

    ``prefix`` is the running interpreter's, whose `pip.conf` is the site file; the rest is as in
    `configuration_files`. Raises `ConfigurationError`.
    """
    spec = parsed.spec
    if spec is None:
        raise ValueError("settings belong to a command, and the command line names none")
    isolated = bool(parsed.values.get("isolated"))
    files = configuration_files(environ, home=home, prefix=prefix, platform=platform, isolated=isolated, etc=etc)
    entries = read_configuration(files)
    collected = _Collected(spec.options)
    sections = [_section(entries, "global"), _section(entries, spec.name)]
    collected.add([*sections, {} if isolated else _variables(environ, "PIP_")])
    collected.add([_section(entries, "asyncpip"), {} if isolated else _variables(environ, "ASYNCPIP_")])
    collected.add_command_line(parsed)

    values = collected.values
    for option in spec.options:
        value = values.get(option.dest)
        if option.kind == "path" and isinstance(value, str):
            values[option.dest] = _expand_home(value, home)
    if "cache_dir" in values:
        values["cache_dir"] = _cache_dir(values, collected.sources, environ, home=home, platform=platform)
    return Settings(spec.name, values, collected.sources, files), collected.notices + _feature_notices(values)


def default_cache_dir(environ: Mapping[str, str], *, home: str, platform: str) -> str:
    """Return pip's cache directory, which the store has a folder in."""
    if platform == "win32":
        local = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, "pip", "Cache")
    default = os.path.join(home, "Library", "Caches") if platform == "darwin" else os.path.join(home, ".cache")
    return os.path.join(xdg_folder(environ, "XDG_CACHE_HOME") or default, "pip")


class _Collected:
    """The values found so far. Sources are added from the weakest to the strongest."""

    def __init__(self, options: Iterable[Option]) -> None:
        self.values: dict[str, object] = {}
        self.sources: dict[str, str] = {}
        self.notices: list[tuple[int, str]] = []
        self.kinds: dict[str, str] = {}
        self.by_key: dict[str, Option] = {}
        for option in options:
            self.by_key |= {flag[2:]: option for flag in option.long_flags}
            self.kinds.setdefault(option.dest, option.kind)
            if option.default is not None or option.dest not in self.values:
                self.values[option.dest] = _default(option)

    def add(self, layers: Iterable[Layer]) -> None:
        """Add what files and variables say, keys of options that the command lacks left out.

        One `no-cache-dir` in any of ``layers`` beats the `cache-dir` of all of them, as in pip.
        """
        switched_off: dict[str, str] = {}
        for layer in layers:
            for key, (text, source) in layer.items():
                option = self.by_key.get(key)
                if not text or option is None or option.kind in ("help", "version"):
                    continue
                if option.kind == "off":
                    _boolean(key, text, source)
                    switched_off[option.dest] = source
                else:
                    self._set(option, self._configured(option, key, text, source), source)
        for dest, source in switched_off.items():
            self.values[dest] = None
            self.sources[dest] = source

    def add_command_line(self, parsed: ParsedCommand) -> None:
        """Add what the command line says: counters and lists to what is there, all else in its place."""
        self.notices += [(WARNING, text) for text in parsed.warnings]
        for dest, value in parsed.values.items():
            self.values[dest] = self._joined(dest, value)
            self.sources[dest] = COMMAND_LINE

    def _joined(self, dest: str, value: object) -> object:
        """Return ``value``, with what is there before it where both are lists or counts."""
        before = self.values[dest]
        if isinstance(value, tuple) and isinstance(before, tuple) and self.kinds[dest] != "several":
            return before + value
        if self.kinds[dest] == "counter" and isinstance(value, int) and isinstance(before, int):
            return before + value
        return value

    def _set(self, option: Option, value: object, source: str) -> None:
        """Put a value in its place, or add it where configuration sources add up."""
        self.values[option.dest] = self._joined(option.dest, value) if option.adds_up else value
        self.sources[option.dest] = source

    def _configured(self, option: Option, key: str, text: str, source: str) -> object:
        """Return what ``text``, from a file or variable, means for ``option``."""
        match option.kind:
            case "flag" | "name":
                on = _boolean(key, text, source) is not (option.own and not option.stores)
                if not option.stores and not option.own:  # pip's oddity is for pip's options
                    subject = option.dest.replace("_", " ")
                    state = "on" if on else "off"
                    notice = (
                        f"{source}: {key} = {text} turns `{subject}` {state}, because pip gives it that setting's value"
                    )
                    self.notices.append((INFO, notice))
                return on if option.kind == "flag" else option.name if on else None
            case "counter":
                return _count(key, text, source)
            case "list" | "several":
                return tuple(str(_checked(option, key, part, source)) for part in text.split())
            case "control":
                if text.startswith("-"):
                    raise CommandError(f"--{key} option requires 1 argument.", why=f"it came from {source}")
                return ((option.name, text),)
            case "key_value":
                if "=" not in text:
                    self.notices.append((WARNING, f"{source}: no `=VALUE` in {key}, so the value is empty"))
                return (split_key_value(text),)
            case _:
                return _checked(option, key, text, source)


def _section(entries: Iterable[Entry], section: str) -> Layer:
    """Return one section of all files: key to text and source, the strongest file's."""
    return {entry.key: (entry.value, str(entry)) for entry in entries if entry.section == section}


def _variables(environ: Mapping[str, str], prefix: str) -> Layer:
    """Return the environment variables that set options."""
    return {
        normalize_key(name[len(prefix) :]): (text, f"environment {name}")
        for name, text in environ.items()
        if name.startswith(prefix)
    }


def _default(option: Option) -> object:
    """Return what an option has that nobody sets."""
    if option.default is not None:
        return option.default
    match option.kind:
        case "flag":
            return False
        case "counter":
            return 0
        case "list" | "several" | "control" | "key_value":
            return ()
        case _:
            return None


def _boolean(key: str, text: str, source: str) -> bool:
    """Return a configured truth value; raise `ConfigurationError` (exit 2)."""
    try:
        return parse_boolean(text)
    except ValueError:
        raise ConfigurationError(
            f"{text} is not a valid value for {key} option, please specify a boolean value like yes/no, true/false or"
            " 1/0 instead.",
            why=f"it came from {source}",
        ) from None


def _count(key: str, text: str, source: str) -> int:
    """Return a configured count; raise `ConfigurationError` (exit 2)."""
    try:
        return parse_count(text)
    except ValueError:
        raise ConfigurationError(
            f"{text} is not a valid value for {key} option, please instead specify either a non-negative integer or a"
            " boolean value like yes/no or false/true which is equivalent to 1/0.",
            why=f"it came from {source}",
        ) from None


def _checked(option: Option, key: str, text: str, source: str) -> int | float | str:
    """Return a configured value; raise `ConfigurationError`: exit 3 for a wrong type, 2 for a broken rule, as pip."""
    try:
        return parse_value(option, key, text)
    except ValueError as error:
        raise ConfigurationError(
            f"An error occurred during configuration: {error}",
            why=f"it came from {source}",
            hint="correct the configuration file or environment variable",
            exit_code=2 if option.check else 3,
        ) from None


def _expand_home(path: str, home: str) -> str:
    """Return ``path`` with a leading `~` replaced; ``home`` is this user's."""
    if path.startswith("~") and path[1:2] in ("", "/", os.sep):
        return home + path[1:]
    return os.path.expanduser(path)


def _cache_dir(
    values: Mapping[str, object], sources: Mapping[str, str], environ: Mapping[str, str], *, home: str, platform: str
) -> str | None:
    """Return the absolute cache directory; None where the cache is off (`--no-cache-dir`, or no directory's name)."""
    value = values["cache_dir"]
    if "cache_dir" not in sources:
        return default_cache_dir(environ, home=home, platform=platform)
    if not isinstance(value, str) or value in ("", os.devnull):
        return None
    return os.path.abspath(value)


def _feature_notices(values: Mapping[str, object]) -> list[tuple[int, str]]:
    """Return what there is to say about features that are always on, or always off."""
    notices: list[tuple[int, str]] = []
    features = values.get("use_features")
    if isinstance(features, tuple) and (always := sorted(set(features) & set(ALWAYS_ENABLED_FEATURES))):
        notices.append((WARNING, f"The following features are always enabled: {', '.join(always)}. "))
    deprecated = values.get("use_deprecated")
    if isinstance(deprecated, tuple) and "legacy-resolver" in deprecated:
        notices.append((WARNING, "--use-deprecated=legacy-resolver has no effect: there is one resolver"))
    return notices
