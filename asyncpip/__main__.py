"""`python -m asyncpip` is the same program as the console script."""

import os
import sys

if not sys.flags.safe_path:
    try:
        here = os.getcwd()
    except OSError:
        here = ""  # it is gone, of which the command line tells
    if sys.path[0] in ("", here):
        del sys.path[0]  # put there by `-m`: a module that lies here must not stand in for one that we import

from asyncpip.cli.entry import run

if __name__ == "__main__":
    run()
