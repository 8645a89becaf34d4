"""From requirements to one candidate for each project."""
