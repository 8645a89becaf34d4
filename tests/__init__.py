"""Tests: root."""
