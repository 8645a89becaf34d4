"""What the golden tests of commands that look find installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.installed import WHEEL, dist_info, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.golden.twins import Twins
    from tests.support.environments import Workplace


def lay_out(twins: Twins, *groups: Mapping[str, str]) -> None:
    """Write files below site-packages in both places; `{work}` and its like are filled in."""

    def write(workplace: Workplace) -> None:
        filled = [{name: twins.fill(content) for name, content in group.items()} for group in groups]
        write_files(workplace.environment.site_packages, *filled)

    twins.each(write)


ORDINARY = (
    dist_info(
        "Plain.Name",
        "1.0",
        "Summary: A plain project",
        "Home-page: https://plain.example",
        "Author: A. Author",
        "Author-email: a@example.org",
        "License: MIT",
        "    with more lines",
        "    of text",
        "Classifier: A :: B",
        "Classifier: C",
        "Project-URL: Source, https://plain.example/src",
        "Requires-Dist: child>=1",
        "Requires-Dist: absent>=2; python_version < '3'",
        "Requires-Dist: wanted; extra == 'x'",
        "Provides-Extra: x",
        directory="plain_name-1.0",
        body="# Plain\n\nA long text: with a colon.\n",
        files={
            "RECORD": "plain_name.py,sha256=x,1\nplain_name/__init__.py,,\n../../../bin/plain,,\n"
            'plain_name-1.0.dist-info/RECORD,,\n"plain_name/a,b.py",,\n',
            "entry_points.txt": "[console_scripts]\nplain = plain_name:main\n\n[other]\n a = b:c\n",
            "REQUESTED": "",
        },
    ),
    dist_info("child", "2.0.0", "Metadata-Extra: x", "Requires-Dist: Grand_child (<3,>=1)"),
    dist_info("Grand-Child", "1.5", directory="grand_child-1.5", wheel=f"{WHEEL}Build: 3local\n"),
    dist_info(
        "licensed", "3.0", "License: old\ttext\n\tand\tmore", "Summary: a\ttab",
        "License-Expression: MIT OR Apache-2.0", "Project-URL: Home-Page, https://licensed.example",
    ),
    dist_info("local-label", "1.0+cpu.1", directory="local_label-1.0+cpu.1"),
    dist_info("epoch", "1!2.0.post3.dev1"),
    dist_info("leading", "2024.01.02", directory="leading-2024.1.2"),
    dist_info("pip", "99.0"),
    dist_info("setuptools", "80.0"),
    dist_info("wheel", "0.45"),
)  # fmt: skip
"""What wheels leave."""

DIRECT = (
    dist_info("from-archive", "1.0", directory="from_archive-1.0", files={
        "direct_url.json": '{"url": "https://files.example/from_archive-1.0.zip", "archive_info":'
        ' {"hash": "sha256=abc", "hashes": {"sha256": "abc"}}, "subdirectory": "sub"}',
    }),
    dist_info("from-old-archive", "1.0", directory="from_old_archive-1.0", files={
        "direct_url.json": '{"url": "https://files.example/a.zip", "archive_info": {"hash": "sha256=def"}}',
    }),
    dist_info("from-bare-archive", "1.0", directory="from_bare_archive-1.0", files={
        "direct_url.json": '{"url": "https://files.example/b.zip", "archive_info": {}}',
    }),
    dist_info("from-directory", "1.0", directory="from_directory-1.0", files={
        "direct_url.json": '{"url": "file:///src/from%20directory", "dir_info": {}}',
    }),
    dist_info("from-git", "1.0", directory="from_git-1.0", files={
        "direct_url.json": '{"url": "https://git.example/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee",'
        ' "requested_revision": "main"}, "subdirectory": "lib"}',
    }),
    dist_info("editable", "0.1", files={
        "direct_url.json": '{"url": "file://{work}/editable", "dir_info": {"editable": true}}',
    }),
    dist_info("spaced-editable", "0.2", directory="spaced_editable-0.2", files={
        "direct_url.json": '{"url": "file://{work}/with%20blank", "dir_info": {"editable": true}}',
    }),
    dist_info("wrong-url", "1.0", directory="wrong_url-1.0", files={"direct_url.json": '{"url": "https://x"}'}),
    dist_info("no-json", "1.0", directory="no_json-1.0", files={"direct_url.json": "{"}),
)  # fmt: skip
"""What PEP 610 records, right and wrong."""

OLD = (
    {
        "old-1.0-py3.11.egg-info/PKG-INFO": "Metadata-Version: 1.1\nName: old\nVersion: 1.0\nSummary: UNKNOWN\n",
        "old-1.0-py3.11.egg-info/requires.txt": 'six\n\n[x]\nextra-one\n\n[:python_version>"3"]\nchild\n',
        "old-1.0-py3.11.egg-info/installed-files.txt": "../old.py\n../../../../bin/old\nPKG-INFO\n",
        "distutils_made-2.0.egg-info": "Metadata-Version: 1.0\nName: distutils-made\nVersion: 2.0\nLicense: X\n",
        "developed.egg-link": "{work}/developed\n.",
        "easy-install.pth": "{work}/developed\n",
    },
)
"""What setuptools and distutils left before dist-info."""
DEVELOPED = {
    "developed/developed.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: developed\nVersion: 0.5\n",
    "developed/setup.py": "",
}
"""The project of an egg-link, in the working directory."""

BROKEN = (
    dist_info("missing-dependency", "1.0", "Requires-Dist: nowhere>=1", "Requires-Dist: nowhere<9", "Requires-Dist: a",
              directory="missing_dependency-1.0"),
    dist_info("conflicting", "1.0", "Requires-Dist: child<2; python_version > '3'", "Requires-Dist: child!=2.0",
              "Requires-Dist: leading ~=2023.1"),
    dist_info("elsewhere", "1.0", wheel="Wheel-Version: 1.0\nTag: cp27-cp27m-win32\nTag: cp27-none-any\n"),
    dist_info("odd-version", "1.0-oops-2", directory="odd_version-1.0_oops_2"),
    dist_info("bad-requirement", "1.0", "Requires-Dist: child ~~ 2", directory="bad_requirement-1.0"),
)  # fmt: skip
"""What `check` tells of."""
