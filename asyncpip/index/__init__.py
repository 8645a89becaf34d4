"""Project pages and core metadata of package indexes."""
