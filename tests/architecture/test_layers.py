"""Imports point down only: a module imports its own package and the rows below it. Type-only imports count."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.modules import PACKAGE, Import, all_modules, imports_of, layer_of

ROWS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"pipeline"},
    {"index", "resolve", "fetch", "install", "build"},
    {"net", "store", "environment"},
    {"core", "errors", "version"},
)
"""From top to bottom. Packages of one row never import one another, but those of the last row may."""
BOTTOM = len(ROWS) - 1
HEIGHT = {layer: row for row, layers in enumerate(ROWS) for layer in layers}

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""Importing module and imported module: why. Empty is how it should stay."""

EARLY_PIPELINE = {
    ("asyncpip.commands.install_options", "asyncpip.pipeline.limits"): "bounds as values, no other import behind them",
}
"""What commands take of the pipeline at module level; all else waits until there is work, behind `install_work`."""
BEHIND_THE_DOOR = {
    "asyncpip.commands.archive_work",
    "asyncpip.commands.build_request",
    "asyncpip.commands.download_work",
    "asyncpip.commands.dry_run_remembered",
    "asyncpip.commands.lock_work",
    "asyncpip.commands.freeze_hashes",
    "asyncpip.commands.index_questions",
    "asyncpip.commands.install_changes",
    "asyncpip.commands.install_work",
    "asyncpip.commands.list_latest",
    "asyncpip.commands.page_trust",
    "asyncpip.commands.resolution_request",
    "asyncpip.commands.simple_index",
    "asyncpip.commands.wheel_work",
}
"""Modules of `commands` that are themselves imported late."""

THIRD_PARTY_HOMES = {
    "aiohttp": "asyncpip.net.aiohttp_transport",
    "uvloop": "asyncpip.pipeline.loop",
    "truststore": "asyncpip.net.tls",
    "keyring": "asyncpip.net.keyring_source",
    "deflate": "asyncpip.install.archive",
    "isal": "asyncpip.install.inflating",
}
"""How the name of a module starts that may import a library: elsewhere its types and exceptions are unknown."""


def layer_violation(importer: str, imported: str) -> str | None:
    """Return what is wrong with one import, or None."""
    above, below = layer_of(importer), layer_of(imported)
    if below in {above, PACKAGE}:
        return None
    if above not in HEIGHT or below not in HEIGHT:
        return f"{importer} imports {imported}: one of them is in no row of the table"
    if HEIGHT[below] > HEIGHT[above] or HEIGHT[above] == HEIGHT[below] == BOTTOM:
        return None
    return f"{importer} imports {imported}, which is not below it"


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("asyncpip.core.urls", "asyncpip.cli.main"),
        ("asyncpip.resolve.provider", "asyncpip.index.page"),
        ("asyncpip.store.store", "asyncpip.environment.target"),
        ("asyncpip.net.transport", "asyncpip.fetch.downloader"),
        ("asyncpip.core.urls", "asyncpip.utils.text"),
    ],
)
def test_rule_refuses(importer: str, imported: str) -> None:
    assert layer_violation(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("asyncpip.cli.main", "asyncpip.commands.context"),
        ("asyncpip.fetch.wheels", "asyncpip.store.store"),
        ("asyncpip.core.hashes", "asyncpip.errors"),
        ("asyncpip.install.apply", "asyncpip.install.linker"),
    ],
)
def test_rule_admits(importer: str, imported: str) -> None:
    assert layer_violation(importer, imported) is None


def test_imports_are_found_wherever_they_stand() -> None:
    source = """
from asyncpip.core import urls, names
if TYPE_CHECKING:
    from asyncpip.errors import StoreError
class A:
    import json
    def f(self):
        import os.path
"""
    assert imports_of(ast.parse(source)) == [
        Import("asyncpip.core.urls", 2, is_late=False, is_type_only=False),
        Import("asyncpip.core.names", 2, is_late=False, is_type_only=False),
        Import("asyncpip.errors", 4, is_late=False, is_type_only=True),
        Import("json", 6, is_late=False, is_type_only=False),
        Import("os.path", 8, is_late=True, is_type_only=False),
    ]


def test_imports_point_down() -> None:
    found = {
        (module.name, each.module): f"{module.path}:{each.line}: {wrong}"
        for module in all_modules().values()
        for each in module.imports()
        if each.module.partition(".")[0] == PACKAGE and (wrong := layer_violation(module.name, each.module))
    }
    assert [text for key, text in found.items() if key not in EXCEPTIONS] == []
    assert sorted(EXCEPTIONS.keys() - found.keys()) == []  # an exception that nobody needs goes


def test_every_module_is_in_the_table() -> None:
    assert sorted({module.layer for module in all_modules().values()} - HEIGHT.keys()) == [PACKAGE]


def test_commands_reach_the_pipeline_late() -> None:
    early = {
        (module.name, each.module)
        for module in all_modules().values()
        for each in module.imports()
        if module.layer == "commands"
        and module.name not in BEHIND_THE_DOOR
        and layer_of(each.module) == "pipeline"
        and not each.is_late
        and not each.is_type_only
    }
    assert early == EARLY_PIPELINE.keys()


def test_what_is_behind_the_door_is_imported_late() -> None:
    early = [
        f"{module.path}:{each.line}"
        for module in all_modules().values()
        for each in module.imports()
        if each.module in BEHIND_THE_DOOR
        and module.name not in BEHIND_THE_DOOR
        and not each.is_late
        and not each.is_type_only
    ]
    assert early == []
    assert all_modules().keys() >= BEHIND_THE_DOOR


def test_cli_reaches_commands_by_name() -> None:
    """Only the context, which every command is given, is imported; a command's module is found by its name."""
    imported = {
        each.module
        for module in all_modules().values()
        for each in module.imports()
        if module.layer == "cli" and layer_of(each.module) == "commands" and not each.is_type_only
    }
    assert imported == {"asyncpip.commands.context"}


def test_third_party_libraries_stay_at_home() -> None:
    strays = [
        f"{module.path}:{each.line}: {each.module}"
        for module in all_modules().values()
        for each in module.imports()
        if not module.name.startswith(THIRD_PARTY_HOMES.get(each.module.partition(".")[0], PACKAGE))
    ]
    assert strays == []


def test_core_needs_little() -> None:
    """`core` and `errors` rest on the standard library, `packaging` and `msgspec` (page files are its structs)."""
    allowed = {PACKAGE, "packaging", "msgspec", "_sha2", "_sha256"}  # the last two are CPython's own, of some versions
    third_party = {
        each.module.partition(".")[0]
        for module in all_modules().values()
        for each in module.imports()
        if module.layer in ROWS[BOTTOM]
    } - sys.stdlib_module_names
    assert third_party <= allowed


def test_packages_reexport_nothing() -> None:
    """An `__init__.py` holds a docstring and nothing else: a re-export is an import that everyone pays for."""
    wrong = [
        module.path
        for module in all_modules().values()
        if module.path.endswith("__init__.py")
        and not (len(module.tree.body) == 1 and ast.get_docstring(module.tree) is not None)
    ]
    assert wrong == []
