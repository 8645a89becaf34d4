"""Times asyncpip beside uv and pip on recorded, real data, and checks that all three leave the same files."""
