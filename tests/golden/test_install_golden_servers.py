"""`install` through pip and through asyncpip, from indexes that offer less than they could, and from several."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.golden.conftest import fill_index
from tests.golden.differences import Wanted
from tests.golden.twins import Twins
from tests.support.index_server import IndexServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.environments import Environment

pytestmark = pytest.mark.golden

OFFERS: dict[str, dict[str, object]] = {
    "html": {"json": False},
    "no metadata": {"metadata": False},
    "no hashes": {"hashes": False, "metadata_hashes": False},
    "old key, gzip, whole addresses": {"old_metadata_key": True, "gzip_pages": True, "absolute_urls": True},
    "nothing but links": {
        "json": False, "metadata": False, "hashes": False, "sizes": False, "ranges": False, "etags": False,
        "cache_control": None, "upload_times": False,
    },
    "credentials": {"credentials": ("me", "s3cret")},
}  # fmt: skip


@pytest.mark.parametrize("name", OFFERS)
def test_what_an_index_offers_does_not_show(
    name: str, tmp_path: Path, template: Environment, golden_cache: Path
) -> None:
    with IndexServer() as server:
        fill_index(server)
        for switch, value in OFFERS[name].items():
            setattr(server.switches, switch, value)
        twins = Twins(tmp_path, template, server, golden_cache)
        url = server.index_url
        if server.switches.credentials is not None:
            url = url.replace("://", "://" + ":".join(server.switches.credentials) + "@")
        pair = twins.check(f"-i {url} 'Top.Name[x]' tools==1.0 only-pre future", index=False)
        assert "s3cret" not in pair.ours.outcome.stdout + pair.ours.outcome.stderr


def test_several_indexes_and_pages_of_links(twins: Twins) -> None:
    with IndexServer() as other:
        other.add_wheel("plain", "2.0", files={"plain.py": "of the other index\n"})
        other.add_wheel("plain", "0.5")
        other.add_wheel("elsewhere", "1.0")
        twins.check(f"--extra-index-url {other.index_url} plain elsewhere")
        twins.check(f"--extra-index-url {other.index_url} --extra-index-url {{url}}/simple plain --force-reinstall")
        twins.check(f"-i {other.index_url} --extra-index-url {{url}}/simple plain<1 --force-reinstall", index=False)
    wheel = next(file for file in twins.server.projects["plain"] if file.filename.startswith("plain-1.0"))
    links = (
        f'<a href="files/plain-1.0-py3-none-any.whl#sha256={hashlib.sha256(wheel.data).hexdigest()}">x</a>'
        '<a href="files/child-1.0-py3-none-any.whl">y</a> <a href="files/source-1.0.tar.gz">z</a>'
    )
    twins.server.pages["/links.html"] = ("text/html", links.encode())
    twins.check("--no-index -f {url}/links.html child")


def test_requirements_from_the_network(twins: Twins) -> None:
    twins.server.pages["/requirements.txt"] = ("text/plain", b"-c limits.txt\nchild\n")
    twins.server.pages["/limits.txt"] = ("text/plain", b"plain<2\n")
    twins.check("-r {url}/requirements.txt")
    twins.check("-c {url}/limits.txt -U plain")
    twins.check("-r {url}/missing.txt", code=1)


def test_dependencies_by_url(twins: Twins) -> None:
    url = f"{twins.server.url}/files/extra_dep-1.0-py3-none-any.whl"
    twins.server.add_wheel("by-url", "1.0", requires=[f"extra-dep @ {url} ; python_version > '3'"])
    twins.check("by-url")
    twins.check("by-url --force-reinstall")
    twins.check("by-url extra-dep==2.0", Wanted.STOPS_EARLIER, code=1)
