"""Component tests of asyncpip.cli."""
