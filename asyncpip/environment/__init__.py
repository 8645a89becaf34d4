"""Target interpreters and the distributions installed in them."""
