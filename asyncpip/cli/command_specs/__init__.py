"""The commands, a module each: its options and what its help page says."""
