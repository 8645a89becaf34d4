"""Tests: component, fetch."""
