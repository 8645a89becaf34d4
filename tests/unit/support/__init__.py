"""Tests of the test support that needs no neighbour."""
