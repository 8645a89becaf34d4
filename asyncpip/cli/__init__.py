"""The command line: argv, settings and output. Imports commands by name, late."""
