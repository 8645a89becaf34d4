"""Where asyncpip means to differ from pip 26.3, and why: the one table that golden tests look into."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Difference(NamedTuple):
    """What it looks like in the lines that `twins.differences` makes, as a pattern, and why it is wanted."""

    pattern: str
    reason: str
    is_certain: bool = True
    """False where it depends on the clock whether it shows."""


class Wanted(Enum):
    """The wanted differences. A test names those that it meets; one that it names and does not meet fails it,
    unless it is not certain."""

    STOPS_EARLIER = Difference(
        r"only pip says: (Collecting|Processing|Installing collected packages|Requirement already satisfied)",
        "pip tells of each candidate while it still searches; here only a finished resolution is told of, so a run "
        "that fails says no more than its error",
    )
    TELLS_WHAT_STAYS = Difference(
        r"only pip says: Requirement already satisfied",
        "pip says so of installed versions that it then replaces; here only of those that stay",
    )
    SAYS_WHO_ASKED = Difference(
        r"only (pip|asyncpip) says: Collecting .*",
        "requirements of groups and scripts carry their origin here, as those of files do in both",
    )
    LOCK_FILES_ARE_NO_EXPERIMENT = Difference(
        r"on stderr: pip \[.*'WARNING'\], asyncpip \[[^W]*\]",
        "pip warns that reading pylock.toml is experimental; here it is not",
    )
    LOCK_FILES_DECLARE_EXTRAS = Difference(
        r"exit code: pip 0, asyncpip 1|only pip says: .*|env/.*|on stderr: .*",
        "extras and groups that a lock file does not declare are an error, as PEP 751 demands and pip after 26.3 does",
    )
    KNOWS_THE_WHEEL = Difference(
        r"only (pip|asyncpip) says: (Processing|Requirement already satisfied: local==1\.0)",
        "a wheel by path whose version is installed is settled by its name, without opening it",
    )
    KEEPS_THE_REQUIREMENT = Difference(
        r"only (pip|asyncpip) says: Collecting .*",
        "in hash-checking mode pip replaces a requirement by the version chosen before it tells of it",
    )
    RECORDS_TARGET_PATHS = Difference(
        r"work/[^/]*/tools-1\.0\.dist-info/RECORD: .*",
        "pip installs for --target elsewhere, then moves files, and leaves RECORD naming ../../bin; here RECORD names "
        "the files, so that they can be uninstalled",
    )
    MERGES_BY_RECORD = Difference(
        r"work/[^/]*/.*|only asyncpip says: (Attempting uninstall|Found existing)"
        r"|only pip says: (Installing collected packages: tools|Successfully installed tools-2\.0)",
        "an existing --target directory is judged by project and RECORD, not by top-level entry: nothing is replaced "
        "in part, files of an old version go, namespace packages share their directory, `bin` keeps other projects' "
        "scripts (pip's issues 8063, 10110)",
    )
    SHARES_NAMESPACES = Difference(
        r"on stderr: pip \['WARNING'\], asyncpip \[\]",
        "pip refuses the second of two projects that share a top-level directory of a --target, with a warning",
    )
    CHECKS_OPTIONS_FIRST = Difference(
        r"only pip says: (Collecting|Installing collected packages) .*|only pip says: Installing .*",
        "options that exclude one another are an error before anything is downloaded",
    )
    TELLS_DEAD_INDEXES = Difference(
        r"on stderr: pip \[.*\], asyncpip \[.*'WARNING'\]",
        "an index that does not answer is left out in both; here with a warning, never silently",
    )
    CHOOSES_FOR_OTHERS = Difference(
        r"exit code: pip 1, asyncpip 0|work/.*|only asyncpip says: .*|on stderr: pip \['ERROR'\], asyncpip \[\]",
        "--platform and its like imply --only-binary=:all: here, and are refused only where a wheel that does not run "
        "on the target would be installed into it",
    )
    PRINTS_FILE_URLS_WHOLE = Difference(
        r"only (pip|asyncpip) says: Collecting .*git\+file:",
        "pip prints `git+file:///path` without two of its slashes",
    )
    GIT_KEEPS_TIMES = Difference(
        r"work/src/[^:]*/\.git/(index|logs/|ORIG_HEAD|FETCH_HEAD)",
        "git writes down when it did things, to the second",
        is_certain=False,
    )
    LOCKED_DIRECTORIES = Difference(
        r"env/.*\.dist-info/(direct_url\.json|RECORD): |only (pip|asyncpip) says: Processing",
        "pip writes a slash behind the directory of a lock file, and leaves out which file named it",
    )
    WRONG_WHEELS_ARE_ERRORS = Difference(
        r"on stderr: pip \[('ERROR', )?'WARNING'\], asyncpip \['ERROR'\]",
        "pip warns of a built wheel that is of another project, then fails in its newer form of errors; here it is one "
        "error",
    )
    LEAVES_NOTHING_BEHIND = Difference(
        r"env/lib/[^:]*: pip Entry.*, asyncpip None",
        "pip finds a broken wheel while it installs and leaves what it wrote by then; here it is found before",
    )
    NO_TRACEBACK = Difference(
        r"exit code: pip 2, asyncpip 1",
        "a damaged member ends pip with a traceback; here with an error that names it",
    )
    WARNS_OF_BROKEN_RELEASES = Difference(
        r"on stderr: pip \['ERROR'\], asyncpip \['ERROR', 'WARNING'\]",
        "pip says on stdout that it discards a release whose metadata contradicts its name",
    )
    CHECKS_NAMES_AFTER_URLS = Difference(
        r"only pip says: .*",
        "`name @ path` is refused when it is read, not when it is fetched",
    )
    TELLS_WHO_OVERWRITES = Difference(
        r"on stderr: pip \[\], asyncpip \['WARNING'\]",
        "of two wheels that write one path pip keeps the latter's file and is silent",
    )
    RECORDS_WHAT_IS_THERE = Difference(
        r"env/.*/doubled-1\.0\.dist-info/RECORD: pip .*doubled-1\.0\.data/scripts/doubled,",
        "of a script that an entry point replaces pip leaves a row that names no file",
    )
    LEAVES_NO_EMPTY_DIRECTORY = Difference(
        r"[^:]*: pip Entry\(mode=\d+, content=None\), asyncpip None",
        "directories that become empty go up to the scheme's own; pip goes up one",
    )
    NAMES_A_WHEEL_ONCE = Difference(
        r"only (pip|asyncpip) says: .*\(from local==1\.0(->local==1\.0)?\)",
        "with extras pip names a wheel by path as its own parent",
    )
    RESULTS_ALONE = Difference(
        r"only pip says: +(Skipping line in|\(add #egg=)|Skipping line in|on stderr: ",
        "what freeze says about a line that names no project is a warning on stderr, not among the requirements",
    )
    NO_TRACEBACK_FOR_FILES = Difference(
        r"exit code: pip 2, asyncpip 1|on stderr: ",
        "a requirements file that cannot be read is an error that names it, not a traceback",
    )
    READS_MORE_LINES = Difference(
        r"exit code: pip 1, asyncpip 0|only asyncpip says: .*|on stderr: pip \['ERROR'.*",
        "freeze takes the lines that install takes: hashes behind a requirement, and options other than pip's ten",
    )
    SAYS_IT_ONCE = Difference(
        r"on stderr: pip \['ERROR', 'WARNING'\], asyncpip \['WARNING'\]",
        "of a missing git pip says so twice, as an error that is none and as a warning",
    )
    HIDES_PASSWORDS = Difference(
        r"only (pip|asyncpip) says: -e git\+https://.*",
        "the password of a remote is not printed into a requirements file",
    )
    KNOWS_THE_VERSION = Difference(
        r"only (pip|asyncpip) says: .*",
        "where METADATA is missing or tells no version, pip prints None; here the version in the name of dist-info",
    )
    ERRORS_ARE_ERRORS = Difference(
        r"on stderr: pip \[\], asyncpip \['ERROR'\]",
        "where pip writes `error: ` in its newer form, asyncpip writes `ERROR: ` as for all errors",
    )
    ASKS_FIRST = Difference(
        r"order on stdout: .*|only (pip|asyncpip) says: .*(Proceed|Successfully uninstalled|Found existing).*",
        "`uninstall` asks about all that was named, then removes all as one transaction; pip removes between questions",
    )
    ALL_OR_NOTHING = Difference(
        r"env/.*|only pip says: .*(Uninstalling|Successfully uninstalled) .*",
        "where one distribution cannot be removed, or a question is not answered, none is removed; pip has removed "
        "those named before",
    )
    KEEPS_SITE_PACKAGES = Difference(
        r"env/lib/python[\d.]+/site-packages: pip None, asyncpip Entry",
        "pip removes an empty site-packages with the last distribution in it",
    )
    TAKES_ALL_BYTECODE = Difference(
        r"env/lib/[^:]*/__pycache__/[^:]*\.pyc: pip Entry.*, asyncpip None|env/lib/[^:]*: pip Entry\(mode=\d+, "
        r"content=None\), asyncpip None",
        "pip leaves bytecode that another interpreter made of a removed module",
    )
    GETS_WHAT_COUNTS = Difference(
        r"exit code: pip 1, asyncpip 0|only asyncpip says: .*|on stderr: pip \['ERROR'\], asyncpip \['WARNING'\]",
        "`config get` without a file option looks where pip would write only; here, failing that, into all files, and "
        "names the one",
    )
    SAYS_ONCE_WHAT_IS_BAD = Difference(
        r"only pip says: File was already downloaded",
        "of a file that is there with another hash, pip says both that it was downloaded and that it is bad",
    )
    COUNTS_THE_STORE = Difference(
        r"only asyncpip says: (Store|Number of (stored|wheels built))",
        "`cache info` counts the store, too",
    )
    WHEELS_ARE_NOT_EDITABLE = Difference(
        r"only asyncpip says: Processing .*",
        "pip says that it obtains an editable project, then builds a regular wheel; here it is told of as what it is",
    )
    ZIPS_WITHOUT_HISTORY = Difference(
        r"work/[^:]*\.zip: pip Entry.*, asyncpip Entry",
        "a checkout that is downloaded is zipped without `.git`, which may name a password, and with PKG-INFO, where "
        "backends find the version; the same commit gives the same bytes",
    )
