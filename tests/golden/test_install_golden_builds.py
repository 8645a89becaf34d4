"""`install` of sources through pip and through asyncpip: project directories, sdists, editables, archives by path."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.support.source_tree import PLAIN_HOOKS, sdist_of, source_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.golden.twins import Twins
    from tests.support.wheel_builder import Content

pytestmark = pytest.mark.golden


def below(directory: str, tree: Mapping[str, Content]) -> dict[str, Content]:
    return {f"{directory}/{path}": content for path, content in tree.items()}


def test_project_directories(twins: Twins) -> None:
    twins.write(below("proj", source_tree("My.Proj", "1.0", requires=["plain"], scripts=["my = my_proj:main"])))
    twins.check("./proj")
    twins.check("./proj")
    assert twins.pip("freeze")[0] == twins.pip("freeze")[1]
    twins.check("'my.proj @ file://{work}/proj' --force-reinstall --no-deps")
    twins.check("./proj[nothing] --no-deps --force-reinstall")
    twins.check("--dry-run ./proj --force-reinstall --no-deps")


def test_archives_by_path_and_url(twins: Twins) -> None:
    for kind in ("tar.gz", "zip"):
        filename, content = sdist_of("packed", "1.5", requires=["extra-dep"], archive=kind)
        twins.write({filename: content})
        twins.server.add(filename, content)
        twins.check(f"./{filename} --force-reinstall")
        twins.check(f"{{files}}/{filename} --force-reinstall --no-deps")
        twins.check(f"'packed @ {{files}}/{filename}' --force-reinstall --no-deps")


def test_sdists_from_an_index(twins: Twins) -> None:
    name = "sourced"
    twins.server.add(*sdist_of(name, "1.0", requires=["plain<2"]))
    twins.server.add(*sdist_of(name, "2.0", static=True, requires=["plain"], build_requires=["extra-dep"]))
    twins.server.add_wheel(name, "1.5", requires=["child"])
    twins.check(name)
    twins.check(f"--only-binary :all: {name} --force-reinstall")
    twins.check(f"{name}<1.5 --force-reinstall")
    twins.check(f"--prefer-binary {name} --force-reinstall")
    twins.check(f"--no-binary {name} {name}==1.5 --force-reinstall", code=1)


def test_editables(twins: Twins) -> None:
    twins.write(below("proj", source_tree("editable-proj", "1.0", requires=["plain"])))
    twins.write(below("old", source_tree("old-proj", "1.0", hooks=PLAIN_HOOKS)))
    twins.check("-e ./proj")
    assert twins.pip("freeze")[0] == twins.pip("freeze")[1]
    twins.check("-e ./proj --no-deps")
    twins.check("./proj --no-deps")
    twins.check("-e ./old", code=1)


def test_what_builds_require(twins: Twins) -> None:
    twins.write(below("one", source_tree("one", build_requires=["tools==1.0"], imports=["tools", "tools_flat"])))
    twins.write(below("two", source_tree("two", dynamic_requires=["child>=1"], imports=["child", "plain"])))
    twins.write(below("three", source_tree("three", build_requires=["plain==1.0"], dynamic_requires=["plain==2.0"])))
    twins.write(below("four", source_tree("four", build_requires=["no-such-thing"])))
    twins.write({"constraints.txt": "tools==2.0\n", "good.txt": "plain==1.0\n"})
    twins.check("./one ./two")
    twins.check("./three", Wanted.STOPS_EARLIER, code=1)
    twins.check("./four", Wanted.STOPS_EARLIER, code=1)
    twins.check("--build-constraint constraints.txt ./one --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check("--build-constraint good.txt ./two --force-reinstall")
    twins.check("--no-build-isolation ./two --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check("plain child")
    twins.check("--no-build-isolation --check-build-dependencies ./two --force-reinstall")
    twins.check("--no-build-isolation --check-build-dependencies ./one --force-reinstall", Wanted.STOPS_EARLIER, code=1)


def test_config_settings(twins: Twins) -> None:
    twins.write(below("proj", source_tree("configured")))
    twins.write({"r.txt": "./proj --config-settings=a=1 -C b=2\n"})
    twins.check("-C x=1 -C x=2 --config-settings=--global-option=--quiet ./proj")
    twins.check("-r r.txt --force-reinstall")


def test_what_cannot_be_built(twins: Twins) -> None:
    for hook in ("get_requires_for_build_wheel", "prepare_metadata_for_build_wheel", "build_wheel"):
        twins.write(below(hook, source_tree("failing", fails_in=hook)))
        wanted = [Wanted.ERRORS_ARE_ERRORS] if hook == "prepare_metadata_for_build_wheel" else []
        twins.check(f"./{hook}", Wanted.STOPS_EARLIER, *wanted, code=1)
    twins.write(below("wrong-name", source_tree("right", wheel_stem="wrong-1.0")))
    twins.check("./wrong-name", Wanted.STOPS_EARLIER, Wanted.WRONG_WHEELS_ARE_ERRORS, code=1)
    twins.write({"empty/x.txt": "", "no-requires/pyproject.toml": "[build-system]\n"})
    twins.write({"bad-requires/pyproject.toml": "[build-system]\nrequires = 'x'\n"})
    twins.write({"bad-toml/pyproject.toml": "[build-system\n"})
    no_backend = '[build-system]\nrequires = []\nbuild-backend = "no_such_backend"\n'
    twins.write(below("no-backend", source_tree("no-backend", pyproject=no_backend)))
    twins.check("./empty", code=1)
    for directory in ("no-requires", "bad-requires"):
        twins.check(f"./{directory}", Wanted.STOPS_EARLIER, Wanted.ERRORS_ARE_ERRORS, code=1)
    twins.check("./no-backend", Wanted.STOPS_EARLIER, code=1)
    twins.check("./bad-toml", Wanted.NO_TRACEBACK, Wanted.STOPS_EARLIER, code=1)


def test_hashes_of_sources(twins: Twins) -> None:
    filename, content = sdist_of("hashed", "1.0", requires=["plain"])
    twins.server.add(filename, content)
    digest = hashlib.sha256(content).hexdigest()
    twins.write({filename: content})
    twins.write(
        {"good.txt": f"hashed==1.0 --hash=sha256:{digest}\n", "bad.txt": f"hashed==1.0 --hash=sha256:{'0' * 64}\n"}
    )
    twins.write(below("proj", source_tree("proj")))
    twins.check("-r good.txt --no-deps")
    twins.check("-r good.txt --no-deps --force-reinstall")
    twins.check("-r bad.txt --no-deps --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check(f"file://{{work}}/{filename}#sha256={digest} --no-deps --force-reinstall")
    twins.check(
        f"file://{{work}}/{filename}#sha256={'0' * 64} --no-deps --force-reinstall", Wanted.STOPS_EARLIER, code=1
    )
    twins.check("--require-hashes ./proj", Wanted.STOPS_EARLIER, code=1)
    twins.check("--require-hashes -e ./proj", code=1)


def test_sources_in_lock_files(twins: Twins) -> None:
    filename, content = sdist_of("locked", "1.0")
    twins.server.add(filename, content)
    digest = hashlib.sha256(content).hexdigest()
    twins.write(below("proj", source_tree("proj")))
    twins.write(below("edit", source_tree("edit")))
    sdist = f'{{url = "{{files}}/{filename}", hashes = {{sha256 = "{digest}"}}}}'
    lock = 'lock-version = "1.0"\ncreated-by = "tests"\n[[packages]]\nname = "{}"\n{}'
    twins.write({"pylock.a.toml": lock.format("locked", f'version = "1.0"\nsdist = {sdist}\n')})
    twins.write({"pylock.b.toml": lock.format("locked", f"archive = {sdist}\n")})
    twins.write({"pylock.c.toml": lock.format("proj", 'directory = {path = "proj"}\n')})
    twins.write({"pylock.d.toml": lock.format("edit", 'directory = {path = "edit", editable = true}\n')})
    for letter in "abd":
        twins.check(f"-r pylock.{letter}.toml --force-reinstall", Wanted.LOCK_FILES_ARE_NO_EXPERIMENT)
    twins.check("-r pylock.c.toml", Wanted.LOCK_FILES_ARE_NO_EXPERIMENT, Wanted.LOCKED_DIRECTORIES)
