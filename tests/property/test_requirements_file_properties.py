"""Laws of the requirements file grammar and of requirement texts."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from asyncpip.core.names import normalize_name
from asyncpip.core.requirement import Origin, UserRequirement
from asyncpip.errors import AsyncpipError, RequirementError
from asyncpip.resolve.requirement_options import LineError, read_line_options, read_plain_hashes
from asyncpip.resolve.requirement_text import PathKind, parse_requirement_text
from asyncpip.resolve.requirements_file import RequirementLine, decode_requirements, parse_requirements_text
from asyncpip.resolve.script_metadata import parse_script_metadata

pytestmark = pytest.mark.property
few = settings(max_examples=100, deadline=None)

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
VERSIONS = st.from_regex(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]?)){0,3}((a|b|rc)[0-9])?(\.post[0-9])?", fullmatch=True)
CLAUSES = st.lists(st.tuples(st.sampled_from([">=", "==", "!=", "<", ">", "<="]), VERSIONS).map("".join), max_size=3)
EXTRAS = st.lists(NAMES, max_size=2)
MARKERS = st.sampled_from(["", " ; python_version > '3'", ';sys_platform == "x-y"', " ; extra == 'a' or extra == 'b'"])
DIGESTS = st.lists(st.from_regex(r"[0-9a-f]{8}", fullmatch=True), max_size=3)


@st.composite
def requirement_texts(draw: st.DrawFn) -> str:
    extras = draw(EXTRAS)
    listed = f"[{','.join(extras)}]" if extras else ""
    return f"{draw(NAMES)}{listed}{','.join(draw(CLAUSES))}{draw(MARKERS)}"


def parse(text: str) -> UserRequirement:
    return parse_requirement_text(text, origin=Origin(), cwd="/cwd", exists=lambda _: PathKind.MISSING)


@few
@given(requirement_texts())
def test_names_mean_what_packaging_says(text: str) -> None:
    ours = parse(text)
    theirs = Requirement(text)
    if ours.direct is None:  # a name like ``a.zip`` is a path
        assert ours.name == normalize_name(theirs.name)
        assert ours.extras == {normalize_name(extra) for extra in theirs.extras}
        assert (ours.specifier, ours.marker) == (theirs.specifier, theirs.marker)


@few
@given(NAMES, VERSIONS)
def test_the_short_way_is_no_other_way(name: str, version: str) -> None:
    short, long = parse(f"{name}=={version}"), parse(f"{name} == {version}")
    assert (short.name, short.specifier, short.direct) == (long.name, long.specifier, long.direct)


@few
@given(st.text(), st.booleans())
def test_any_text_is_parsed_or_refused(text: str, editable: bool) -> None:
    with suppress(AsyncpipError):
        found = parse_requirement_text(
            text, origin=Origin(), cwd="/cwd", exists=lambda _: PathKind.MISSING, editable=editable
        )
        assert found.name is not None or found.direct is not None


@few
@given(st.text(alphabet=st.sampled_from(list("ab=-#\\ \n\t'\"${}A_:;@/.ricfe"))))
def test_any_file_is_parsed_or_refused(text: str) -> None:
    try:
        items = parse_requirements_text(text, filename="r.txt", variables={"A": "b"})
    except RequirementError as error:
        why = error.why or ""
    else:
        lines = len(text.splitlines())
        why = "r.txt" if all(1 <= item.line <= lines for item in items) else "a line that is not there"
    assert "r.txt" in why


@few
@given(st.lists(st.tuples(requirement_texts(), DIGESTS, st.booleans(), st.integers(0, 2)), max_size=6))
def test_what_is_written_is_read(entries: list[tuple[str, list[str], bool, int]]) -> None:
    text = ""
    expected: list[tuple[int, str, tuple[tuple[str, str], ...]]] = []
    for requirement, digests, comment, blanks in entries:
        expected.append((text.count("\n") + 1, requirement, tuple(("sha256", digest) for digest in digests)))
        text += " \\\n    ".join([requirement, *(f"--hash=sha256:{digest}" for digest in digests)])
        text += (" # why -r not" if comment else "") + "\n" * (blanks + 1)
    found = parse_requirements_text(text, filename="r.txt", variables={})
    assert [(item.line, item.text, item.hashes) for item in found if isinstance(item, RequirementLine)] == expected


@few
@given(st.lists(st.from_regex(r"--hash=sha(256|384|512|1):[0-9a-f']{0,4}|--pre|-C a=b", fullmatch=True), max_size=4))
def test_plain_hashes_are_read_as_options(words: list[str]) -> None:
    text = " ".join(words)
    plain = read_plain_hashes(text)
    if plain:
        options = read_line_options(text)
        assert (options.hashes, options.config_settings, set(options.values)) == (plain, (), {"--hash"})


@few
@given(st.text())
def test_any_options_are_read_or_refused(text: str) -> None:
    with suppress(LineError):
        assert all(name.startswith("--") for name in read_line_options(text).values)


@few
@given(st.text(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_encoded_text_comes_back(text: str, encoding: str) -> None:
    marked = "\N{SNOWMAN}" + text  # not mistaken for a mark or a declaration
    assert decode_requirements(marked.encode(encoding), "ascii") == (marked, ())


@few
@given(st.binary())
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    with suppress(RequirementError):
        text, warnings = decode_requirements(data, "ascii", filename="r.txt")
        assert len(text) <= len(data)
        assert not warnings  # ascii decodes nothing that UTF-8 does not


@few
@given(st.lists(NAMES, max_size=4), st.text(alphabet="x =\n", max_size=20))
def test_script_blocks_come_back(names: list[str], code: str) -> None:
    listed = "".join(f"#   {name!r},\n" for name in names)
    text = f"{code}\n# /// script\n# dependencies = [\n{listed}# ]\n# ///\n\n{code}"
    assert parse_script_metadata(text, "a.py").dependencies == tuple(names)
