"""Projects as source trees, with a build backend of their own beside them (`backend-path`): no network, no setuptools.

The backend reads `project.json` of the tree, makes wheels of the files below `src`, and does what its options say:
fail in a hook, ask for requirements, leave hooks out, name a wrong file.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.support.wheel_builder import Content, build_sdist

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ALL_HOOKS = (
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_wheel",
    "build_wheel",
    "get_requires_for_build_editable",
    "prepare_metadata_for_build_editable",
    "build_editable",
)
PLAIN_HOOKS = ALL_HOOKS[:3]

BACKEND = r"""
import base64, hashlib, json, os, subprocess, sys, zipfile

with open("project.json", encoding="utf-8") as reading:
    project = json.load(reading)
stem = project["name"].replace("-", "_").replace(".", "_") + "-" + project["version"]


def begin(hook):
    print("hook", hook, flush=True)
    if project["sleeps_in"] == hook:
        import time

        with open("sleeping", "w") as writing:
            writing.write(str(os.getpid()))
        time.sleep(60)
    if project["meets"] and project["meets"][0] == hook:
        _, mine, other = project["meets"]
        open(mine, "w").close()
        for _ in range(200):
            if os.path.exists(other):
                break
            __import__("time").sleep(0.05)
        else:
            raise SystemExit("nobody is built beside this")
    if project["fails_in"] == hook:
        print("the reason is https://user:secret@example.org/", flush=True)
        raise SystemExit(project["exit_code"])


def metadata():
    lines = ["Metadata-Version: 2.1", "Name: " + project["name"], "Version: " + project["version"]]
    return "\n".join(lines + ["Requires-Dist: " + each for each in project["requires"]]) + "\n"


def write_metadata(directory):
    os.makedirs(os.path.join(directory, stem + ".dist-info"))
    with open(os.path.join(directory, stem + ".dist-info", "METADATA"), "w", encoding="utf-8") as writing:
        writing.write(metadata())
    return stem + ".dist-info"


def write_wheel(directory, files):
    info = stem + ".dist-info/"
    members = {**files, info + "METADATA": metadata()}
    members[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if project["scripts"]:
        members[info + "entry_points.txt"] = "[console_scripts]\n" + "\n".join(project["scripts"]) + "\n"
    rows = []
    for name, text in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append("%s,sha256=%s,%d" % (name, digest, len(text.encode())))
    members[info + "RECORD"] = "\n".join(rows + [info + "RECORD,,"]) + "\n"
    filename = (project["wheel_stem"] or stem) + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, filename), "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 2, 2, 0, 0, 0)), text)
    return filename


def get_requires_for_build_wheel(config_settings=None):
    begin("get_requires_for_build_wheel")
    return project["dynamic_requires"]


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    begin("prepare_metadata_for_build_wheel")
    return write_metadata(metadata_directory)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    begin("build_wheel")
    for name in project["imports"]:
        __import__(name)
    for program in project["programs"]:
        subprocess.run([program], check=True)
    files = {}
    for place, _, names in sorted(os.walk("src")):
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, encoding="utf-8") as reading:
                files[os.path.relpath(path, "src").replace(os.sep, "/")] = reading.read()
    if config_settings:
        files["settings.json"] = json.dumps(config_settings, sort_keys=True)
    return write_wheel(wheel_directory, files)


def get_requires_for_build_editable(config_settings=None):
    begin("get_requires_for_build_editable")
    return project["dynamic_requires"]


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    begin("prepare_metadata_for_build_editable")
    return write_metadata(metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    begin("build_editable")
    return write_wheel(wheel_directory, {"__editable__." + stem + ".pth": os.path.abspath("src") + "\n"})


for hook in project["left_out"]:
    del globals()[hook]
"""


def source_tree(
    name: str,
    version: str = "1.0",
    *,
    requires: Sequence[str] = (),
    build_requires: Sequence[str] = (),
    dynamic_requires: Sequence[str] = (),
    imports: Sequence[str] = (),
    programs: Sequence[str] = (),
    scripts: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    hooks: Sequence[str] = ALL_HOOKS,
    fails_in: str = "",
    exit_code: int = 3,
    sleeps_in: str = "",
    meets: tuple[str, str, str] | None = None,
    wheel_stem: str = "",
    pyproject: str | None = None,
) -> dict[str, Content]:
    """Return the files of a project.

    ``imports`` are modules that must be importable while the wheel is built, ``programs`` must run then. ``files`` are
    those below `src`. ``meets`` is a hook, a file that it makes, and one that it waits for.
    ``pyproject`` is the whole `pyproject.toml` instead of the right one.
    """
    module = name.replace("-", "_").replace(".", "_").lower()
    if pyproject is None:
        pyproject = (
            f"[build-system]\nrequires = {json.dumps(list(build_requires))}\n"
            'build-backend = "tiny_backend"\nbackend-path = ["backend"]\n'
        )
    project = {
        "name": name,
        "version": version,
        "requires": list(requires),
        "dynamic_requires": list(dynamic_requires),
        "imports": list(imports),
        "scripts": list(scripts),
        "left_out": [hook for hook in ALL_HOOKS if hook not in hooks],
        "fails_in": fails_in,
        "exit_code": exit_code,
        "sleeps_in": sleeps_in,
        "meets": meets,
        "programs": list(programs),
        "wheel_stem": wheel_stem,
    }
    if files is None:
        files = {f"{module}/__init__.py": f'version = "{version}"\n\n\ndef main(): print("{name} {version}")\n'}
    return {
        "pyproject.toml": pyproject,
        "project.json": json.dumps(project, indent=1),
        "backend/tiny_backend.py": BACKEND,
        **{f"src/{path}": content for path, content in files.items()},
    }


def write_tree(directory: Path, tree: Mapping[str, Content]) -> Path:
    """Write the files of ``tree`` below ``directory``, and return that."""
    for name, content in tree.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return directory


def sdist_of(
    name: str, version: str = "1.0", *, static: bool = False, archive: str = "tar.gz", **options: object
) -> tuple[str, bytes]:
    """Return file name and bytes of the sdist of a `source_tree`; ``static`` says that PKG-INFO can be relied on."""
    tree = source_tree(name, version, **options)  # type: ignore[arg-type]  # checked where it is called
    requires = options.get("requires", ())
    assert isinstance(requires, tuple | list)
    return build_sdist(
        name,
        version,
        files={path: content for path, content in tree.items() if path != "pyproject.toml"},
        pyproject=tree["pyproject.toml"],
        requires=requires,
        dynamic=() if static else ("Requires-Dist",),
        archive=archive,
    )


def git(directory: Path, *arguments: str) -> str:
    """Run git in ``directory``, with an identity and without anybody's configuration; return what it prints."""
    environ = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_AUTHOR_DATE": "2020-02-02T00:00:00Z",
        "GIT_COMMITTER_DATE": "2020-02-02T00:00:00Z",
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", *arguments],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def make_repository(directory: Path, tree: Mapping[str, Content]) -> str:
    """Make a git repository of ``tree`` with one commit on `main`; return the commit's id."""
    directory.mkdir(parents=True, exist_ok=True)
    write_tree(directory, tree)
    git(directory, "init", "--quiet")
    return commit_all(directory, "first")


def commit_all(directory: Path, message: str) -> str:
    """Commit everything; return the commit's id."""
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", message)
    return git(directory, "rev-parse", "HEAD")
