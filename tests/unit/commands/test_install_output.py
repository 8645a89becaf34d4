"""pip's lines about an install."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from asyncpip.commands import install_output as output
from asyncpip.commands import shown_paths
from asyncpip.core import quantities
from asyncpip.core.names import Digest
from asyncpip.core.values import replace
from asyncpip.fetch.wheels import StoredWheel
from tests.support.memory_index import MemoryIndex, ask, installed, versions

if TYPE_CHECKING:
    from asyncpip.core.resolution import Resolution, Resolved
    from tests.support.memory_index import Index

INDEX: Index = {"Demo": {"1.0": ["leaf>=1"]}, "leaf": {"1.5": [], "2.0": []}, "demo-extra": {"1.0": []}}
CWD = os.sep + os.path.join("home", "me")


def resolved(*requirements: str, **fields: object) -> Resolution:
    return ask(MemoryIndex(INDEX), *requirements, **fields)


def decision(name: str, *requirements: str, **fields: object) -> Resolved:
    return next(each for each in resolved(*requirements, **fields).decisions if each.name == name)


def stored(*, from_store: bool) -> StoredWheel:
    return StoredWheel(digest=Digest("0" * 64), tree="/tree", from_store=from_store)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1000, "1000 bytes"),
        (1001, "1.0 kB"),
        (10_000, "10.0 kB"),
        (10_001, "10 kB"),
        (999_999, "999 kB"),
        (1_000_001, "1.0 MB"),
        (12_345_678, "12.3 MB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert quantities.format_size(size) == text


def test_paths() -> None:
    assert shown_paths.display_path(os.path.join(CWD, "env", "lib"), CWD) == os.path.join(".", "env", "lib")
    assert shown_paths.display_path(CWD + "-other", CWD) == CWD + "-other"
    assert shown_paths.display_path(os.path.join(CWD, "..", "you"), CWD) == os.path.join(os.path.dirname(CWD), "you")


def test_collecting() -> None:
    demo = decision("demo", "Demo<2")
    assert output.collecting_lines(demo, None, CWD) == ["Collecting Demo<2"]
    assert output.collecting_lines(demo, stored(from_store=True), CWD)[1] == "  Using cached demo-1.0-py3-none-any.whl"
    leaf = decision("leaf", "Demo<2")
    assert output.collecting_lines(leaf, None, CWD) == ["Collecting leaf>=1 (from Demo<2)"]


def test_sizes_and_secrets_of_collected_files() -> None:
    demo = decision("demo", "Demo")
    file = replace_file(demo, size=12_345_678)
    assert output.collecting_lines(file, stored(from_store=False), CWD)[1].endswith(
        "Downloading demo-1.0-py3-none-any.whl (12.3 MB)"
    )
    secret = replace(demo, requirement_text="demo @ https://user:secret@x.example/demo-1.0-py3-none-any.whl")
    assert "secret" not in output.collecting_lines(secret, None, CWD)[0]
    local = replace_file(demo, url="file:///home/me/sub/demo-1.0-py3-none-any.whl")
    assert output.collecting_lines(local, None, CWD) == ["Processing ./sub/demo-1.0-py3-none-any.whl"]


def replace_file(resolved: Resolved, **fields: object) -> Resolved:
    import msgspec  # noqa: PLC0415 - this function alone

    from asyncpip.core.candidates import Candidate  # noqa: PLC0415 - as above

    assert isinstance(resolved.choice, Candidate)
    file = msgspec.structs.replace(resolved.choice.file, filename="demo-1.0-py3-none-any.whl", **fields)
    return replace(resolved, choice=replace(resolved.choice, file=file))


def test_already_satisfied() -> None:
    here = installed(("Demo", "1.0", []))
    found = decision("demo", "Demo", installed=here)
    line = output.satisfied_line(found, here[found.name], os.sep + "env")
    assert line == "Requirement already satisfied: Demo in ./site-packages (1.0)"
    assert output.collecting_lines(found, None, CWD) == []


def test_summaries() -> None:
    resolution = resolved("demo-extra", "Demo")
    decisions = resolution.decisions
    told = {each.name: str(each.choice.version) for each in decisions}
    assert output.success_line(decisions, told) == "Successfully installed Demo-1.0 demo-extra-1.0 leaf-2.0"
    assert output.would_install_line(decisions).startswith("Would install ")
    assert sorted(output.installing_line(decisions).partition(": ")[2].split(", ")) == ["Demo", "demo-extra", "leaf"]
    assert versions(resolution) == told


@pytest.mark.parametrize(
    ("scripts", "told"),
    [
        (["b"], "The script b is"),
        (["b", "a"], "The scripts a and b are"),
        (["c", "a", "b"], "The scripts a, b and c are"),
    ],
)
def test_scripts_off_path(scripts: list[str], told: str) -> None:
    text = output.scripts_off_path(scripts, "/opt/bin")
    assert text.startswith(f"{told} installed in '/opt/bin' which is not on PATH.\n")
