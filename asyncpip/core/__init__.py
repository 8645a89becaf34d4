"""Values and rules that cross the borders of stages; no I/O."""
