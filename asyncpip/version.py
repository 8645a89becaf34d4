"""Versions: ours, and that of the pip whose behaviour this is measured by."""

VERSION = "0.1.0"
EMULATED_PIP_VERSION = "26.3"
