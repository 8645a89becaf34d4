"""`install` through pip and through asyncpip into environments that hold what other tools, or accidents, left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.environments import Workplace

pytestmark = pytest.mark.golden

METADATA = "Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n"


def lay_out(twins: Twins, files: dict[str, str]) -> None:
    """Write files below site-packages in both places."""

    def write(workplace: Workplace) -> None:
        for name, content in files.items():
            path = workplace.environment.site_packages / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    twins.each(write)


def test_without_record(twins: Twins) -> None:
    lay_out(twins, {"plain-1.0.dist-info/METADATA": METADATA, "plain-1.0.dist-info/INSTALLER": "apt\n"})
    twins.check("plain")
    pair = twins.check("plain==2.0", Wanted.ERRORS_ARE_ERRORS, code=1)
    assert "no RECORD file was found for plain" in pair.ours.outcome.stderr


def test_older_formats(twins: Twins) -> None:
    lay_out(
        twins,
        {
            "plain-1.0.egg-info/PKG-INFO": METADATA,
            "plain-1.0.egg-info/installed-files.txt": "../plain.py\nPKG-INFO\n",
            "plain-1.0.egg-info/top_level.txt": "plain\n",
            "plain.py": "old\n",
            "child-1.0.egg-info": METADATA.replace("plain", "child"),
        },
    )
    twins.check("plain child")
    twins.check("plain==2.0")
    twins.check("child==2.0", Wanted.ERRORS_ARE_ERRORS, code=1)


def test_editable(twins: Twins) -> None:
    info = "plain-1.0.dist-info"
    rows = ["__editable__.plain.pth", f"{info}/METADATA", f"{info}/RECORD", f"{info}/direct_url.json"]
    lay_out(
        twins,
        {
            f"{info}/METADATA": METADATA,
            f"{info}/RECORD": "".join(f"{row},,\n" for row in rows),
            f"{info}/direct_url.json": '{"url": "file:///src/plain", "dir_info": {"editable": true}}',
            "__editable__.plain.pth": "/src/plain\n",
        },
    )
    twins.check("plain")
    twins.check("plain==1.0")
    twins.check("plain==2.0")


def test_leftovers_and_doubles(twins: Twins) -> None:
    lay_out(
        twins,
        {
            "~lain-1.0.dist-info/METADATA": METADATA,
            "plain-1.0.dist-info/METADATA": METADATA,
            "plain-1.0.dist-info/RECORD": "plain-1.0.dist-info/METADATA,,\nplain-1.0.dist-info/RECORD,,\n",
            "child-0.5.dist-info/METADATA": METADATA.replace("plain", "child").replace("1.0", "0.5"),
            "child-0.5.dist-info/RECORD": "child-0.5.dist-info/METADATA,,\nchild-0.5.dist-info/RECORD,,\n",
            "child-0.1.dist-info/METADATA": METADATA.replace("plain", "child").replace("1.0", "0.1"),
        },
    )
    twins.check("plain")
    twins.check("plain==2.0")


def test_a_version_that_is_none(twins: Twins) -> None:
    lay_out(
        twins,
        {
            "plain-oops.dist-info/METADATA": METADATA.replace("1.0", "oops"),
            "plain-oops.dist-info/RECORD": "",
        },
    )
    pair = twins.check("plain", Wanted.ERRORS_ARE_ERRORS, code=1)
    assert "To proceed this package must be uninstalled" in pair.ours.outcome.stderr
