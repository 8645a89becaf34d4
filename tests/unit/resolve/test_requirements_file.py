"""Lines of requirements files: joining, comments, variables, options, encodings. Compared with pip in golden tests."""

from __future__ import annotations

import pytest

from asyncpip.core.urls import is_remote
from asyncpip.errors import RequirementError
from asyncpip.resolve.requirement_options import FileOption, LineError, read_line_options, read_plain_hashes
from asyncpip.resolve.requirements_file import (
    FileItem,
    NestedFile,
    OptionLine,
    RequirementLine,
    StrayHash,
    decode_requirements,
    is_lock_location,
    join_location,
    parse_requirements_text,
)


def parse(text: str, **variables: str) -> list[FileItem]:
    return parse_requirements_text(text, filename="r.txt", variables=variables)


def requirements(text: str, **variables: str) -> list[tuple[int, str]]:
    return [(item.line, item.text) for item in parse(text, **variables) if isinstance(item, RequirementLine)]


def options(text: str) -> list[tuple[FileOption, str]]:
    return [(item.option, item.value) for item in parse(text) if isinstance(item, OptionLine)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only\n\n   \n", []),
        ("flask\ndjango", [(1, "flask"), (2, "django")]),
        ("flask # why\n#no\ndjango#kept", [(1, "flask"), (3, "django#kept")]),
        ("fla\\\nsk\ndjango", [(1, "flask"), (3, "django")]),
        ("flask \\\n# comment \\\ndjango", [(1, "flask"), (3, "django")]),
        ("flask\\\n", [(1, "flask")]),
        ("a\r\nb\x0cc", [(1, "a"), (2, "b"), (3, "c")]),
        ("foo ; extra == '-x'", [(1, "foo ; extra == '-x'")]),
        ("foo-bar", [(1, "foo-bar")]),
    ],
)
def test_lines(text: str, expected: list[tuple[int, str]]) -> None:
    assert requirements(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}${B_1}", "onetwo"),
        ("${A}${EMPTY}${NONE}", "one${EMPTY}${NONE}"),
        ("$A ${a} ${A", "$A ${a} ${A"),
    ],
)
def test_variables(text: str, expected: str) -> None:
    assert requirements(text, A="one", B_1="two", EMPTY="", a="small") == [(1, expected)]


def test_a_variable_may_hold_an_option_but_no_comment() -> None:
    assert requirements("${A}", A="flask # not a comment") == [(1, "flask # not a comment")]
    assert parse("${A}", A="-r x.txt") == [NestedFile(location="x.txt", constraint=False, file="r.txt", line=1)]


def test_options_of_a_requirement() -> None:
    (item,) = parse("foo ; python_version > '3' --hash=sha256:aa --hash sha384:bb -C a=b -C 'a=c d' --pre")
    assert item == RequirementLine(
        "foo ; python_version > '3'",
        False,
        (("sha256", "aa"), ("sha384", "bb")),
        (("a", "b"), ("a", "c d")),
        "r.txt",
        1,
    )


def test_the_usual_line_of_a_locked_file() -> None:
    (item,) = parse("foo==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n")
    assert item == RequirementLine("foo==1.0", False, (("sha256", "aa"), ("sha256", "bb")), (), "r.txt", 1)


def test_editables_take_settings_but_no_hashes() -> None:
    assert parse("-e ./x --hash=sha256:aa -C a=b") == [RequirementLine("./x", True, (), (("a", "b"),), "r.txt", 1)]
    assert parse("-e./x -e ./y -r z") == [RequirementLine("./x", True, (), (), "r.txt", 1)]
    assert parse("foo -e ./x") == [RequirementLine("foo", True, (), (), "r.txt", 1)]


@pytest.mark.parametrize(
    ("text", "location", "constraint"),
    [
        ("-r a.txt", "a.txt", False),
        ("-ra.txt", "a.txt", False),
        ("--requirement=a.txt -r b.txt", "a.txt", False),
        ("-c c.txt -r a.txt --pre", "a.txt", False),
        ("-c 'c d.txt'", "c d.txt", True),
        ("--constr c.txt", "c.txt", True),
    ],
)
def test_nested_files(text: str, location: str, constraint: bool) -> None:
    assert parse(f"\n{text}") == [NestedFile(location=location, constraint=constraint, file="r.txt", line=2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--no-index --pre", [(FileOption.NO_INDEX, ""), (FileOption.PRE, "")]),
        ("-i a -i b", [(FileOption.INDEX_URL, "b")]),
        ("--pypi-url a", [(FileOption.INDEX_URL, "a")]),
        ("--extra-index-url a -ib", [(FileOption.INDEX_URL, "b"), (FileOption.EXTRA_INDEX_URL, "a")]),
        ("-f a -f b", [(FileOption.FIND_LINKS, "a")]),
        ("--trusted-host a --trusted-host b", [(FileOption.TRUSTED_HOST, "a"), (FileOption.TRUSTED_HOST, "b")]),
        ("foo --no-binary a --pre", [(FileOption.NO_BINARY, "a")]),
        ("-r x --only-final :all:", [(FileOption.ONLY_FINAL, ":all:")]),
        ("--use-feature=fast-deps stray -- --nonsense", [(FileOption.USE_FEATURE, "fast-deps")]),
        ("--require-hashes", [(FileOption.REQUIRE_HASHES, "")]),
    ],
)
def test_options_for_the_run(text: str, expected: list[tuple[FileOption, str]]) -> None:
    assert options(text) == expected


def test_a_hash_without_requirement_is_told() -> None:
    assert parse("--hash=sha256:aa") == [StrayHash(file="r.txt", line=1)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--nonsense", "no such option: --nonsense"),
        ("-x", "no such option: -x"),
        ("--re a", "ambiguous option: --re (--require-hashes, --requirement?)"),
        ("--pre=1", "--pre option does not take a value"),
        ("-r", "-r option requires 1 argument"),
        ("foo --hash=md5:aa", "Allowed hash algorithms for --hash are sha256, sha384, sha512."),
        (
            "foo --hash=aa",
            "Arguments to --hash must be a hash name followed by a value, like --hash=sha256:abcde...",
        ),
        ("foo -C aa", "Arguments to --config-settings must be of the form KEY=VAL"),
        ("foo -C 'aa", "Could not split options: -C 'aa"),
        ("--no-binary -x", "--no-binary / --only-binary option requires 1 argument."),
        ("--only-final=-x", "--all-releases / --only-final option requires 1 argument."),
    ],
)
def test_errors_name_file_and_line(line: str, why: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(f"flask\n{line}")
    assert caught.value.what == f"Invalid requirement: {line}"
    assert caught.value.why == f"{why} (from line 2 of r.txt)"


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(LineError, match=r"invalid choice: 'x' \(choose from 'fast-deps', "):
        read_line_options("--use-feature x")


def test_errors_hold_no_secret() -> None:
    with pytest.raises(RequirementError) as caught:
        parse_requirements_text("-i https://u:secret@h.example --x", filename="https://u:secret@h/r.txt", variables={})
    assert "secret" not in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--hash=sha256:aa --hash=sha512:BB", (("sha256", "aa"), ("sha512", "BB"))),
        ("--hash=sha256:aa --pre", ()),
        ("--hash=md5:aa", ()),
        ("--hash sha256:aa", ()),
        ("--hash=sha256:'aa'", ()),
    ],
)
def test_plain_hashes(words: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert read_plain_hashes(words) == expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"flask", "flask"),
        ("caf\u00e9".encode(), "caf\u00e9"),
        (b"\xef\xbb\xbfflask", "flask"),
        (b"\xff\xfe" + "flask".encode("utf-16-le"), "flask"),
        (b"\xfe\xff" + "flask".encode("utf-16-be"), "flask"),
        (b"\xff\xfe\x00\x00" + "flask".encode("utf-32-le"), "flask"),
        (b"\x00\x00\xfe\xff" + "flask".encode("utf-32-be"), "flask"),
        (b"#\n# -*- coding: latin-1 -*-\n\xe9", "#\n# -*- coding: latin-1 -*-\n\u00e9"),
        (b" # coding: latin-1\n", " # coding: latin-1\n"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert decode_requirements(data, "ascii") == (text, ())


def test_the_locale_is_the_last_resort() -> None:
    text, warnings = decode_requirements(b"\n\n# coding: utf-8\n\xe9", "latin-1", filename="r.txt")
    assert text.endswith("\u00e9")
    assert len(warnings) == 1
    assert "r.txt" in warnings[0]
    assert "latin-1" in warnings[0]


@pytest.mark.parametrize("data", [b"\xe9", b"# coding: nonsense\n", b"# coding: utf-8\n\xe9", b"\xff\xfe\x00"])
def test_undecodable(data: bytes) -> None:
    with pytest.raises(RequirementError, match=r"Could not decode requirements file: r\.txt"):
        decode_requirements(data, "ascii", filename="r.txt")


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("r.txt", "s.txt", "/cwd/s.txt"),
        ("a/r.txt", "../s.txt", "/cwd/s.txt"),
        ("/a/r.txt", "b/s.txt", "/a/b/s.txt"),
        ("/a/r.txt", "/s.txt", "/s.txt"),
        ("/a/r.txt", "https://h.example/s.txt", "https://h.example/s.txt"),
        ("https://h.example/a/r.txt", "../s.txt", "https://h.example/s.txt"),
        ("https://h.example/r.txt", "file:///s.txt", "file:///s.txt"),
    ],
)
def test_join_location(parent: str, child: str, expected: str) -> None:
    assert join_location(parent, child, cwd="/cwd") == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("pylock.toml", True),
        ("a/pylock.dev.toml", True),
        ("https://h.example/a/pylock.toml?x=1#y", True),
        ("pylock.a.b.toml", False),
        ("my-pylock.toml", False),
        ("pylock.toml/requirements.txt", False),
    ],
)
def test_is_lock_location(location: str, expected: bool) -> None:
    assert is_lock_location(location) is expected


def test_is_remote() -> None:
    assert is_remote("HTTPS://h.example/r.txt")
    assert not is_remote("httpsfile.txt")
