"""`download`: its own options, and its help page."""

from __future__ import annotations

from asyncpip.cli.command_specs.registry import SUMMARIES
from asyncpip.cli.options import BUILD, GENERAL, INDEX, REQUIREMENTS, SELECTION
from asyncpip.cli.specs import CommandSpec, Option, OptionGroup

_OPTIONS = OptionGroup(
    "Download options",
    (
        Option(
            "-d --dest --destination-dir --destination-directory",
            "dest",
            "path",
            "Put archives into this directory.",
            metavar="dir",
            default=".",
        ),
        Option(
            "--report",
            "report",
            "text",
            "List all files with URL, size and hash, as JSON.",
            metavar="file or -",
            own=True,
        ),
        Option(
            "--manifest",
            "manifests",
            "list",
            "Write the hashes of all files: as requirements, or for `sha256sum -c` where the file's name is SHA256SUMS "
            "or ends in .sha256.",
            metavar="file",
            own=True,
        ),
        Option(
            "--simple-index",
            "simple_index",
            "flag",
            "Write an index (PEP 503, PEP 691) of all archives in the directory into its folder `simple`.",
            own=True,
        ),
    ),
)
_TARGET = OptionGroup(
    "Target interpreter options of download",
    (
        Option(
            "--platform",
            "platforms",
            "list",
            "Choose wheels for this platform tag; with commas, for any of several.",
            metavar="platform",
        ),
        Option(
            "--python-version",
            "python_versions",
            "several",
            "Choose files for this Python: 3, 37, 3.7 or 3.7.3. Repeated: for each of them.",
            metavar="version",
            check="python_version",
        ),
        Option(
            "--implementation",
            "implementations",
            "several",
            "Choose wheels for this implementation: cp, pp, py (neutral). Repeated: for each of them.",
            metavar="implementation",
        ),
        Option(
            "--abi",
            "abis",
            "list",
            "Choose wheels for this ABI tag; with commas, for any of several.",
            metavar="abi",
        ),
        Option(
            "--matrix",
            "matrix",
            "flag",
            "Take every combination of these options as a target of its own. Implied where --python-version or "
            "--implementation is repeated.",
            own=True,
        ),
    ),
)

SPEC = CommandSpec(
    "download",
    SUMMARIES["download"],
    usage=(
        "[options] <requirement> ...",
        "[options] -r <requirements file> ...",
        "[options] <VCS URL> ...",
        "[options] <project directory> ...",
        "[options] <archive path or URL> ...",
    ),
    description=(
        "Download distributions and all that they depend on into a directory, for this interpreter or for others, to be"
        " installed from there without an index. What lies there already and is good is kept."
    ),
    groups=(
        REQUIREMENTS,
        _OPTIONS,
        _TARGET,
        SELECTION,
        INDEX,
        BUILD,
        GENERAL,
    ),
    arguments="paths",
    examples=(
        ("download --dest wheels/ -r requirements.txt", "all that a file asks for, into a directory"),
        (
            "download -d wheels/ --platform win_amd64 --python-version 3.11 --python-version 3.12 numpy",
            "for two targets",
        ),
        ("download --dry-run --report - flask", "only list the files, as JSON"),
        ("download -d wheels/ --manifest wheels/SHA256SUMS --simple-index flask", "with hashes, and as an index"),
    ),
)
