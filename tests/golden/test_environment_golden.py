"""Schemes, wheel tags and installed distributions: pip's own functions, run in a child, beside ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asyncpip.environment.destination import choose_destination
from asyncpip.environment.installed import InstalledDistributions
from asyncpip.environment.markers import target_with_selection
from asyncpip.environment.tags import parse_python_version
from asyncpip.environment.target import TargetSelection, find_target
from tests.component.environment.conftest import make_venv

pytestmark = pytest.mark.golden

PIP_SIDE = """
import json, sys
from pip._internal.locations import get_scheme
from pip._internal.metadata import get_default_environment
from pip._internal.utils.compatibility_tags import get_supported
question = json.load(sys.stdin)
def scheme(**options):
    found = get_scheme("", **options)
    return {key: getattr(found, key) for key in ("purelib", "platlib", "scripts", "data", "headers")}
installed = get_default_environment().iter_installed_distributions(local_only=False)
print(json.dumps({
    "schemes": [scheme(**options) for options in question["schemes"]],
    "tags": [list(map(str, get_supported(**options))) for options in question["tags"]],
    "installed": sorted(
        [d.canonical_name, str(d.version), d.info_location, d.local, d.in_usersite] for d in installed
    ),
}))
"""
SCHEMES: list[dict[str, Any]] = [
    {},
    {"prefix": "/somewhere/else"},
    {"home": "/somewhere/else"},
    {"user": True},
    {"root": "/image"},
]
SELECTIONS: list[dict[str, Any]] = [
    {},
    {"platforms": ["manylinux2014_x86_64"]},
    {"platforms": ["manylinux2014_aarch64", "linux_aarch64"]},
    {"platforms": ["manylinux2010_i686"]},
    {"platforms": ["macosx_11_0_arm64"]},
    {"platforms": ["macosx_10_9_universal2"]},
    {"platforms": ["win_amd64"], "version": "312"},
    {"version": "37"},
    {"version": "3"},
    {"version": "27", "impl": "cp"},
    {"impl": "py"},
    {"impl": "pp", "version": "39", "abis": ["pypy39_pp73"]},
    {"platforms": ["win_amd64"], "version": "313", "abis": ["cp313t"]},
    {"abis": ["none"]},
    {"version": "310", "abis": ["cp310", "abi3"], "platforms": ["manylinux1_x86_64"]},
]


def pip_directory() -> str:
    import pip  # noqa: PLC0415 - only its place is wanted

    return str(Path(pip.__file__).parents[1])


def ask_pip(interpreter: str) -> dict[str, Any]:
    child = subprocess.run(
        [interpreter, "-c", PIP_SIDE],
        input=json.dumps({"schemes": SCHEMES, "tags": SELECTIONS}).encode(),
        capture_output=True,
        env=environ(),
        check=True,
    )
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


def environ() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    return kept | {"PYTHONPATH": pip_directory(), "PIP_CONFIG_FILE": os.devnull}


def our_scheme(chosen: TargetSelection, options: dict[str, Any]) -> dict[str, str]:
    """Return what we make of pip's options; without the move to the top that ends `--target`."""
    if "home" in options:
        template, base = chosen.templates.home, options["home"]
        return {
            key: getattr(template, key).replace("{base}", base)
            for key in ("purelib", "platlib", "scripts", "data", "headers")
        }
    scheme = choose_destination(
        target=chosen.target,
        templates=chosen.templates,
        user=options.get("user", False),
        prefix=options.get("prefix"),
        root=options.get("root"),
    ).scheme
    return {key: getattr(scheme, key) for key in ("purelib", "platlib", "scripts", "data", "headers")}


def interpreters() -> list[str]:
    """Return one base interpreter and those that distributors patch, where they are recent enough for pip."""
    base = str(Path(sys.base_prefix) / "bin" / "python3")
    found = [base, "/usr/bin/python3"]
    return [path for path in dict.fromkeys(found) if Path(path).exists() and _runs_pip(path)]


def _runs_pip(interpreter: str) -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 10))"
    return subprocess.run([interpreter, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kind", [*interpreters(), "venv", "venv --system-site-packages"])
def test_environment_is_the_one_that_pip_sees(kind: str, tmp_path: Path) -> None:
    interpreter = kind
    if kind.startswith("venv"):
        interpreter = str(make_venv(tmp_path / "venv", *kind.split()[1:]) / "bin" / "python")
    theirs = ask_pip(interpreter)
    chosen = find_target(python=interpreter, environ=environ(), records=None)
    for options, scheme in zip(SCHEMES, theirs["schemes"], strict=True):
        if options.get("user") and not chosen.target.user_site_enabled:
            continue
        # Without a project's name pip appends UNKNOWN outside of virtual environments.
        scheme["headers"] = scheme["headers"].rstrip("/").removesuffix("/UNKNOWN")
        assert our_scheme(chosen, options) == scheme, options
    for selection, tags in zip(SELECTIONS, theirs["tags"], strict=True):
        version = selection.get("version")
        foreign = target_with_selection(
            chosen.target,
            platforms=selection.get("platforms", ()),
            python_version=parse_python_version(version) if version else None,
            implementation=selection.get("impl"),
            abis=selection.get("abis", ()),
        )
        assert list(foreign.tags) == list(dict.fromkeys(tags)), selection
    installed = InstalledDistributions.scan(chosen.target.sys_path, chosen.target)
    ours = sorted(
        [item.name, str(item.version), item.info_path, item.is_local, item.in_user_site] for item in installed.values()
    )
    assert ours == theirs["installed"]
    assert ours
