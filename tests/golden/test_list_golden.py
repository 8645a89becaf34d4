"""`list` through pip and through asyncpip, on the same environments."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.layout import BROKEN, DEVELOPED, DIRECT, OLD, ORDINARY, lay_out
from tests.golden.test_show_golden import inspected
from tests.support.environments import Outcome, make_environment
from tests.support.installed import WHEEL, dist_info, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden.twins import Twins

pytestmark = pytest.mark.golden

LINES = (
    "list",
    "list --format=columns",
    "list --format freeze",
    "list --format=json",
    "list -v",
    "list -v --format=freeze",
    "list -v --format=json",
    "list -e",
    "list --editable --format=json",
    "list --exclude-editable",
    "list --exclude-editable --include-editable",
    "list --not-required",
    "list --not-required --format=freeze --exclude old",
    "list -l",
    "list --user",
    "list --exclude Child --exclude plain_name",
    "list -q",
    "list -qq -v",
)


@pytest.fixture
def filled(twins: Twins) -> Twins:
    """Both places with everything that has valid metadata."""
    lay_out(twins, *ORDINARY, *DIRECT, *OLD)
    twins.write({**DEVELOPED, "editable/pyproject.toml": "", "with blank/pyproject.toml": ""})
    return twins


def test_options(filled: Twins) -> None:
    for line in LINES:
        filled.check_command(line)


def test_nothing_installed(twins: Twins) -> None:
    for line in ("list", "list --format=json", "list --format=freeze", "list --not-required", "list -o"):
        twins.check_command(line)


def test_path(filled: Twins) -> None:
    filled.write({"other/child-9.dist-info/METADATA": "Name: child\nVersion: 9\n"})
    filled.check_command("list --path {work}/other --path {work}/missing -v")
    filled.check_command("list --path {work}/developed")
    filled.check_command("list --path {work}/other --local", code=1)
    filled.check_command("list --path {work}/other --user", code=1)


@pytest.mark.parametrize(
    "line",
    [
        "list -o -u",
        "list -o --format=freeze",
        "list --pre --only-final child",
        "list --format=yaml",
        "list --no-such-option",
    ],
)
def test_refusals(twins: Twins, line: str) -> None:
    code = 2 if "yaml" in line or "no-such" in line else 1
    twins.check_command(line, code=code)


def test_exclusion_of_editables_from_configuration(filled: Twins) -> None:
    filled.check_command("list --format=freeze", PIP_EXCLUDE_EDITABLE="1", said=without_notices)
    filled.check_command("list --format=freeze", PIP_EXCLUDE_EDITABLE="0", said=without_notices)


def without_notices(outcome: Outcome) -> list[str]:
    return [line for line in outcome.stdout.splitlines() if "because pip gives it" not in line]


def test_accidents(twins: Twins) -> None:
    lay_out(
        twins,
        *BROKEN,
        {"~lain-1.0.dist-info/METADATA": "Name: plain\nVersion: 1.0\n"},
        {"b%r-1.0.dist-info/METADATA": "Name: b%r\nVersion: 1.0\n"},
        {"nameless.dist-info/METADATA": "Summary: x\n"},
        {"namespace_only/x.py": ""},
        dist_info("argparse", "1.4"),
    )
    for line in ("list", "list --format=json", "list --format=freeze"):
        twins.check_command(line)


def test_metadata_that_is_missing(twins: Twins) -> None:
    lay_out(twins, {"bare-1.0.dist-info/INSTALLER": "pip\n", "empty-2.0.dist-info/METADATA": ""})
    twins.check_command("list", Wanted.KNOWS_THE_VERSION)
    twins.check_command("list --format=freeze")
    twins.check_command("list --format=json")


def test_first_of_two(filled: Twins) -> None:
    filled.write({"first/child-9.dist-info/METADATA": "Name: child\nVersion: 9\n"})
    lay_out(filled, {"a_first.pth": "import sys; sys.path.insert(1, '{work}/first')\n"})
    filled.check_command("list -v")


def test_outdated(twins: Twins) -> None:
    lay_out(
        twins,
        dist_info("plain", "1.0"),
        dist_info("child", "2.0"),
        dist_info("partly-yanked", "1.0", directory="partly_yanked-1.0"),
        dist_info("only-pre", "1.0a1", directory="only_pre-1.0a1"),
        dist_info("future", "0.5"),
        dist_info("source", "0.9"),
        dist_info("windows", "0.1"),
        dist_info("nowhere", "1.0"),
        dist_info("tagged", "1.0"),
        dist_info("post", "1.0", wheel=f"{WHEEL}Build: 7\n"),
        dist_info("development", "0.1", files={
            "direct_url.json": '{"url": "file://{work}/development", "dir_info": {"editable": true}}',
        }),
    )  # fmt: skip
    for options in (
        "-o",
        "--outdated --format=json",
        "-o -v --exclude future",
        "-u",
        "-u --format=freeze",
        "-o --pre",
        "-u --pre",
        "-o --all-releases plain",
        "-o --only-binary :all:",
        "-o --no-binary :all:",
        "-o --exclude plain",
        "-o --not-required",
        "-o -e",
    ):
        twins.check_command(f"list -i {{index}} {options}")
    twins.check_command("list -o --no-index --find-links {work}")


def test_outdated_by_several_indexes(twins: Twins) -> None:
    lay_out(twins, dist_info("plain", "1.0"), dist_info("child", "1.0"))
    twins.write({"links/plain-7.0-py3-none-any.whl": b"", "links/child-1.5.tar.gz": b""})
    twins.check_command("list -o -i {index} --extra-index-url {url}/nothing --find-links {work}/links")
    twins.check_command("list -o --no-index --find-links links --format=json")


@pytest.mark.parametrize("command", ["list --format=json -v", "freeze", "inspect"])
def test_system_packages_and_user_site(tmp_path: Path, command: str) -> None:
    """`--local` and `--user` in a virtual environment that sees the packages of its base and of the user."""
    wide = make_environment(tmp_path / "wide", "--system-site-packages")
    base = tmp_path / "user"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    write_files(wide.site_packages, dist_info("child", "9.9"))
    write_files(base / "lib" / version / "site-packages", dist_info("child", "1.0"), dist_info("of-user", "1.0"))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    environ |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUSERBASE": str(base)}
    seen: set[tuple[str, ...]] = set()
    for options in ([], ["--local"], ["--user"]):
        outputs = []
        for program in ("pip", "asyncpip"):
            line = [sys.executable, "-m", program, "--python", str(wide.directory), *command.split(), *options]
            done = subprocess.run(line, env=environ, capture_output=True, text=True, check=True)
            outputs.append(inspected(Outcome(0, done.stdout, "")) if command == "inspect" else done.stdout.splitlines())
        assert outputs[0] == outputs[1], options
        seen.add(tuple(outputs[1]))
    assert len(seen) == 3
