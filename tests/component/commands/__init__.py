"""Component tests of `asyncpip.commands`."""
