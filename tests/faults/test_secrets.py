"""Credentials: they go to the host they belong to, and stand nowhere; what came by them is not for whoever has none."""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.support.index_server import Fault, IndexServer
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.conftest import Site
    from tests.support.environments import Outcome

pytestmark = pytest.mark.faults

USER, PASSWORD = "me", "se/s@me-open"
SPELLINGS = tuple(
    text.encode()
    for text in (
        PASSWORD,
        quote(PASSWORD, safe=""),
        *(base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()[at:][:12] for at in (0, 4, 8)),
        repr(PASSWORD.encode().hex()),
    )
)
"""The password as it is typed, as URLs hold it, and as it is sent."""


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.switches.credentials = (USER, PASSWORD)
    index_server.add_wheel("demo", "1.0", requires=["needed"])
    index_server.add_wheel("needed", "2.0")
    index_server.add_wheel("needed", "1.0")
    return index_server


@pytest.fixture
def second() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def with_secret(url: str) -> str:
    return url.replace("://", f"://{USER}:{quote(PASSWORD, safe='')}@")


def netrc_of(site: Site) -> dict[str, str]:
    path = site.directory / "netrc-file"
    path.write_text(f'machine 127.0.0.1 login {USER} password "{PASSWORD}"\n')
    return {"NETRC": str(path)}


def check_untold(outcome: Outcome) -> None:
    assert "Traceback" not in outcome.stderr, outcome.text
    assert not any(secret in outcome.text.encode() for secret in SPELLINGS), outcome.text


def check_unwritten(*places: Path) -> None:
    seen = 0
    for place in places:
        for path in place.rglob("*"):
            assert not any(secret in str(path).encode() for secret in SPELLINGS), path
            if path.is_file() and not path.is_symlink():
                seen += 1
                content = path.read_bytes()
                assert not any(secret in content for secret in SPELLINGS), path
    assert seen


def check_all(site: Site, outcome: Outcome, *, code: int = 0) -> None:
    assert outcome.code == code, outcome.text
    check_untold(outcome)
    check_unwritten(site.cache, site.environment.site_packages, site.work)


LOUD = ("-vvv", "--log", "out.log", "--report", "report.json", "--timings", "timings.json")


@pytest.mark.parametrize("way", ["option", "extra", "variable", "netrc", "links", "direct"])
def test_a_password_stands_nowhere(site: Site, index: IndexServer, way: str) -> None:
    url = with_secret(index.index_url)
    demo = with_secret(index.file_url("demo-1.0-py3-none-any.whl"))
    arguments, environ = {
        "option": (["demo", "-i", url], {}),
        "extra": (["demo", "-i", index.url + "/nothing", "--extra-index-url", url], {}),
        "variable": (["demo"], {"PIP_INDEX_URL": url}),
        "netrc": (["demo", "-i", index.index_url], netrc_of(site)),
        "links": (
            ["demo", "--no-index", "-f", url + "/demo/", "-f", url + "/needed/", "--trusted-host", "127.0.0.1"],
            {},
        ),
        "direct": ([f"demo @ {demo}", "-i", url], {}),
    }[way]
    for more in ((), ("--refresh", "--force-reinstall"), ("--no-cache-dir", "--force-reinstall"), ("-U",)):
        check_all(site, site.install(*arguments, *LOUD, *more, environ=environ))
    assert site.environment.distributions() == ["demo-1.0", "needed-2.0"]
    if way == "direct":
        for command in ("freeze", "inspect", "show -f demo", "cache verify"):
            check_untold(site.asyncpip(*command.split(), "-vvv"))
        said = json.loads((site.environment.site_packages / "demo-1.0.dist-info" / "direct_url.json").read_text())
        assert said["url"] == index.file_url("demo-1.0-py3-none-any.whl")


def test_a_password_stands_nowhere_in_what_other_commands_write(site: Site, index: IndexServer) -> None:
    url = with_secret(index.index_url)
    for command in ("download demo -d out", "wheel demo -w out", "lock demo -o pylock.toml", "index versions demo"):
        outcome = site.asyncpip(*command.split(), "-i", url, "-vvv", "--log", "out.log")
        check_untold(outcome)
        assert outcome.code == 0, outcome.text
    check_unwritten(site.cache, site.work)


def test_a_password_stands_in_no_error(site: Site, index: IndexServer, second: IndexServer) -> None:
    url = with_secret(index.index_url)
    (site.work / "r.txt").write_text("demo @ " + with_secret(index.url) + "/x/demo-1.0.zip --nonsense\n")
    path = "/files/demo-1.0-py3-none-any.whl"
    faults = {
        "wrong hash": (path, Fault(body=build_wheel("demo", "1.0", files={"x.py": ""})[1])),
        "gone": (path, Fault(status=404)),
        "refused": (path, Fault(status=401)),
        "cut": (path, Fault(cut_at=10)),
        "redirected": (path, Fault(redirect="ftp://127.0.0.1/")),
        "page gone": ("/simple/demo/", Fault(status=500)),
        "no page": ("/simple/demo/", Fault(status=200, body=b"{")),
    }
    for more in (
        ["nonesuch", "-i", url],
        ["demo==7", "-i", url],
        ["demo", "-i", with_secret(second.url) + "/simple", "-r", "r.txt"],
        [with_secret(index.url) + "/files/nonesuch-1.0-py3-none-any.whl"],
        [f"git+{with_secret(index.url)}/repository#egg=x"],
        [f"demo @ {with_secret('https://127.0.0.1:1')}/demo-1.0-py3-none-any.whl"],
        ["demo", "--proxy", with_secret("http://127.0.0.1:1"), "-i", "http://localhost:1/simple"],
        ["demo", "--trusted-host", with_secret("http://h"), "-i", "http://localhost:1/simple"],
        [with_secret("http://[bad") + "/demo-1.0.zip"],
        ["-r", with_secret(index.url) + "/nonesuch.txt"],
    ):
        check_all_but_input(site, site.install(*more, "--retries", "0", "--timeout", "5", "-vvv", "--log", "out.log"))
    for where, fault in faults.values():
        index.script(where, *[fault] * 10)
        outcome = site.install("demo", "-i", url, "--retries", "0", "--resume-retries", "0", *LOUD, "--refresh")
        check_all_but_input(site, outcome)
        index.forget_scripts()


def check_all_but_input(site: Site, outcome: Outcome) -> None:
    assert outcome.code == 1, outcome.text
    check_untold(outcome)
    (site.work / "r.txt").rename(site.directory / "r.txt")
    check_unwritten(site.work, site.cache)
    (site.directory / "r.txt").rename(site.work / "r.txt")


def keyring_of(site: Site) -> dict[str, str]:
    folder = site.directory / "programs"
    folder.mkdir()
    said = json.dumps({"username": USER, "password": PASSWORD})
    (folder / "keyring").write_text(f"#!{sys.executable}\nprint({said!r})\n")
    (folder / "keyring").chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PIP_KEYRING_PROVIDER": "subprocess"}


@pytest.mark.parametrize("way", ["option", "netrc", "keyring"])
def test_what_came_by_credentials_is_not_served_without(site: Site, index: IndexServer, way: str) -> None:
    index.switches.cache_control = "max-age=600, public"
    url = with_secret(index.index_url) if way == "option" else index.index_url
    environ = {"option": lambda _: {}, "netrc": netrc_of, "keyring": keyring_of}[way](site)
    assert site.install("demo", "-i", url, environ=environ).code == 0
    assert site.asyncpip("uninstall", "-y", "demo", "needed").code == 0
    before = site.tree()
    for more in ((), ("--offline",), ("--dry-run",)):
        outcome = site.install("demo", "-i", index.index_url, *more)
        assert outcome.code == 1, outcome.text
        assert site.tree() == before
    assert site.asyncpip("index", "versions", "demo", "-i", index.index_url).code != 0
    asked = len(index.requests)
    outcome = site.install("demo", "-i", url, environ=environ)
    assert outcome.code == 0, outcome.text
    assert len(index.requests) == asked, "who has them is served from the store"


def test_what_a_server_confirms_to_everybody_is_for_everybody(site: Site, index: IndexServer) -> None:
    assert site.install("demo", "-i", with_secret(index.index_url)).code == 0
    index.switches.credentials = None
    for _ in range(2):
        assert site.install("demo", "-i", index.index_url, "--dry-run", "--force-reinstall").code == 0
    conditional = [each for each in index.requests if "if-none-match" in each.headers]
    assert [each.path for each in conditional] == ["/simple/demo/", "/simple/needed/"]
    assert not any("authorization" in each.headers for each in conditional)


def test_credentials_do_not_follow_to_another_origin(site: Site, index: IndexServer, second: IndexServer) -> None:
    """Pages that redirect, files that a page lists there, companions of these, and requirements files."""
    second.add_wheel("demo", "1.0", requires=["needed"])
    second.add_wheel("needed", "2.0")
    second.switches.absolute_urls = True
    index.script("/simple/demo/", *[Fault(redirect=second.index_url + "/demo/")] * 5)
    index.script("/simple/needed/", *[Fault(redirect=second.index_url.replace("127.0.0.1", "localhost") + "/needed/")])
    index.pages["/r.txt"] = ("text/plain", f"-i {with_secret(index.index_url)}\ndemo\n".encode())
    outcome = site.install("-r", with_secret(index.url) + "/r.txt", "-vvv")
    assert outcome.code == 0, outcome.text
    check_untold(outcome)
    assert len(second.requests) >= len(("page", "page", "wheel", "wheel"))
    assert not any("authorization" in each.headers for each in second.requests)
    assert all("authorization" in each.headers for each in index.requests)


def test_a_name_that_a_less_trusted_index_knows_too(site: Site, index: IndexServer, second: IndexServer) -> None:
    """Said on every run, whatever is remembered; the index with credentials is the one to be trusted."""
    second.add_wheel("demo", "99.0")
    places = ("-i", with_secret(index.index_url), "--extra-index-url", second.index_url)
    for _ in range(3):
        outcome = site.install("demo", *places)
        assert outcome.code == 0, outcome.text
        assert outcome.stderr.count("WARNING: Be sure of demo: it comes from ") == 1, outcome.text
        check_untold(outcome)
        assert site.environment.distributions() == ["demo-99.0"]
        assert site.asyncpip("uninstall", "-y", "demo").code == 0
    outcome = site.install("demo", *places, "--index-strategy", "first-index")
    assert outcome.code == 0, outcome.text
    assert "WARNING" not in outcome.stderr
    assert site.environment.distributions() == ["demo-1.0", "needed-2.0"]


@pytest.mark.parametrize("way", ["-i", "--extra-index-url", "-f"])
def test_plain_http_only_where_it_is_allowed(site: Site, second: IndexServer, way: str) -> None:
    """The name of a host that is not this machine leads to the test's server through a proxy."""
    second.add_wheel("demo", "1.0")
    url = "http://index.invalid/simple" + ("/demo/" if way == "-f" else "")
    places = [way, url] if way == "-i" else ["-i", second.index_url + "/nothing", way, url]
    environ = {"http_proxy": second.url, "no_proxy": "127.0.0.1"}
    outcome = site.install("demo", *places, environ=environ)
    assert outcome.code == 1, outcome.text
    assert "The repository located at index.invalid is not a trusted or secure host" in outcome.stderr
    asked = [each.path for each in second.requests if each.path.startswith("http://index.invalid/")]
    assert asked == []
    site.install("demo", *places, "--trusted-host", "index.invalid", environ=environ)
    assert [each for each in second.requests if each.path.startswith("http://index.invalid/")]
