"""The transport against servers on loopback."""
