"""Tests of `asyncpip.install`."""
