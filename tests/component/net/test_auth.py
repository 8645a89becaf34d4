from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from asyncpip.core.events import Level
from asyncpip.core.urls import Credentials
from asyncpip.core.values import replace
from asyncpip.net.auth import Authenticator, basic_authorization
from asyncpip.net.keyring_source import KeyringSource, find_keyring_program
from asyncpip.net.transport import TransportOptions
from tests.component.net.loopback_server import Asked, Reply, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from asyncpip.net.transport import Transport
    from tests.component.net.conftest import CollectingReporter, OpenTransport

JOE = Credentials("joe", "pw")

FAKE_MODULE = """
from collections import namedtuple
Found = namedtuple("Found", "username password")
asked = []
saved = []
answers = {}
def get_credential(service, username):
    asked.append((service, username))
    if service == "broken":
        raise RuntimeError("the vault is closed")
    return Found(*answers[service]) if service in answers else None
def set_password(service, username, password):
    saved.append((service, username, password))
"""

FAKE_PROGRAM = """#!{python}
import json, sys
open({log!r}, "a").write(json.dumps(sys.argv[1:]) + chr(10))
if sys.argv[1] == "set":
    open({log!r}, "a").write(sys.stdin.read())
elif {old!r}:
    print("error: unrecognized arguments: --mode=creds", file=sys.stderr)
    sys.exit(2)
elif sys.argv[4] == "known":
    print(json.dumps({{"username": "joe", "password": "pw"}}))
else:
    sys.exit(1)
"""


@pytest.fixture
def keyring_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A `keyring` package of its own, in front of any real one."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "keyring.py").write_text(FAKE_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    import keyring

    yield keyring
    sys.modules.pop("keyring", None)


def keyring_program(folder: Path, *, old: bool = False) -> tuple[dict[str, str], Path]:
    folder.mkdir()
    log = folder / "log"
    program = folder / "keyring"
    program.write_text(FAKE_PROGRAM.format(python=sys.executable, log=str(log), old=old))
    program.chmod(0o755)
    return {"PATH": str(folder)}, log


def source(
    provider: str, reporter: CollectingReporter, environ: Mapping[str, str] | None = None, *, allow_input: bool = True
) -> KeyringSource:
    return KeyringSource(provider, allow_input=allow_input, environ=environ or {}, reporter=reporter)


def test_the_imported_keyring(keyring_module: Any, reporter: CollectingReporter) -> None:
    keyring_module.answers["known"] = ("joe", "pw")
    keyring = source("import", reporter)
    assert keyring.get("known", None) == JOE
    assert keyring.get("unknown", "joe") is None
    assert keyring_module.asked == [("known", None), ("unknown", "joe")]
    keyring.save("known", JOE)
    assert keyring_module.saved == [("known", "joe", "pw")]


def test_a_keyring_that_fails_is_left_alone(keyring_module: Any, reporter: CollectingReporter) -> None:
    keyring = source("auto", reporter)
    assert keyring.get("broken", None) is None
    assert keyring.get("broken", None) is None
    assert keyring_module.asked == [("broken", None)]
    assert not keyring.is_enabled
    warning = "Keyring is skipped due to an exception: the vault is closed"
    assert reporter.texts(Level.WARNING) == [warning]


@pytest.mark.skipif(sys.platform == "win32", reason="the fake program needs a shebang")
def test_the_keyring_program(tmp_path: Path, reporter: CollectingReporter) -> None:
    environ, log = keyring_program(tmp_path / "bin")
    keyring = source("subprocess", reporter, environ)
    assert keyring.get("known", None) == JOE
    assert keyring.get("unknown", "joe") is None
    keyring.save("known", JOE)
    assert log.read_text().splitlines() == [
        '["--mode=creds", "--output=json", "get", "known"]',
        '["--mode=creds", "--output=json", "get", "unknown", "joe"]',
        '["set", "known", "joe"]',
        "pw",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="the fake program needs a shebang")
def test_a_keyring_program_that_is_too_old(tmp_path: Path, reporter: CollectingReporter) -> None:
    environ, _ = keyring_program(tmp_path / "bin", old=True)
    assert source("subprocess", reporter, environ).get("known", None) is None
    assert "25.2.1" in reporter.texts(Level.WARNING)[0]


def test_no_keyring_anywhere(tmp_path: Path, reporter: CollectingReporter) -> None:
    keyring = source("subprocess", reporter, {"PATH": str(tmp_path)})
    assert keyring.get("known", None) is None
    assert not keyring.is_enabled
    assert reporter.messages == []


@pytest.mark.parametrize(
    ("provider", "allow_input", "expected"),
    [("auto", True, True), ("auto", False, False), ("import", False, True), ("disabled", True, False)],
)
def test_when_the_keyring_is_asked(
    provider: str, allow_input: bool, expected: bool, reporter: CollectingReporter
) -> None:
    assert source(provider, reporter, allow_input=allow_input).is_enabled is expected


@pytest.mark.skipif(sys.platform == "win32", reason="the fake program needs a shebang")
def test_the_program_of_our_own_environment_is_passed_over(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    keyring_program(own)
    keyring_program(other)
    path = f"{own}:{other}"
    assert find_keyring_program(path, own_scripts=str(own)) == str(other / "keyring")
    assert find_keyring_program(path, own_scripts="/elsewhere") == str(own / "keyring")
    assert find_keyring_program(str(own), own_scripts=str(own)) is None


def authenticator(
    reporter: CollectingReporter,
    *,
    index_urls: tuple[str, ...] = (),
    keyring: KeyringSource | None = None,
    environ: Mapping[str, str] | None = None,
    prompt: Callable[[str], Credentials | None] | None = None,
    offer_to_save: Callable[[str], bool] | None = None,
) -> Authenticator:
    return Authenticator(
        index_urls=index_urls,
        keyring=keyring or source("disabled", reporter),
        environ={"HOME": "/nonexistent", **(environ or {})},
        reporter=reporter,
        prompt=prompt,
        offer_to_save=offer_to_save,
    )


def test_the_longest_matching_index_url_gives_credentials(reporter: CollectingReporter) -> None:
    auth = authenticator(
        reporter,
        index_urls=(
            "https://host/simple",
            "https://a:1@host/team-a/simple/",
            "https://b:2@host/team-b/simple",
            "https://c:3@other/simple?page=1",
            "https://[bad",
        ),
    )
    assert auth.known("https://host/team-a/simple/x/", None) == Credentials("a", "1")
    assert auth.known("https://host/team-b/files/x.whl", None) == Credentials("b", "2")
    assert auth.known("https://host/simple/x/", None) is None
    assert auth.known("https://other", None) == Credentials("c", "3")
    assert auth.known("http://other/simple/", None) is None
    assert auth.known("https://host:8443/team-a/simple/x/", None) is None


def test_a_url_of_its_own_wins_and_serves_its_neighbours(reporter: CollectingReporter) -> None:
    auth = authenticator(reporter)
    assert auth.known("https://host/links/", JOE) == JOE
    assert auth.known("https://host/links/a.whl", None) == JOE
    assert auth.known("https://elsewhere/links/a.whl", None) is None
    assert auth.known("https://host/b", Credentials("token", None)) == Credentials("token", "")


def write_netrc(folder: Path, text: str, name: str = ".netrc") -> dict[str, str]:
    (folder / name).write_text(text)
    return {"HOME": str(folder)}


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform == "win32", reason="HOME is not where Windows looks")
@pytest.mark.parametrize("name", [".netrc", "_netrc"])
async def test_netrc_in_the_home_directory(tmp_path: Path, reporter: CollectingReporter, name: str) -> None:
    auth = authenticator(reporter, environ=write_netrc(tmp_path, "machine host login joe password pw\n", name))
    await auth.prepare()
    assert auth.known("https://host:8443/x", None) == JOE
    assert auth.known("https://other/x", None) is None
    assert auth.known("https://host/x", Credentials("ann", "1")) == Credentials("ann", "1")


@pytest.mark.anyio
async def test_a_broken_netrc_is_passed_over(tmp_path: Path, reporter: CollectingReporter) -> None:
    (tmp_path / "rc").write_text("machine host login joe nonsense secret\n")
    auth = authenticator(reporter, environ={"NETRC": str(tmp_path / "rc")})
    await auth.prepare()
    assert auth.known("https://host/x", None) is None
    assert "secret" not in str(reporter.messages)


@pytest.mark.anyio
async def test_the_keyring_is_asked_for_the_index_url_then_for_the_host(
    keyring_module: Any, reporter: CollectingReporter
) -> None:
    keyring_module.answers["host"] = ("joe", "pw")
    auth = authenticator(
        reporter, index_urls=("https://joe@host/simple",), keyring=source("import", reporter), prompt=lambda _: None
    )
    refused = auth.known("https://host/simple/a/", None)
    assert refused == Credentials("joe", "")
    assert await auth.find("https://host/simple/a/", None, refused=refused) == JOE
    assert keyring_module.asked == [("https://host/simple/", "joe"), ("host", "joe")]
    assert auth.known("https://host/simple/b/", None) == JOE
    assert await auth.find("https://host/simple/b/", None, refused=refused) == JOE
    assert await auth.find("https://host/simple/b/", None, refused=JOE) is None
    assert len(keyring_module.asked) == 2


@pytest.mark.anyio
async def test_what_was_refused_is_not_tried_again(
    keyring_module: Any, reporter: CollectingReporter, tmp_path: Path
) -> None:
    (tmp_path / "rc").write_text("machine host login joe password pw\n")
    keyring_module.answers["host"] = ("joe", "pw")
    auth = authenticator(reporter, keyring=source("import", reporter), environ={"NETRC": str(tmp_path / "rc")})
    await auth.prepare()
    refused = auth.known("https://host/a", None)
    assert refused == JOE
    assert await auth.find("https://host/a", None, refused=refused) is None
    assert keyring_module.asked == [("host", None)]


@pytest.mark.anyio
async def test_what_was_found_is_for_its_user_only(keyring_module: Any, reporter: CollectingReporter) -> None:
    keyring_module.answers["host"] = ("joe", "pw")
    auth = authenticator(reporter, keyring=source("import", reporter))
    assert await auth.find("https://host/a", None, refused=None) == JOE
    assert auth.known("https://host/b", None) == JOE
    assert auth.known("https://host/b", Credentials("joe", None)) == JOE
    assert auth.known("https://host/b", Credentials("ann", None)) == Credentials("ann", "")


@pytest.mark.anyio
async def test_the_prompt_comes_last_and_once(keyring_module: Any, reporter: CollectingReporter) -> None:
    prompted: list[str] = []
    auth = authenticator(reporter, keyring=source("import", reporter), prompt=prompted.append)
    assert await auth.find("https://host/a", None, refused=None) is None
    assert await auth.find("https://host/b", None, refused=None) is None
    assert prompted == ["host"]
    assert keyring_module.asked == [("host", None)]


@pytest.mark.anyio
@pytest.mark.parametrize("agrees", [True, False])
async def test_what_was_typed_is_saved_if_the_user_agrees(
    keyring_module: Any, reporter: CollectingReporter, agrees: bool
) -> None:
    auth = authenticator(
        reporter,
        keyring=source("import", reporter),
        prompt=lambda _: JOE,
        offer_to_save=lambda host: agrees and host == "host",
    )
    assert await auth.find("https://host/a", None, refused=None) == JOE
    assert keyring_module.saved == []
    await auth.accept("https://host/a", Credentials("someone", "else"))
    await auth.accept("https://host/a", JOE)
    await auth.accept("https://host/a", JOE)
    assert keyring_module.saved == ([("host", "joe", "pw")] if agrees else [])


@pytest.mark.anyio
async def test_keyring_through_the_transport(
    transport: OpenTransport, keyring_module: Any, reporter: CollectingReporter
) -> None:
    def reply(asked: Asked) -> Reply:
        is_in = asked.headers.get("authorization") == basic_authorization(JOE)
        return Reply(body=b"in") if is_in else Reply(status=401)

    with serving(reply) as server:
        keyring_module.answers[f"{server.url}/simple/"] = ("joe", "pw")
        options = replace(TransportOptions(), index_urls=(f"{server.url}/simple",), keyring_provider="import")
        async with transport(options, reporter) as net, anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(get_in, net, f"{server.url}/simple/{number}/")
    assert keyring_module.asked == [(f"{server.url}/simple/", None)]


async def get_in(net: Transport, url: str) -> None:
    async with net.get(url) as response:
        assert await response.read(100) == b"in"


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (JOE, "Basic am9lOnB3"),
        (Credentials("token", None), "Basic dG9rZW46"),
        (Credentials("j\xf6", "x"), "Basic avY6eA=="),
        (Credentials("\u20ac", "x"), "Basic 4oKsOng="),
    ],
)
def test_basic_authorization(credentials: Credentials, expected: str) -> None:
    assert basic_authorization(credentials) == expected
