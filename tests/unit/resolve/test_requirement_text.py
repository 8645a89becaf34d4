"""What one requirement text means, and how a bad one is refused."""

from __future__ import annotations

import pytest

from asyncpip.core.hashes import NO_HASHES, AllowedHashes
from asyncpip.core.requirement import DirectKind, Origin, UserRequirement
from asyncpip.errors import RequirementError
from asyncpip.resolve.requirement_text import (
    PathKind,
    has_archive_suffix,
    parse_requirement_text,
    parse_standard_requirement,
    place_of,
    split_extras,
)

CWD = "/work dir"
PLACES = {
    CWD: PathKind.PROJECT,
    f"{CWD}/project": PathKind.PROJECT,
    f"{CWD}/folder": PathKind.DIRECTORY,
    f"{CWD}/a-1.0.tar.gz": PathKind.FILE,
    f"{CWD}/b-2.0-py3-none-any.whl": PathKind.FILE,
    f"{CWD}/reqs/base.txt": PathKind.FILE,
    "/else/project": PathKind.PROJECT,
}
BASE = "file:///work%20dir"
LINE = Origin(file="r.txt", line=3)


def kind_of(path: str) -> PathKind:
    return PLACES.get(path, PathKind.MISSING)


def parse(
    text: str, *, editable: bool = False, constraint: bool = False, warnings: list[str] | None = None
) -> UserRequirement:
    found = [] if warnings is None else warnings
    return parse_requirement_text(
        text,
        origin=LINE,
        cwd=CWD,
        exists=kind_of,
        editable=editable,
        constraint=constraint,
        warn=found.append,
    )


@pytest.mark.parametrize(
    ("text", "name", "extras", "specifier", "marker"),
    [
        ("flask", "flask", set(), "", None),
        ("Flask==3.0", "flask", set(), "==3.0", None),
        (" zope.interface >= 5 ", "zope-interface", set(), ">=5", None),
        ("foo[A_b, c]~=1.0", "foo", {"a-b", "c"}, "~=1.0", None),
        ("foo(>=1)", "foo", set(), ">=1", None),
        ("foo===whatever", "foo", set(), "===whatever", None),
        ("foo==1.* ; python_version>'3'", "foo", set(), "==1.*", 'python_version > "3"'),
        ("foo;python_version>'3'", "foo", set(), "", 'python_version > "3"'),
        ("foo ; ", "foo", set(), "", None),
        ("requirements.txt", "requirements-txt", set(), "", None),
    ],
)
def test_names(text: str, name: str, extras: set[str], specifier: str, marker: str | None) -> None:
    requirement = parse(text)
    assert requirement.name == name
    assert requirement.extras == extras
    assert str(requirement.specifier) == specifier
    assert (None if requirement.marker is None else str(requirement.marker)) == marker
    assert requirement.direct is None
    assert requirement.origin is LINE


@pytest.mark.parametrize(
    ("text", "name", "url", "kind"),
    [
        (".", None, BASE, DirectKind.DIRECTORY),
        ("./project", None, f"{BASE}/project", DirectKind.DIRECTORY),
        ("./folder/../project[x]", None, f"{BASE}/project", DirectKind.DIRECTORY),
        ("/else/project", None, "file:///else/project", DirectKind.DIRECTORY),
        ("a-1.0.tar.gz", None, f"{BASE}/a-1.0.tar.gz", DirectKind.SDIST),
        ("./b-2.0-py3-none-any.whl[x]", "b", f"{BASE}/b-2.0-py3-none-any.whl", DirectKind.WHEEL),
        ("file:project#egg=foo", "foo", f"{BASE}/project#egg=foo", DirectKind.DIRECTORY),
        ("file:///else/../else/project", None, "file:///else/project", DirectKind.DIRECTORY),
        ("FILE:///else/project", None, "file:///else/project", DirectKind.DIRECTORY),
        ("file:///gone", None, "file:///gone", DirectKind.SDIST),
        ("https://h.example/a%20b-1.zip", None, "https://h.example/a%20b-1.zip", DirectKind.SDIST),
        ("https://h.example/archive/main", None, "https://h.example/archive/main", DirectKind.SDIST),
        ("HTTPS://h.example/x.zip", None, "https://h.example/x.zip", DirectKind.SDIST),
        ("foo @ https://h.example/x.zip", "foo", "https://h.example/x.zip", DirectKind.SDIST),
        ("foo@file:./project", "foo", f"{BASE}/project", DirectKind.DIRECTORY),
        (
            "git+ssh://git@h.example/r@v1#egg=Foo.Bar",
            "foo-bar",
            "git+ssh://git@h.example/r@v1#egg=Foo.Bar",
            DirectKind.VCS,
        ),
    ],
)
def test_direct_references(text: str, name: str | None, url: str, kind: DirectKind) -> None:
    requirement = parse(text)
    assert requirement.direct is not None
    assert (requirement.name, requirement.direct.url, requirement.direct.kind) == (name, url, kind)


def test_a_wheel_tells_its_version() -> None:
    requirement = parse("https://h.example/foo_bar-1.0%2Blocal-py3-none-any.whl ; python_version > '3'")
    assert (requirement.name, str(requirement.specifier)) == ("foo-bar", "==1.0+local")
    assert requirement.is_pinned
    assert str(requirement.marker) == 'python_version > "3"'


@pytest.mark.parametrize(
    ("fragment", "hashes", "subdirectory"),
    [
        ("", NO_HASHES, None),
        ("#egg=foo", NO_HASHES, None),
        ("#sha256=ABC", AllowedHashes.of([("sha256", "abc")]), None),
        ("#egg=foo&subdirectory=a/b&md5=0", AllowedHashes.of([("md5", "0")]), "a/b"),
        ("#sha512=1&md5=2", AllowedHashes.of([("sha512", "1")]), None),
        ("#subdirectory=", NO_HASHES, None),
        ("#blake2=1", NO_HASHES, None),
    ],
)
def test_fragments(fragment: str, hashes: AllowedHashes, subdirectory: str | None) -> None:
    direct = parse(f"https://h.example/x.zip{fragment}").direct
    assert direct is not None
    assert (direct.hashes, direct.subdirectory) == (hashes, subdirectory)


@pytest.mark.parametrize(
    ("text", "name", "extras", "url", "kind"),
    [
        (".", None, set(), BASE, DirectKind.DIRECTORY),
        ("project[Dev]", None, {"dev"}, f"{BASE}/project", DirectKind.DIRECTORY),
        ("file:///else/project[x]", None, {"x"}, "file:///else/project", DirectKind.DIRECTORY),
        ("file:///else#subdirectory=below", None, set(), "file:///else#subdirectory=below", DirectKind.DIRECTORY),
        ("git+https://h.example/r#egg=foo", "foo", set(), "git+https://h.example/r#egg=foo", DirectKind.VCS),
        ("GIT://h.example/r#egg=foo", "foo", set(), "git+GIT://h.example/r#egg=foo", DirectKind.VCS),
        ("Foo[x] @ git+https://h.example/r", "foo", {"x"}, "git+https://h.example/r", DirectKind.VCS),
        ("foo @ file:///gone ; python_version < '3'", "foo", set(), "file:///gone", DirectKind.DIRECTORY),
    ],
)
def test_editables(text: str, name: str | None, extras: set[str], url: str, kind: DirectKind) -> None:
    requirement = parse(text, editable=True)
    assert requirement.editable
    assert requirement.direct is not None
    assert requirement.name == name
    assert requirement.extras == extras
    assert (requirement.direct.url.lower(), requirement.direct.kind) == (url.lower(), kind)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "foo=1",
            "Invalid requirement: 'foo=1': Expected semicolon (after name with no version specifier) or end",
            "= is not a valid operator. Did you mean == ?",
        ),
        (
            "foo ! bar",
            "Invalid requirement: 'foo ! bar': Expected semicolon (after name with no version specifier) or end",
            None,
        ),
        (
            "./gone",
            "Invalid requirement: './gone': Expected package name at the start of dependency specifier",
            "It looks like a path. File './gone' does not exist.",
        ),
        (
            "reqs/base.txt",
            "Invalid requirement: 'reqs/base.txt': Expected semicolon (after name with no version specifier) or end",
            (
                "It looks like a path. The path does exist. If reqs/base.txt is a requirements file, use the '-r' flag "
                "to install the packages specified within it."
            ),
        ),
        ("foo ; bar", "Invalid requirement: 'foo': Expected a marker variable or quoted string", None),
        (
            "./folder",
            "Directory './folder' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.",
            None,
        ),
        ("https://h.example/foo.whl", "Invalid wheel filename (wrong number of parts): 'foo'", None),
        (
            "https://h.example/foo-x-py3-none-any.whl",
            "Invalid wheel filename (invalid name or version): 'foo-x-py3-none-any'",
            None,
        ),
        (
            "https://h.example/x.zip#egg=foo[x]",
            "The 'foo[x]' egg fragment is invalid",
            "Try using the Direct URL requirement syntax: 'name[extra] @ URL'",
        ),
        (
            "https://h.example/x.zip#egg=foo==1",
            "The 'foo==1' egg fragment is invalid",
            "Version specifiers are silently ignored for URL references. Remove them.",
        ),
        (
            "https://h.example/x.zip#egg=.",
            "The '.' egg fragment is invalid",
            "Egg fragments can only be a valid project name.",
        ),
        (
            "foo @ ./project",
            "Invalid requirement: './project' is not a URL of a kind that can be installed",
            "a local path after `name @` is written as a URL, file:///…",
        ),
        ("file://[x", "Invalid URL: 'file://[x': Invalid IPv6 URL", None),
        (
            "file://other.example/x",
            "Invalid URL: 'file://other.example/x': file: URL names another host: file://other.example/x",
            None,
        ),
        ("./project[x=]", "Invalid extras: './project[x=]'", None),
    ],
)
def test_refusals(text: str, what: str, hint: str | None) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(text)
    assert (caught.value.what, caught.value.hint) == (what, hint)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("./gone", "./gone is not a valid editable requirement."),
        ("https://h.example/x.zip", "https://h.example/x.zip is not a valid editable requirement."),
        ("flask", "flask is not a valid editable requirement."),
        ("git+https://u:p@h.example/r", "Could not detect requirement name for 'git+https://u:****@h.example/r'"),
        ("./folder", f"{BASE}/folder does not appear to be a Python project"),
        ("file:///gone", "file:///gone does not appear to be a Python project"),
        ("foo @ https://h.example/x.zip", "foo @ https://h.example/x.zip is not a valid editable requirement."),
    ],
)
def test_refused_editables(text: str, what: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(text, editable=True)
    assert caught.value.what.startswith(what)
    assert caught.value.why == "line 3 of r.txt"


@pytest.mark.parametrize(
    ("text", "editable", "what"),
    [
        (".", True, "Editable requirements are not allowed as constraints"),
        (".", False, "Unnamed requirements are not allowed as constraints"),
        ("foo[x]==1", False, "Constraints cannot have extras"),
    ],
)
def test_refused_constraints(text: str, editable: bool, what: str) -> None:
    with pytest.raises(RequirementError, match=what):
        parse(text, editable=editable, constraint=True)


@pytest.mark.parametrize("text", ["foo==1", "foo ; python_version > '3'", "foo @ https://h.example/x.zip"])
def test_allowed_constraints(text: str) -> None:
    assert parse(text, constraint=True).name == "foo"


def test_a_missing_archive_is_a_reference_with_a_warning() -> None:
    warnings: list[str] = []
    requirement = parse("gone-1.0.zip", warnings=warnings)
    assert requirement.direct is not None
    assert requirement.direct.url == f"{BASE}/gone-1.0.zip"
    assert warnings == ["Requirement 'gone-1.0.zip' looks like a filename, but the file does not exist"]


def test_without_a_listener_the_warning_is_lost() -> None:
    found = parse_requirement_text("gone-1.0.zip", origin=Origin(), cwd=CWD, exists=kind_of)
    assert found.direct is not None


def test_secrets_stay_in_the_reference_only() -> None:
    requirement = parse("foo @ https://user:secret@h.example/x.zip")
    assert requirement.text == "foo @ https://user:****@h.example/x.zip"
    assert requirement.direct is not None
    assert requirement.direct.url == "https://user:secret@h.example/x.zip"


@pytest.mark.parametrize(
    "text", ["foo @ https://u:secret@h.example/x ; nonsense", "foo bar https://u:secret@h.example"]
)
def test_errors_hold_no_secret(text: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(text)
    assert "secret" not in f"{caught.value.what} {caught.value.why} {caught.value.hint}"


@pytest.mark.parametrize("text", ["foo==1.2", "foo>=1"])
def test_options_are_handed_on(text: str) -> None:
    hashes = AllowedHashes.of([("sha256", "0")])
    found = parse_requirement_text(
        text, origin=LINE, cwd=CWD, exists=kind_of, hashes=hashes, config_settings=(("a", "b"), ("a", "c"))
    )
    assert (found.hashes, found.config_settings, found.editable) == (hashes, (("a", "b"), ("a", "c")), False)


def test_paths_are_asked_about_only_where_a_text_looks_like_one() -> None:
    asked: list[str] = []

    def remember(path: str) -> PathKind:
        asked.append(path)
        return kind_of(path)

    for text in ("flask", "foo==1", "foo[x]>=1", "https://h.example/x.zip", "git+https://h.example/r"):
        parse_requirement_text(text, origin=LINE, cwd=CWD, exists=remember)
    assert asked == []


def test_standard_requirements_know_no_paths() -> None:
    origin = Origin(file="pyproject.toml", detail="group `test`")
    found = parse_standard_requirement("foo[X]>=1 ; python_version>'3'", origin=origin, cwd=CWD, exists=kind_of)
    assert found.extras == {"x"}
    assert (found.name, str(found.specifier)) == ("foo", ">=1")
    found = parse_standard_requirement("foo @ file:./project", origin=origin, cwd=CWD, exists=kind_of)
    assert found.direct is not None
    assert (found.direct.url, found.direct.kind) == (f"{BASE}/project", DirectKind.DIRECTORY)
    with pytest.raises(RequirementError) as caught:
        parse_standard_requirement("./project", origin=origin, cwd=CWD, exists=kind_of)
    assert (caught.value.why or "").startswith("group `test` of pyproject.toml\n")


@pytest.mark.parametrize(
    ("origin", "text", "expected"),
    [
        (Origin(), None, None),
        (Origin(), "foo", "foo"),
        (LINE, None, "line 3 of r.txt"),
        (LINE, "foo", "line 3 of r.txt: foo"),
        (Origin(file="a.py", detail="script `a.py`"), None, "script `a.py`"),
        (Origin(file="p.toml", detail="group `g`"), None, "group `g` of p.toml"),
        (Origin(file="p.toml"), None, "p.toml"),
    ],
)
def test_place_of(origin: Origin, text: str | None, expected: str | None) -> None:
    assert place_of(origin, text) == expected


def test_split_extras() -> None:
    assert split_extras("pylock.toml [A_b,c]") == ("pylock.toml", frozenset(("a-b", "c")))
    assert split_extras("pylock.toml") == ("pylock.toml", frozenset())
    assert split_extras("[x]") == ("[x]", frozenset())


def test_has_archive_suffix() -> None:
    assert has_archive_suffix("A.ZIP")
    assert has_archive_suffix("a.tar.gz")
    assert not has_archive_suffix("requirements.txt")
