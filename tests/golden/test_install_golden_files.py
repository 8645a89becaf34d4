"""`install` through pip and through asyncpip: the files of a wheel, replaced ones, and each other's uninstalls."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.environments import Workplace

pytestmark = pytest.mark.golden


def test_files_of_all_schemes_and_their_removal(twins: Twins) -> None:
    twins.check("tools==1.0")
    twins.check("tools==2.0", Wanted.LEAVES_NO_EMPTY_DIRECTORY)
    twins.check("tools==1.0")
    twins.check("doubled", Wanted.RECORDS_WHAT_IS_THERE)
    twins.check("shares shares-too namespace-a namespace-b pip", Wanted.TELLS_WHO_OVERWRITES)
    twins.check("shares --force-reinstall")


def test_bytecode(twins: Twins) -> None:
    twins.check("compiled tools==1.0", compiled=True)
    twins.check("compiled --force-reinstall", compiled=True)
    twins.check("tools==2.0", Wanted.LEAVES_NO_EMPTY_DIRECTORY, compiled=True)


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o002])
def test_another_umask(twins: Twins, umask: int) -> None:
    before = os.umask(umask)
    try:
        twins.check("tools==1.0 extra-dep")
        twins.check("tools==1.0 --force-reinstall --no-cache-dir")
        twins.check("tools==1.0 --target flat", Wanted.RECORDS_TARGET_PATHS)
    finally:
        os.umask(before)


def test_files_that_stand_in_the_way(twins: Twins) -> None:
    def occupy(workplace: Workplace) -> None:
        site_packages = workplace.environment.site_packages
        (site_packages / "tools").mkdir()
        (site_packages / "tools" / "__init__.py").write_text("foreign")
        (site_packages / "tools" / "mine.py").write_text("foreign")
        (site_packages / "extra_dep.py").symlink_to("tools/mine.py")
        (workplace.environment.bin / "tool").write_text("foreign")

    twins.each(occupy)
    twins.check("tools==1.0 extra-dep")
    twins.check("tools==2.0", Wanted.LEAVES_NO_EMPTY_DIRECTORY)


def test_pip_reads_and_uninstalls_what_asyncpip_installed(twins: Twins) -> None:
    twins.check("tools==1.0 'Top.Name[x]' pip {files}/partly_yanked-1.0-py3-none-any.whl")
    for command in ("freeze --all", "list --format=json", "check", "show -f tools"):
        theirs, ours = twins.pip(command)
        assert ours.replace("asyncpip", "pip") == theirs
    inspected = [json.loads(text)["installed"] for text in twins.pip("inspect")]
    for entry in inspected[1]:
        assert entry.pop("installer") == "asyncpip"
    assert inspected[1] == [{key: value for key, value in each.items() if key != "installer"} for each in inspected[0]]
    twins.pip("uninstall -y tools Top.Name child plain extra-dep pip partly-yanked")
    twins.check("--dry-run plain")  # compares what is left


def test_asyncpip_replaces_what_pip_installed_and_the_other_way_round(twins: Twins) -> None:
    workplace = twins.workplace
    arguments = ("-i", twins.server.index_url)
    environment = workplace.environment
    assert workplace.pip("install", *arguments, "tools==1.0", "child==1.0", "plain==1.0").code == 0
    assert any(environment.site_packages.rglob("*.pyc"))
    replaced = workplace.install(*arguments, "tools==2.0", "child==2.0")
    assert replaced.code == 0, replaced.text
    assert environment.distributions() == ["child-2.0", "plain-2.0", "tools-2.0"]
    assert not (environment.bin / "tool").exists()
    assert not any(environment.site_packages.rglob("*.pyc"))
    assert workplace.install(*arguments, "tools==1.0").code == 0
    assert workplace.pip("install", *arguments, "tools==2.0").code == 0
    assert environment.distributions() == ["child-2.0", "plain-2.0", "tools-2.0"]
    assert not (environment.bin / "tool").exists()
    assert (environment.site_packages / "tools-2.0.dist-info" / "INSTALLER").read_text() == "pip\n"


def test_reports(twins: Twins) -> None:
    line = (
        "--dry-run -q --report - Top.Name[x] plain<2 child==1.0 partly-yanked==1.1 {files}/tools-1.0-py3-none-any.whl"
    )
    pair = twins.check(line)
    theirs, ours = (json.loads(side.outcome.stdout) for side in pair)
    assert ours.pop("installer")["name"] == "asyncpip"
    for report in (theirs, ours):
        report["install"].sort(key=lambda item: item["metadata"]["name"])
    assert ours == theirs
