"""`install` through pip and through asyncpip: every way to say what is wanted."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.support.wheel_builder import build_wheel

if TYPE_CHECKING:
    from tests.golden.twins import Twins
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.golden


def digest(server: IndexServer, filename: str) -> str:
    files = {file.filename: file.data for project in server.projects.values() for file in project}
    return hashlib.sha256(files[filename]).hexdigest()


def test_names_extras_specifiers_and_markers(twins: Twins) -> None:
    twins.check("plain")
    twins.check("plain")
    twins.check("'Top.Name[x]'")
    twins.check("'top-name[x,unknown]'")
    twins.check("""'plain<2; python_version>"3"' 'other; python_version<"3"'""")
    twins.check("""'other; python_version<"3"'""")
    twins.check("'plain!=1.0,>=1'")


def test_files_with_nested_files_options_constraints_and_variables(twins: Twins) -> None:
    twins.write(
        {
            "all.txt": "-r sub/more.txt\n-c limits.txt\nchild \\\n  >=1.0  # no comment\n",
            "sub/more.txt": "${EXTRA}\nother; python_version < '3'\n-c ../limits-too.txt\n",
            "limits.txt": "plain<2\n",
            "limits-too.txt": "extra-dep==1.0\nnever-used==9\n",
            "options.txt": "--index-url {url}/simple\n--pre\nonly-pre\n",
            "empty.txt": "# nothing\n",
        }
    )
    twins.check("-r all.txt", EXTRA="extra-dep")
    twins.check("-r empty.txt")
    twins.check("-r options.txt --dry-run -i http://127.0.0.1:1/simple", index=False)


def test_groups(twins: Twins) -> None:
    twins.write(
        {
            "pyproject.toml": '[dependency-groups]\ntest = ["plain<2", {include-group = "base"}]\nbase = ["child"]\n',
        }
    )
    twins.check("--group test", Wanted.SAYS_WHO_ASKED)
    twins.check("-U --group pyproject.toml:base", Wanted.SAYS_WHO_ASKED, Wanted.TELLS_WHAT_STAYS)
    twins.check("--group missing", code=1)


def test_script(twins: Twins) -> None:
    block = '# /// script\n# requires-python = ">=3.8"\n# dependencies = ["plain<2", "child"]\n# ///\n'
    twins.write({"script.py": block})
    twins.check("--requirements-from-script script.py", Wanted.SAYS_WHO_ASKED)


def test_lock_file_needs_no_index(twins: Twins) -> None:
    lock = """\
lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "plain"
version = "1.0"
[[packages.wheels]]
name = "plain-1.0-py3-none-any.whl"
url = "{files}/plain-1.0-py3-none-any.whl"
hashes = {sha256 = "%s"}
"""
    right = digest(twins.server, "plain-1.0-py3-none-any.whl")
    twins.write({"pylock.toml": lock % right, "wrong/pylock.toml": lock % ("0" * 64)})
    twins.check("-r wrong/pylock.toml", Wanted.STOPS_EARLIER, Wanted.LOCK_FILES_ARE_NO_EXPERIMENT, code=1)
    dead = "-i http://127.0.0.1:1/simple --retries 0"
    twins.check(f"-r pylock.toml {dead}", Wanted.LOCK_FILES_ARE_NO_EXPERIMENT, index=False)
    twins.check("-r pylock.toml plain==2.0 --force-reinstall", Wanted.LOCK_FILES_ARE_NO_EXPERIMENT, code=1)


@pytest.mark.parametrize("line", ["-r 'pylock.toml[absent]'", "--group pylock.toml:absent"])
def test_what_a_lock_file_does_not_declare(twins: Twins, line: str) -> None:
    twins.write({"pylock.toml": 'lock-version = "1.0"\ncreated-by = "a test"\nextras = ["there"]\npackages = []\n'})
    twins.check("--dry-run -r 'pylock.toml[there]'", Wanted.LOCK_FILES_ARE_NO_EXPERIMENT)
    twins.check(f"--dry-run {line}", Wanted.LOCK_FILES_DECLARE_EXTRAS, code=1)


def test_wheels_by_path_and_url(twins: Twins) -> None:
    filename, wheel = build_wheel("local", "1.0", requires=["plain"], extras={"x": ["extra-dep"]})
    twins.write({filename: wheel})
    twins.check(f"./{filename}")
    twins.check(f"./{filename}", Wanted.KNOWS_THE_WHEEL)
    twins.check(f"--force-reinstall file://{{work}}/{filename}")
    twins.check(f"'./{filename}[x]'", Wanted.KNOWS_THE_WHEEL, Wanted.NAMES_A_WHEEL_ONCE)
    twins.check("{files}/child-1.0-py3-none-any.whl")
    twins.check("'child @ {files}/child-2.0-py3-none-any.whl'")
    twins.check(f"'extra-dep @ file://{{work}}/{filename}' --force-reinstall", Wanted.STOPS_EARLIER, code=1)
    twins.check("./missing-1.0-py3-none-any.whl", Wanted.STOPS_EARLIER, code=1)
    twins.check("{files}/missing-1.0-py3-none-any.whl", Wanted.STOPS_EARLIER, code=1)
    twins.check("plain@./x", Wanted.CHECKS_NAMES_AFTER_URLS, code=1)
