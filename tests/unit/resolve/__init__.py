"""Unit tests of `asyncpip.resolve`."""
