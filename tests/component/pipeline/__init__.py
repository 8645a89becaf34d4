"""Tests: component, pipeline."""
