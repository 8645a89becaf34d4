"""`install` through pip and through asyncpip: digests in URLs and hash-checking mode."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.golden


def digest(server: IndexServer, filename: str) -> str:
    files = {file.filename: file.data for project in server.projects.values() for file in project}
    return hashlib.sha256(files[filename]).hexdigest()


def test_digest_in_a_url(twins: Twins) -> None:
    right, other = (digest(twins.server, f"plain-{version}-py3-none-any.whl") for version in ("1.0", "2.0"))
    twins.check("plain==2.0")
    # The digest of another release that the store holds must not stand for this one.
    twins.check(f"{{files}}/plain-1.0-py3-none-any.whl#sha256={other}", Wanted.STOPS_EARLIER, code=1)
    twins.check(f"{{files}}/plain-1.0-py3-none-any.whl#sha256={right}")


def test_hashes(twins: Twins) -> None:
    plain, old, child = (
        digest(twins.server, f"{stem}-py3-none-any.whl") for stem in ("plain-2.0", "plain-1.0", "child-2.0")
    )
    twins.write(
        {
            "good.txt": f"plain==2.0 --hash=sha256:{plain}\nchild==2.0 --hash=sha256:{child}\n",
            "bad.txt": f"plain==2.0 --hash=sha256:{old}\n",
            "partly.txt": f"child==2.0 --hash=sha256:{child}\n",
            "open.txt": f"child>=2.0 --hash=sha256:{child}\nplain --hash=sha256:{plain} --hash=sha256:{old}\n",
            "old.txt": f"plain --hash=sha256:{old}\n",
            "none.txt": "plain==1.0\n",
        }
    )
    twins.check("-r good.txt")
    twins.check("-r bad.txt --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check("-r partly.txt --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check("-r open.txt --force-reinstall", Wanted.KEEPS_THE_REQUIREMENT)
    twins.check("-r old.txt")
    twins.check("--require-hashes -r none.txt", Wanted.STOPS_EARLIER, code=1)
    twins.check("--require-hashes plain --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check("-r open.txt --no-require-hashes")
    twins.check("-r bad.txt --no-require-hashes --force-reinstall", Wanted.STOPS_EARLIER, code=1)
