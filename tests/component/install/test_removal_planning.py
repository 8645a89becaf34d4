"""What goes of many distributions, found out by several processes, is what one finds out."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from asyncpip.core.names import normalize_name
from asyncpip.core.values import replace
from asyncpip.install import removal_planning
from asyncpip.install.removal_planning import plans_ahead
from asyncpip.install.uninstaller import paths_to_remove
from tests.component.install.test_removal import installed, site
from tests.component.install.test_uninstaller import dist, target, write

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.core.distributions import InstalledDistribution

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="one process looks at all")


@pytest.fixture
def distributions(env: Path, monkeypatch: pytest.MonkeyPatch) -> list[InstalledDistribution]:
    monkeypatch.setattr(removal_planning, "_SHARED_FROM_BYTES", 100)
    names = [f"d{number}" for number in range(40)]
    infos = [installed(env, name, {f"{name}/ä.py": "", f"ns/{name}.py": "", f"../../bin/{name}": ""}) for name in names]
    write(site(env), {"d3/foreign.txt": "", "d4/__pycache__/ä.cpython-311.pyc": "", "easy-install.pth": "./x.egg\n"})
    (env / "outside").mkdir()
    (infos[5] / "RECORD").write_text("../../../outside/x,,\n" * 100)
    (infos[6] / "RECORD").unlink()
    return [
        replace(dist(info), name=normalize_name(name), raw_name=name) for name, info in zip(names, infos, strict=True)
    ]


def test_all_that_can_be_known(env: Path, distributions: list[InstalledDistribution]) -> None:
    plans = plans_ahead(distributions, target(env), only_below=None, jobs=3)
    assert set(plans) == {each.name for each in distributions} - {"d6"}
    assert plans == {
        each.name: paths_to_remove(each, target(env), only_below=None) for each in distributions if each.name != "d6"
    }


def test_others_look_too(
    env: Path, distributions: list[InstalledDistribution], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a child finds comes back: this process finds nothing here."""
    owner = os.getpid()
    reading, writing = os.pipe()

    def refuse(*arguments: object, **options: object) -> object:
        if os.getpid() == owner:
            os.read(reading, 1)  # once the other one has begun
            raise OSError(errno.EIO, "not here")
        os.write(writing, b"." * 100)
        return paths_to_remove(*arguments, **options)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(removal_planning, "paths_to_remove", refuse)
    plans = plans_ahead(distributions, target(env), only_below=None, jobs=2)
    assert plans
    assert all(
        plans[each.name] == paths_to_remove(each, target(env), only_below=None)
        for each in distributions
        if each.name in plans
    )


def test_few_files_are_not_shared_out(env: Path, distributions: list[InstalledDistribution]) -> None:
    assert plans_ahead(distributions[:1], target(env), only_below=None, jobs=1) == {}


def test_no_process_to_be_had(
    env: Path,
    distributions: list[InstalledDistribution],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    expected = plans_ahead(distributions, target(env), only_below=None, jobs=2)
    monkeypatch.setattr(os, "fork", refuse)
    assert expected
    assert plans_ahead(distributions, target(env), only_below=None, jobs=2) == expected
