"""The benchmark server over a real socket, and the launcher with real child processes."""
