"""Wheels from source trees through build backends."""
