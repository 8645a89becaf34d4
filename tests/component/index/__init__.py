"""Tests of `asyncpip.index` with real neighbours."""
