"""Every option that several commands share, once, as data: spellings, dest, kind, default, help.

`command_specs` puts them together to commands, and holds the options that one command alone has.

`own=True` marks options that pip does not have. The dest is what commands ask Settings for.
"""

from __future__ import annotations

from asyncpip.cli.specs import Option, OptionGroup

ALWAYS_ENABLED_FEATURES = ("truststore", "no-binary-enable-wheel-cache", "build-constraint")

VERSION_OPTION = Option("-V --version", "version", "version", "Print the version and end.")

_BAR_MODES = ("auto", "on", "off", "raw")
BUILD_PROGRESS_BAR = Option(
    "--progress-bar", "progress_bar", "choice", "How progress is shown.", choices=_BAR_MODES, default="auto"
)
PROGRESS_BAR = Option(
    "--progress-bar", "progress_bar", "choice", "How progress is shown.", choices=_BAR_MODES, default="auto", own=True
)
"""For commands that have no such option in pip, because they do one thing after the other there."""

INSTALLED_USER = Option("--user", "user", "flag", "Only what the user site holds.")
INSTALLED_PATH = Option("--path", "paths", "list", "Look into this directory only.", metavar="path")
"""For commands that look at what is installed."""

GENERAL = OptionGroup(
    "General options",
    (
        Option("-h --help", "help", "help", "Print this page and end."),
        Option("--debug", "debug", "flag", "Log everything, and let unexpected exceptions through as tracebacks."),
        Option("--isolated", "isolated", "flag", "Ignore PIP_* variables and the user's configuration file."),
        Option(
            "--require-virtualenv --require-venv",
            "require_virtualenv",
            "flag",
            "Refuse to change anything but a virtual environment (exit code 3).",
        ),
        Option(
            "--python",
            "python",
            "text",
            "Work on the environment of this interpreter or virtual environment.",
            metavar="path",
        ),
        Option("--dry-run", "dry_run", "flag", "Only say what would be done."),
        Option("-v --verbose", "verbose", "counter", "Tell more; may be given up to three times."),
        Option(
            "-q --quiet",
            "quiet",
            "counter",
            "Tell less; may be given up to three times, for warnings, errors and critical errors only.",
        ),
        Option(
            "--log --log-file --local-log", "log", "path", "Append a log of everything to this file.", metavar="path"
        ),
        Option("--no-input", "no_input", "flag", "Never ask questions."),
        Option(
            "--keyring-provider",
            "keyring_provider",
            "choice",
            "How credentials are looked up in a keyring.",
            choices=("auto", "disabled", "import", "subprocess"),
            default="auto",
        ),
        Option("--proxy", "proxy", "text", "Proxy for http and https: scheme://[user:password@]host:port."),
        Option("--no-proxy-env", "no_proxy_env", "flag", "Do not take proxies from environment variables."),
        Option("--retries", "retries", "number", "How often a request is tried again.", default=5),
        Option(
            "--timeout --default-timeout",
            "timeout",
            "seconds",
            "How long to wait for a connection, and for each piece of an answer.",
            metavar="sec",
            default=15.0,
        ),
        Option(
            "--exists-action",
            "exists_actions",
            "list",
            "What to do where a path exists already: (s)witch, (i)gnore, (w)ipe, (b)ackup, (a)bort.",
            metavar="action",
            choices=("s", "i", "w", "b", "a"),
        ),
        Option(
            "--trusted-host",
            "trusted_hosts",
            "list",
            "Allow this host, or host:port, without valid TLS.",
            metavar="hostname",
        ),
        Option("--cert", "cert", "path", "PEM bundle of the certificate authorities to trust.", metavar="path"),
        Option("--client-cert", "client_cert", "path", "PEM file with client key and certificate.", metavar="path"),
        Option("--cache-dir", "cache_dir", "path", "Keep the cache in this directory.", metavar="dir"),
        Option("--no-cache-dir", "cache_dir", "off", "Use no cache."),
        Option(
            "--disable-pip-version-check",
            "disable_pip_version_check",
            "flag",
            "Accepted for pip's sake; newer versions are never looked for.",
        ),
        Option("--no-color", "no_color", "flag", "Print without colours."),
        Option("--no-python-version-warning", "no_python_version_warning", "flag", "No effect.", hidden=True),
        Option(
            "--use-feature",
            "use_features",
            "list",
            "Accepted for pip's sake; what these switch on is on already.",
            metavar="feature",
            choices=("fast-deps", "inprocess-build-deps", "venv-isolation", *ALWAYS_ENABLED_FEATURES),
        ),
        Option(
            "--use-deprecated",
            "use_deprecated",
            "list",
            "legacy-certs: trust the bundled certificate authorities only; legacy-resolver: no effect.",
            metavar="feature",
            choices=("legacy-resolver", "legacy-certs"),
        ),
        Option(
            "--resume-retries",
            "resume_retries",
            "number",
            "How often a download that was cut off is taken up again.",
            default=5,
        ),
    ),
)

BREAK_SYSTEM_PACKAGES = Option(
    "--break-system-packages",
    "break_system_packages",
    "flag",
    "Change an environment that another installer manages (PEP 668).",
)
ROOT_USER_ACTION = Option(
    "--root-user-action",
    "root_user_action",
    "choice",
    "What to do where the superuser changes something outside a virtual environment.",
    choices=("warn", "ignore"),
    default="warn",
)
LOCK_TIMEOUT = Option(
    "--lock-timeout",
    "lock_timeout",
    "seconds",
    "How long to wait for another process that changes the environment.",
    metavar="sec",
    default=600.0,
    own=True,
)

INDEX = OptionGroup(
    "Index options",
    (
        Option(
            "-i --index-url --pypi-url",
            "index_url",
            "text",
            "Base URL of the package index, or a directory laid out like one (PEP 503).",
            metavar="url",
            default="https://pypi.org/simple",
        ),
        Option("--extra-index-url", "extra_index_urls", "list", "A further index to ask.", metavar="url"),
        Option("--no-index", "no_index", "flag", "Ask no index, only the places of --find-links."),
        Option(
            "--refresh-package",
            "refresh_packages",
            "control",
            "Ask the index anew for these projects: names with commas between them, or :all:, or :none:.",
            metavar="names",
        ),
        Option(
            "-f --find-links",
            "find_links",
            "list",
            "A page with links, a directory of archives, or one archive.",
            metavar="path/url",
        ),
        Option(
            "--uploaded-prior-to",
            "uploaded_prior_to",
            "text",
            "Ignore files uploaded at this moment (ISO 8601) or later, or less than P<n>D days ago.",
            metavar="moment",
            check="moment",
        ),
        Option("--refresh", "refresh", "flag", "Ask the index anew for all projects.", own=True),
        Option("--offline", "offline", "flag", "Use cache and --find-links only; nothing is sent.", own=True),
        Option(
            "--index-strategy",
            "index_strategy",
            "choice",
            "best: the best file of all indexes; first-index: stop at the first that knows the project.",
            choices=("best", "first-index"),
            default="best",
            own=True,
        ),
        Option(
            "--bind-address",
            "bind_address",
            "text",
            "Local address of outgoing connections.",
            metavar="address",
            check="address",
            own=True,
        ),
        Option(
            "--concurrent-downloads",
            "concurrent_downloads",
            "number",
            "How many transfers are open at once.",
            default=16,
            check="positive",
            own=True,
        ),
    ),
)

SELECTION = OptionGroup(
    "Package selection options",
    (
        Option("--pre", "pre", "flag", "Admit pre-releases and development releases."),
        Option(
            "--all-releases",
            "release_control",
            "control",
            "Admit pre-releases of these projects: names with commas between them, or :all:, or :none:.",
            metavar="names",
        ),
        Option("--only-final", "release_control", "control", "Final releases only, for these.", metavar="names"),
        Option(
            "--no-binary",
            "format_control",
            "control",
            "No wheels for these projects: names with commas between them, or :all:, or :none:.",
            metavar="names",
        ),
        Option("--only-binary", "format_control", "control", "Wheels only, for these.", metavar="names"),
        Option("--prefer-binary", "prefer_binary", "flag", "Any wheel before any source distribution."),
    ),
)

TARGET = OptionGroup(
    "Target interpreter options",
    (
        Option("--platform", "platforms", "list", "Choose wheels for this platform tag.", metavar="platform"),
        Option(
            "--python-version",
            "python_version",
            "text",
            "Choose files for this Python: 3, 37, 3.7 or 3.7.3.",
            metavar="version",
            check="python_version",
        ),
        Option(
            "--implementation", "implementation", "text", "Choose wheels for this implementation: cp, pp, py (neutral)."
        ),
        Option("--abi", "abis", "list", "Choose wheels for this ABI tag.", metavar="abi"),
    ),
)

REQUIREMENTS = OptionGroup(
    "Requirement options",
    (
        Option(
            "-r --requirement",
            "requirement_files",
            "list",
            "Take requirements from a file or URL: requirements.txt or pylock.toml.",
            metavar="file",
        ),
        Option("-c --constraint", "constraint_files", "list", "Restrict versions by this file.", metavar="file"),
        Option(
            "--build-constraint",
            "build_constraint_files",
            "list",
            "Restrict versions of build dependencies by this file.",
            metavar="file",
        ),
        Option(
            "--requirements-from-script",
            "requirements_from_scripts",
            "list",
            "Take the requirements that a script states about itself (PEP 723).",
            metavar="file",
        ),
        Option(
            "--group",
            "groups",
            "control",
            "Take a dependency group (PEP 735) of pyproject.toml, or a group of a pylock file.",
            metavar="[path:]group",
        ),
        Option("--no-deps --no-dependencies", "no_deps", "flag", "Leave dependencies out."),
        Option("--only-deps --only-dependencies", "only_deps", "flag", "Take dependencies only."),
        Option(
            "--override", "override_files", "list", "Replace requirements by those of a file.", metavar="file", own=True
        ),
        Option(
            "--resolution",
            "resolution",
            "choice",
            "Which of the versions that fit: the highest; the lowest; lowest-direct: that of what you name yourself.",
            choices=("highest", "lowest", "lowest-direct"),
            default="highest",
            own=True,
        ),
        Option(
            "--explain",
            "explain",
            "text",
            "Where there is no answer, write why as JSON.",
            metavar="file or -",
            own=True,
        ),
    ),
)

EDITABLE = OptionGroup(
    "Editable and backend options",
    (
        Option("-e --editable", "editables", "list", "Install a project in development mode.", metavar="path/url"),
        Option(
            "-C --config-settings", "config_settings", "key_value", "Setting for build backends.", metavar="KEY=VALUE"
        ),
    ),
)

BUILD = OptionGroup(
    "Build and hash options",
    (
        Option("--require-hashes", "require_hashes", "flag", "Demand a hash for every requirement."),
        Option(
            "--no-require-hashes", "no_require_hashes", "flag", "Hashes on some requirements do not demand all of them."
        ),
        Option(
            "--no-build-isolation",
            "build_isolation",
            "flag",
            "Build in the current environment.",
            stores=False,
            default=True,
        ),
        Option("--check-build-dependencies", "check_build_dependencies", "flag", "Check what builds need."),
        Option(
            "--src --source --source-dir --source-directory",
            "src",
            "path",
            "Where editable projects are checked out.",
            metavar="dir",
        ),
        Option("--use-pep517", "use_pep517", "flag", "No effect.", default=True, hidden=True),
        Option("--ignore-requires-python", "ignore_requires_python", "flag", "Ignore Requires-Python."),
        BUILD_PROGRESS_BAR,
        Option("--no-clean", "no_clean", "flag", "Keep temporary build directories."),
        Option("--no-build", "no_build", "flag", "Never run a build backend.", own=True),
        Option(
            "-j --jobs",
            "jobs",
            "number",
            "Upper bound of all worker pools; one for each processor by default.",
            default=0,
            check="positive",
            own=True,
        ),
        Option(
            "--timings", "timings", "text", "Write how long each phase took, as JSON.", metavar="file or -", own=True
        ),
    ),
)
