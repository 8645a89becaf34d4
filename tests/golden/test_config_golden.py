"""`config` against pip: the same lines, and the same files afterwards where these have no comments.

Nothing here changes the global file: pip has only one place for it, and that is the machine's own.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.twins import verbatim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.golden.twins import Pair, Twins
    from tests.support.environments import Outcome

pytestmark = pytest.mark.golden

SITE = "[global]\ntimeout = 5\n\n[install]\nno-compile = yes\n\n"
USER = "[global]\ntimeout = 7\nindex-url = https://user:secret@example.org/simple\nfind-links = \n\ta\n\tb\n\n"
GLOBAL = "[freeze]\nall = 1\n\n"
FILES = {
    "../env/pip.conf": SITE,
    "../home/.config/pip/pip.conf": USER,
    "../home/.pip/pip.conf": "[global]\nRETRIES: 1\n--no_index = no\n",
    "xdg/pip/pip.conf": GLOBAL,
    "named.conf": "[global]\nretries = 9\n",
}


def said(outcome: Outcome) -> list[str]:
    """Return stdout without what the two sides are told apart by: pip is run without a cache."""
    return [line for line in verbatim(outcome) if "cache-dir" not in line and "CACHE_DIR" not in line]


def check(
    twins: Twins, line: str, *wanted: Wanted, code: int = 0, more: Mapping[str, str] | None = None, **variables: str
) -> Pair:
    environ = {"PIP_CONFIG_FILE": "", "XDG_CONFIG_DIRS": twins.fill("{work}/xdg"), **variables, **(more or {})}
    return twins.check_command(
        line, *wanted, code=code, said=said, **{name: twins.fill(value) for name, value in environ.items()}
    )


LOOKING = """\
config list
config list --global
config list --site
config list --user
config list --isolated
config debug
config debug --user
config debug --isolated
config -q list
config --site get global.timeout
config --user get global.timeout
config --user get GLOBAL.Timeout
config --user get global.find-links
config --global get freeze.all
config --user get global.retries
config get install.no-compile
config get :env:.no-input
"""
CHANGING = """\
config set global.timeout 60
config set global.index-url https://pypi.example.org/simple
config --site set global.timeout 60
config --user set global.timeout 60
config --user set global.TIMEOUT 60
config --user set global.index_url x
config --user set global.find-links 'a b'
config --user set install.new 'x = y # z'
config --user set global.empty ''
config unset global.timeout
config --user unset global.timeout
config --user unset global.find-links
config --site unset install.no-compile
"""
WRONG = """\
config
config lists
config list x
config get
config get a b
config set global.x
config unset
config edit x
config debug x
config get timeout
config --user set timeout 5
config --user unset timeout
config get global.missing
config unset global.missing
config --user --site list
config --user --global set global.x 1
config edit
"""


@pytest.mark.parametrize("line", LOOKING.splitlines())
def test_looking(twins: Twins, line: str) -> None:
    twins.write(FILES)
    check(twins, line)


def test_what_counts_though_not_in_the_file_to_change(twins: Twins) -> None:
    twins.write(FILES)
    check(twins, "config get freeze.all", Wanted.GETS_WHAT_COUNTS)
    check(twins, "config --site get freeze.all", code=1)


@pytest.mark.parametrize("line", CHANGING.splitlines())
def test_changing(twins: Twins, line: str) -> None:
    twins.write({**FILES, "../home/.pip/pip.conf": "[other]\nx = 1\n\n"})
    check(twins, line)


@pytest.mark.parametrize("line", [line for line in CHANGING.splitlines() if "unset" not in line])
def test_making_files(twins: Twins, line: str) -> None:
    check(twins, line)


@pytest.mark.parametrize("line", WRONG.splitlines())
def test_wrong(twins: Twins, line: str) -> None:
    twins.write(FILES)
    check(twins, line, code=1)


def test_several_changes(twins: Twins) -> None:
    for change in ("set global.timeout 1", "set install.x y", "set global.retries 2", "unset install.x", "set b.c d"):
        check(twins, f"config --user {change}")
    check(twins, "config --user unset global.timeout")
    check(twins, "config --user unset global.retries")
    check(twins, "config --user unset b.c")
    check(twins, "config debug")


@pytest.mark.parametrize("scope", ["--user", "--site"])
@pytest.mark.parametrize(
    "action", ["set global.timeout 3", "unset global.retries", "list", "get global.retries", "debug"]
)
def test_named_file(twins: Twins, action: str, scope: str) -> None:
    retries = "[global]\nretries = 1\nx = y\n\n"
    twins.write({**FILES, "../env/pip.conf": retries, "named.conf": retries})
    check(twins, f"config {scope} {action}", PIP_CONFIG_FILE="{work}/named.conf")


def test_named_file_that_does_not_exist(twins: Twins) -> None:
    check(twins, "config --user set global.timeout 3", PIP_CONFIG_FILE="{work}/missing.conf")
    check(twins, "config --user unset global.timeout", PIP_CONFIG_FILE="{work}/missing.conf")


@pytest.mark.parametrize("action", ["set global.timeout 3", "list", "debug", "get global.retries"])
def test_null_device(twins: Twins, action: str) -> None:
    twins.write(FILES)
    code = 0 if action in ("list", "debug") else 1
    check(twins, f"config {action}", code=code, PIP_CONFIG_FILE="/dev/null")


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        ("--editor 'cp -f {work}/new'", {}),
        ("", {"VISUAL": "cp -f {work}/new", "EDITOR": "false"}),
        ("", {"EDITOR": "cp -f {work}/new"}),
        ("--user", {"EDITOR": "cp -f {work}/new"}),
    ],
)
def test_edit(twins: Twins, options: str, environ: dict[str, str]) -> None:
    twins.write({**FILES, "new": "[edited]\nx = 1\n"})
    check(twins, f"config {options} edit", more=environ)


def test_editor_fails(twins: Twins) -> None:
    check(twins, "config edit", code=1, EDITOR="exit 3;")


def test_environment_variables(twins: Twins) -> None:
    check(
        twins, "config list", PIP_TIMEOUT="9", PIP_INDEX_URL="https://u:p@example.org/", PIP_VERSION="x", PIP_HELP="y"
    )
    check(twins, "config debug", PIP_TIMEOUT="9")
    check(twins, "config list --isolated", PIP_TIMEOUT="9")


def test_no_line_changes_the_machine() -> None:
    """pip has no other place for the global file."""
    lines = [shlex.split(line) for line in (LOOKING + CHANGING).splitlines()]
    assert not [words for words in lines if "--global" in words and {"set", "unset", "edit"} & set(words)]
