from __future__ import annotations

import os

import pytest

from asyncpip.environment.configuration import configuration_files, normalize_key, parse_configuration
from asyncpip.errors import ConfigurationError

pytestmark = pytest.mark.skipif(os.sep != "/", reason="the expected paths are those of POSIX")


def files(platform: str = "linux", *, isolated: bool = False, **environ: str) -> list[str]:
    return list(configuration_files(environ, home="/h", prefix="/venv", platform=platform, isolated=isolated))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            files(),
            ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/h/.pip/pip.conf", "/h/.config/pip/pip.conf", "/venv/pip.conf"],
        ),
        (files(isolated=True), ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/venv/pip.conf"]),
        (
            files(XDG_CONFIG_DIRS="/a:relative:/b", XDG_CONFIG_HOME="/c", isolated=False),
            [
                "/a/pip/pip.conf",
                "/b/pip/pip.conf",
                "/etc/pip.conf",
                "/h/.pip/pip.conf",
                "/c/pip/pip.conf",
                "/venv/pip.conf",
            ],
        ),
        (
            files("darwin"),
            [
                "/Library/Application Support/pip/pip.conf",
                "/h/.pip/pip.conf",
                "/h/.config/pip/pip.conf",
                "/venv/pip.conf",
            ],
        ),
        (files(isolated=True, PIP_CONFIG_FILE="/none/x")[-1:], ["/none/x"]),
        (
            files(PIP_CONFIG_FILE="/none/x")[2:],
            ["/h/.pip/pip.conf", "/h/.config/pip/pip.conf", "/venv/pip.conf", "/none/x"],
        ),
        (files(PIP_CONFIG_FILE=os.devnull), []),
    ],
)
def test_which_files(found: list[str], expected: list[str]) -> None:
    assert found == expected


def test_windows_files() -> None:
    found = files("win32", PROGRAMDATA="/pd", APPDATA="/ad")
    assert found == ["/pd/pip/pip.ini", "/h/pip/pip.ini", "/ad/pip/pip.ini", "/venv/pip.ini"]


@pytest.mark.parametrize("name", ["index-url", "INDEX_URL", "--index_url", "Index-Url"])
def test_keys_have_one_form(name: str) -> None:
    assert normalize_key(name) == "index-url"


def test_content() -> None:
    text = "[global]\nIndex_URL = https://u:p%40@h/  \nfind-links =\n  a\n  b\n; comment\n[install]\nno-deps: yes\n"
    found = [(str(entry), entry.key, entry.value) for entry in parse_configuration(text, "f")]
    assert found == [
        ("f [global]", "index-url", "https://u:p%40@h/"),
        ("f [global]", "find-links", "\na\nb"),
        ("f [install]", "no-deps", "yes"),
    ]


def test_a_default_section_counts_in_all_others() -> None:
    found = [(entry.section, entry.key) for entry in parse_configuration("[DEFAULT]\na=1\n[global]\nb=2\n", "f")]
    assert sorted(found) == [("global", "a"), ("global", "b")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("password\n[global]\n", "line 1: stands before the first [section]"),
        ("[global]\nsecret without value\n", "line 2: neither `key = value` nor [section]"),
        ("[global]\na-b=secret\na_b=2\n", "line 3: option `a-b` in section `global` already exists"),
        ("[global]\na=1\n[global]\n", "line 3: section `global` already exists"),
    ],
)
def test_damaged_files_are_named_with_their_line(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(text, "/etc/pip.conf")
    assert caught.value.what == "configuration file /etc/pip.conf could not be loaded"
    assert caught.value.why == why
    assert caught.value.exit_code == 2
