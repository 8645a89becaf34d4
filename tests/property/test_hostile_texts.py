"""Whatever reads what others wrote, over mutations of the real thing: its own error or a result, and nothing else.

`HOSTILE_EXAMPLES=20000 pytest tests/property/test_hostile_texts.py` looks further than a usual run.
"""

from __future__ import annotations

import io
import json
import os
import random
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncpip.build.build_system import parse_build_system
from asyncpip.build.sdist import extract_archive
from asyncpip.core.dependency import InvalidDependencyError
from asyncpip.core.metadata import parse_core_metadata
from asyncpip.core.metadata_json import metadata_to_json
from asyncpip.core.names import normalize_name
from asyncpip.core.plain_dependency import DependencyReader
from asyncpip.core.requirement import Origin
from asyncpip.environment.configuration import read_configuration
from asyncpip.environment.configuration_text import with_value, without_key
from asyncpip.environment.direct_url_file import (
    InvalidDirectUrlError,
    archive_hashes,
    as_requirement,
    as_written,
    is_editable,
    read_direct_url_data,
)
from asyncpip.environment.scan import egg_requires, read_name_and_version
from asyncpip.errors import AsyncpipError, ConfigurationError
from asyncpip.index.freshness import Freshness
from asyncpip.index.links_page import links_page_from_record, parse_links_page
from asyncpip.index.page import HTML_TYPE, JSON_TYPE, page_from_record, page_record, parse_page
from asyncpip.index.project_list import parse_project_list
from asyncpip.index.ranges import metadata_of_archive
from asyncpip.install.archive import ArchiveReader
from asyncpip.install.record import parse_record, row_line
from asyncpip.install.scheme import place_members
from asyncpip.install.scripts import entry_point_names
from asyncpip.install.wheel import read_layout
from asyncpip.net.http1 import ChunkedDecoder, ProtocolError, parse_head
from asyncpip.resolve.dependency_groups import DependencyGroups, parse_group_option
from asyncpip.resolve.lock_file import LockRequest, select_from_lock
from asyncpip.resolve.requirement_text import PathKind, parse_requirement_text
from asyncpip.resolve.requirements_file import RequirementLine, decode_requirements, parse_requirements_text
from asyncpip.resolve.script_metadata import parse_script_metadata
from tests.support.wheel_builder import build_metadata, build_sdist, build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.property
USUAL_EXAMPLES = 60
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", USUAL_EXAMPLES))
MEGABYTE = 1 << 20
NAME = normalize_name("demo")
WHEEL_NAME = "demo-1.0-py3-none-any.whl"
MARKERS = {
    **dict.fromkeys(
        ("implementation_name", "os_name", "platform_machine", "platform_python_implementation", "sys_platform"), "x"
    ),
    **dict.fromkeys(("implementation_version", "python_full_version", "python_version"), "3.11"),
    **dict.fromkeys(("extra", "platform_release", "platform_system", "platform_version"), ""),
}


def read_requirements(data: bytes) -> None:
    text, _ = decode_requirements(data, "ascii", filename="r.txt")
    for item in parse_requirements_text(text, filename="r.txt", variables={"A": "b"}):
        if isinstance(item, RequirementLine):
            with suppress(AsyncpipError):
                parse_requirement_text(
                    item.text,
                    origin=Origin(),
                    cwd="/",
                    exists=lambda _: PathKind.MISSING,
                    editable=item.editable,
                )


def read_page(data: bytes) -> None:
    content_type = JSON_TYPE if data[:1] in (b"{", b"[") else HTML_TYPE
    url = "https://index.test/simple/demo/"
    with suppress(AsyncpipError):
        page = parse_page(data, content_type=content_type, url=url, project=NAME)
        again = page_from_record(b"".join(page_record(page)))
        assert list(again.versions) == list(page.versions)
        for version in page.versions:
            assert again.files(version) == page.files(version)
    with suppress(AsyncpipError):
        links = parse_links_page(data, content_type=content_type, url=url)
        assert links_page_from_record(links.to_record()).for_project(NAME) is not None or not links.for_project(NAME)
    parse_project_list(data, content_type=content_type, url=url)


def read_archive(data: bytes) -> None:
    with suppress(ValueError):
        metadata_of_archive(data, NAME)
    reader = ArchiveReader(data, WHEEL_NAME)
    members = {member[0]: member for member in reader.members}
    contents = {name: bytes(reader.read(member)) for name, member in members.items() if member[4] < 1 << 20}
    layout = read_layout(WHEEL_NAME, list(members), lambda name: contents.get(name, b""))
    place_members(layout, list(members))


def read_wheel(data: bytes) -> None:
    """Read a wheel of which ``data`` are names and contents: a name a line, then the files of its dist-info."""
    names, *parts = data.split(b"\x1e")
    listed = [line.decode("utf-8", "replace") for line in names.split(b"\n")]
    contents = dict(zip(("METADATA", "WHEEL", "RECORD", "entry_points.txt"), parts, strict=False))
    layout = read_layout(WHEEL_NAME, listed, lambda name: contents.get(name.rpartition("/")[2], b""))
    place_members(layout, listed)


def read_metadata(data: bytes) -> None:
    metadata_to_json(data)
    egg_requires(data.decode("utf-8", "replace"))
    found = parse_core_metadata(data)
    with suppress(InvalidDependencyError):
        DependencyReader(MARKERS).read(list(found.requires_dist))


def in_directory(name: str, data: bytes, read: Callable[[str], object]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, name).write_bytes(data)
        read(directory)


def read_direct_url(data: bytes) -> None:
    def read(directory: str) -> None:
        found = read_direct_url_data(directory)
        assert found is not None
        as_requirement(found, "demo")
        is_editable(found)
        json.dumps(as_written(found))
        if found.get("archive_info") is not None:
            archive_hashes(found)

    in_directory("direct_url.json", data, read)


def read_dist_info(data: bytes) -> None:
    in_directory("METADATA", data, read_name_and_version)


def read_record(data: bytes) -> None:
    rows = parse_record(data.decode("utf-8", "surrogateescape"))
    assert all(path for path, _, _ in rows)
    if len(data) < MEGABYTE and not any("\n" in field or "\r" in field for row in rows for field in row):
        assert parse_record("".join(row_line(row) + "\r\n" for row in rows)) == rows
    entry_point_names(data.decode("utf-8", "replace"))


def read_lock(data: bytes) -> None:
    request = LockRequest(
        location="/w/pylock.toml",
        display="pylock.toml",
        extras=frozenset(),
        groups=frozenset(),
        include_default_groups=True,
    )
    with suppress(UnicodeDecodeError):  # the caller's
        text = data.decode()
        select_from_lock(text, request, markers=MARKERS, tags=("py3-none-any",), prefers_sdist=lambda _: False)


def read_configuration_file(data: bytes) -> None:
    def read(directory: str) -> None:
        read_configuration([str(Path(directory, "pip.conf"))])
        text = data.decode("utf-8", "replace")
        with suppress(ConfigurationError):
            with_value(text, "global", "timeout", "1")
            without_key(text, "global", "timeout")

    in_directory("pip.conf", data, read)


def read_project(data: bytes) -> None:
    with suppress(AsyncpipError):
        parse_build_system(data, has_setup_py=False, label="demo")
    with suppress(AsyncpipError, UnicodeDecodeError):
        parse_script_metadata(data.decode(), "a.py")
    with suppress(AsyncpipError):
        parse_group_option(data[:50].decode("utf-8", "replace"))
    groups = DependencyGroups(data, "pyproject.toml")
    for name in ("test", "all"):
        with suppress(AsyncpipError):
            groups.select(name, cwd="/", exists=lambda _: PathKind.MISSING)


def read_sdist(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        destination = Path(directory, "in")
        destination.mkdir()
        extract_archive(io.BytesIO(data), str(destination), filename="demo-1.0.tar.gz", umask=0o022)
        assert [path.name for path in Path(directory).iterdir()] == ["in"]


def read_answer(data: bytes) -> None:
    with suppress(ProtocolError):
        Freshness.from_headers(parse_head(data).headers, 0.0)
    ChunkedDecoder().feed(data)


class Reader(NamedTuple):
    """What reads, what it may raise, and texts to begin with."""

    read: Callable[[bytes], object]
    raises: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


ENTRY = {
    "filename": WHEEL_NAME,
    "url": f"../../files/{WHEEL_NAME}#x",
    "hashes": {"sha256": "ab" * 32},
    "requires-python": ">=3.8",
    "size": 9,
    "upload-time": "2024-01-02T03:04:05.6Z",
    "yanked": "broken",
    "core-metadata": {"sha256": "cd" * 32},
}
HTML = f"""<!DOCTYPE html><html><head><base href="/x/"><meta name="pypi:repository-version" content="1.0"></head>
<a href="{WHEEL_NAME}#sha256={"ab" * 32}" data-requires-python="&gt;=3.8" data-yanked
 data-core-metadata="true">
{WHEEL_NAME}</a><A HREF='demo-2.0.tar.gz'>demo-2.0.tar.gz</A><!-- <a href="x"> --></body></html>"""
LOCK = f"""lock-version = "1.0"\ncreated-by = "x"\ndefault-groups = ["a"]
[[packages]]\nname = "demo"\nversion = "1.0"\nmarker = "python_version > '3'"
[[packages.wheels]]\nname = "{WHEEL_NAME}"\nurl = "https://h.test/{WHEEL_NAME}"\nsize = 3
hashes = {{sha256 = "{"ab" * 32}"}}
[[packages]]\nname = "dir"\ndirectory = {{path = "x", editable = true}}
[[packages]]\nname = "v"\nvcs = {{type = "git", url = "https://h.test/r", commit-id = "{"a" * 40}"}}
[[packages]]\nname = "a"
archive = {{url = "https://h.test/a-1.0.zip", hashes = {{sha256 = "{"ab" * 32}"}}, subdirectory = "s"}}"""
PROJECT = """[build-system]\nrequires = ["setuptools>=1"]\nbuild-backend = "a.b:c"\nbackend-path = ["."]
[dependency-groups]
test = ["pytest>=7", {include-group = "all"}]\nall = ["x; python_version < '3'"]\n"""
SCRIPT = '# /// script\n# requires-python = ">=3.8"\n# dependencies = ["a>=1"]\n# ///\n'
REQUIREMENTS = """# coding: utf-8\n-r other.txt\n--index-url https://u:${A}@h.test/s
demo[a,b]>=1 ; python_version > "3" \\
    --hash=sha256:ab --config-settings "a=b"  # why\n-e git+https://h.test/r@main#egg=x&subdirectory=y\n./local.whl
demo @ file:///x/demo-1.0.zip\n--no-binary :all:\n"""
METADATA = build_metadata("demo", "1.0").encode() + b"\n\nText\n"
METADATA = METADATA.replace(
    b"\n\n", b"\nRequires-Dist: a[b]>=1; extra == 'x'\n folded\nKeywords: a,b\nLicense: x\n\n", 1
)
LISTED = "\n".join(["demo/__init__.py", "demo-1.0.data/scripts/x", *(f"demo-1.0.dist-info/{part}" for part in (
    "METADATA", "WHEEL", "RECORD", "entry_points.txt"))])  # fmt: skip
WHEEL = b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
RECORD = b'demo/__init__.py,sha256=abc,3\r\n"a,""b",,\r\ndemo-1.0.dist-info/RECORD,,\r\n'
POINTS = b"[console_scripts]\nx = demo.a:b.c [extra]\n# y\n[gui_scripts]\nz=demo:main\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control: max-age=5\r\nExpires: Thu, 01 Jan 1970 00:00:00 GMT"
ANSWER += b"\r\n\r\n"
DIRECT = (
    {"url": "https://u:p@h.test/a.zip", "archive_info": {"hash": "sha256=ab", "hashes": {"sha256": "ab"}}},
    {"url": "https://h.test/r", "vcs_info": {"vcs": "git", "commit_id": "ab", "requested_revision": "x"}},
    {"url": "file:///x", "dir_info": {"editable": True}, "subdirectory": "s"},
)
ARCHIVE = build_wheel("demo", "1.0", files={"demo/data.bin": bytes(range(256)) * 9})[1]
STORED = build_wheel("demo", "1.0", files={"demo-1.0.data/scripts/run": "#!python\n"}, compression=0)[1]

READERS = {
    "requirements": Reader(read_requirements, (AsyncpipError,), (REQUIREMENTS.encode(), REQUIREMENTS.encode("utf-16"))),
    "page": Reader(
        read_page,
        (AsyncpipError,),
        (json.dumps({"meta": {"api-version": "1.1"}, "name": "demo", "files": [ENTRY, ENTRY]}).encode(), HTML.encode()),
    ),
    "archive": Reader(read_archive, (AsyncpipError,), (ARCHIVE, STORED)),
    "wheel": Reader(read_wheel, (AsyncpipError,), (b"\x1e".join((LISTED.encode(), METADATA, WHEEL, RECORD, POINTS)),)),
    "metadata": Reader(read_metadata, (ValueError,), (METADATA, METADATA.replace(b"\n", b"\r\n"))),
    "dist-info": Reader(read_dist_info, (), (METADATA,)),
    "direct_url": Reader(
        read_direct_url, (InvalidDirectUrlError,), tuple(json.dumps(each).encode() for each in DIRECT)
    ),
    "record": Reader(read_record, (), (RECORD, POINTS)),
    "lock": Reader(read_lock, (AsyncpipError,), (LOCK.encode(),)),
    "configuration": Reader(
        read_configuration_file,
        (AsyncpipError,),
        (b"[global]\ntimeout = 5\nfind-links =\n  a\n  b\n[install]\nx: y\n",),
    ),
    "project": Reader(read_project, (AsyncpipError,), (PROJECT.encode(), SCRIPT.encode())),
    "sdist": Reader(
        read_sdist,
        (AsyncpipError,),
        (build_sdist("demo", "1.0")[1], build_sdist("demo", "1.0", archive="zip")[1]),
    ),
    "answer": Reader(read_answer, (ProtocolError,), (ANSWER, b"5\r\nhello\r\n0\r\n\r\n")),
}
PIECES = (
    *b"\0 \xff \xfe\xff \\ \\\n \" ' # = , ; : @ [ ] { } ( ) < > <!-- --> &#x110000; &# % %00 ${A} ../ / //".split(
        b" "
    ),
    *b"9999999999999999999999 -1 1e999 null true [] {} [[ \xed\xa0\x80 \xe2\x80\xa8 \x1e \x85 \xef\xbb\xbf".split(b" "),
    *b"PK\3\4 PK\1\2 PK\5\6 PK\6\6 PK\6\7 http://[ file://x/ git+ === ~= ;extra== ''' \"\"\" [a.b] inf".split(b" "),
    *(b"\n", b"\r", b"\r\n", b" ", b"a.b = 1", b"1979-05-27T07:32:00Z", b"\\ud800", b"-r ", b"-e "),
)
DEEP = (
    b"[" * MEGABYTE,
    b"{" * MEGABYTE,
    b'{"a":' * MEGABYTE,
    b"a = " + b"[" * MEGABYTE,
    b"[dependency-groups]\ntest = " + b"{a = " * 10_000,
    b"[build-system]\nrequires = " + b"9" * 5000,
    b"# /// script\n# dependencies = " + b"[" * 5000 + b"\n# ///\n",
    b"# /// script\n# dependencies = " + b"9" * 5000 + b"\n# ///\n",
    b"a>=1; " + b"(" * MEGABYTE,
    b"a>=1; " + b"os_name == 'x' and " * 50_000,
    b"a" + b"[" * 100_000,
    b"Name: a\nVersion: 1\nRequires-Dist: a; " + b"(" * 100_000,
    b"<a " * MEGABYTE,
)


@st.composite
def mutations(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)))
        match draw(st.integers(0, 4)):
            case 0:
                data[at:at] = piece
            case 1:
                data[at : at + len(piece)] = piece
            case 2:
                del data[at : at + draw(st.integers(1, 60))]
            case 3:
                data[at:at] = data[at : at + draw(st.integers(1, 200))]
            case _:
                data[at:at] = piece * draw(st.sampled_from((2, 20, 300)))
    return bytes(data)


@pytest.mark.parametrize("kind", READERS)
def test_mutations(kind: str) -> None:
    reader = READERS[kind]

    @settings(
        max_examples=EXAMPLES,
        derandomize=EXAMPLES == USUAL_EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(mutations(reader.seeds))
    def check(data: bytes) -> None:
        with suppress(*reader.raises):
            reader.read(data)

    check()


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind not in ("project", "answer")])
def test_what_is_changed_is_right_before(kind: str) -> None:
    """Else the first error would hide all that comes behind it. The two left out read texts of two kinds each."""
    for seed in READERS[kind].seeds:
        READERS[kind].read(seed)


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind not in ("archive", "sdist", "configuration")])
def test_megabytes_of_one_thing(kind: str) -> None:
    """A line, a number, a nesting of that size: read in linear time (the test has a time limit), or refused.

    Configuration files are the user's own, and `configparser`, which reads them, takes quadratic time for blanks.
    """
    reader = READERS[kind]
    for seed in reader.seeds[:1]:
        rng = random.Random(kind)  # noqa: S311 - reproducible
        for piece in (
            b"a",
            b" ",
            b"9",
            b"[",
            b"(",
            b"{",
            b'"',
            b"\\\n",
            b"a,",
            b"a.",
            b"-",
            b"<a ",
            b"a=",
            b"\n",
        ):
            at = rng.randrange(len(seed))
            with suppress(*reader.raises):
                reader.read(seed[:at] + piece * (MEGABYTE // len(piece)) + seed[at:])
