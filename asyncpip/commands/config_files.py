"""Configuration files by scope: which are read, which one is changed, and how it is written."""

from __future__ import annotations

import os
import sys

from asyncpip.commands.whole_files import write_whole
from asyncpip.environment.choice import site_prefix
from asyncpip.environment.configuration import (
    Entry,
    configuration_kinds,
    normalize_key,
    parse_configuration,
    read_configuration,
    read_text,
)
from asyncpip.errors import CommandError, ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IGNORED_VARIABLES = ("version", "help")


class ConfigurationScope:
    """The files of a run of `config`. ``scope`` is ``user``, ``global`` or ``site``, or None for all of them."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        python: str | None,
        isolated: bool,
        scope: str | None,
        etc: str = "/etc",
    ) -> None:
        """``etc`` is where a POSIX machine has its own file."""
        self.kinds = configuration_kinds(
            environ,
            home=os.path.expanduser("~"),
            prefix=site_prefix(python, environ),
            platform=sys.platform,
            isolated=isolated,
            etc=etc,
        )
        self.scope = scope
        self.named = environ.get("PIP_CONFIG_FILE")
        """What `PIP_CONFIG_FILE` says; the null device there means that no file counts."""
        self._environ = environ
        self._isolated = isolated

    @property
    def loaded(self) -> dict[str, tuple[str, ...]]:
        """The files that count, by kind; those of the scope only, and with the user's the one of `PIP_CONFIG_FILE`."""
        if self.named == os.devnull:
            return dict.fromkeys(self.kinds, ())
        wanted = {self.scope, "env"} if self.scope == "user" else {self.scope}
        return {kind: files if self.scope is None or kind in wanted else () for kind, files in self.kinds.items()}

    def entries(self) -> list[Entry]:
        """Return what the files that count say, the weakest first."""
        return read_configuration([path for files in self.loaded.values() for path in files])

    def variables(self) -> list[tuple[str, str]]:
        """Return the options that environment variables set, in lower case, sorted."""
        found = [(name[4:].lower(), value) for name, value in self._environ.items() if name.startswith("PIP_")]
        return sorted((name, value) for name, value in found if name not in _IGNORED_VARIABLES)

    def values(self) -> list[tuple[str, dict[str, str]]]:
        """Return keys with their section, and values, of each place that counts: files, then ``:env:``."""
        places: dict[str, dict[str, str]] = {}
        for entry in self.entries():
            places.setdefault(entry.path, {})[f"{entry.section}.{entry.key}"] = entry.value
        if not self._isolated:
            places[":env:"] = {f":env:.{normalize_key(name)}": value for name, value in self.variables()}
        return list(places.items())

    def file_to_change(self, key: str | None = None) -> str:
        """Return the strongest file of the scope, or with ``key`` the strongest that has it."""
        files = self.kinds.get(self.scope or "", ())
        if self.named == os.devnull:
            raise CommandError(f"Cannot write to PIP_CONFIG_VALUE when it is set to {os.devnull}")
        if not files:
            if not self.named:
                raise CommandError("there is no configuration file of the user's to change: --isolated ignores it")
            return self.named
        if key is not None:
            for path in reversed(files):
                if any(f"{entry.section}.{entry.key}" == key for entry in read_configuration([path])):
                    return path
        return files[-1]


def write_configuration(path: str, text: str) -> None:
    """Put ``text`` into the file ``path``, as a whole or not at all."""
    try:
        os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)
        write_whole(path, text)
    except (OSError, UnicodeEncodeError) as error:
        raise CommandError(f"An error occurred while writing to the configuration file {path}: {error}") from error


def check_change(path: str, before: Iterable[Entry], text: str, *, key: str, value: str | None) -> None:
    """Raise `CommandError` where ``text`` would not read as ``before`` with ``key`` set to ``value``, or gone."""
    expected = {f"{entry.section}.{entry.key}": entry.value for entry in before}
    expected.pop(key, None)
    if value is not None:
        expected[key] = value
    refused = CommandError(f"{key} cannot be set to {value!r}: the file would not be read as meant")
    try:
        found = {f"{entry.section}.{entry.key}": entry.value for entry in parse_configuration(text, path)}
    except ConfigurationError:
        raise refused from None
    if found.keys() != expected.keys() or any(found[each] != expected[each] for each in found if each != key):
        raise refused


def read_or_empty(path: str) -> str:
    """Return the text of the file; empty where there is none yet."""
    text = read_text(path)
    if text is None and os.path.exists(path):
        raise CommandError(f"the configuration file {path} cannot be read")
    return text or ""
