"""Tests of `asyncpip.commands`."""
