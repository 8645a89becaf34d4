"""What belongs to an installed distribution, looked up on a real disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from asyncpip.core.distributions import InstalledDistribution
from asyncpip.core.names import normalize_name
from asyncpip.core.target import SchemePaths, TargetEnvironment
from asyncpip.core.values import replace
from asyncpip.errors import InstallError
from asyncpip.install.pth_lines import without_pth_entry
from asyncpip.install.removal_plan import PthEdit, RemovalPlan
from asyncpip.install.uninstaller import paths_to_remove

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def target(env: Path, *, virtual: bool = True) -> TargetEnvironment:
    site = str(env / "lib/site")
    return TargetEnvironment(
        executable=str(env / "bin/python"),
        python_full_version="3.11.7",
        implementation="cpython",
        cache_tag="cpython-311",
        markers={},
        tags=(),
        scheme=SchemePaths(
            purelib=site, platlib=site, scripts=str(env / "bin"), data=str(env), headers=str(env / "include")
        ),
        prefix=str(env),
        base_prefix="/usr" if virtual else str(env),
        stdlib=str(env / "lib/python3"),
        sys_path=(str(env / "lib/python3"), site),
        user_scheme=None,
        user_site_enabled=False,
    )


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def dist(info: Path, *, location: Path | None = None, local: bool = True) -> InstalledDistribution:
    return InstalledDistribution(
        name=normalize_name("Foo_Bar"),
        raw_name="Foo_Bar",
        version=Version("1.0"),
        location=str(location or info.parent),
        info_path=str(info),
        requires_dist=(),
        requires_python=None,
        provides_extra=(),
        is_local=local,
    )


def inside(env: Path, paths: tuple[str, ...]) -> list[str]:
    return [os.path.relpath(path, env).replace(os.sep, "/") for path in paths]


def install(env: Path, record: str, files: Mapping[str, str]) -> InstalledDistribution:
    info = env / "lib/site/foo_bar-1.0.dist-info"
    write(info, {"RECORD": record, "METADATA": "", "INSTALLER": "pip\n"})
    write(env / "lib/site", files)
    return dist(info)


INFO_ROWS = "".join(f"foo_bar-1.0.dist-info/{name},,\r\n" for name in ("RECORD", "METADATA", "INSTALLER"))
INFO_FILES = [f"lib/site/foo_bar-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD")]


def test_files_of_record_with_their_bytecode(env: Path) -> None:
    found = install(
        env,
        INFO_ROWS + "foo/__init__.py,,\r\nfoo/sub/a.py,,\r\nfoo/gone.py,,\r\n../../share/doc/foo/x,,\r\n",
        {
            "foo/__init__.py": "",
            "foo/__pycache__/__init__.cpython-311.pyc": "",
            "foo/__pycache__/__init__.cpython-312.opt-1.pyc": "",
            "foo/__pycache__/gone.cpython-311.pyc": "",
            "foo/sub/a.py": "",
            "foo/sub/a.pyc": "",
            "foo/sub/a.pyo": "",
            "foo/sub/a.txt": "mine",
            "foo/empty/deep/x": "",
            "../../share/doc/foo/x": "",
        },
    )
    (env / "lib/site/foo/empty/deep/x").unlink()
    plan = paths_to_remove(found, target(env))
    assert inside(env, plan.files) == sorted(
        [
            *INFO_FILES,
            "lib/site/foo/__init__.py",
            "lib/site/foo/__pycache__/__init__.cpython-311.pyc",
            "lib/site/foo/__pycache__/__init__.cpython-312.opt-1.pyc",
            "lib/site/foo/__pycache__/gone.cpython-311.pyc",
            "lib/site/foo/sub/a.py",
            "lib/site/foo/sub/a.pyc",
            "lib/site/foo/sub/a.pyo",
            "share/doc/foo/x",
        ]
    )
    assert inside(env, plan.directories_to_prune) == [
        "lib/site/foo/__pycache__",
        "lib/site/foo_bar-1.0.dist-info",
        "share/doc/foo",
        "share/doc",
    ]
    assert plan.refused == ()


def test_directories_that_end_up_empty_go_at_any_depth(env: Path) -> None:
    found = install(env, INFO_ROWS + "ns/foo/a.py,,\n", {"ns/foo/a.py": "", "ns/other/b.py": "", "ns/foo/tmp/y/z": ""})
    (env / "lib/site/ns/foo/tmp/y/z").unlink()
    (env / "lib/site/ns/other/hollow").mkdir()
    assert inside(env, paths_to_remove(found, target(env)).directories_to_prune) == [
        "lib/site/ns/foo/tmp/y",
        "lib/site/ns/foo/tmp",
        "lib/site/ns/foo",
        "lib/site/foo_bar-1.0.dist-info",
    ]


def test_bytecode_of_other_sources_stays(env: Path) -> None:
    found = install(
        env, "a.py,,\n", {"a.py": "", "__pycache__/a.b.cpython-311.pyc": "", "__pycache__/ab.cpython-311.pyc": ""}
    )
    assert inside(env, paths_to_remove(found, target(env)).files) == ["lib/site/a.py"]


def test_nothing_outside_of_a_virtual_environment(env: Path, tmp_path: Path) -> None:
    write(tmp_path, {"env2/x": "", "y": ""})
    found = install(env, f"../../../env2/x,,\n{tmp_path / 'y'},,\na.py,,\n", {"a.py": ""})
    plan = paths_to_remove(found, target(env))
    assert inside(env, plan.files) == ["lib/site/a.py"]
    assert inside(env, plan.refused) == ["../env2/x", "../y"]
    everywhere = paths_to_remove(found, target(env, virtual=False))
    assert inside(env, everywhere.files) == ["lib/site/a.py", "../env2/x", "../y"]
    below = paths_to_remove(found, target(env, virtual=False), only_below=str(env / "lib"))
    assert inside(env, below.files) == ["lib/site/a.py"]


def test_links_go_and_what_they_lead_to_stays(env: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside/f": ""})
    found = install(env, "link,,\ndangling,,\ndir/f,,\nfolder,,\n", {"folder/x": ""})
    (env / "lib/site/link").symlink_to(tmp_path / "outside/f")
    (env / "lib/site/dangling").symlink_to("nowhere")
    (env / "lib/site/dir").symlink_to(tmp_path / "outside")
    plan = paths_to_remove(found, target(env))
    assert inside(env, plan.files) == ["lib/site/dangling", "lib/site/link"]
    assert inside(env, plan.refused) == ["../outside/f"]


def test_wrappers_of_entry_points(env: Path) -> None:
    found = install(env, INFO_ROWS, {"../../bin/foo": "", "../../bin/g": "", "../../bin/python": ""})
    write(
        env / "lib/site/foo_bar-1.0.dist-info", {"entry_points.txt": "[console_scripts]\nfoo=a:b\n[gui_scripts]\ng\n"}
    )
    assert inside(env, paths_to_remove(found, target(env)).files) == ["bin/foo", "bin/g", *INFO_FILES]


@pytest.mark.parametrize(
    ("installer", "hint"),
    [("conda\n", "installed by conda"), ("pip", "--ignore-installed --no-deps Foo_Bar==1.0"), (None, "--no-deps")],
)
def test_no_record(env: Path, installer: str | None, hint: str) -> None:
    info = env / "lib/site/foo_bar-1.0.dist-info"
    write(info, {"METADATA": ""} | ({"INSTALLER": installer} if installer else {}))
    with pytest.raises(InstallError, match=r"Cannot uninstall Foo_Bar 1\.0") as caught:
        paths_to_remove(dist(info), target(env))
    assert "no RECORD file was found for Foo_Bar" in (caught.value.why or "")
    assert hint in (caught.value.hint or "")


def test_places_that_are_never_touched(env: Path) -> None:
    info = env / "lib/site/foo_bar-1.0.dist-info"
    outside = paths_to_remove(dist(info, local=False), target(env))
    assert outside.is_empty
    assert outside.skipped == f"Not uninstalling foo-bar at {info.parent}, outside environment {env}"
    stdlib = paths_to_remove(dist(env / "lib/python3/foo_bar-1.0.dist-info"), target(env))
    assert stdlib.skipped is not None
    assert stdlib.skipped.endswith("as it is in the standard library.")


def test_distutils_is_refused(env: Path) -> None:
    write(env / "lib/site", {"Foo_Bar-1.0-py3.11.egg-info": ""})
    with pytest.raises(InstallError) as caught:
        paths_to_remove(dist(env / "lib/site/Foo_Bar-1.0-py3.11.egg-info"), target(env))
    assert "distutils installed project" in (caught.value.why or "")


def legacy(env: Path, files: Mapping[str, str]) -> RemovalPlan:
    info = env / "lib/site/Foo_Bar-1.0-py3.11.egg-info"
    write(info, {"PKG-INFO": ""})
    write(env / "lib/site", files)
    return paths_to_remove(dist(info), target(env))


def test_legacy_install_with_a_list_of_files(env: Path) -> None:
    info = "Foo_Bar-1.0-py3.11.egg-info"
    plan = legacy(
        env,
        {
            f"{info}/installed-files.txt": "../foo/a.py\n./\nPKG-INFO\n../../../bin/s\n",
            f"{info}/scripts/old": "",
            "foo/a.py": "",
            "../../bin/s": "",
            "../../bin/old": "",
        },
    )
    assert inside(env, plan.files) == [
        "bin/old",
        "bin/s",
        f"lib/site/{info}/PKG-INFO",
        f"lib/site/{info}/installed-files.txt",
        f"lib/site/{info}/scripts/old",
        "lib/site/foo/a.py",
    ]
    assert inside(env, plan.directories_to_prune) == [
        f"lib/site/{info}/scripts",
        f"lib/site/{info}",
        "lib/site/foo",
    ]


def test_legacy_install_with_top_level_names(env: Path) -> None:
    info = "Foo_Bar-1.0-py3.11.egg-info"
    plan = legacy(
        env,
        {
            f"{info}/top_level.txt": "foo\nmod\nns\n..\n\n",
            f"{info}/namespace_packages.txt": "ns\n",
            "foo/sub/a.py": "",
            "mod.py": "",
            "ns/x.py": "",
        },
    )
    assert [path for path in inside(env, plan.files) if info not in path] == [
        "lib/site/foo/sub/a.py",
        "lib/site/mod.py",
    ]
    assert "lib/site/foo" in inside(env, plan.directories_to_prune)


@pytest.mark.parametrize("zipped", [False, True])
def test_egg(env: Path, zipped: bool) -> None:
    egg = env / "lib/site/foo_bar-1.0-py3.11.egg"
    write(env / "lib/site", {egg.name: ""} if zipped else {f"{egg.name}/EGG-INFO/PKG-INFO": "", f"{egg.name}/a.py": ""})
    write(env / "lib/site", {"easy-install.pth": f"./{egg.name}\n./other.egg\n"})
    plan = paths_to_remove(dist(egg / "EGG-INFO", location=egg), target(env))
    assert plan.pth_edits == (PthEdit(path=str(env / "lib/site/easy-install.pth"), entry=f"./{egg.name}"),)
    names = [""] if zipped else ["/EGG-INFO/PKG-INFO", "/a.py"]
    assert inside(env, plan.files) == [f"lib/site/{egg.name}{name}" for name in names]
    assert inside(env, plan.directories_to_prune)[-1:] == ([] if zipped else [f"lib/site/{egg.name}"])


@pytest.mark.parametrize("link_name", ["Foo-Bar.egg-link", "Foo_Bar.egg-link"])
def test_develop_install(env: Path, tmp_path: Path, link_name: str) -> None:
    project = tmp_path.resolve() / "project"
    write(project, {"Foo_Bar.egg-info/PKG-INFO": "", "foo.py": ""})
    write(env / "lib/site", {link_name: f"{project}\n.", "easy-install.pth": f"{project}\n"})
    plan = paths_to_remove(dist(project / "Foo_Bar.egg-info", location=project), target(env))
    assert inside(env, plan.files) == [f"lib/site/{link_name}"]
    assert plan.pth_edits == (PthEdit(path=str(env / "lib/site/easy-install.pth"), entry=str(project)),)


def test_develop_install_of_another_project(env: Path, tmp_path: Path) -> None:
    write(tmp_path, {"project/Foo_Bar.egg-info/PKG-INFO": ""})
    write(env / "lib/site", {"Foo-Bar.egg-link": f"{tmp_path}/elsewhere\n."})
    with pytest.raises(InstallError) as caught:
        paths_to_remove(dist(tmp_path / "project/Foo_Bar.egg-info", location=tmp_path / "project"), target(env))
    assert "does not match installed location" in (caught.value.why or "")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\n./x\nb\n", b"a\nb\n"),
        (b"a\r\n./x\r\n", b"a\r\n"),
        (b"a\n./x", b"a\n"),
        (b"./x\n./x\n", b"./x\n"),
        (b"./xy\n", b"./xy\n"),
        (b"", b""),
    ],
)
def test_without_pth_entry(data: bytes, expected: bytes) -> None:
    assert without_pth_entry(data, "./x") == expected


def test_packages_in_a_directory_that_is_its_own_prefix(env: Path) -> None:
    flat = env / "lib/site"
    found = install(env, INFO_ROWS + "foo/a.py,,\n", {"foo/a.py": ""})
    scheme = SchemePaths(
        purelib=str(flat), platlib=str(flat), scripts=str(flat / "bin"), data=str(flat), headers=str(flat / "include")
    )
    plan = paths_to_remove(found, replace(target(env), scheme=scheme), only_below=str(flat))
    assert inside(env, plan.directories_to_prune) == ["lib/site/foo", "lib/site/foo_bar-1.0.dist-info"]
