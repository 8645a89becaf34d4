"""Every bound and timeout, once."""

from __future__ import annotations

from asyncpip.core.values import Value


class Limits(Value):
    """Bounds of one run. Defaults are pip's where pip has one."""

    jobs: int
    """Worker threads for unpacking, linking, compiling and building (`--jobs`)."""
    concurrent_downloads: int = 16
    connections_per_host: int = 8
    downloads_per_host: int = 6
    """Fewer than the connections: a page that waits behind wheels keeps the solver waiting."""
    timeout_seconds: float = 15.0
    """For each connect and each read, never for a whole transfer (`--timeout`)."""
    retries: int = 5
    resume_retries: int = 5
