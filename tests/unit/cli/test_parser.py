from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from asyncpip.cli.parser import CommandLineError, parse
from asyncpip.errors import CommandError

SEED_LINES = (Path(__file__).parents[2] / "support" / "seed_install_lines.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("line", "values", "arguments"),
    [
        ("install a b", {}, ["a", "b"]),
        ("install -r f", {"requirement_files": ("f",)}, []),
        ("install -rf", {"requirement_files": ("f",)}, []),
        ("install -r=f", {"requirement_files": ("=f",)}, []),
        ("install --requirement=f --requirement g", {"requirement_files": ("f", "g")}, []),
        ("install -Uq a", {"upgrade": True, "quiet": 1}, ["a"]),
        ("install -Urf a", {"upgrade": True, "requirement_files": ("f",)}, ["a"]),
        ("install -qqq -vv", {"quiet": 3, "verbose": 2}, []),
        ("-q install -q", {"quiet": 2}, []),
        ("--timeout 3 install --timeout=4.5 a", {"timeout": 4.5}, ["a"]),
        ("--log install install a", {"log": "install"}, ["a"]),
        ("install a --pre b", {"pre": True}, ["a", "b"]),
        ("install -- --pre -q", {}, ["--pre", "-q"]),
        ("install a -- b -- c", {}, ["a", "b", "--", "c"]),
        ("-- install --pre", {}, ["--pre"]),
        ("install -", {}, ["-"]),
        ("install ''", {}, [""]),
        ("install --force a", {"force_reinstall": True}, ["a"]),
        ("install --force --reinstall a", {"force_reinstall": True}, ["a"]),
        ("install --rei a", {"force_reinstall": True}, ["a"]),
        ("install --ver a", {"verbose": 1}, ["a"]),
        ("install --no-build-i a", {"build_isolation": False}, ["a"]),
        ("install --compile --no-compile", {"compile": False}, []),
        ("install --no-compile --compile", {"compile": True}, []),
        ("install --no-warn-conflicts --warn-conflicts", {"warn_conflicts": True}, []),
        ("install --user --no-user", {"user": False}, []),
        ("install -i a --index-url b --pypi-url c", {"index_url": "c"}, []),
        ("install --cache-dir d --no-cache-dir", {"cache_dir": None}, []),
        ("install --no-cache-dir --cache-dir d", {"cache_dir": "d"}, []),
        ("install --proxy ''", {"proxy": ""}, []),
        ("install --retries 0x10", {"retries": 16}, []),
        ("install --retries 010", {"retries": 8}, []),
        ("install --retries=-1", {"retries": -1}, []),
        ("install -r --pre", {"requirement_files": ("--pre",)}, []),
        (
            "install --no-binary a --only-binary :all: --no-binary b,c",
            {"format_control": (("no_binary", "a"), ("only_binary", ":all:"), ("no_binary", "b,c"))},
            [],
        ),
        (
            "install --only-final a --all-releases b",
            {"release_control": (("only_final", "a"), ("all_releases", "b"))},
            [],
        ),
        ("install -C a=1=2 --config-settings=--b=", {"config_settings": (("a", "1=2"), ("--b", ""))}, []),
        (
            "install --group test --group x/pyproject.toml:t",
            {"groups": (("group", "test"), ("group", "x/pyproject.toml:t"))},
            [],
        ),
    ],
)
def test_what_a_command_line_says(line: str, values: dict[str, object], arguments: list[str]) -> None:
    parsed = parse(shlex.split(line))
    assert (parsed.command, parsed.values, parsed.arguments) == ("install", values, arguments)
    assert parsed.warnings == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("install --foo", "no such option: --foo"),
        ("install --foo=bar", "no such option: --foo"),
        ("--foo install", "no such option: --foo"),
        ("install -Uz", "no such option: -z"),
        ("install -V", "no such option: -V"),
        ("--upgrade install a", "no such option: --upgrade"),
        ("install --no-dep a", "ambiguous option: --no-dep (--no-dependencies, --no-deps?)"),
        ("--ver", "ambiguous option: --ver (--verbose, --version?)"),
        ("install -r", "-r option requires 1 argument"),
        ("install --retries", "--retries option requires 1 argument"),
        ("install --timings --dry-run", "--timings option requires 1 argument"),
        ("install --no-deps=1", "--no-deps option does not take a value"),
        ("install --retries abc", "option --retries: invalid integer value: 'abc'"),
        ("install --retries=", "option --retries: invalid integer value: ''"),
        ("install --retr x", "option --retries: invalid integer value: 'x'"),
        ("install --timeout x", "option --timeout: invalid floating-point value: 'x'"),
        (
            "install --progress-bar x",
            "option --progress-bar: invalid choice: 'x' (choose from 'auto', 'on', 'off', 'raw')",
        ),
        (
            "install --exists-action x",
            "option --exists-action: invalid choice: 'x' (choose from 's', 'i', 'w', 'b', 'a')",
        ),
        (
            "install --python-version 3.x",
            "--python-version error: invalid --python-version value: '3.x': each version part must be an integer",
        ),
        ("install --bind-address localhost", "--bind-address error: invalid value: 'localhost' is not an IP address"),
        ("install --jobs 0", "--jobs error: invalid value: '0' is less than 1"),
    ],
)
def test_what_a_command_line_cannot_say(line: str, what: str) -> None:
    with pytest.raises(CommandLineError) as caught:
        parse(shlex.split(line))
    assert caught.value.what == what
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("isntall x", 'unknown command "isntall" - maybe you meant "install"'),
        ("xyzzy", 'unknown command "xyzzy"'),
        ("", 'unknown command ""'),
        ("install --no-binary -x a", "--no-binary option requires 1 argument."),
    ],
)
def test_command_errors(line: str, what: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse(shlex.split(line) or [""])
    assert caught.value.what == what
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("line", "command", "wanted"),
    [
        ("-h", None, "help"),
        ("--help --foo", None, "help"),
        ("-V install", None, "version"),
        ("-V --foo", None, "version"),
        ("install -h --foo", "install", "help"),
        ("install a -qh", "install", "help"),
        ("help install", "help", None),
        ("-q", None, None),
        ("--", None, None),
    ],
)
def test_pages(line: str, command: str | None, wanted: str | None) -> None:
    parsed = parse(shlex.split(line))
    assert parsed.command == command
    assert (parsed.help_wanted, parsed.version_wanted) == (wanted == "help", wanted == "version")


def test_an_error_before_the_wish_for_help_counts() -> None:
    with pytest.raises(CommandLineError, match="no such option: --foo"):
        parse(["install", "--foo", "-h"])


def test_a_config_setting_without_value_is_empty_and_noted() -> None:
    parsed = parse(["install", "--config-setting", "--compile", "numpy"])
    assert parsed.values == {"config_settings": (("--compile", ""),)}
    assert parsed.warnings == ["--config-settings --compile: no `=VALUE`, so the value is empty"]


@pytest.mark.parametrize("line", SEED_LINES)
def test_seed_lines_parse(line: str) -> None:
    program, *argv = shlex.split(line, comments=True)
    parsed = parse(argv)
    assert (program, parsed.command) == ("pip", "install")
    assert parsed.arguments or {"requirement_files", "editables"} & parsed.values.keys()
