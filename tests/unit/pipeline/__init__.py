"""Unit tests of `asyncpip.pipeline`."""
