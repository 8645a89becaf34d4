"""What `docs/` and the README say against what is there."""

from __future__ import annotations

import ast
import glob
import os
import re
from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS, MAIN
from docs.reference_pages import PAGES, options_page
from tests.architecture.modules import ROOT

if TYPE_CHECKING:
    from asyncpip.cli.specs import Option

DOCUMENTS = sorted(
    os.path.relpath(path, ROOT)
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md")
    for path in glob.glob(os.path.join(ROOT, pattern), recursive=True)
)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PLACE = re.compile(r"(?:asyncpip|tests|benchmarks|docs)/[\w./-]*(?:::(\w+))?")
_MADE = ("benchmarks/RESULTS", "benchmarks/plots", "benchmarks/data", "benchmarks/results")
"""What benchmark runs write; a fresh checkout may not have it."""


def _read(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as reading:
        return reading.read()


def all_options() -> list[Option]:
    """Return every option of every command, each once."""
    specs = (MAIN, *COMMANDS.values())
    return list({id(option): option for spec in specs for option in spec.options}.values())


@pytest.mark.parametrize("page", PAGES)
def test_reference_page_is_current(page: str) -> None:
    assert _read(f"docs/{page}") == PAGES[page](), "run `make docs`"


def test_every_option_is_in_the_reference() -> None:
    page = options_page()
    missing = [flag for option in all_options() for flag in option.flags if f"`{flag}`" not in page]
    assert missing == []
    assert len(all_options()) > 50


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    folder = os.path.dirname(document)
    targets = [link for link in _LINK.findall(_read(document)) if "://" not in link]
    places = [os.path.normpath(os.path.join(folder, target)) for target in targets]
    assert [
        place for place in places if not place.startswith(_MADE) and not os.path.exists(os.path.join(ROOT, place))
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_places_in_the_code_exist(document: str) -> None:
    """A path in backquotes, with the name of a test or class behind `::`, is one that exists."""
    missing = []
    for code in _CODE.findall(_read(document)):
        found = _PLACE.fullmatch(code)
        if found is None or code.startswith(_MADE):
            continue
        path, _, name = code.partition("::")
        full = os.path.join(ROOT, path)
        if not os.path.exists(full) or (name and name not in _names_in(full)):
            missing.append(code)
    assert missing == []


def _names_in(path: str) -> set[str]:
    with open(path, encoding="utf-8") as reading:
        tree = ast.parse(reading.read())
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_buckets_of_the_store_are_told_of() -> None:
    """Each, in the version that the code writes, and no other."""
    code = "".join(_read(path) for path in sorted(glob.glob("asyncpip/**/*.py", root_dir=ROOT, recursive=True)))
    of_pip = {"http-v2"}
    table = _read("docs/architecture.md").partition("| bucket |")[2].partition("\n\n")[0]
    told = {name for name in re.findall(r"`([a-z-]+-v\d+)`", table) if not name.startswith("freshness-of-")}
    assert told == set(re.findall(r'"([a-z-]+-v\d+)"', code)) - of_pip
    assert (
        {f"freshness-of-{name}" for name in told} >= set(re.findall(r"`(freshness-of-[a-z-]+-v\d+)`", table)) != set()
    )


def test_no_subject_stands_twice_in_the_table_of_changes() -> None:
    rows = _read("docs/architecture.md").partition("| to change |")[2].splitlines()
    subjects = [row.split("|")[1].strip() for row in rows if row.startswith("| ")]
    places = [row.split("|")[2].strip() for row in rows if row.startswith("| ")]
    assert len(subjects) > 50
    assert len(set(subjects)) == len(subjects)
    assert len(set(places)) == len(places)


def test_decisions_are_numbered() -> None:
    names = sorted(os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "docs", "decisions", "*.md")))
    numbers = [int(name.partition("-")[0]) for name in names]
    assert numbers == list(range(1, len(names) + 1))
