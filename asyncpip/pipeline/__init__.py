"""Joins the stages; the only layer that owns an event loop."""
