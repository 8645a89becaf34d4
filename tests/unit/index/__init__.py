"""Tests of `asyncpip.index`."""
