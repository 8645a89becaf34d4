"""Lock files (PEP 751): what is selected for a target, and where it comes from."""

from __future__ import annotations

import pytest

from asyncpip.core.requirement import DirectKind
from asyncpip.errors import RequirementError
from asyncpip.resolve.lock_file import LockRequest, LockSelection, select_from_lock
from tests.support.memory_index import MARKERS

TAGS = ("cp311-cp311-manylinux_2_17_x86_64", "cp311-none-any", "py3-none-any")
HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'
HASHES = 'hashes = {sha256 = "AA"}'


def select(
    body: str,
    *,
    location: str = "/place/pylock.toml",
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    defaults: bool = True,
    sdists: bool = False,
) -> LockSelection:
    request = LockRequest(
        location=location,
        display="pylock.toml",
        extras=frozenset(extras),
        groups=frozenset(groups),
        include_default_groups=defaults,
    )
    return select_from_lock(HEAD + body, request, markers=MARKERS, tags=TAGS, prefers_sdist=lambda _: sdists)


def package(name: str, source: str, *, version: str | None = "1.0", marker: str | None = None) -> str:
    lines = [f'[[packages]]\nname = "{name}"']
    lines += [f'version = "{version}"'] if version else []
    lines += [f'marker = "{marker}"'] if marker else []
    return "\n".join([*lines, source, ""])


def wheel(name: str, tag: str = "py3-none-any") -> str:
    file = f"{name}-1.0-{tag}.whl"
    return f'{{name = "{file}", url = "https://h.example/{file}", size = 5, {HASHES}}}'


SDIST = f'sdist = {{url = "https://h.example/a-1.0.tar.gz", upload-time = 2024-01-02T03:04:05Z, {HASHES}}}'


def test_the_best_wheel_is_pinned() -> None:
    body = package("a", f"wheels = [{wheel('a')}, {wheel('a', 'cp311-cp311-manylinux_2_17_x86_64')}]\n{SDIST}")
    found = select(body)
    (pin,) = found.requirements
    assert (pin.text, pin.name, str(pin.specifier), pin.direct) == ("a==1.0", "a", "==1.0", None)
    assert pin.hashes.digests == {("sha256", "aa")}
    assert str(pin.origin) == "pylock.toml"
    ((name, file),) = found.files
    assert (name, file.filename, file.size) == ("a", "a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", 5)


@pytest.mark.parametrize(
    ("sdists", "wheels"), [(True, f"wheels = [{wheel('a')}]"), (False, ""), (False, "wheels = []")]
)
def test_sdists(sdists: bool, wheels: str) -> None:
    found = select(package("a", f"{wheels}\n{SDIST}", version=None), sdists=sdists)
    ((_, file),) = found.files
    assert (file.filename, file.upload_time) == ("a-1.0.tar.gz", "2024-01-02T03:04:05+00:00")
    assert [one.text for one in found.requirements] == ["a==1.0"]


def test_a_wheel_tells_the_version_that_the_entry_lacks() -> None:
    found = select(package("a", f"wheels = [{wheel('a')}]", version=None))
    assert [one.text for one in found.requirements] == ["a==1.0"]


@pytest.mark.parametrize(
    ("source", "location", "url", "kind"),
    [
        (
            'vcs = {type = "git", url = "https://h.example/r", commit-id = "c0ffee", subdirectory = "s"}',
            "/place/pylock.toml",
            "git+https://h.example/r@c0ffee#subdirectory=s",
            DirectKind.VCS,
        ),
        (
            f'archive = {{path = "../a.zip", {HASHES}}}',
            "/place/pylock.toml",
            "file:///a.zip",
            DirectKind.SDIST,
        ),
        (
            f'archive = {{path = "/a-1.0-py3-none-any.whl", {HASHES}}}',
            "/place/pylock.toml",
            "file:///a-1.0-py3-none-any.whl",
            DirectKind.WHEEL,
        ),
        (
            f'archive = {{path = "sub/a.zip", url = "https://else.example/a.zip", {HASHES}}}',
            "https://h.example/x/pylock.toml",
            "https://h.example/x/sub/a.zip",
            DirectKind.SDIST,
        ),
        ('directory = {path = "project"}', "/place/pylock.toml", "file:///place/project", DirectKind.DIRECTORY),
        (
            'directory = {path = "project/", subdirectory = "s"}',
            "file:///place/pylock.toml",
            "file:///place/project/s",
            DirectKind.DIRECTORY,
        ),
    ],
)
def test_direct_references(source: str, location: str, url: str, kind: DirectKind) -> None:
    found = select(package("a", source, version=None), location=location)
    (one,) = found.requirements
    assert one.direct is not None
    assert (one.name, one.direct.url, one.direct.kind, one.editable) == ("a", url, kind, False)
    assert bool(one.hashes) == source.startswith("archive")
    assert found.files == ()


def test_editable_directories() -> None:
    (one,) = select(package("a", 'directory = {path = "project", editable = true}', version=None)).requirements
    assert one.editable


@pytest.mark.parametrize(
    ("extras", "groups", "defaults", "expected"),
    [
        ((), (), True, ["a", "d"]),
        ((), (), False, ["a"]),
        (("x",), (), True, ["a", "b", "d"]),
        ((), ("Dev_Tools",), False, ["a", "c"]),
    ],
)
def test_extras_and_groups(
    extras: tuple[str, ...], groups: tuple[str, ...], defaults: bool, expected: list[str]
) -> None:
    body = 'extras = ["x"]\ndependency-groups = ["dev-tools", "main"]\ndefault-groups = ["main"]\n' + "".join(
        package(name, f"wheels = [{wheel(name)}]", marker=marker)
        for name, marker in (
            ("a", "python_version > '3'"),
            ("b", "'x' in extras"),
            ("c", "'dev-tools' in dependency_groups"),
            ("d", "'main' in dependency_groups"),
            ("e", "sys_platform == 'win32'"),
        )
    )
    found = select(body, extras=extras, groups=groups, defaults=defaults)
    assert [one.name for one in found.requirements] == expected


@pytest.mark.parametrize(
    ("head", "extras", "groups", "what", "hint"),
    [
        ('extras = ["x", "y"]\n', ("X", "nope"), (), "Undeclared extras: nope", "extras that it declares: x, y"),
        ("", ("ex",), (), "Undeclared extras: ex", "it declares no extras"),
        (
            'dependency-groups = ["dev"]\ndefault-groups = ["main"]\n',
            (),
            ("dev", "main", "nope"),
            "Undeclared dependency groups: nope",
            "dependency groups that it declares: dev, main",
        ),
    ],
)
def test_what_is_not_declared(
    head: str, extras: tuple[str, ...], groups: tuple[str, ...], what: str, hint: str
) -> None:
    """Whatever version of `packaging` there is: older ones pass over it."""
    with pytest.raises(RequirementError) as caught:
        select(head + package("a", f"wheels = [{wheel('a')}]"), extras=extras, groups=groups)
    assert caught.value.what == NOT_SELECTED + what
    assert caught.value.hint == hint


INVALID = "Invalid pylock file 'pylock.toml': "
NOT_SELECTED = "Cannot select requirements from pylock file 'pylock.toml': "


@pytest.mark.parametrize(
    ("body", "location", "message"),
    [
        ("= no toml", "/p/pylock.toml", INVALID),
        ('[[packages]]\nname = "a"', "/p/pylock.toml", INVALID),
        ('requires-python = ">=4"\n' + package("a", SDIST), "/p/pylock.toml", NOT_SELECTED),
        (package("a", f"wheels = [{wheel('a', 'cp27-none-any')}]"), "/p/pylock.toml", NOT_SELECTED),
        (
            package("a", 'directory = {path = "x"}', version=None),
            "https://h.example/pylock.toml",
            "Directory entries are not supported in remote pylock.toml 'pylock.toml'",
        ),
        (
            package("a", f'archive = {{path = "/etc/a.zip", {HASHES}}}', version=None),
            "https://h.example/pylock.toml",
            "Absolute paths are not supported in pylock files obtained from a URL: '/etc/a.zip' in 'pylock.toml'",
        ),
        (
            package("a", f'archive = {{path = "file:a.zip", {HASHES}}}', version=None),
            "https://h.example/pylock.toml",
            "Path 'file:a.zip' in pylock file obtained from a URL resolves outside its location: 'pylock.toml'",
        ),
        (
            package(
                "a", f'archive = {{url = "https://h.example/a.zip#x", subdirectory = "s", {HASHES}}}', version=None
            ),
            "/p/pylock.toml",
            "Package URL 'https://h.example/a.zip#x' cannot contain fragments in combination with subdirectory field",
        ),
        (
            package("a", 'archive = {url = "https://h.example/a.zip", hashes = {blake3 = "0"}}', version=None),
            "/p/pylock.toml",
            "Cannot verify a of pylock file 'pylock.toml'",
        ),
    ],
)
def test_errors(body: str, location: str, message: str) -> None:
    with pytest.raises(RequirementError) as caught:
        select(body, location=location)
    assert caught.value.what.startswith(message)
