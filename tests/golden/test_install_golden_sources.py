"""`install` through pip and through asyncpip: the kinds of archives, the places they come from, whom they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.golden.twins import Twins

pytestmark = pytest.mark.golden


def test_kinds_of_archives(twins: Twins) -> None:
    twins.check("--only-binary :all: source", code=1)
    twins.check("--no-binary plain plain", code=1)
    twins.check("--no-binary :all: --only-binary plain plain")
    twins.check("--prefer-binary --only-binary=:none: child")
    twins.check("--no-binary :all: --only-binary source source", code=1)
    twins.check("--uploaded-prior-to 2020-01-01 extra-dep", code=1)
    twins.check("--uploaded-prior-to 2030-01-01 extra-dep")
    twins.check("--uploaded-prior-to soon extra-dep", code=2)


def test_places_to_look_in(twins: Twins) -> None:
    filename, wheel = build_wheel("local", "1.0")
    page = '<a href="{files}/plain-1.0-py3-none-any.whl">x</a><a href="links/local-1.0-py3-none-any.whl">y</a>'
    plain = build_wheel("plain", "3.0")
    twins.write({f"links/{filename}": wheel, f"links/{plain[0]}": plain[1], "page.html": page, "r.txt": "-f links\n"})
    twins.check("--no-index --find-links links plain local")
    twins.check("--no-index -f page.html plain==1.0")
    twins.check("--no-index -r r.txt -U plain", Wanted.TELLS_WHAT_STAYS)
    twins.check("--no-index -f file://{work}/links child", code=1)
    twins.check("-f links plain==3.0 child --force-reinstall")
    twins.check("--extra-index-url {url}/nothing plain==2.0")
    twins.check("--extra-index-url http://127.0.0.1:1/simple plain==1.0 --retries 0", Wanted.TELLS_DEAD_INDEXES)


def test_other_interpreters(twins: Twins) -> None:
    only = "--only-binary :all:"
    twins.check(f"--platform win_amd64 {only} --python-version 3.11 --implementation cp --target w windows")
    twins.check(f"--platform linux_x86_64 {only} --dry-run tagged")
    twins.check(f"--python-version 3.8 {only} --target w3 tagged")
    twins.check(f"--abi none --implementation py {only} --target w4 tagged")
    twins.check(f"--platform win_amd64 {only} windows", Wanted.CHOOSES_FOR_OTHERS, code=1)
    twins.check("--platform win_amd64 --target w2 windows", Wanted.CHOOSES_FOR_OTHERS)
