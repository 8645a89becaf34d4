"""Tests of `asyncpip.fetch`."""
