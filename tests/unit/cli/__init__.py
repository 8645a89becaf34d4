"""Unit tests of asyncpip.cli."""
