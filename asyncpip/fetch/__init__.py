"""Archives over the network into the store, verified on the way."""
