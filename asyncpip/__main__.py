"""`python -m asyncpip` is the same program as the console script."""

import os
import sys

if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):
    del sys.path[0]  # put there by `-m`: a module of the working directory must not stand in for one that we import

from asyncpip.cli.entry import run

if __name__ == "__main__":
    run()
