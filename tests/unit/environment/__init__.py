"""Tests of target interpreters and environments, as values."""
