from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.environment.externally_managed import check_externally_managed, check_virtualenv_required
from asyncpip.errors import ExternallyManagedError, VirtualenvRequiredError
from tests.unit.environment.examples import target

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
[externally-managed]
Error=Use apt.
 Please 100% do.
Error-de=Nimm apt.
Error-de_AT=Nimm bitte apt.
"""


def message(tmp_path: Path, text: str | bytes, **environ: str) -> str:
    (tmp_path / "EXTERNALLY-MANAGED").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ExternallyManagedError) as caught:
        check_externally_managed(target(stdlib=str(tmp_path)), environ=environ)
    assert caught.value.what == "This environment is externally managed"
    assert "--break-system-packages" in (caught.value.hint or "")
    assert caught.value.exit_code == 1
    return caught.value.why or ""


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "Use apt.\nPlease 100% do."),
        ({"LANG": "C"}, "Use apt.\nPlease 100% do."),
        ({"LANG": "C.UTF-8"}, "Use apt.\nPlease 100% do."),
        ({"LANG": "fr_FR.UTF-8"}, "Use apt.\nPlease 100% do."),
        ({"LANG": "de_DE.UTF-8"}, "Nimm apt."),
        ({"LANG": "de"}, "Nimm apt."),
        ({"LANG": "de_AT.UTF-8@euro"}, "Nimm bitte apt."),
        ({"LANG": "de_DE", "LC_ALL": "en_GB"}, "Use apt.\nPlease 100% do."),
        ({"LANG": "en_GB", "LC_MESSAGES": "de_DE", "LC_ALL": ""}, "Nimm apt."),
    ],
)
def test_text_of_the_distributor(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    assert message(tmp_path, TEXT, **environ) == expected


@pytest.mark.parametrize("text", ["", "[other]\nError=x\n", "[externally-managed]\n", "Error=x\n", b"\xff\xfe"])
def test_file_without_usable_text(tmp_path: Path, text: str | bytes) -> None:
    assert str(tmp_path) in message(tmp_path, text)


def test_environments_that_are_not_managed(tmp_path: Path) -> None:
    check_externally_managed(target(stdlib=str(tmp_path)), environ={})
    (tmp_path / "EXTERNALLY-MANAGED").write_text(TEXT)
    check_externally_managed(target(stdlib=str(tmp_path), prefix="/venv"), environ={})


def test_virtualenv_required() -> None:
    check_virtualenv_required(target(), required=False)
    check_virtualenv_required(target(prefix="/venv"), required=True)
    with pytest.raises(VirtualenvRequiredError) as caught:
        check_virtualenv_required(target(), required=True)
    assert caught.value.what == "Could not find an activated virtualenv (required)."
    assert caught.value.exit_code == 3
