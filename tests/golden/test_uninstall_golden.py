"""`uninstall` against pip: what goes, what is said, and what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.differences import Wanted
from tests.golden.twins import Twins
from tests.support.environments import make_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.environments import Workplace
    from tests.support.index_server import IndexServer

pytestmark = pytest.mark.golden


def install(twins: Twins, *requirements: str) -> None:
    """Install the same in both places."""

    def act(workplace: Workplace) -> None:
        outcome = workplace.install("-i", twins.server.index_url, *requirements)
        assert outcome.code == 0, outcome.text

    twins.each(act)


def write_into_site(twins: Twins, files: Mapping[str, str]) -> None:
    """Write the same files into both environments' site-packages; `{…}` of `fill` counts."""

    def act(workplace: Workplace) -> None:
        for name, content in files.items():
            path = workplace.environment.site_packages / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(twins.fill(content))

    twins.each(act)


@pytest.mark.parametrize(
    "line",
    [
        "uninstall -y tools",
        "uninstall --yes Tools",
        "uninstall -y tools -v",
        "uninstall -y tools -q",
        "uninstall -y tools==99",
        "uninstall -y tools[extra]",
        "uninstall -y tools tools",
        "uninstall -y tools plain",
        "uninstall -y plain tools -v",
        "uninstall -y missing tools",
        "uninstall -y missing",
        "uninstall -y -r names.txt",
        "uninstall -y plain -r names.txt",
        "uninstall -y --require-virtualenv tools",
        "uninstall -y --break-system-packages tools",
        "uninstall -y --root-user-action ignore tools",
        "uninstall -y tools-1.0-py3-none-any.whl",
        "uninstall -y {url}/files/tools-1.0-py3-none-any.whl",
        "uninstall -y git+https://example.org/x.git#egg=tools",
        "uninstall -y https://example.org/tools.tar.gz tools",
    ],
)
def test_uninstall(twins: Twins, line: str) -> None:
    install(twins, "tools==2.0", "plain", "child")
    twins.write({"names.txt": "# what goes\nTools>=0.5 ; python_version < '3'\nmissing==1.0 --hash=sha256:" + "0" * 64})
    twins.check_command(line)


@pytest.mark.parametrize("typed", ["y\n", "\n", "n\n", "Y\n", " yes\ny\n", "no\nn\n"])
def test_question(twins: Twins, typed: str) -> None:
    install(twins, "tools==2.0", "plain")
    twins.check_command("uninstall tools", typed=typed, PIP_NO_INPUT="")


@pytest.mark.parametrize("line", ["uninstall tools", "uninstall -v tools", "uninstall -q tools", "uninstall -vq tools"])
def test_what_is_shown(twins: Twins, line: str) -> None:
    install(twins, "tools==2.0", "plain", "namespace-a", "namespace-b")
    write_into_site(twins, {"tools/by_hand.py": "", "tools/deep/er.txt": "", "tools/__pycache__/x.pyc": ""})
    twins.check_command(line, typed="y\n", PIP_NO_INPUT="")


def test_question_for_each(twins: Twins) -> None:
    install(twins, "tools==2.0", "plain", "child")
    twins.check_command("uninstall tools plain", Wanted.ASKS_FIRST, typed="y\nn\n", PIP_NO_INPUT="")


def test_input_ends_at_the_second_question(twins: Twins) -> None:
    install(twins, "tools==2.0", "plain", "child")
    twins.check_command(
        "uninstall tools plain", Wanted.ASKS_FIRST, Wanted.ALL_OR_NOTHING, code=2, typed="y\n", PIP_NO_INPUT=""
    )


@pytest.mark.parametrize("line", ["uninstall tools", "uninstall tools --no-input"])
def test_nobody_to_ask(twins: Twins, line: str) -> None:
    install(twins, "tools==2.0", "plain")
    twins.check_command(line, code=2, PIP_NO_INPUT="")


@pytest.mark.parametrize(
    "line",
    [
        "uninstall -y",
        "uninstall -y ./nothing-here",
        "uninstall -y 'tools >'",
        "uninstall -y -r missing.txt",
        "uninstall -y -r empty.txt",
    ],
)
def test_errors(twins: Twins, line: str) -> None:
    twins.write({"empty.txt": "# nothing\n"})
    twins.check_command(line, code=1)


@pytest.mark.parametrize("line", ["uninstall -y", "uninstall -x tools", "uninstall --requirement= -y"])
def test_usage(twins: Twins, line: str) -> None:
    pair = twins.run_command(line)
    assert pair.pip.outcome.code == pair.ours.outcome.code, pair.text


def test_namespace_shared(twins: Twins) -> None:
    install(twins, "namespace-a", "namespace-b", "plain")
    twins.check_command("uninstall -y namespace-a")


def test_namespace_emptied_by_several(twins: Twins) -> None:
    install(twins, "namespace-a", "namespace-b", "plain")
    twins.check_command("uninstall -y namespace-a namespace-b")


def test_last_distribution(twins: Twins) -> None:
    install(twins, "plain")
    twins.check_command("uninstall -y plain", Wanted.KEEPS_SITE_PACKAGES)


def test_headers_and_data(twins: Twins) -> None:
    install(twins, "tools==1.0", "plain")
    twins.check_command("uninstall -y tools", Wanted.LEAVES_NO_EMPTY_DIRECTORY)


def test_bytecode(twins: Twins) -> None:
    def act(workplace: Workplace) -> None:
        assert workplace.pip("install", "--compile", "-i", twins.server.index_url, "tools==2.0", "plain").code == 0

    twins.each(act)
    write_into_site(twins, {"tools/__pycache__/new.cpython-310.pyc": "of another interpreter"})
    twins.check_command("uninstall -y tools", Wanted.TAKES_ALL_BYTECODE)


EDITABLE = {
    "__editable__.project-1.0.pth": "{work}/project/src\n",
    "project-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: Project\nVersion: 1.0\n",
    "project-1.0.dist-info/direct_url.json": '{"dir_info": {"editable": true}, "url": "file://{work}/project"}',
    "project-1.0.dist-info/RECORD": "__editable__.project-1.0.pth,,\nproject-1.0.dist-info/METADATA,,\n"
    "project-1.0.dist-info/direct_url.json,,\nproject-1.0.dist-info/RECORD,,\n",
}
EGG_INFO = {
    "project/setup.py": "",
    "project/Project.egg-info/PKG-INFO": "Metadata-Version: 1.0\nName: Project\nVersion: 1.0\n",
    "project/project.py": "",
}


def test_editable(twins: Twins) -> None:
    install(twins, "plain")
    twins.write({"project/src/project.py": ""})
    write_into_site(twins, EDITABLE)
    twins.check_command("uninstall project", typed="y\n", PIP_NO_INPUT="")


@pytest.mark.parametrize("others", ["", "{work}/other\n"])
def test_develop_install(twins: Twins, others: str) -> None:
    """`setup.py develop`: an egg-link, and a line in `easy-install.pth`."""
    install(twins, "plain")
    twins.write(EGG_INFO)
    write_into_site(twins, {"Project.egg-link": "{work}/project\n.", "easy-install.pth": f"{others}{{work}}/project\n"})
    twins.check_command("uninstall project -v", typed="y\n", PIP_NO_INPUT="")


def test_develop_install_that_leads_nowhere(twins: Twins) -> None:
    install(twins, "plain")
    twins.write(EGG_INFO)
    write_into_site(twins, {"Project.egg-link": "{work}/project/../other\n."})
    twins.check_command("uninstall -y project")


@pytest.mark.parametrize("listing", ["installed-files.txt", "top_level.txt"])
def test_flat_egg_info(twins: Twins, listing: str) -> None:
    install(twins, "plain")
    text = "../legacy/__init__.py\n../legacy/more.py\n" if listing == "installed-files.txt" else "legacy\n"
    write_into_site(
        twins,
        {
            "Legacy-1.0.egg-info/PKG-INFO": "Metadata-Version: 1.0\nName: Legacy\nVersion: 1.0\n",
            f"Legacy-1.0.egg-info/{listing}": text,
            "legacy/__init__.py": "",
            "legacy/more.py": "",
        },
    )
    twins.check_command("uninstall legacy", typed="y\n", PIP_NO_INPUT="")


def test_distutils_install(twins: Twins) -> None:
    install(twins, "plain")
    write_into_site(twins, {"Legacy-1.0.egg-info": "Metadata-Version: 1.0\nName: Legacy\nVersion: 1.0\n"})
    twins.check_command("uninstall -y legacy", Wanted.ERRORS_ARE_ERRORS, code=1)


def test_one_that_cannot_go(twins: Twins) -> None:
    install(twins, "plain", "tools==2.0")
    write_into_site(twins, {"Legacy-1.0.egg-info": "Metadata-Version: 1.0\nName: Legacy\nVersion: 1.0\n"})
    twins.check_command("uninstall -y plain legacy tools", Wanted.ALL_OR_NOTHING, Wanted.ERRORS_ARE_ERRORS, code=1)


@pytest.mark.parametrize("installer", ["", "pip", "conda"])
def test_no_record(twins: Twins, installer: str) -> None:
    install(twins, "plain", "tools==2.0")

    def act(workplace: Workplace) -> None:
        info = workplace.environment.site_packages / "tools-2.0.dist-info"
        (info / "RECORD").unlink()
        (info / "INSTALLER").write_text(installer)

    twins.each(act)
    twins.check_command("uninstall -y tools", Wanted.ERRORS_ARE_ERRORS, code=1)


def test_files_outside_and_links(twins: Twins) -> None:
    """RECORD names a file of somebody else's, one that is gone, a directory, and a link whose goal stays."""
    install(twins, "plain", "tools==2.0")
    twins.write({"precious.txt": "", "goal.txt": ""})

    def act(workplace: Workplace) -> None:
        site = workplace.environment.site_packages
        (site / "tools" / "link").symlink_to(workplace.work / "goal.txt")
        with (site / "tools-2.0.dist-info" / "RECORD").open("a") as record:
            record.write(f"{workplace.work}/precious.txt,,\ntools/link,,\ntools/gone.py,,\n")

    twins.each(act)
    twins.check_command("uninstall tools", typed="y\n", PIP_NO_INPUT="")


def test_user_site_is_outside_of_a_virtual_environment(
    tmp_path: Path, catalogue: IndexServer, golden_cache: Path
) -> None:
    seeing = make_environment(tmp_path / "template", "--system-site-packages")
    twins = Twins(tmp_path, seeing, catalogue, golden_cache)
    base = str(twins.place / "user")
    twins.check("--user plain==1.0", PYTHONUSERBASE=base)
    twins.check("plain==1.0 -I", PYTHONUSERBASE=base)
    twins.check_command("uninstall -y plain tools", Wanted.KEEPS_SITE_PACKAGES, PYTHONUSERBASE=base)
    twins.check_command("uninstall plain", typed="y\n", PIP_NO_INPUT="", PYTHONUSERBASE=base)


def egg(twins: Twins, files: Mapping[str, str]) -> None:
    write_into_site(
        twins,
        {
            "Legacy-1.0-py3.11.egg/EGG-INFO/PKG-INFO": "Metadata-Version: 1.0\nName: Legacy\nVersion: 1.0\n",
            "Legacy-1.0-py3.11.egg/legacy/__init__.py": "",
            "easy-install.pth": "./Legacy-1.0-py3.11.egg\n",
            **files,
        },
    )


@pytest.mark.parametrize("line", ["uninstall -y legacy", "uninstall -v legacy", "uninstall legacy"])
def test_egg(twins: Twins, line: str) -> None:
    install(twins, "plain")
    egg(twins, {})
    twins.check_command(line, typed="y\n", PIP_NO_INPUT="")


def test_egg_with_scripts_and_other_lines(twins: Twins) -> None:
    install(twins, "plain")
    egg(
        twins,
        {
            "Legacy-1.0-py3.11.egg/EGG-INFO/entry_points.txt": "[console_scripts]\nlegacy = legacy:main\n",
            "Legacy-1.0-py3.11.egg/EGG-INFO/scripts/old": "",
            "easy-install.pth": "./other.egg\r\n./Legacy-1.0-py3.11.egg\r\n/elsewhere\r\n",
            "../../../bin/legacy": "",
            "../../../bin/old": "",
        },
    )
    twins.check_command("uninstall legacy", typed="y\n", PIP_NO_INPUT="")


def test_version_as_metadata_spells_it(twins: Twins) -> None:
    write_into_site(
        twins,
        {
            "odd-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: Odd.Name\nVersion: 1.00\n",
            "odd-1.0.dist-info/RECORD": "odd-1.0.dist-info/METADATA,,\nodd-1.0.dist-info/RECORD,,\n",
            "keep.py": "",
        },
    )
    twins.check_command("uninstall -y odd Odd.Name")


def test_environment_of_pips_own(twins: Twins) -> None:
    """A distribution that pip itself has installed from a wheel with everything."""
    twins.pip("install --compile -i {index} tools==1.0 child==1.0")
    twins.check_command("uninstall -y tools child -v", Wanted.LEAVES_NO_EMPTY_DIRECTORY)
