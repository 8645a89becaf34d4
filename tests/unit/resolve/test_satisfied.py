from __future__ import annotations

import subprocess
import sys

import pytest

from asyncpip.core.dependency import MarkerEvaluator
from asyncpip.core.hashes import AllowedHashes
from asyncpip.core.requirement import DirectKind, Origin, UserRequirement
from asyncpip.resolve.satisfied import Satisfied, check_satisfied
from asyncpip.resolve.selection import UpgradeStrategy
from tests.support.memory_index import MARKERS, installed, user

PRESENT = installed(
    ("Flask", "2.0", ["click>=8", "jinja2>=3", 'dotenv; extra == "env"', 'colorama; os_name == "nt"']),
    ("click", "8.1", []),
    ("jinja2", "3.1", ["MarkupSafe"]),
    ("MarkupSafe", "2.1b1", []),
    ("circular", "1", ["circular[x]", 'click; extra == "x"']),
    ("needy", "1", ["click<8"]),
    ("broken", "1", ["click <"]),
    ("linked", "1", ["click @ https://host.example/click-8.1-py3-none-any.whl"]),
)


def check(*requirements: str | UserRequirement, **options: object) -> Satisfied | None:
    wanted = [user(each) if isinstance(each, str) else each for each in requirements]
    given = {"constraints": ()} | options
    return check_satisfied(wanted, installed=PRESENT, evaluator=MarkerEvaluator(MARKERS), **given)  # type: ignore[arg-type] # options are the function's own


def names(satisfied: Satisfied | None) -> list[str] | None:
    return None if satisfied is None else [each.name for each in satisfied.decisions]


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ([], []),
        (["click"], ["click"]),
        (["flask>=1", "click"], ["flask", "click", "jinja2", "markupsafe"]),
        (["markupsafe"], ["markupsafe"]),
        (["markupsafe>=2"], ["markupsafe"]),
        (["circular"], ["circular", "click"]),
        (["click>8.1"], None),
        (["missing"], None),
        (['missing; os_name == "nt"', "click"], ["click"]),
        (["flask[env]"], None),
        (["needy"], None),
        (["broken"], None),
        (["linked"], None),
    ],
)
def test_what_is_met(requirements: list[str], expected: list[str] | None) -> None:
    assert names(check(*requirements)) == expected


def test_lines() -> None:
    found = check(user("Flask>=1", origin=Origin(file="r.txt", line=1)))
    assert found is not None
    told = [(each.requirement_text, each.wanted_by, each.requested) for each in found.decisions]
    assert told == [
        ("Flask>=1", "-r r.txt (line 1)", True),
        ("click>=8", "Flask>=1->-r r.txt (line 1)", False),
        ("jinja2>=3", "Flask>=1->-r r.txt (line 1)", False),
        ("MarkupSafe", "jinja2>=3->Flask>=1->-r r.txt (line 1)", False),
    ]
    assert found.decisions[0].dependencies == ("click", "jinja2")
    assert found.decisions[0].choice is PRESENT[found.decisions[0].name]


def test_messages() -> None:
    found = check("flask[nope]", 'missing; os_name == "nt"')
    assert found is not None
    assert [message.text for message in found.messages] == [
        """Ignoring missing: markers 'os_name == "nt"' don't match your environment""",
        "flask 2.0 does not provide the extra 'nope'",
    ]
    assert found.decisions[0].requested_extras == {"nope"}


@pytest.mark.parametrize(
    ("options", "is_met"),
    [
        ({"constraints": (user("click<8"),)}, False),
        ({"constraints": (user("click>8"), user("missing==1"))}, True),
        ({"constraints": (user("click @ https://host.example/click-8.1-py3-none-any.whl"),)}, False),
        ({"overrides": (user("click<8"),)}, False),
        ({"overrides": (user("click @ https://host.example/click-8.0-py3-none-any.whl"),)}, False),
        ({"upgrade": UpgradeStrategy.ONLY_IF_NEEDED}, False),
        ({"upgrade": UpgradeStrategy.EAGER}, False),
        ({"force_reinstall": True}, False),
        ({"ignore_installed": True}, False),
    ],
)
def test_options(options: dict[str, object], is_met: bool) -> None:
    assert (check("flask", **options) is not None) is is_met


def test_override_that_is_met() -> None:
    assert names(check("needy", overrides=(user("click>=8"),))) == ["needy", "click"]


def test_no_deps() -> None:
    assert names(check("needy", no_deps=True)) == ["needy"]


def test_nothing_to_ask_for_is_met_whatever_the_options() -> None:
    assert names(check(upgrade=UpgradeStrategy.EAGER)) == []


@pytest.mark.parametrize(
    ("filename", "kind", "hashes", "is_met"),
    [
        ("click-8.1-py3-none-any.whl", DirectKind.WHEEL, (), True),
        ("click-8.1.0-py3-none-any.whl", DirectKind.WHEEL, (), True),
        ("click-8.2-py3-none-any.whl", DirectKind.WHEEL, (), False),
        ("click-8.1-py3-none-any.whl", DirectKind.WHEEL, (("sha256", "a" * 64),), False),
        ("click-8.1.tar.gz", DirectKind.SDIST, (), False),
        ("click", DirectKind.DIRECTORY, (), False),
        ("click", DirectKind.VCS, (), False),
    ],
)
def test_direct_references(filename: str, kind: DirectKind, hashes: tuple[tuple[str, str], ...], is_met: bool) -> None:
    requirement = user(f"click @ https://host.example/{filename}", direct=kind, hashes=AllowedHashes.of(hashes))
    assert (check(requirement) is not None) is is_met


def test_loads_no_solver() -> None:
    heavy = ("msgspec", "asyncio", "email.parser")
    code = f"import sys, asyncpip.resolve.satisfied; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
