"""Unit tests of asyncpip.core."""
