from __future__ import annotations

import shlex
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.parser import parse
from asyncpip.cli.settings import Settings, default_cache_dir, load_settings
from asyncpip.errors import CommandError, ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the files stand where Linux has them")


class Machine:
    """The places of configuration files, all below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.global_file = root / "xdg" / "pip" / "pip.conf"
        self.etc_file = root / "etc" / "pip.conf"
        self.legacy_user_file = root / "home" / ".pip" / "pip.conf"
        self.user_file = root / "home" / ".config" / "pip" / "pip.conf"
        self.site_file = root / "venv" / "pip.conf"
        self.named_file = root / "named.conf"

    def write(self, **files: str) -> None:
        """Write configuration files: ``global_file="[global]\\n…"``."""
        for name, text in files.items():
            path: Path = getattr(self, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def load(self, line: str = "install", **environ: str) -> tuple[Settings, list[tuple[int, str]]]:
        """Load the settings of a command line."""
        environ.setdefault("XDG_CONFIG_DIRS", str(self.root / "xdg"))
        return load_settings(
            parse(shlex.split(line)),
            environ,
            home=str(self.root / "home"),
            prefix=str(self.root / "venv"),
            platform="linux",
            etc=str(self.root / "etc"),
        )

    def settings(self, line: str = "install", **environ: str) -> Settings:
        """Load settings about which there is nothing to say."""
        settings, notices = self.load(line, **environ)
        assert notices == []
        return settings


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_defaults(machine: Machine) -> None:
    settings = machine.settings()
    assert settings.command == "install"
    assert settings.text("index_url") == "https://pypi.org/simple"
    assert settings.number("retries") == 5
    assert settings.seconds("timeout") == 15.0
    assert settings.flag("build_isolation")
    assert settings.flag("warn_conflicts")
    assert not settings.flag("compile")
    assert (settings.texts("find_links"), settings.pairs("format_control")) == ((), ())
    assert settings.text("proxy") is None
    assert settings.text("cache_dir") == str(machine.root / "home/.cache/pip")
    assert settings.source("index_url") == "default"
    assert settings.files[1:] == (
        *(str(path) for path in (machine.etc_file, machine.legacy_user_file, machine.user_file, machine.site_file)),
    )


FILES = ["global_file", "etc_file", "legacy_user_file", "user_file", "site_file", "named_file"]


@pytest.mark.parametrize(("weaker", "stronger"), list(pairwise(FILES)))
def test_the_stronger_file_wins(machine: Machine, weaker: str, stronger: str) -> None:
    machine.write(**{weaker: "[global]\ntimeout=1\n", stronger: "[global]\ntimeout=2\n"})
    named = {"PIP_CONFIG_FILE": str(machine.named_file)} if stronger == "named_file" else {}
    settings = machine.settings(**named)
    assert settings.seconds("timeout") == 2
    assert settings.source("timeout") == f"{getattr(machine, stronger)} [global]"


@pytest.mark.parametrize(
    ("files", "environ", "line", "timeout", "source"),
    [
        ({"global_file": "[install]\ntimeout=1\n", "site_file": "[global]\ntimeout=2\n"}, {}, "", 1, "[install]"),
        ({"site_file": "[global]\ntimeout=2\n[list]\ntimeout=3\n"}, {}, "", 2, "[global]"),
        ({"site_file": "[install]\ntimeout=1\n"}, {"PIP_TIMEOUT": "3"}, "", 3, "environment PIP_TIMEOUT"),
        ({}, {"PIP_DEFAULT_TIMEOUT": "4"}, "", 4, "environment PIP_DEFAULT_TIMEOUT"),
        ({"site_file": "[install]\ntimeout=1\n"}, {"PIP_TIMEOUT": ""}, "", 1, "[install]"),
        ({"global_file": "[global]\ntimeout=1\n", "site_file": "[global]\ntimeout=\n"}, {}, "", 15, "default"),
        ({"global_file": "[asyncpip]\ntimeout=5\n"}, {"PIP_TIMEOUT": "3"}, "", 5, "[asyncpip]"),
        ({"global_file": "[asyncpip]\ntimeout=5\n"}, {"ASYNCPIP_TIMEOUT": "6"}, "", 6, "environment ASYNCPIP_TIMEOUT"),
        ({}, {"ASYNCPIP_TIMEOUT": "6"}, "--timeout 7", 7, "command line"),
        ({"user_file": "[global]\nDEFAULT_TIMEOUT=1\n"}, {}, "", 1, "[global]"),
        ({"user_file": "[global]\ntimeout=1\n"}, {"PIP_TIMEOUT": "3"}, "--isolated", 15, "default"),
        ({"site_file": "[global]\ntimeout=1\n"}, {"ASYNCPIP_TIMEOUT": "3"}, "--isolated", 1, "[global]"),
        ({"site_file": "[global]\ntimeout=1\n"}, {"PIP_CONFIG_FILE": "/dev/null"}, "", 15, "default"),
        ({"user_file": "[global]\ntimeout=1\n", "named_file": ""}, {"PIP_CONFIG_FILE": "NAMED"}, "", 15, "default"),
        ({"named_file": "[global]\ntimeout=1\n"}, {"PIP_CONFIG_FILE": "NAMED"}, "--isolated", 1, "[global]"),
        ({}, {"PIP_ISOLATED": "1", "PIP_TIMEOUT": "3"}, "", 3, "environment PIP_TIMEOUT"),
    ],
)
def test_precedence(
    machine: Machine, files: dict[str, str], environ: dict[str, str], line: str, timeout: float, source: str
) -> None:
    machine.write(**files)
    environ = {key: text.replace("NAMED", str(machine.named_file)) for key, text in environ.items()}
    settings = machine.settings(f"install {line}", **environ)
    assert settings.seconds("timeout") == timeout
    assert settings.source("timeout").endswith(source)


def test_unknown_keys_and_those_of_other_commands_are_ignored(machine: Machine) -> None:
    machine.write(site_file="[global]\nformat=json\nnonsense=1\nversion=1\nhelp=1\n[list]\nretries=x\n")
    assert machine.settings(PIP_NONSENSE="1", PIP_HELP="1", PIP_VERSION="1", PIP_V="1").number("verbose") == 0


def test_lists_are_split_replaced_by_stronger_files_and_added_to_by_the_command_line(machine: Machine) -> None:
    machine.write(site_file="[global]\nfind-links =\n  a\n  b\nextra-index-url = x y\n")
    settings = machine.settings("install -f d --find-links e", PIP_EXTRA_INDEX_URL="z")
    assert settings.texts("find_links") == ("a", "b", "d", "e")
    assert settings.source("find_links") == "command line"
    assert settings.texts("extra_index_urls") == ("z",)


def test_what_has_a_comma_grammar_adds_up_weakest_first(machine: Machine) -> None:
    machine.write(site_file="[global]\nno-binary=a,b\n[install]\nonly-binary=:all:\n")
    settings = machine.settings("install --no-binary d", PIP_NO_BINARY="c", PIP_REFRESH_PACKAGE="p q")
    assert settings.pairs("format_control") == (
        ("no_binary", "a,b"),
        ("only_binary", ":all:"),
        ("no_binary", "c"),
        ("no_binary", "d"),
    )
    assert settings.texts("refresh_packages") == ("p q",)


def test_settings_for_backends_add_up(machine: Machine) -> None:
    settings = machine.settings("install -C a=3 -C b=4", PIP_CONFIG_SETTINGS="a=1 2")
    assert settings.pairs("config_settings") == (("a", "1 2"), ("a", "3"), ("b", "4"))


def test_counters_add_to_those_of_the_environment(machine: Machine) -> None:
    settings = machine.settings("install -q", PIP_QUIET="2", PIP_VERBOSE="yes")
    assert (settings.number("quiet"), settings.number("verbose")) == (3, 1)


@pytest.mark.parametrize(
    ("name", "text", "dest", "value"),
    [
        ("PIP_NO_COMPILE", "1", "compile", True),
        ("PIP_NO_COMPILE", "0", "compile", False),
        ("PIP_NO_BUILD_ISOLATION", "no", "build_isolation", False),
        ("PIP_NO_BUILD_ISOLATION", "1", "build_isolation", True),
        ("PIP_NO_USER", "1", "user", True),
        ("PIP_NO_WARN_CONFLICTS", "off", "warn_conflicts", False),
        ("PIP_NO_WARN_SCRIPT_LOCATION", "yes", "warn_script_location", True),
    ],
)
def test_negative_flags_take_the_value_of_the_positive_setting(
    machine: Machine, name: str, text: str, dest: str, *, value: bool
) -> None:
    settings, notices = machine.load(**{name: text})
    assert settings.flag(dest) is value
    assert [level for level, _ in notices] == [20]
    assert name in notices[0][1]


@pytest.mark.parametrize("key", ["no-index", "no-deps", "no-input", "no-clean", "no-color", "no-rollback", "no-build"])
def test_other_flags_named_no_are_plain(machine: Machine, key: str) -> None:
    assert machine.settings(**{"PIP_" + key.upper().replace("-", "_"): "1"}).flag(key.replace("-", "_"))


def test_a_positive_flag_has_its_plain_meaning(machine: Machine) -> None:
    machine.write(site_file="[install]\nwarn-conflicts = false\ncompile = yes\n")
    settings = machine.settings()
    assert (settings.flag("warn_conflicts"), settings.flag("compile")) == (False, True)


@pytest.mark.parametrize(
    ("line", "environ", "cache_dir"),
    [
        ("install", {"PIP_NO_CACHE_DIR": "1"}, None),
        ("install", {"PIP_NO_CACHE_DIR": "false"}, None),
        ("install", {"PIP_NO_CACHE_DIR": ""}, "~/.cache/pip"),
        ("install", {"PIP_NO_CACHE_DIR": "off", "PIP_CACHE_DIR": "/x"}, None),
        ("install --cache-dir /y", {"PIP_NO_CACHE_DIR": "1"}, "/y"),
        ("install --no-cache-dir", {"PIP_CACHE_DIR": "/x"}, None),
        ("install", {"PIP_CACHE_DIR": "/x/../z"}, "/z"),
        ("install", {"PIP_NO_CACHE_DIR": "1", "ASYNCPIP_CACHE_DIR": "/x"}, "/x"),
        ("install", {"PIP_CACHE_DIR": "/x", "ASYNCPIP_NO_CACHE_DIR": "1"}, None),
        ("install --cache-dir /dev/null", {}, None),
        ("install --cache-dir ''", {}, None),
        ("install --cache-dir ~/c", {}, "~/c"),
        ("install", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/pip"),
        ("install", {"XDG_CACHE_HOME": "relative"}, "~/.cache/pip"),
    ],
)
def test_cache_directory(machine: Machine, line: str, environ: dict[str, str], cache_dir: str | None) -> None:
    expected = None if cache_dir is None else cache_dir.replace("~", str(machine.root / "home"))
    line = line.replace("~/", "'~/'")
    assert machine.settings(line, **environ).text("cache_dir") == expected


def test_cache_directories_of_other_platforms() -> None:
    assert default_cache_dir({}, home="/h", platform="darwin") == "/h/Library/Caches/pip"
    assert default_cache_dir({"LOCALAPPDATA": "/l"}, home="/h", platform="win32") == "/l/pip/Cache"


def test_home_is_expanded_in_paths_only(machine: Machine) -> None:
    settings = machine.settings("install '--target=~/t'", PIP_LOG="~/l", PIP_CERT="~")
    assert settings.text("log") == str(machine.root / "home/l")
    assert settings.text("cert") == str(machine.root / "home")
    assert settings.text("target") == "~/t"


@pytest.mark.parametrize(
    ("environ", "what", "exit_code"),
    [
        ({"PIP_RETRIES": "abc"}, "option retries: invalid integer value: 'abc'", 3),
        ({"PIP_TIMEOUT": "abc"}, "option timeout: invalid floating-point value: 'abc'", 3),
        ({"PIP_PROGRESS_BAR": "abc"}, "option progress-bar: invalid choice: 'abc' (choose from", 3),
        ({"PIP_USE_FEATURE": "fast-deps abc"}, "option use-feature: invalid choice: 'abc' (choose from", 3),
        ({"PIP_PYTHON_VERSION": "3.x"}, "each version part must be an integer", 2),
        ({"PIP_NO_DEPS": "abc"}, "abc is not a valid value for no-deps option", 2),
        ({"PIP_NO_CACHE_DIR": "abc"}, "abc is not a valid value for no-cache-dir option", 2),
        ({"PIP_VERBOSE": "-1"}, "-1 is not a valid value for verbose option", 2),
    ],
)
def test_values_of_a_wrong_type(machine: Machine, environ: dict[str, str], what: str, exit_code: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        machine.load(**environ)
    assert what in caught.value.what
    assert caught.value.why == f"it came from environment {next(iter(environ))}"
    assert caught.value.exit_code == exit_code


def test_a_control_value_cannot_be_an_option(machine: Machine) -> None:
    with pytest.raises(CommandError, match="--no-binary option requires 1 argument"):
        machine.load(PIP_NO_BINARY="-x")


def test_a_file_in_a_foreign_encoding(machine: Machine) -> None:
    machine.write(site_file="")
    machine.site_file.write_bytes(b"[global]\na=\xff\n")
    with pytest.raises(ConfigurationError, match=r"venv/pip\.conf could not be loaded") as caught:
        machine.load()
    assert caught.value.why == "it contains invalid utf-8 characters"


def test_what_is_no_file_says_nothing(machine: Machine) -> None:
    machine.site_file.mkdir(parents=True)
    assert machine.settings().seconds("timeout") == 15


@pytest.mark.parametrize(
    ("line", "environ", "notice"),
    [
        ("install --use-feature truststore", {}, (30, "The following features are always enabled: truststore. ")),
        (
            "install --use-deprecated=legacy-resolver",
            {},
            (30, "--use-deprecated=legacy-resolver has no effect: there is one resolver"),
        ),
        ("install -C x", {}, (30, "-C x: no `=VALUE`, so the value is empty")),
        (
            "install",
            {"PIP_CONFIG_SETTINGS": "x"},
            (30, "environment PIP_CONFIG_SETTINGS: no `=VALUE` in config-settings, so the value is empty"),
        ),
    ],
)
def test_warnings(machine: Machine, line: str, environ: dict[str, str], notice: tuple[int, str]) -> None:
    _, notices = machine.load(line, **environ)
    assert notices == [notice]


def test_a_getter_of_another_kind_is_refused(machine: Machine) -> None:
    settings = machine.settings()
    for getter, dest in [
        (settings.flag, "retries"),
        (settings.number, "pre"),
        (settings.seconds, "retries"),
        (settings.text, "retries"),
        (settings.texts, "index_url"),
        (settings.pairs, "index_url"),
    ]:
        with pytest.raises(TypeError):
            getter(dest)
    with pytest.raises(KeyError):
        settings.flag("unheard_of")


def test_settings_belong_to_a_command() -> None:
    with pytest.raises(ValueError, match="names none"):
        load_settings(parse([]), {}, home="/h", prefix="/v", platform="linux")
