"""`python -m asyncpip` is the same program as the console script."""

from asyncpip.cli.entry import run

if __name__ == "__main__":
    run()
