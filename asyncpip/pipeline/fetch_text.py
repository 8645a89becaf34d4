"""One small file over the network, before the pipeline runs: a requirements file by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncpip.core.urls import redact
from asyncpip.errors import IndexAccessError
from asyncpip.pipeline.late_transport import LateTransport
from asyncpip.pipeline.loop import run_until_interrupted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.core.events import Reporter
    from asyncpip.net.transport import TransportOptions

LIMIT_BYTES = 64 * 1024 * 1024
_OK = 200


def fetch_text(url: str, options: TransportOptions, reporter: Reporter, environ: Mapping[str, str]) -> bytes:
    """Return what is at ``url``; blocks. Raises `IndexAccessError`."""
    return run_until_interrupted(_fetch, url, options, reporter, environ)


async def _fetch(url: str, options: TransportOptions, reporter: Reporter, environ: Mapping[str, str]) -> bytes:
    transport = LateTransport(options, reporter, environ)
    try:
        async with transport.get(url) as response:
            if response.status != _OK:
                raise IndexAccessError(
                    f"could not fetch {redact(url)}", why=f"the server answered with status {response.status}"
                )
            return await response.read(LIMIT_BYTES)
    finally:
        await transport.aclose()
