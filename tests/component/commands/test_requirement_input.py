"""All sources of requirements, with real files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.commands.requirement_input import RequirementInput, read_requirement_input
from asyncpip.commands.requirement_sources import FileOptions, path_kind
from asyncpip.errors import AsyncpipError, CommandError, RequirementError
from asyncpip.resolve.requirement_text import PathKind

if TYPE_CHECKING:
    from collections.abc import Callable

MARKERS = {"python_full_version": "3.11.7", "python_version": "3.11", "sys_platform": "linux"}


def no_network(url: str) -> bytes:
    raise AssertionError(f"asked for {url}")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    """Write a file below the working directory."""

    def write_file(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write_file


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., RequirementInput]:
    """Read sources with ``tmp_path`` as the working directory."""

    def read_sources(**sources: Any) -> RequirementInput:
        settings: dict[str, Any] = {
            "cwd": str(tmp_path),
            "environ": {},
            "fetch_text": no_network,
            "markers": MARKERS,
            "tags": ("py3-none-any",),
        }
        return read_requirement_input(**{**settings, **sources})

    return read_sources


def texts(found: RequirementInput) -> list[str]:
    return [one.text for one in found.requirements]


LOCK = """\
lock-version = "1.0"
created-by = "test"
extras = ["x"]
dependency-groups = ["dev"]

[[packages]]
name = "locked"
version = "1.0"
wheels = [{path = "locked-1.0-py3-none-any.whl", hashes = {sha256 = "aa"}}]

[[packages]]
name = "of-extra"
marker = "'x' in extras and 'dev' in dependency_groups"
version = "1.0"
wheels = [{path = "of_extra-1.0-py3-none-any.whl", hashes = {sha256 = "bb"}}]
"""


def test_pips_order_of_sources(read: Callable[..., RequirementInput], write: Callable[[str, str], None]) -> None:
    write("r.txt", "from-file\n-c c.txt\n")
    write("c.txt", "limit<2\n-r other.txt\n")
    write("other.txt", "from-constraints-file\n")
    write("pyproject.toml", "[dependency-groups]\ndev = ['from-group', 'second']\n")
    write("script.py", "# /// script\n# dependencies = ['from-script']\n# ///\n")
    write("pylock.toml", LOCK)
    found = read(
        arguments=["argument", " "],
        requirement_files=["r.txt", "pylock.toml"],
        constraint_files=["c.txt"],
        groups=["dev"],
        scripts=["script.py"],
        editables=["."],
        config_settings=(("a", "b"),),
    )
    assert texts(found) == [
        "from-constraints-file",
        "argument",
        "from-group",
        "second",
        ".",
        "from-file",
        "from-constraints-file",
        "locked==1.0",
        "from-script",
    ]
    assert [one.text for one in found.constraints] == ["limit<2", "limit<2"]
    assert [one.text for one in found.requirements if one.config_settings] == ["argument", "."]
    assert [name for name, _ in found.locked_files] == ["locked"]
    assert found.warnings == ()


def test_files_read_are_named_once_with_their_digest(
    read: Callable[..., RequirementInput], write: Callable[[str, str], None], tmp_path: Path
) -> None:
    write("r.txt", "-r sub/s.txt\n")
    write("sub/s.txt", "flask\n")
    found = read(requirement_files=["r.txt", "./sub/../r.txt"])
    names = (str(tmp_path / "r.txt"), str(tmp_path / "sub/s.txt"))
    digests = {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in names}
    assert dict(found.files_read) == digests
    assert len(found.files_read) == 2


def test_urls(read: Callable[..., RequirementInput], write: Callable[[str, str], None], tmp_path: Path) -> None:
    write("local.txt", "local\n")
    pages = {
        "https://u:secret@h.example/a/r.txt": b"-r s.txt\n-f links\n",
        "https://u:secret@h.example/a/s.txt": f"remote\n-r {(tmp_path / 'local.txt').as_uri()}\n".encode(),
    }
    found = read(requirement_files=["https://u:secret@h.example/a/r.txt"], fetch_text=pages.__getitem__)
    assert texts(found) == ["remote", "local"]
    assert str(found.requirements[0].origin) == "-r https://u:****@h.example/a/s.txt (line 1)"
    assert found.file_options.find_links == ("links",)
    assert [name for name, digest in found.files_read if digest is None] == [
        "https://u:****@h.example/a/r.txt",
        "https://u:****@h.example/a/s.txt",
    ]


def test_options_of_files(
    read: Callable[..., RequirementInput], write: Callable[[str, str], None], tmp_path: Path
) -> None:
    write(
        "sub/r.txt",
        "--extra-index-url https://dropped.example\n-i https://i.example\n-i ''\n--extra-index-url https://e.example\n"
        "-f links\n-f elsewhere\n--pre --prefer-binary --require-hashes --trusted-host h.example\n"
        "--no-binary a,b\nfoo --only-binary a\n--only-final c\n--use-feature fast-deps\n--use-feature fast-deps\n",
    )
    (tmp_path / "sub/links").mkdir()
    assert read(requirement_files=["sub/r.txt"]).file_options == FileOptions(
        index_url="https://i.example",
        extra_index_urls=("https://e.example",),
        find_links=(str(tmp_path / "sub/links"), "elsewhere"),
        format_control=(("no_binary", "a,b"), ("only_binary", "a")),
        release_control=(("only_final", "c"),),
        pre=True,
        prefer_binary=True,
        require_hashes=True,
        trusted_hosts=("h.example",),
        features=("fast-deps",),
    )


def test_options_of_build_constraints_are_for_builds_only(
    read: Callable[..., RequirementInput], write: Callable[[str, str], None]
) -> None:
    write("b.txt", "--pre\nhatchling<2\n")
    found = read(build_constraint_files=["b.txt"])
    assert found.file_options == FileOptions()
    assert [one.text for one in found.build_constraints] == ["hatchling<2"]
    assert (found.requirements, found.constraints) == ((), ())


@pytest.mark.parametrize(
    ("options", "no_index", "expected"),
    [
        (FileOptions(), False, ("main", "extra")),
        (FileOptions(), True, ()),
        (FileOptions(no_index=True, index_url="own"), False, ()),
        (FileOptions(index_url="own"), False, ("own",)),
        (FileOptions(extra_index_urls=("more",)), False, ("main", "extra", "more")),
        (FileOptions(index_url="own", extra_index_urls=("more",)), False, ("own", "more")),
    ],
)
def test_merged_index_urls(options: FileOptions, no_index: bool, expected: tuple[str, ...]) -> None:
    assert options.merged_index_urls(["main", "extra"], no_index=no_index) == expected


def test_variables(read: Callable[..., RequirementInput], write: Callable[[str, str], None]) -> None:
    write("r.txt", "foo @ https://${TOKEN}@h.example/x.zip\n")
    (found,) = read(requirement_files=["r.txt"], environ={"TOKEN": "secret"}).requirements
    assert found.text == "foo @ https://****@h.example/x.zip"
    assert found.direct is not None
    assert found.direct.url == "https://secret@h.example/x.zip"


def test_one_selection_from_one_lock_file(
    read: Callable[..., RequirementInput], write: Callable[[str, str], None], tmp_path: Path
) -> None:
    write("sub/pylock.toml", LOCK)
    found = read(requirement_files=["sub/pylock.toml[x]"], groups=["sub/pylock.toml:dev"])
    assert texts(found) == ["locked==1.0", "of-extra==1.0"]
    assert [file.url for _, file in found.locked_files] == [
        (tmp_path / "sub/locked-1.0-py3-none-any.whl").as_uri(),
        (tmp_path / "sub/of_extra-1.0-py3-none-any.whl").as_uri(),
    ]
    assert texts(read(groups=["sub/pylock.toml:dev"])) == ["locked==1.0"]


def test_two_groups_of_one_file(read: Callable[..., RequirementInput], write: Callable[[str, str], None]) -> None:
    write("p/pyproject.toml", "[dependency-groups]\na = ['one']\nb = ['two']\n")
    found = read(groups=["p/pyproject.toml:b", "p/pyproject.toml:a"])
    assert texts(found) == ["two", "one"]


def test_warnings(read: Callable[..., RequirementInput], write: Callable[[str, str], None]) -> None:
    write("r.txt", "--hash=sha256:aa\ngone-1.0.zip\n")
    hint, stray, missing = read(arguments=["requirements.txt"], requirement_files=["r.txt"]).warnings
    assert hint.startswith('You are attempting to install a package literally named "requirements.txt"')
    assert stray == "r.txt line 1 has --hash but no requirement, and will be ignored."
    assert missing == "Requirement 'gone-1.0.zip' looks like a filename, but the file does not exist"


def test_encodings(read: Callable[..., RequirementInput], tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"# coding: latin-1\nflask # \xe9\n")
    (tmp_path / "broken.txt").write_bytes(b"# coding: utf-8\nflask # \xe9\n")
    assert texts(read(requirement_files=["latin.txt"])) == ["flask"]
    with pytest.raises(RequirementError, match=r"Could not decode requirements file: broken\.txt"):
        read(requirement_files=["broken.txt"])


def test_verify_reads_a_lone_file(read: Callable[..., RequirementInput], write: Callable[[str, str], None]) -> None:
    write("requirements.txt", "flask\n")
    found = read(arguments=["requirements.txt"], verify_lone_file=True)
    assert texts(found) == ["flask"]
    assert len(found.warnings) == 1
    assert texts(read(arguments=["flask"], verify_lone_file=True)) == ["flask"]
    write("x-1.0.zip", "")
    assert texts(read(arguments=["x-1.0.zip"], verify_lone_file=True)) == ["x-1.0.zip"]


def test_cycles_are_refused_but_diamonds_are_not(
    read: Callable[..., RequirementInput], write: Callable[[str, str], None], tmp_path: Path
) -> None:
    write("d.txt", "-r e.txt\n-r e.txt\n")
    write("e.txt", "flask\n")
    assert texts(read(requirement_files=["d.txt"])) == ["flask", "flask"]
    write("a.txt", "-r sub/b.txt\n")
    write("sub/b.txt", "-r ../a.txt\n")
    with pytest.raises(RequirementError) as caught:
        read(requirement_files=["a.txt"])
    assert caught.value.what == f"{tmp_path}/a.txt recursively references itself in {tmp_path}/sub/b.txt"
    write("f.txt", "-r g.txt\n")
    write("g.txt", "-c g.txt\n")
    with pytest.raises(RequirementError) as caught:
        read(requirement_files=["f.txt"])
    assert caught.value.what == f"{tmp_path}/g.txt recursively references itself in {tmp_path}/g.txt and again in f.txt"


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (
            {"requirement_files": ["x"]},
            "Could not open requirements file: [Errno 2] No such file or directory: 'x'",
        ),
        ({"constraint_files": ["x"]}, "Could not open constraint file: [Errno 2] No such file or directory: 'x'"),
        ({"build_constraint_files": ["x"]}, "Could not open constraint file: [Errno 2] No such file or directory: 'x'"),
        (
            {"requirement_files": ["file://other.example/x"]},
            "Could not open requirements file: file: URL names another host: file://other.example/x",
        ),
        ({"groups": ["x"]}, "pyproject.toml not found. Cannot resolve '--group' option."),
        (
            {"requirement_files": ["pylock.toml"]},
            "Error reading pylock file 'pylock.toml': [Errno 2] No such file or directory: 'pylock.toml'",
        ),
        ({"scripts": ["x.py"]}, "Could not open script: [Errno 2] No such file or directory: 'x.py'"),
        ({"scripts": ["latin.py"]}, "Could not open script: 'latin.py' is not UTF-8"),
        ({"scripts": ["new.py"]}, "Script 'new.py' requires a different Python: 3.11.7 not in '>=3.99'"),
        ({"scripts": ["a.py", "b.py"]}, "--requirements-from-script can only be given once"),
        ({"constraint_files": ["e.txt"]}, "Editable requirements are not allowed as constraints"),
    ],
)
def test_errors(
    sources: dict[str, Any],
    message: str,
    read: Callable[..., RequirementInput],
    write: Callable[[str, str], None],
    tmp_path: Path,
) -> None:
    (tmp_path / "latin.py").write_bytes(b"\xe9")
    write("new.py", "# /// script\n# requires-python = '>=3.99'\n# dependencies = ['x']\n# ///\n")
    write("e.txt", "-e .\n")
    with pytest.raises((RequirementError, CommandError)) as caught:
        read(**sources)
    assert isinstance(caught.value, AsyncpipError)
    assert caught.value.what.replace(str(tmp_path) + os.sep, "") == message
    assert caught.value.exit_code == 1


def test_a_scripts_python_may_be_ignored(
    read: Callable[..., RequirementInput], write: Callable[[str, str], None]
) -> None:
    write("new.py", "# /// script\n# requires-python = '>=3.99'\n# dependencies = ['x']\n# ///\n")
    assert texts(read(scripts=["new.py"], ignore_requires_python=True)) == ["x"]


def test_path_kind(tmp_path: Path) -> None:
    for name in ("new", "old", "none"):
        (tmp_path / name).mkdir()
    (tmp_path / "new/pyproject.toml").touch()
    (tmp_path / "old/setup.py").touch()
    os.symlink(tmp_path / "new/pyproject.toml", tmp_path / "link")
    kinds = {name: path_kind(str(tmp_path / name)) for name in ("new", "old", "none", "link", "gone", "nu\0l")}
    assert kinds == {
        "new": PathKind.PROJECT,
        "old": PathKind.PROJECT,
        "none": PathKind.DIRECTORY,
        "link": PathKind.FILE,
        "gone": PathKind.MISSING,
        "nu\0l": PathKind.MISSING,
    }
    assert path_kind(os.devnull) is PathKind.MISSING
