"""Tests of the test support that runs something."""
