"""An index that fails or lies in every way it can: bounded time, a readable error, everything as it was; or success."""

from __future__ import annotations

import gzip
import json
import random
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.index_server import JSON_TYPE, Fault, IndexServer
from tests.support.wheel_builder import build_metadata, build_wheel

if TYPE_CHECKING:
    from tests.faults.conftest import Site

pytestmark = pytest.mark.faults

PAGE, FILE = "/simple/demo/", "/files/demo-1.0-py3-none-any.whl"
METADATA = FILE + ".metadata"
MANY = 40
PATIENCE_SECONDS = 20
"""Far beyond what bounds there are: timeouts of a second, two attempts."""
NOISE = random.Random(5).randbytes(60_000)  # noqa: S311 - noise, not a secret


class Case(NamedTuple):
    """What one path does wrong, however often it is asked, and what is said of it."""

    path: str
    fault: Fault
    says: str


def page_of(body: bytes, content_type: str = JSON_TYPE, **headers: str) -> Fault:
    # With a validator of its own: what was kept of it is not confirmed by a server that has come to its senses.
    return Fault(body=body, headers={"Content-Type": content_type, "ETag": '"of-a-fault"', **headers})


def zeros(size: int) -> bytes:
    return gzip.compress(bytes(size), 1)


def entry(**fields: object) -> bytes:
    return json.dumps({"files": [{"filename": "demo-1.0-py3-none-any.whl", "hashes": {}, **fields}]}).encode()


FAILING: dict[str, Case] = {
    "page: 500": Case(PAGE, Fault(status=500), "500"),
    "page: 403": Case(PAGE, Fault(status=403), "403"),
    "page: 429 for ever": Case(PAGE, Fault(status=429, headers={"Retry-After": "0"}), "429"),
    "page: 503 for hours": Case(PAGE, Fault(status=503, headers={"Retry-After": "86400"}), "503"),
    "page: reset": Case(PAGE, Fault(drop=True), "Could not fetch URL"),
    "page: cut": Case(PAGE, Fault(cut_at=20), "the connection ended in the middle"),
    "page: longer than it is": Case(PAGE, Fault(length=10**6), "the connection ended in the middle"),
    "page: longer than anything": Case(PAGE, Fault(length=10**17), "Could not fetch URL"),
    "page: stalls": Case(PAGE, Fault(stall_at=20, stall_seconds=60), "did not answer in time"),
    "page: never begins": Case(PAGE, Fault(stall_seconds=60), "did not answer in time"),
    "page: drips": Case(PAGE, Fault(drip_bytes=1, drip_seconds=0.3), "did not answer in time"),
    "page: of another type": Case(PAGE, page_of(b"x", "application/zip"), "application/zip"),
    "page: no JSON": Case(PAGE, page_of(b"{"), "Skipping page"),
    "page: not UTF-8": Case(PAGE, page_of(b'{"files": [{"filename": "\xff"}]}'), "Skipping page"),
    "page: deep JSON": Case(PAGE, page_of(b"[" * 500_000), "Skipping page"),
    "page: of a future version": Case(PAGE, page_of(b'{"meta": {"api-version": "9.0"}, "files": []}'), "version 9.0"),
    "page: gzip bomb": Case(PAGE, page_of(zeros(220 << 20), **{"Content-Encoding": "gzip"}), "longer than accepted"),
    "page: gzip bomb in gzip": Case(
        PAGE, page_of(gzip.compress(zeros(220 << 20)), **{"Content-Encoding": "gzip, gzip"}), "longer than accepted"
    ),
    "page: damaged gzip": Case(PAGE, page_of(zeros(999)[:-9], **{"Content-Encoding": "gzip"}), "Could not fetch URL"),
    "page: unknown coding": Case(PAGE, page_of(b"x", **{"Content-Encoding": "br"}), "Could not fetch URL"),
    "page: in a circle": Case(PAGE, Fault(redirect=PAGE), "more than 30 redirects"),
    "page: to a file": Case(PAGE, Fault(redirect="file:///etc/passwd"), "which is not http(s)"),
    "page: to nowhere": Case(PAGE, Fault(redirect="http://[/"), "Could not fetch URL"),
    "page: a wheel that is a device": Case(PAGE, page_of(entry(url="file:///dev/zero")), "demo-1.0-py3-none-any.whl"),
    "wheel: 404": Case(FILE, Fault(status=404), "404"),
    "wheel: 500": Case(FILE, Fault(status=500), "500"),
    "wheel: reset": Case(FILE, Fault(drop=True), "could not download demo"),
    "wheel: cut": Case(FILE, Fault(cut_at=100), "could not download demo"),
    "wheel: stalls": Case(FILE, Fault(stall_at=100, stall_seconds=60), "could not download demo"),
    "wheel: drips": Case(FILE, Fault(drip_bytes=1, drip_seconds=0.3), "could not download demo"),
    "wheel: another one": Case(
        FILE, Fault(body=build_wheel("demo", "1.0", files={"evil.py": ""})[1]), "DO NOT MATCH THE HASHES"
    ),
    "wheel: shorter": Case(FILE, Fault(body=b"PK", headers={"ETag": '"other"'}), "DO NOT MATCH THE HASHES"),
    "wheel: far longer": Case(FILE, Fault(body=bytes(3 << 20)), "the server announces"),
    "wheel: a page": Case(FILE, page_of(b"<html>log in</html>", "text/html"), "DO NOT MATCH THE HASHES"),
    "metadata: another one": Case(METADATA, Fault(body=b"Name: demo\nVersion: 1.0\n"), "digest of"),
}


@pytest.fixture
def index(index_server: IndexServer) -> IndexServer:
    index_server.add("demo-1.0-py3-none-any.whl", build_wheel("demo", "1.0", files={"noise.bin": NOISE})[1])
    return index_server


def install(site: Site, index: IndexServer, *more: str, command: str = "install") -> tuple[int, str]:
    started = time.monotonic()
    arguments = ["-i", index.index_url, "--timeout", "1", "--retries", "1", "--resume-retries", "1", *more]
    outcome = site.asyncpip(command, *(arguments if more and more[0] == "-r" else ["demo", *arguments]))
    assert time.monotonic() - started < PATIENCE_SECONDS
    assert "Traceback" not in outcome.stderr, outcome.text
    return outcome.code, outcome.text


def check_fails(site: Site, index: IndexServer, says: str, *more: str) -> None:
    before = site.tree()
    code, text = install(site, index, *more)
    assert code == 1, text
    assert says in text
    assert "ERROR: " in text
    assert site.tree() == before
    assert site.store_leftovers() == []


def check_works(site: Site, index: IndexServer, *more: str) -> None:
    code, text = install(site, index, *more)
    assert code == 0, text
    assert (site.environment.site_packages / "noise.bin").read_bytes() == NOISE


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_fails_cleanly_and_the_next_run_works(site: Site, index: IndexServer, name: str) -> None:
    case = FAILING[name]
    index.script(case.path, *[case.fault] * MANY)
    check_fails(site, index, case.says)
    index.forget_scripts()
    check_works(site, index, "--refresh")


PASSING: dict[str, tuple[str, tuple[Fault | None, ...]]] = {
    "page: one 503": (PAGE, (Fault(status=503, headers={"Retry-After": "0"}),)),
    "page: one reset": (PAGE, (Fault(drop=True),)),
    "page: redirected": (PAGE, (Fault(redirect="/simple/demo/?again"),)),
    "page: with a false type in capitals": (PAGE, (Fault(headers={"Content-Type": JSON_TYPE.upper()}),)),
    "metadata: gone": (METADATA, (Fault(status=404),)),
    "metadata: cut": (METADATA, (Fault(cut_at=3),) * 3),
    "wheel: cut": (FILE, (Fault(cut_at=30_000),)),
    "wheel: cut, then another range": (FILE, (Fault(cut_at=30_000), Fault(headers={"Content-Range": "bytes 7-9/10"}))),
    "wheel: cut, then no range": (FILE, (Fault(cut_at=30_000), Fault(ignore_range=True))),
    "wheel: of a false type": (FILE, (Fault(headers={"Content-Type": "text/html"}),)),
    "wheel: with a weak validator": (FILE, (Fault(cut_at=30_000, headers={"ETag": 'W/"weak"'}),)),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_can_be_put_right_is(site: Site, index: IndexServer, name: str) -> None:
    path, faults = PASSING[name]
    index.script(path, *faults)
    check_works(site, index, "--resume-retries", "3")


def test_a_server_that_lies_about_ranges(site: Site, index: IndexServer) -> None:
    """It says that it goes on where the first answer ended, and sends something else."""
    index.script(FILE, Fault(cut_at=30_000), Fault(body=bytes(len(NOISE))))
    code, text = install(site, index)
    assert code == 1, text
    check_works(site, index)


def test_a_stale_etag_is_no_proof(site: Site, index: IndexServer) -> None:
    """A 304 for something that has changed shows at the digest, and `--refresh` does not help a lying server."""
    check_works(site, index)
    index.add_wheel("demo", "2.0")
    index.script(PAGE, Fault(status=304))
    assert site.asyncpip("uninstall", "-y", "demo").code == 0
    code, text = install(site, index, "--refresh")
    assert code == 0, text
    assert site.environment.distributions() == ["demo-1.0"]


def test_a_304_that_nobody_asked_for(site: Site, index: IndexServer) -> None:
    index.script(PAGE, *[Fault(status=304)] * MANY)
    check_fails(site, index, "304")


def test_metadata_that_differs_from_the_wheel_s_own(site: Site, index: IndexServer) -> None:
    index.projects.clear()
    name, data = build_wheel("demo", "1.0", files={"noise.bin": NOISE}, requires=["needed>=2"])
    index.add(name, data, metadata=build_metadata("demo", "1.0").encode())
    index.add_wheel("needed", "2.0")
    for _ in range(2):
        check_fails(site, index, "it requires needed>=2")
    index.projects.clear()
    index.add(name, data)
    index.add_wheel("needed", "2.0")
    check_works(site, index, "--refresh")
    assert site.environment.distributions() == ["demo-1.0", "needed-2.0"]


def test_a_page_with_all_kinds_of_nonsense(site: Site, index: IndexServer) -> None:
    """What is no file of the project is passed over; the one that is, is found."""
    digest = json.loads(page := index_page(index))["files"][0]
    nonsense: list[object] = [
        *(None, 7, "x", [], {}),
        {"filename": 7, "url": 8},
        {"filename": "../../demo-9.0-py3-none-any.whl", "url": "/files/x"},
        {"filename": "demo-9.0-py3-none-any.whl", "url": "ftp://127.0.0.1/x"},
        {"filename": "demo-9.0-py3-none-any.whl", "url": "http://[", "hashes": {}},
        {"filename": "demo-9.0-py3-none-any.whl\n", "url": "x", "hashes": {"sha256": None}},
        {"filename": "demo-9.0-py3-none-any.whl", "url": "x", "hashes": 5},
        {"filename": "demo-" + "9" * 100_000 + "-py3-none-any.whl", "url": "x", "hashes": {}, "yanked": "no"},
        {"filename": "demo-1!2.x.y-py3-none-any.whl", "url": "x", "hashes": {}},
        {"filename": "demo-9.0-py3-none-any.whl", "url": "x", "hashes": {}, "requires-python": ">=" + "9" * 9999}
        | {"yanked": True},
    ]
    assert page
    index.pages[PAGE] = (JSON_TYPE, json.dumps({"files": [*nonsense, digest]}).encode())
    check_works(site, index)


def test_a_large_page_of_markup_is_read_in_linear_time(site: Site, index: IndexServer) -> None:
    good = f'<a href="{FILE}">demo-1.0-py3-none-any.whl</a>'.encode()
    for piece in (b"<a ", b"<!--", b'<a href="', b"<a href='x\" ", b"<a a=", b"</a", b"<base "):
        body = good + piece * ((4 << 20) // len(piece))
        index.pages[PAGE] = ("text/html", body)
        code, text = install(site, index, "--dry-run", "--refresh", "--timeout", "15")
        assert code == 0, text
        assert "Would install demo-1.0" in text


def index_page(index: IndexServer) -> str:
    from urllib.request import Request, urlopen  # noqa: PLC0415 - for this one

    with urlopen(Request(index.index_url + "/demo/", headers={"Accept": JSON_TYPE})) as answer:  # noqa: S310 - loopback
        text: str = answer.read().decode()
        return text


def test_a_transfer_that_a_run_gave_up_is_gone_on_with_by_the_next(site: Site, index: IndexServer) -> None:
    big = random.Random(6).randbytes(42 << 20)  # noqa: S311 - above what arrives in memory
    name, data = build_wheel("big", "1.0", files={"big.bin": big}, compression=0)
    index.add(name, data)
    index.script(f"/files/{name}", *[Fault(cut_at=20 << 20)] * 1)
    (site.work / "r.txt").write_text("big\n")
    code, text = install(site, index, "-r", "r.txt", "--resume-retries", "0")
    assert code == 1, text
    code, text = install(site, index, "-r", "r.txt")
    assert code == 0, text
    assert (site.environment.site_packages / "big.bin").read_bytes() == big
    wanted = [each.headers["range"] for each in index.requests if "big" in each.path and "range" in each.headers]
    assert any(int(text.removeprefix("bytes=").partition("-")[0] or 0) >= 10 << 20 for text in wanted)
