"""`install` through pip and through asyncpip: `--target`, `--prefix`, `--root`, `--user`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.twins import Twins
from tests.support.environments import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.golden


def test_target(twins: Twins) -> None:
    twins.check("--target t tools==1.0 child==1.0", Wanted.RECORDS_TARGET_PATHS)
    twins.check("--target t tools", Wanted.MERGES_BY_RECORD)
    twins.check("--target {work}/deep/t plain")
    twins.check("--target t namespace-a")
    twins.check("--target t namespace-b", Wanted.MERGES_BY_RECORD, Wanted.SHARES_NAMESPACES)


def test_an_empty_target_is_none(twins: Twins) -> None:
    twins.check("--target= plain")


def test_upgrade_in_a_target(twins: Twins) -> None:
    twins.check("--target t child==1.0 plain==1.0")
    twins.check("--target t --upgrade child", Wanted.MERGES_BY_RECORD)
    tree = twins.run("--target t --upgrade child --no-deps").ours.tree
    names = sorted(path for path in tree if path.startswith("work/t/") and path.endswith(".dist-info"))
    assert names == ["work/t/child-2.0.dist-info", "work/t/plain-2.0.dist-info"]


def test_prefix(twins: Twins) -> None:
    twins.check("--prefix p tools==1.0")
    twins.check("--prefix p tools==1.0")
    twins.check("--prefix p -U tools")


def test_root(twins: Twins) -> None:
    twins.check("--root r tools==1.0")
    twins.check("--root r --prefix /opt/x plain")


def test_combinations(twins: Twins) -> None:
    twins.write({"file": ""})
    twins.check("--user plain", code=1)
    twins.check("--user --target x plain", code=1)
    twins.check("--user --prefix x plain", code=1)
    twins.check("--target x --prefix y plain", Wanted.CHECKS_OPTIONS_FIRST, code=1)
    twins.check("--target file plain", code=1)
    twins.check("--dry-run --target x plain")


def test_user_site(tmp_path: Path, catalogue: IndexServer, golden_cache: Path) -> None:
    seeing = make_environment(tmp_path / "template", "--system-site-packages")
    twins = Twins(tmp_path, seeing, catalogue, golden_cache)
    base = str(twins.place / "user")
    twins.check("--user tools==1.0 child==1.0", PYTHONUSERBASE=base)
    twins.check("--user tools child", PYTHONUSERBASE=base)
    twins.check("--user -U tools", Wanted.TELLS_WHAT_STAYS, PYTHONUSERBASE=base)
    twins.check("plain==1.0", PYTHONUSERBASE=base)
    twins.check("--user -U plain", Wanted.STOPS_EARLIER, PYTHONUSERBASE=base, code=1)
