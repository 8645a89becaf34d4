"""`asyncpip config`: look into pip's configuration files, and change them. Actions, keys and lines are pip's."""

from __future__ import annotations

import os

from asyncpip.commands.config_files import ConfigurationScope, check_change, read_or_empty, write_configuration
from asyncpip.core.events import Level, Message
from asyncpip.environment.configuration import normalize_key, parse_configuration
from asyncpip.environment.configuration_text import with_value, without_key
from asyncpip.errors import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncpip.commands.context import CommandContext

    Action = Callable[[CommandContext, ConfigurationScope], None]

_SCOPES = ("user", "global", "site")
_KINDS_BY_NAME = ("env", "global", "site", "user")


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    name, *arguments = context.arguments or ("",)
    if name not in _ACTIONS:
        raise CommandError(f"Need an action ({', '.join(sorted(_ACTIONS))}) to perform.")
    action, expected = _ACTIONS[name]
    scope = _scope(context, needs_one=name in ("get", "set", "unset", "edit"))
    if len(arguments) != len(expected):
        example = " ".join([name, *(f"[{argument}]" for argument in expected)])
        raise CommandError(
            f"Got unexpected number of arguments, expected {len(expected)}. "
            f'(example: "{context.prog} config {example}")'
        )
    action(context, scope)
    return 0


def _scope(context: CommandContext, *, needs_one: bool) -> ConfigurationScope:
    """Return the files that the options name.

    Where ``needs_one``, and none is named, that is the site's file if there is one, else the user's.
    """
    settings = context.settings
    python, isolated = settings.text("python"), settings.flag("isolated")
    chosen = [kind for kind in _SCOPES if settings.flag(f"{kind}_file")]
    if len(chosen) > 1:
        raise CommandError("Need exactly one file to operate upon (--user, --site, --global) to perform.")
    found = ConfigurationScope(context.environ, python=python, isolated=isolated, scope=chosen[0] if chosen else None)
    if needs_one and not chosen:
        found.scope = "site" if any(map(os.path.exists, found.kinds["site"])) else "user"
    return found


def _list(context: CommandContext, scope: ConfigurationScope) -> None:
    for _, values in sorted(scope.values()):
        for key, value in sorted(values.items()):
            _tell(context, f"{key}={value!r}")


def _get(context: CommandContext, scope: ConfigurationScope) -> None:
    written = context.arguments[1]
    key = normalize_key(written)
    merged = {key: value for _, values in scope.values() for key, value in values.items()}
    if key not in merged:
        _section_and_name(key)
        is_chosen = any(context.settings.flag(f"{kind}_file") for kind in _SCOPES)
        elsewhere = [] if is_chosen else _everywhere(context).entries()
        found = [each for each in elsewhere if f"{each.section}.{each.key}" == key]
        if not found:
            raise CommandError(f"No such key - {written}")
        context.reporter.emit(Message(Level.WARNING, f"the value of {written} comes from {found[-1].path}"))
        merged[key] = found[-1].value
    _tell(context, merged[key])


def _everywhere(context: CommandContext) -> ConfigurationScope:
    """Return all files: where a single one lacks a key, what counts for a run may stand in another."""
    settings = context.settings
    return ConfigurationScope(
        context.environ, python=settings.text("python"), isolated=settings.flag("isolated"), scope=None
    )


def _set(context: CommandContext, scope: ConfigurationScope) -> None:
    key, value = normalize_key(context.arguments[1]), context.arguments[2]
    path = scope.file_to_change()
    _warn_of_redirection(context, scope, path)
    section, name = _section_and_name(key)
    text = read_or_empty(path)
    _write(context, path, text, with_value(text, section, name, value), key, value)


def _unset(context: CommandContext, scope: ConfigurationScope) -> None:
    written = context.arguments[1]
    key = normalize_key(written)
    path = scope.file_to_change(key)
    _warn_of_redirection(context, scope, path)
    text = read_or_empty(path)
    if not any(f"{each.section}.{each.key}" == key for each in parse_configuration(text, path)):
        _section_and_name(key)
        raise CommandError(f"No such key - {written}")
    section, name = _section_and_name(key)
    _write(context, path, text, without_key(text, section, name), key, None)


def _write(context: CommandContext, path: str, before: str, text: str, key: str, value: str | None) -> None:
    check_change(path, parse_configuration(before, path), text, key=key, value=value)
    if context.settings.flag("dry_run"):
        _tell(context, f"Would write to {path}")
        return
    _tell(context, f"Writing to {path}")
    write_configuration(path, text)


def _warn_of_redirection(context: CommandContext, scope: ConfigurationScope, path: str) -> None:
    if path == scope.named:
        context.reporter.emit(
            Message(
                Level.WARNING,
                f"Because PIP_CONFIG_FILE is set, changes will be applied to '{path}', not to '{scope.scope}'. "
                "To restore normal behavior, unset PIP_CONFIG_FILE.",
            )
        )


def _debug(context: CommandContext, scope: ConfigurationScope) -> None:
    _tell(context, "env_var:")
    for name, value in scope.variables():
        _tell(context, f"  PIP_{name.upper()}={value!r}")
    values = dict(scope.values())
    loaded = scope.loaded
    for kind in _KINDS_BY_NAME:
        if kind not in scope.kinds:
            continue
        _tell(context, f"{kind}:")
        for path in scope.kinds[kind]:
            exists = os.path.exists(path)
            _tell(context, f"  {path}, exists: {exists!r}")
            if exists and path in loaded[kind]:
                for key, value in values.get(path, {}).items():
                    _tell(context, f"    {key}: {value}".replace("\n", "\n    "))


def _edit(context: CommandContext, scope: ConfigurationScope) -> None:
    environ = context.environ
    editor = context.settings.text("editor")
    if editor is None:
        editor = environ.get("VISUAL", environ.get("EDITOR"))
    if editor is None:
        raise CommandError("Could not determine editor to use.")
    path = scope.file_to_change()
    _warn_of_redirection(context, scope, path)
    if '"' in path:
        raise CommandError(f'Can not open an editor for a file name containing "\n{path}')
    if context.settings.flag("dry_run"):
        _tell(context, f"Would edit {path}")
        return
    import subprocess  # noqa: PLC0415 - the only action that starts a program

    # An editor may be given with options, and is the user's own: the shell takes it apart, as in pip.
    code = subprocess.run(f'{editor} "{path}"', shell=True, check=False).returncode  # noqa: S602
    if code:
        raise CommandError(f"Editor Subprocess exited with exit code {code}")


def _section_and_name(key: str) -> tuple[str, str]:
    section, dot, name = key.partition(".")
    if not dot:
        raise CommandError(
            f"Key does not contain dot separated section and key. Perhaps you wanted to use 'global.{key}' instead?"
        )
    return section, name


def _tell(context: CommandContext, text: str) -> None:
    context.reporter.emit(Message(Level.INFO, text))


_ACTIONS: dict[str, tuple[Action, tuple[str, ...]]] = {
    "list": (_list, ()),
    "edit": (_edit, ()),
    "get": (_get, ("name",)),
    "set": (_set, ("name", "value")),
    "unset": (_unset, ("name",)),
    "debug": (_debug, ()),
}
"""Each action with the names of its arguments."""
