"""Tests of target interpreters and environments, with real ones."""
