"""pip's configuration files: which there are, in which order, and what they say (pip's "Configuration" topic).

`configparser` is imported only where a file exists: it costs half of a bare interpreter's start.
"""

from __future__ import annotations

import os

from asyncpip.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import configparser
    from collections.abc import Mapping, Sequence


class Entry:
    """One ``key = value`` of a configuration file, the key in lower case with dashes."""

    __slots__ = ("key", "path", "section", "value")

    def __init__(self, path: str, section: str, key: str, value: str) -> None:
        self.path = path
        self.section = section
        self.key = key
        self.value = value

    def __str__(self) -> str:
        """Say where it stands: ``/etc/pip.conf [global]``."""
        return f"{self.path} [{self.section}]"


def normalize_key(name: str) -> str:
    """Return a key as files, environment and options have it in common."""
    return name.lower().replace("_", "-").removeprefix("--")


def configuration_kinds(
    environ: Mapping[str, str], *, home: str, prefix: str, platform: str, isolated: bool = False, etc: str = "/etc"
) -> dict[str, tuple[str, ...]]:
    """Return the configuration files, existing or not, by kind: ``global``, ``user``, ``site``, ``env``.

    The kinds and the files of each are in order, the weakest first. ``platform`` is a value of `sys.platform`,
    ``prefix`` that of the environment, ``etc`` where a POSIX machine has its own file; ``env`` is the file that
    `PIP_CONFIG_FILE` names. The user's files are left out where ``isolated``, and where `PIP_CONFIG_FILE` names a file
    that exists.
    """
    named = environ.get("PIP_CONFIG_FILE")
    basename = "pip.ini" if platform == "win32" else "pip.conf"
    kinds = {"global": _global_folders(environ, platform, etc)}
    if not isolated and not (named and os.path.exists(named)):
        legacy = os.path.join(home, "pip" if platform == "win32" else ".pip")
        kinds["user"] = (legacy, _user_folder(environ, home, platform))
    kinds["site"] = (prefix,)
    files = {kind: tuple(os.path.join(folder, basename) for folder in folders) for kind, folders in kinds.items()}
    files["env"] = () if named is None else (named,)
    return files


def configuration_files(
    environ: Mapping[str, str], *, home: str, prefix: str, platform: str, isolated: bool = False, etc: str = "/etc"
) -> tuple[str, ...]:
    """Return the files of all kinds that count, the weakest first: the null device as `PIP_CONFIG_FILE` means none."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return ()
    kinds = configuration_kinds(environ, home=home, prefix=prefix, platform=platform, isolated=isolated, etc=etc)
    return tuple(path for files in kinds.values() for path in files)


def read_configuration(files: Sequence[str]) -> list[Entry]:
    """Return what ``files`` say, in their order; one that is missing or unreadable says nothing, as in pip.

    Raises `ConfigurationError` for a file that is damaged.
    """
    entries: list[Entry] = []
    for path in files:
        text = read_text(path)
        if text is not None:
            entries += parse_configuration(text, path)
    return entries


def read_text(path: str) -> str | None:
    """Return the text of the file ``path`` with its line ends; None where it is missing or unreadable."""
    try:
        with open(path, encoding=None, newline="") as stream:  # the locale's encoding or UTF-8 mode's, as pip
            return stream.read()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"configuration file {path} could not be loaded", why=f"it contains invalid {error.encoding} characters"
        ) from error
    except OSError:
        return None


def parse_configuration(text: str, path: str) -> list[Entry]:
    """Return what ``text``, the content of the file ``path``, says; raise `ConfigurationError`."""
    import configparser  # noqa: PLC0415 - see the module's docstring

    parser = configparser.RawConfigParser()
    parser.optionxform = normalize_key  # type: ignore[method-assign,assignment]  # the documented way to set it
    try:
        parser.read_string(text.replace("\r\n", "\n").replace("\r", "\n"), source=path)
    except configparser.Error as error:
        raise ConfigurationError(f"configuration file {path} could not be loaded", why=_reason(error)) from error
    return [Entry(path, section, key, value) for section in parser.sections() for key, value in parser.items(section)]


def _reason(error: configparser.Error) -> str:
    """Return what is wrong and in which line; the line's text, which may hold a password, is left out."""
    import configparser  # noqa: PLC0415 - see the module's docstring

    match error:
        case configparser.MissingSectionHeaderError(lineno=line):
            return f"line {line}: stands before the first [section]"
        case configparser.DuplicateOptionError(lineno=line, section=section, option=key):
            return f"line {line}: option `{key}` in section `{section}` already exists"
        case configparser.DuplicateSectionError(lineno=line, section=section):
            return f"line {line}: section `{section}` already exists"
        case configparser.ParsingError(errors=[(line, _), *_]):
            return f"line {line}: neither `key = value` nor [section]"
        case _:
            return str(error)


def _global_folders(environ: Mapping[str, str], platform: str, etc: str) -> tuple[str, ...]:
    """Return the folders of the whole machine's files."""
    if platform == "win32":
        return (os.path.join(environ.get("PROGRAMDATA") or "C:\\ProgramData", "pip"),)
    mac = platform == "darwin"
    places = environ.get("XDG_DATA_DIRS" if mac else "XDG_CONFIG_DIRS", "").split(os.pathsep)
    given = [place.strip() for place in places if os.path.isabs(place.strip())]
    folders = tuple(
        os.path.join(place, "pip") for place in given or ["/Library/Application Support" if mac else "/etc/xdg"]
    )
    return folders if mac else (*folders, etc)


def _user_folder(environ: Mapping[str, str], home: str, platform: str) -> str:
    """Return the folder of the user's own file, the newer of the two places that pip knows."""
    if platform == "win32":
        return os.path.join(environ.get("APPDATA") or os.path.join(home, "AppData", "Roaming"), "pip")
    if platform == "darwin":
        support = xdg_folder(environ, "XDG_DATA_HOME") or os.path.join(home, "Library", "Application Support")
        if os.path.isdir(os.path.join(support, "pip")):
            return os.path.join(support, "pip")
        return os.path.join(home, ".config", "pip")
    return os.path.join(xdg_folder(environ, "XDG_CONFIG_HOME") or os.path.join(home, ".config"), "pip")


def xdg_folder(environ: Mapping[str, str], variable: str) -> str | None:
    """Return the directory that ``variable`` names; None unless it is absolute (XDG Base Directory Specification)."""
    folder = environ.get(variable, "").strip()
    return folder if os.path.isabs(folder) else None
