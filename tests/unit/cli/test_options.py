from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asyncpip.cli.command_specs.registry import COMMANDS, MAIN
from asyncpip.cli.option_checks import CHECKS

if TYPE_CHECKING:
    from asyncpip.cli.specs import CommandSpec, Option

ALL_SPECS = [MAIN, *COMMANDS.values()]
PIP_COMMANDS = (
    "install lock download uninstall freeze inspect list show check config search cache index wheel hash completion"
    " debug help"
)


@pytest.mark.parametrize("spec", ALL_SPECS, ids=lambda spec: spec.name)
def test_no_spelling_means_two_options(spec: CommandSpec) -> None:
    flags = [flag for option in spec.options for flag in option.flags]
    assert sorted(flags) == sorted(set(flags))


@pytest.mark.parametrize("spec", ALL_SPECS, ids=lambda spec: spec.name)
def test_options_that_share_a_dest_store_the_same_type(spec: CommandSpec) -> None:
    kinds: dict[str, set[str]] = {}
    for option in spec.options:
        if option.kind != "off":
            kinds.setdefault(option.dest, set()).add(option.kind)
    assert {dest: found for dest, found in kinds.items() if len(found) > 1} == {}


@pytest.mark.parametrize("option", COMMANDS["install"].options, ids=lambda option: option.flags[-1])
def test_each_option_has_what_its_kind_needs(option: Option) -> None:
    assert option.long_flags
    assert option.help.endswith(".")
    assert option.check == "" or option.check in CHECKS
    assert (option.kind == "choice") <= bool(option.choices)
    assert option.default is None or option.kind != "choice" or option.default in option.choices
    assert isinstance(option.default, {"number": int, "seconds": float}.get(option.kind, object))


def test_all_commands_of_pip_have_a_place() -> None:
    assert list(COMMANDS) == PIP_COMMANDS.split()


def test_general_options_belong_to_every_command_that_can_be_run() -> None:
    general = {flag for option in MAIN.options for flag in option.flags} - {"-V", "--version"}
    for spec in COMMANDS.values():
        assert general <= {flag for option in spec.options for flag in option.flags}
