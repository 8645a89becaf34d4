"""What the store keeps, as bytes."""
