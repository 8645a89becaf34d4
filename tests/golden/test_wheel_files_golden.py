"""The files that pip makes of a wheel, and takes away again, compared with what our rules say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest
from packaging.version import Version

from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.metadata_json import metadata_to_json
from asyncpip.core.names import normalize_name
from asyncpip.core.target import SchemePaths, TargetEnvironment
from asyncpip.install.bytecode import compile_files
from asyncpip.install.scripts import console_script_variants, fix_shebang, wrapper_script
from asyncpip.install.uninstaller import paths_to_remove
from asyncpip.install.wheel import WheelLayout, read_layout
from tests.support.environments import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.golden,
    pytest.mark.skipif(os.name == "nt", reason="wrappers are launcher programs there"),
]

INFO = "Foo_Bar-1.0.dist-info"
DATA = "Foo_Bar-1.0.data"
FILENAME = "foo_bar-1.0-py3-none-any.whl"
METADATA = """\
Metadata-Version: 2.1
Name: Foo_Bar
Version: 1.0
Summary: Größe
Keywords: one two
License: Of several
        lines
Requires-Dist: nothing ; extra == "x"
Provides-Extra: x

# Read me
"""
ENTRY_POINTS = """\
[console_scripts]
tool = foo_bar:main
Tool2=foo_bar:App.run [x]
pip = foo_bar:main
pip3.9 = foo_bar:main
[gui_scripts]
g = foo_bar.sub.deep:main
"""
MEMBERS = {
    "foo_bar/__init__.py": "def main(): pass\nclass App:\n    run = staticmethod(main)\n",
    "foo_bar/sub/deep.py": "x = 1\n",
    "foo_bar/broken.py": "def (:\n",
    "foo_bar/forgotten.txt": "x",
    "foo_bar/a,b.txt": "x",
    'foo_bar/q"q.txt': "x",
    "foo_bar/é.txt": "x",
    "foo_bar-and.py": "",
    f"{DATA}/scripts/script": "#!python -E\nprint(1)\n",
    f"{DATA}/scripts/shell": "#!/bin/sh\n",
    f"{DATA}/scripts/tool": "#!python\n",
    f"{DATA}/data/share/foo/x.txt": "x",
    f"{DATA}/headers/h.h": "h",
    f"{DATA}/platlib/plat.py": "1\n",
    f"{INFO}/METADATA": METADATA,
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{INFO}/entry_points.txt": ENTRY_POINTS,
    f"{INFO}/RECORD.jws": "{}",
    f"{INFO}/RECORD": 'foo_bar/__init__.py,sha256=abc,12\r\n"foo_bar/a,b.txt",,\r\n'
    f"{DATA}/scripts/script,sha256=x,3\r\n{DATA}/scripts/tool,sha256=x,3\r\n{DATA}/platlib/plat.py,sha256=x,3\r\n"
    f"ghost.py,sha256=g,1\r\n{INFO}/RECORD,,\r\n",
}


class Installed(NamedTuple):
    env: Path
    site: Path
    layout: WheelLayout
    report: dict[str, object]

    def files(self) -> set[str]:
        return {os.path.join(folder, name) for folder, _, names in os.walk(self.env) for name in names}

    def scheme(self) -> SchemePaths:
        headers = self.env / "include" / "site" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        return SchemePaths(
            purelib=str(self.site),
            platlib=str(self.site),
            scripts=str(self.env / "bin"),
            data=str(self.env),
            headers=str(headers),
        )


def run_pip(env: Path, *arguments: str) -> None:
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "PYTHON")) and name != "SOURCE_DATE_EPOCH"
    }
    command = [sys.executable, "-m", "pip", "--python", str(env / "bin" / "python"), *arguments]
    variables["PIP_CONFIG_FILE"] = os.devnull
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("golden").resolve()
    wheel, env, report = folder / FILENAME, folder / "env", folder / "report.json"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True, capture_output=True)
    run_pip(env, "install", "--no-index", "--no-deps", "--report", str(report), str(wheel))
    (site,) = env.glob("lib/python*/site-packages")
    layout = read_layout(FILENAME, list(MEMBERS), lambda name: MEMBERS[name].encode())
    return Installed(env, site, layout, json.loads(report.read_text()))


def expected_scripts(installed: Installed) -> dict[str, bytes]:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    python = str(installed.env / "bin" / "python")
    scripts = console_script_variants(installed.layout.console_scripts, version) + list(installed.layout.gui_scripts)
    return {name: wrapper_script(name, module, attribute, python) for name, module, attribute in scripts}


def test_scripts(installed: Installed) -> None:
    made = expected_scripts(installed)
    assert {name: (installed.env / "bin" / name).read_bytes() for name in made} == made
    script = fix_shebang(MEMBERS[f"{DATA}/scripts/script"].encode(), str(installed.env / "bin" / "python"))
    assert (installed.env / "bin" / "script").read_bytes() == script
    ours = {*made, "script", "shell"}
    others = {name for name in os.listdir(installed.env / "bin") if not name.lower().startswith(("activate", "python"))}
    assert others == ours


@pytest.mark.parametrize("folder", ["with blank", "x" * 120])
def test_scripts_of_awkward_interpreters(tmp_path: Path, installed: Installed, folder: str) -> None:
    env = tmp_path.resolve() / folder
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True, capture_output=True)
    run_pip(env, "install", "--no-index", "--no-deps", "--no-compile", str(installed.env.parent / FILENAME))
    made = wrapper_script("tool", "foo_bar", "main", str(env / "bin" / "python"))
    assert (env / "bin" / "tool").read_bytes() == made
    assert subprocess.run([env / "bin" / "tool"], check=True, capture_output=True).stdout == b""


def test_record(installed: Installed, tmp_path: Path) -> None:
    """Our RECORD of the same wheel, line for line, line ends included."""
    env = tmp_path.resolve() / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True, capture_output=True)
    wheel = str(installed.env.parent / FILENAME)
    done = subprocess.run(
        [sys.executable, "-m", "asyncpip", "install", "--compile", "--no-cache-dir", "--no-index", wheel,
         "--python", str(env)],
        check=False, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = (installed.site / INFO / "RECORD").read_bytes().decode().splitlines(keepends=True)
    ours = (env / installed.site.relative_to(installed.env) / INFO / "RECORD").read_bytes().decode()
    expected = [
        # pip names the directory of headers as the requirement is spelled; here the wheel itself decides.
        named_only(line.replace("/foo-bar/h.h", "/Foo_Bar/h.h"))
        for line in theirs
        if not line.startswith(f"{DATA}/")  # a script that an entry point replaces: pip keeps its row, and no file
    ]
    assert [named_only(line) for line in ours.splitlines(keepends=True)] == expected


def named_only(line: str) -> str:
    """Return a line of RECORD; without digest and size where the content is the installer's, or names a directory."""
    path, digest, size = line.rsplit(",", 2)
    varies = path == f"{INFO}/INSTALLER" or (path.startswith("../../../bin/") and path != "../../../bin/shell")
    return f"{path},," if varies else f"{path},{digest},{size}"


def test_bytecode(installed: Installed) -> None:
    sources = sorted(str(path) for path in (installed.site / "foo_bar").rglob("*.py"))
    made = {path: path.read_bytes() for path in (installed.site / "foo_bar").rglob("*.pyc")}
    result = compile_files(sys.executable, sources, jobs=2)
    assert {str(path) for path in made} == set(result.made)
    assert {path: path.read_bytes() for path in made} == made
    assert result.failed == (str(installed.site / "foo_bar" / "broken.py"),)


def test_report_metadata(installed: Installed) -> None:
    (entry,) = installed.report["install"] if isinstance(installed.report["install"], list) else (None,)
    assert isinstance(entry, dict)
    assert metadata_to_json(METADATA.encode()) == entry["metadata"]


def test_uninstall(installed: Installed) -> None:
    distribution = InstalledDistribution(
        name=normalize_name("foo-bar"),
        raw_name="Foo_Bar",
        version=Version("1.0"),
        location=str(installed.site),
        info_path=str(installed.site / INFO),
        requires_dist=(),
        requires_python=None,
        provides_extra=(),
    )
    target = TargetEnvironment(
        executable=str(installed.env / "bin" / "python"),
        python_full_version="3.11.7",
        implementation="cpython",
        cache_tag=sys.implementation.cache_tag,
        markers={},
        tags=(),
        scheme=installed.scheme(),
        prefix=str(installed.env),
        base_prefix=sys.base_prefix,
        stdlib=os.path.dirname(os.__file__),
        sys_path=(str(installed.site),),
        user_scheme=None,
        user_site_enabled=False,
    )
    before, folders = installed.files(), {folder for folder, _, _ in os.walk(installed.env)}
    plan = paths_to_remove(distribution, target)
    run_pip(installed.env, "uninstall", "-y", "foo-bar")
    assert set(plan.files) == before - installed.files()
    gone = folders - {folder for folder, _, _ in os.walk(installed.env)}
    assert set(plan.directories_to_prune) == gone - {str(installed.site)}  # pip takes an empty site-packages, too
