"""From stored wheels to installed files, as one transaction."""
