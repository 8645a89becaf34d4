"""The benchmark harness, as far as it does no I/O."""
