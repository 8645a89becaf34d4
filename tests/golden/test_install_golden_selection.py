"""`install` through pip and through asyncpip: which release is chosen, and what becomes of older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted

if TYPE_CHECKING:
    from tests.golden.twins import Twins

pytestmark = pytest.mark.golden


def test_pre_releases_and_yanked_ones(twins: Twins) -> None:
    twins.check("only-pre partly-yanked future")
    twins.check("partly-yanked==1.1")
    twins.check("all-yanked", code=1)
    twins.check("all-yanked==1.0")
    twins.check("only-future", code=1)
    twins.check("only-future --ignore-requires-python")
    twins.check("--only-final only-pre only-pre --force-reinstall", code=1)
    twins.check("--all-releases plain plain")
    twins.check("--pre --only-final plain plain", code=1)


def test_upgrades(twins: Twins) -> None:
    twins.check("child==1.0 plain==1.0")
    twins.check("child plain")
    twins.check("-U child --dry-run", Wanted.TELLS_WHAT_STAYS)
    twins.check("-U child", Wanted.TELLS_WHAT_STAYS)
    twins.check("child==1.0 plain==1.0")
    twins.check("-U child --upgrade-strategy eager", Wanted.TELLS_WHAT_STAYS)
    twins.check("-U --pre plain", Wanted.TELLS_WHAT_STAYS)
    twins.check("plain==1.0")  # child 2.0 does not go with it: told of, and exit code 0


def test_installed_releases_made_light_of(twins: Twins) -> None:
    twins.check("child")
    twins.check("--force-reinstall child")
    twins.check("--no-deps --force-reinstall child==1.0")
    twins.check("-I plain==1.0")
    twins.check("--dry-run Top.Name")
    twins.check("--no-deps Top.Name")


def test_tags_build_numbers_and_spellings(twins: Twins) -> None:
    twins.check("tagged TOP_name local-label epoch development post")
    twins.check("local-label==1.0 epoch>=1!1 'post>=1.0' extra.dep")
    twins.check("plain===1.0 'tagged==1.*'")
    twins.check("'plain~=1.0'")
