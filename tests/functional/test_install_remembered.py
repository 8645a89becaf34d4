"""`install` asked the same question twice: the same result, unless anything that the answer rests on has changed."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import Environment, Outcome, Tree, Workplace, copy_environment, read_tree
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.index_server import IndexServer

LOCK = """\
lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "leaf"
version = "{version}"
[[packages.wheels]]
url = "{url}"
hashes = {{sha256 = "{digest}"}}
"""


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    for version in ("1.0", "2.0"):
        index_server.add_wheel("leaf", version)
    index_server.add_wheel("app", "1.0", requires=["leaf"], entry_points={"console_scripts": ["app = app:main"]})
    return index_server


@pytest.fixture
def fresh(workplace: Workplace, template: Environment) -> Callable[[], Environment]:
    """Return what replaces the workplace's environment by an untouched one at the same path."""

    def replace() -> Environment:
        place = workplace.environment.directory
        place.rename(place.with_name(f"old-{len(list(place.parent.iterdir()))}"))
        return copy_environment(template, place)

    return replace


def installed(workplace: Workplace, index: IndexServer, *arguments: str, **environ: str) -> tuple[Outcome, Tree]:
    outcome = workplace.install("-i", index.index_url, *arguments, environ=environ)
    assert outcome.code == 0, outcome.text
    return outcome, read_tree(workplace.environment.directory)


@pytest.mark.parametrize(
    "arguments",
    [
        ("app",),
        ("app", "--compile"),
        ("-r", "r.txt", "-c", "c.txt"),
        ("--report", "report.json", "app"),
        ("./local-1.0-py3-none-any.whl",),
        ("--target", "t", "app"),
    ],
    ids=" ".join,
)
def test_second_time_is_like_the_first(
    workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment], arguments: tuple[str, ...]
) -> None:
    (workplace.work / "r.txt").write_text("app\n")
    (workplace.work / "c.txt").write_text("leaf<2\n")
    (workplace.work / "local-1.0-py3-none-any.whl").write_bytes(build_wheel("local", "1.0", requires=["leaf"])[1])
    _, first = installed(workplace, index, *arguments)
    files = {name: path.read_bytes() for name in ("report.json",) if (path := workplace.work / name).exists()}
    for name in files:
        (workplace.work / name).unlink()
    for _ in range(2):
        fresh()
        outcome, again = installed(workplace, index, *arguments)
        assert without_stamps(again) == without_stamps(first)
        assert outcome.stderr == "" or "--target" in arguments
    assert files == {name: (workplace.work / name).read_bytes() for name in files}


def without_stamps(tree: Tree) -> Tree:
    """Leave out what a `.pyc` holds: the time at which its source was written."""
    return {path: entry._replace(content=b"") if path.endswith(".pyc") else entry for path, entry in tree.items()}


@pytest.mark.parametrize(
    ("name", "before", "after", "arguments"),
    [
        ("r.txt", "leaf==1.0\n", "leaf==2.0\n", ("-r", "r.txt")),
        ("c.txt", "leaf==1.0\n", "leaf==2.0\n", ("app", "-c", "c.txt")),
        ("sub/more.txt", "leaf==1.0\n", "leaf==2.0\n", ("-r", "nested.txt")),
        ("o.txt", "leaf==1.0\n", "leaf==2.0\n", ("app", "--override", "o.txt")),
        (
            "pyproject.toml",
            '[dependency-groups]\ng = ["leaf==1.0"]\n',
            '[dependency-groups]\ng = ["leaf==2.0"]\n',
            ("--group", "g"),
        ),
        (
            "s.py",
            '# /// script\n# dependencies = ["leaf==1.0"]\n# ///\n',
            '# /// script\n# dependencies = ["leaf==2.0"]\n# ///\n',
            ("--requirements-from-script", "s.py"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and "\n" not in value else "",
)
def test_changed_file(
    workplace: Workplace,
    index: IndexServer,
    fresh: Callable[[], Environment],
    name: str,
    before: str,
    after: str,
    arguments: tuple[str, ...],
) -> None:
    (workplace.work / "nested.txt").write_text("-r sub/more.txt\n")
    place = workplace.work / name
    place.parent.mkdir(exist_ok=True)
    for content, version in ((before, "1.0"), (before, "1.0"), (after, "2.0"), (before, "1.0")):
        place.write_text(content)
        fresh()
        installed(workplace, index, *arguments)
        assert f"leaf-{version}" in workplace.environment.distributions()


def test_changed_variable_in_a_file(workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment]) -> None:
    (workplace.work / "r.txt").write_text("leaf==${VERSION}\n")
    for version in ("1.0", "1.0", "2.0"):
        fresh()
        installed(workplace, index, "-r", "r.txt", VERSION=version)
        assert workplace.environment.distributions() == [f"leaf-{version}"]


def test_changed_archive_at_the_same_path(
    workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment]
) -> None:
    place = workplace.work / "local-1.0-py3-none-any.whl"
    links = workplace.work / "links"
    links.mkdir()
    for text in ("one", "one", "two"):
        archive = build_wheel("local", "1.0", files={"local.txt": text})[1]
        place.write_bytes(archive)
        (links / "linked-1.0-py3-none-any.whl").write_bytes(build_wheel("linked", "1.0", files={"linked.txt": text})[1])
        environment = fresh()
        installed(workplace, index, "./local-1.0-py3-none-any.whl", "linked", "-f", "links")
        assert (environment.site_packages / "local.txt").read_text() == text
        assert (environment.site_packages / "linked.txt").read_text() == text


def test_other_settings_ask_another_question(
    workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment]
) -> None:
    configuration = workplace.work / "pip.conf"
    for text, names in (
        ("", ["app-1.0", "leaf-2.0"]),
        ("[install]\nno-deps = yes\n", ["app-1.0"]),
        (f"[global]\nconstraint = {workplace.work / 'c.txt'}\n", ["app-1.0", "leaf-1.0"]),
    ):
        configuration.write_text(text)
        (workplace.work / "c.txt").write_text("leaf<2\n")
        for _ in range(2):
            fresh()
            installed(workplace, index, "app", PIP_CONFIG_FILE=str(configuration))
            assert workplace.environment.distributions() == names


def test_what_is_installed_counts(workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment]) -> None:
    installed(workplace, index, "app")
    fresh()
    installed(workplace, index, "leaf==1.0")
    installed(workplace, index, "app")
    assert workplace.environment.distributions() == ["app-1.0", "leaf-1.0"]


def test_lock_file(workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment]) -> None:
    files = {file.filename: file.data for file in index.projects["leaf"]}
    for version in ("1.0", "1.0", "2.0"):
        filename = f"leaf-{version}-py3-none-any.whl"
        digest = hashlib.sha256(files[filename]).hexdigest()
        lock = LOCK.format(version=version, url=index.file_url(filename), digest=digest)
        (workplace.work / "pylock.toml").write_text(lock)
        fresh()
        outcome = workplace.install("--no-index", "-r", "pylock.toml")
        assert outcome.code == 0, outcome.text
        assert workplace.environment.distributions() == [f"leaf-{version}"]


def test_nothing_to_do_until_something_changes(workplace: Workplace, index: IndexServer, template: Environment) -> None:
    """What is printed without a look at anything else is right only as long as nothing it rests on has changed."""
    place = workplace.work / "r.txt"
    nested = workplace.work / "nested.txt"
    nested.write_text("-r r.txt\n")
    configuration = workplace.work / "pip.conf"
    configuration.write_text("")
    settings = {"PIP_CONFIG_FILE": str(configuration)}

    def run(expected: str, **more: str) -> None:
        time.sleep(0.05)  # an answer is not kept where something changed a moment ago
        outcome, _ = installed(workplace, index, "-r", "nested.txt", **settings, **more)
        assert outcome.stdout.splitlines()[-1].startswith(expected), outcome.text

    def run_twice_more() -> None:
        for _ in range(2):
            run("Requirement already satisfied: leaf")

    place.write_text("leaf==1.0\n")
    run("Successfully installed leaf-1.0")
    run_twice_more()
    place.write_text("leaf==2.0\n")
    run("Successfully installed leaf-2.0")
    run_twice_more()
    assert workplace.pip("uninstall", "-y", "leaf").code == 0
    run("Successfully installed leaf-2.0")
    run_twice_more()
    configuration.write_text("[install]\nforce-reinstall = yes\n")
    run("Successfully installed leaf-2.0")
    configuration.write_text("")
    run_twice_more()
    run("Successfully installed leaf-2.0", PIP_IGNORE_INSTALLED="1")
    run_twice_more()
    (workplace.environment.site_packages / "leaf-2.0.dist-info" / "METADATA").unlink()
    (workplace.environment.site_packages / "leaf-2.0.dist-info").rename(workplace.work / "gone")
    run("Successfully installed leaf-2.0")
    workplace.environment.directory.rename(workplace.work / "old")
    copy_environment(template, workplace.environment.directory)
    run("Successfully installed leaf-2.0")


REMEMBERED = {"PYTHONPROFILEIMPORTTIME": "1"}


def was_remembered(outcome: Outcome) -> bool:
    """Return whether a run with `REMEMBERED` went no further than the second door."""
    assert "asyncpip.commands.install_remembered" in outcome.stderr
    return "asyncpip.commands.install_run" not in outcome.stderr


@pytest.mark.parametrize(
    ("there", "arguments", "expected"),
    [
        (("leaf==1.0",), ("app",), ["app-1.0", "leaf-1.0"]),
        (("leaf==1.0",), ("--upgrade", "leaf"), ["leaf-2.0"]),
        (("leaf==1.0",), ("app", "leaf>1"), ["app-1.0", "leaf-2.0"]),
        (("app", "leaf==1.0"), ("--upgrade", "app", "leaf"), ["app-1.0", "leaf-2.0"]),
        (("app",), ("leaf<2",), ["app-1.0", "leaf-1.0"]),
        (("other", "leaf==1.0"), ("app",), ["app-1.0", "leaf-1.0", "other-1.0"]),
    ],
    ids=" ".join,
)
def test_what_stays_and_what_goes(
    workplace: Workplace,
    index: IndexServer,
    fresh: Callable[[], Environment],
    there: tuple[str, ...],
    arguments: tuple[str, ...],
    expected: list[str],
) -> None:
    """Another environment that has the same becomes the same, with the same lines."""
    index.add_wheel("other", "1.0", requires=["leaf"])

    def run() -> tuple[Outcome, Tree]:
        fresh()
        installed(workplace, index, *there)
        found = installed(workplace, index, *arguments, **REMEMBERED)
        assert workplace.environment.distributions() == expected
        return found

    first, tree = run()
    for _ in range(2):
        again, same = run()
        assert was_remembered(again)
        assert again.stdout == first.stdout.replace("Downloading", "Using cached")
        assert same == tree
    assert workplace.pip("check").code == 0


def test_the_environment_is_named_as_it_is_called_now(
    workplace: Workplace, index: IndexServer, template: Environment
) -> None:
    """The record serves environments at other paths."""

    def run(environment: Environment) -> Outcome:
        workplace.environment = environment
        installed(workplace, index, "leaf")
        outcome, _ = installed(workplace, index, "app", **REMEMBERED)
        return outcome

    run(workplace.environment)
    elsewhere = run(copy_environment(template, workplace.directory / "elsewhere"))
    assert was_remembered(elsewhere)
    assert f"leaf in {workplace.environment.site_packages} (from app) (2.0)" in elsewhere.stdout
    below = run(copy_environment(template, workplace.work / "below"))
    assert was_remembered(below)
    assert "leaf in ./below/lib" in below.stdout


@pytest.mark.parametrize("kind", ["METADATA", "direct_url.json"])
def test_metadata_of_what_is_installed_counts(
    workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment], kind: str
) -> None:
    """A distribution in development keeps its version while its requirements change."""
    index.add_wheel("base", "1.0")

    def run(*, changed: bool) -> Outcome:
        environment = fresh()
        installed(workplace, index, "leaf==1.0")
        info = environment.site_packages / "leaf-1.0.dist-info"
        if changed and kind == "METADATA":
            text = (info / "METADATA").read_text()
            (info / "METADATA").unlink()
            (info / "METADATA").write_text(text.replace("Version: 1.0\n", "Version: 1.0\nRequires-Dist: base\n"))
        elif changed:
            (info / kind).write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
        return installed(workplace, index, "app", **REMEMBERED)[0]

    run(changed=False)
    assert was_remembered(run(changed=False))
    assert not was_remembered(run(changed=True))
    assert ("base-1.0" in workplace.environment.distributions()) == (kind == "METADATA")


def test_what_cannot_be_removed_is_said_as_ever(
    workplace: Workplace, index: IndexServer, fresh: Callable[[], Environment]
) -> None:
    for _ in range(2):
        environment = fresh()
        installed(workplace, index, "leaf==1.0")
        record = environment.site_packages / "leaf-1.0.dist-info" / "RECORD"
        content = record.read_bytes()
        record.unlink()
        broken = workplace.install("-i", index.index_url, "--upgrade", "leaf")
        assert broken.code == 1
        assert "Cannot uninstall leaf 1.0" in broken.stderr
        assert environment.distributions() == ["leaf-1.0"]
        record.write_bytes(content)
        installed(workplace, index, "--upgrade", "leaf")
        assert environment.distributions() == ["leaf-2.0"]
