"""What is understood without `packaging` and `email` is what those two say."""

from __future__ import annotations

import email
import importlib.metadata
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from packaging.markers import UndefinedComparison
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from asyncpip.core.dependency import InvalidDependencyError, MarkerEvaluator, parse_dependency
from asyncpip.core.hashes import NO_HASHES
from asyncpip.core.headers import parse_headers, values_of
from asyncpip.core.names import is_valid_name, normalize_name
from asyncpip.core.plain_dependency import DependencyReader
from asyncpip.core.requirement import Origin
from asyncpip.core.version_text import canonical_version, meets
from asyncpip.environment.scan import read_name_and_version
from asyncpip.resolve.plain_requirement import parse_plain_requirement
from asyncpip.resolve.requirement_text import has_archive_suffix
from tests.support.memory_index import MARKERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.property

numbers = st.sampled_from(["0", "1", "2", "10", "01", "2024", "", "x", "*"])
releases = st.lists(numbers, min_size=1, max_size=4).map(".".join)
versions = st.tuples(
    st.sampled_from(["", "", "v", "1!"]),
    releases,
    st.sampled_from(["", "", "a1", "b01", "rc2", "alpha1", "c1", "-1"]),
    st.sampled_from(["", "", ".post1", ".post", "post2"]),
    st.sampled_from(["", "", ".dev1", ".dev", "dev0"]),
    st.sampled_from(["", "", "+cu118", "+CPU", "+1.a.02", "+a-b", "+"]),
).map("".join)
clauses = st.tuples(
    st.sampled_from(["~=", "==", "!=", "<=", ">=", "<", ">", "===", "=", ""]),
    st.sampled_from(["", " "]),
    st.one_of(releases, versions),
    st.sampled_from(["", "", ".*", " "]),
).map("".join)
specifiers = st.lists(clauses, max_size=3).map(",".join)
variables = st.sampled_from([*MARKERS, "extra", "unknown"])
values = st.sampled_from(
    ["3.8", "3.11", "3.11.7", "3", "linux", "win32", "CPython", "x86_64", "posix", "test", "", "v1"]
)
marker_clauses = st.tuples(
    variables,
    st.sampled_from([" ", ""]),
    st.sampled_from(["==", "!=", "<", ">=", "<=", ">", "~=", " in ", "==="]),
    st.sampled_from([" ", ""]),
    values.flatmap(lambda value: st.sampled_from([f'"{value}"', f"'{value}'"])),
).map("".join)
markers = st.recursive(
    marker_clauses,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" and ", " or ", "and"]), inner).map("".join)
        | inner.map(lambda text: f"({text})")
    ),
    max_leaves=4,
)
lines = st.tuples(
    st.sampled_from(["a", "Foo.Bar_baz", "x-", "-x", "a1 ", "é"]),
    st.sampled_from(["", "", "[x]", "[x, y]", "[x", "[-]", "[]"]),
    st.sampled_from(["", " "]),
    st.one_of(specifiers, specifiers.map(lambda text: f"({text})"), st.just("@ https://example.org/a.whl")),
    st.one_of(st.just(""), markers.map(lambda text: f"; {text}"), markers.map(lambda text: f" ; {text}")),
).map("".join)


@given(st.one_of(versions, st.text("0123456789.abcdevpostrc+-_!v ", max_size=12)))
@example("2023.07.22")
@example("1.0.post1.dev2")
def test_versions(text: str) -> None:
    try:
        expected: str | None = str(Version(text))
    except InvalidVersion:
        expected = None
    assert canonical_version(text) == expected


@given(versions, specifiers)
def test_specifiers(version: str, specifier: str) -> None:
    answer = meets(version, specifier)
    assume(canonical_version(version) is not None)
    if answer is not None:
        try:
            assert answer is SpecifierSet(specifier).contains(Version(version), prereleases=True)
        except InvalidSpecifier:
            # The first clause that fails decides; a malformed one behind it is not looked at.
            assert not answer


@given(st.text("aB1-_.~ é", min_size=1))
def test_names(text: str) -> None:
    assert normalize_name(text) == canonicalize_name(text)
    try:
        canonicalize_name(text, validate=True)
    except ValueError:
        assert not is_valid_name(normalize_name(text)) or text[0] in "-_." or text[-1] in "-_." or " " in text
    else:
        assert is_valid_name(normalize_name(text))


def read_by_packaging(line: str) -> list[tuple[str, str]] | None:
    try:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({**MARKERS, "extra": ""}):
            return []
    except (InvalidRequirement, ValueError):
        return None
    return [(requirement.name, str(requirement))]


@given(lines)
@example('a; (python_version < "3.8" or os_name == "posix") and extra == "test"')
@example("a (>=1,<2) ; extra == 'test'")
@example('a; python_version < "3.8" or os_name == "posix" and extra == "test"')
def test_dependencies(line: str) -> None:
    expected = read_by_packaging(line)
    try:
        found = DependencyReader(MARKERS).read([line])
        said: list[tuple[str, str]] | None = [(each.raw_name, str(each)) for each in found]
    except InvalidDependencyError:
        said = None
    if said == [] and expected is None:
        return  # a marker that does not hold excuses what is wrong elsewhere in a line
    assert said == expected


def resolving_answer(line: str, extras: tuple[str, ...]) -> bool | None:
    try:
        return MarkerEvaluator(MARKERS).applies(parse_dependency(line), extras)
    except InvalidDependencyError:
        return None


@given(lines, st.sampled_from([(), ("test",), ("test", "linux"), ("v1",)]))
@example('a; (python_version < "3.8" ) and extra == "test"', ("test",))
@example('a; os_name == "x and y" or extra == "test"', ("test",))
@example("a; os_name\t==\x0b'posix'", ())
def test_dependencies_in_resolving(line: str, extras: tuple[str, ...]) -> None:
    """What decides about wheels is what `packaging` says, with extras asked for."""
    try:
        marker = Requirement(line).marker
        expected = [marker is None or marker.evaluate({**MARKERS, "extra": each}) for each in extras or ("",)]
    except (InvalidRequirement, UndefinedComparison, ValueError):
        assert resolving_answer(line, ()) in (None, True, False)  # no other error; what is not looked at may be wrong
        return
    assert resolving_answer(line, extras) is any(expected)


requirement_texts = st.tuples(
    st.sampled_from(["a", "Foo.Bar_baz", "x-", "-x", "a1 ", "é", "\u212a", "x.tar.gz", "x.whl", ".", "a/b", " a", ""]),
    st.sampled_from(["", "", "", "[x]", "[x", " @ https://example.org/a.whl"]),
    st.sampled_from(["", " ", "\t"]),
    st.one_of(specifiers, specifiers.map(lambda text: f"({text})")),
    st.sampled_from(["", "", "", " ", ";", '; os_name == "nt"', "[x]", ".tar.gz", ".zip"]),
).map("".join)


@given(requirement_texts)
@example("requests")
@example("requests >= 2.0, !=2.1.*")
@example("x==1.0.tar.gz")
def test_requirement_texts(text: str) -> None:
    """A text that is plain is what `packaging` reads, and neither a path nor an archive."""
    found = parse_plain_requirement(text, Origin(), NO_HASHES, ())
    if found is None:
        return
    expected = Requirement(text)
    assert (found.name, found.specifier) == (canonicalize_name(expected.name), expected.specifier)
    assert (expected.extras, expected.marker, expected.url) == (set(), None, None)
    assert not has_archive_suffix(text)
    assert "/" not in text


field_lines = st.sampled_from(
    ["Name: x", "name:y", "Version: 1.0", "License: MIT", "    indented", "\tmore", "        eight", "", "no field",
     "Summary:", "  ", ": empty", "X y: z", "Körper: x", "Description: a", "       |b"]
)  # fmt: skip


def fields_of(text: str, directory: Path) -> Sequence[tuple[str, str]]:
    (directory / "METADATA").write_text(text, encoding="utf-8")
    metadata = importlib.metadata.PathDistribution(directory).metadata
    return [(name.lower(), value) for name, value in metadata.items()]  # type: ignore[attr-defined]  # a Message


@given(st.lists(field_lines, max_size=8))
def test_headers(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    text = "\n".join(parts)
    found = parse_headers(text)
    message = email.message_from_string(text)
    assert found.body == message.get_payload()
    expected = fields_of(text, tmp_path_factory.getbasetemp())
    if found.body:
        expected = expected[:-1]  # `importlib.metadata` gives the body as a field
    assert found.fields == expected


@given(
    st.lists(
        st.one_of(
            field_lines,
            st.sampled_from(
                ["Requires-Dist: a", "Requires-Dist:b>=1", "Requires-Dist:\t c ", "requires-dist: d",
                 "Keywords: Requires-Dist: e", "Name", "License: a", "    more", "Requires-Dist", "X-Own: y"]
            ),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_values_of_one_field(parts: list[str]) -> None:
    text = "\n".join(parts)
    assert values_of(text, "Requires-Dist") == parse_headers(text).get_all("requires-dist")


name_lines = st.sampled_from(
    ["Metadata-Version: 2.1", "Name: x", "name: y", "Name:", "Version: 1.0", "VERSION:2", "License: a", "no field", ""]
)


@given(st.lists(name_lines, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
@example(["Metadata-Version: 2.1", "Name: x", "Version: 1.0", "Name: y"], "\n")
@example(["Metadata-Version: 2.1", "Name: x", "License: a", "Version: 1.0"], "\n")
def test_name_and_version(tmp_path_factory: pytest.TempPathFactory, parts: list[str], ending: str) -> None:
    path = tmp_path_factory.getbasetemp() / "METADATA"
    path.write_text(ending.join(parts), newline="")
    fields = parse_headers("\n".join(parts))
    expected = [next(filter(None, map(str.strip, fields.get_all(field))), "") for field in ("name", "version")]
    assert list(read_name_and_version(str(path.parent))) == expected
