"""Every line of the reference that needs no build, on placeholder projects: exit code 0, or the documented one."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from tests.support.environments import Environment, Workplace
from tests.support.index_server import JSON_TYPE, IndexServer
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = dict.fromkeys((Path(__file__).parents[1] / "support" / "seed_install_lines.txt").read_text().splitlines())
BUILDS = (
    "git+",
    "hg+",
    "svn+",
    "bzr+",
    "-e",
    "--editable",
    ".tar.gz",
    ".zip",
    "/directory",
    "./local_package",
    "-binary :",
)
"""What a line holds that needs a build backend, or version control; `--only-binary :` needs neither."""
PROJECTS = {
    "requests": ("2.25.0", "2.25.1", "2.26.0"),
    "package_name": ("1.0", "1.5.0", "2.0"),
    "package": ("1.0",),
    "django": ("4.2",),
}
EXTRAS = {"package": ("extra", "extra1", "extra2", "all"), "django": ("bcrypt", "argon2")}
OTHERS = (
    "numpy pandas pip setuptools wheel pip-tools safety pip-audit pre-commit black flake8 mypy devpi-server "
    "devpi-client"
)
REMOTE = ("://pypi.example.org", "://mirror-", "://localhost:3141")
"""Indexes of the lines; the local one stands for each."""
FAILS = {
    "pip install --bind-address 192.168.1.100 package_name": "192.168.1.100",
    "pip install --user package_name": "User site-packages are not visible in this virtualenv.",
}
"""What no machine of a test has, and what the error has to name. A missing `--cert` file is not looked at for http."""


def needs_build(line: str) -> bool:
    return any(sign in line for sign in BUILDS) and "--only-binary" not in line


def arguments_of(line: str, index: IndexServer) -> list[str]:
    """Return what stands behind `pip install`, comments cut, indexes and paths of other machines replaced."""
    words = shlex.split(line.partition("  #")[0])[2:]
    arguments = [index.index_url if any(sign in word for sign in REMOTE) and "://" in word else word for word in words]
    arguments = [word.replace("/tmp/wheels", "wheels") for word in arguments]  # noqa: S108 - a text of the lines
    if "--proxy" in arguments:
        arguments[arguments.index("--proxy") + 1] = index.url.replace("://", "://user:password@")
    return [word.replace("/custom/cache/dir", "custom-cache") for word in arguments]


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        for name, versions in PROJECTS.items():
            for version in versions:
                extras = {extra: ["dependency"] for extra in EXTRAS.get(name, ())}
                server.add_wheel(
                    name, version, extras=extras, requires=["dependency"] if name == "package_name" else ()
                )
        for name in (*OTHERS.split(), "dependency"):
            server.add_wheel(name, "1.0")
        answer_as_proxy(server, ("package-name", "dependency"))
        yield server


def answer_as_proxy(server: IndexServer, projects: tuple[str, ...]) -> None:
    """Answer requests as they come to a proxy, with the whole address in the request line."""
    for project in projects:
        url = f"{server.index_url}/{project}/"
        with urlopen(Request(url, headers={"Accept": JSON_TYPE})) as answer:  # noqa: S310 - the server of this test
            server.pages[url] = (JSON_TYPE, answer.read())
        for file in server.projects[project]:
            server.pages[server.file_url(file.filename) + ".metadata"] = ("text/plain", file.metadata or b"")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, template: Environment, index: IndexServer) -> Workplace:
    workplace = Workplace(tmp_path_factory.mktemp("lines") / "place", template)
    work = workplace.work
    digest = index.projects["requests"][1]
    (work / "requirements.txt").write_text(f"requests==2.25.1 --hash=sha256:{sha256(digest.data)}\n")
    (work / "requirements-dev.txt").write_text("black\n")
    (work / "requirements-prod.txt").write_text("-r requirements.txt\n")
    (work / "constraints.txt").write_text("requests<2.26\n")
    (work / "wheels").mkdir()
    (work / "wheels" / digest.filename).write_bytes(digest.data)
    filename, wheel = build_wheel("package", "1.0.0")
    (work / filename).write_bytes(wheel)
    return workplace


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("line", [line for line in LINES if not needs_build(line)])
def test_line(line: str, place: Workplace, index: IndexServer) -> None:
    asked = len(index.requests)
    outcome = place.install(
        "--dry-run", "--refresh", "--retries=0", "--index-url", index.index_url, *arguments_of(line, index)
    )
    if line in FAILS:
        assert outcome.code == 1, outcome.text
        assert FAILS[line] in outcome.stderr
    else:
        assert outcome.code == 0, outcome.text
        assert "Would install " in outcome.stdout or "-q" in line.split(), outcome.text
    if "--proxy" in line:
        assert {request.path for request in index.requests[asked:]} <= index.pages.keys()
        assert all("proxy-authorization" in request.headers for request in index.requests[asked:])
    assert place.environment.distributions() == []
