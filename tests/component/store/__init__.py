"""Tests: component, store."""
