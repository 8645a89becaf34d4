"""`asyncpip inspect`: all that is known of an environment, as JSON in pip's format 1."""

from __future__ import annotations

import json

from asyncpip.commands.installed_view import InstalledView, check_path_option
from asyncpip.core.headers import Headers
from asyncpip.core.metadata_json import headers_to_json
from asyncpip.environment.direct_url_file import as_written
from asyncpip.environment.scan import STANDARD_LIBRARY, egg_requires
from asyncpip.version import EMULATED_PIP_VERSION, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncpip.commands.context import CommandContext
    from asyncpip.environment.scan import FoundDistribution


_MARKERS = (
    "implementation_name", "implementation_version", "os_name", "platform_machine", "platform_release",
    "platform_system", "platform_version", "python_full_version", "platform_python_implementation", "python_version",
    "sys_platform",
)  # fmt: skip
"""In pip's order."""


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    view = InstalledView(context, check_path_option(context))
    chosen = view.chosen(local=settings.flag("local"), user=settings.flag("user"), skip=STANDARD_LIBRARY)
    markers = view.environment.markers
    document = {
        "version": "1",
        "pip_version": EMULATED_PIP_VERSION,
        "installer": {"name": "asyncpip", "version": VERSION},
        "installed": [_described(view, each) for each in sorted(chosen, key=lambda each: each.name)],
        "environment": {name: markers[name] for name in _MARKERS},
    }
    context.write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return 0


def _described(view: InstalledView, distribution: FoundDistribution) -> dict[str, object]:
    described: dict[str, object] = {
        "metadata": headers_to_json(_headers(distribution)),
        "metadata_location": distribution.info_path,
    }
    direct_url = view.direct_url(distribution)
    location = view.editable_location(distribution)
    if direct_url is not None:
        described["direct_url"] = as_written(direct_url)
    elif location is not None:
        from asyncpip.core.urls import path_to_url  # noqa: PLC0415 - for development installs before PEP 660

        described["direct_url"] = {"url": path_to_url(location), "dir_info": {"editable": True}}
    if distribution.installer:
        described["installer"] = distribution.installer
    if distribution.info_path.endswith(".dist-info"):
        described["requested"] = distribution.read_text("REQUESTED") is not None
    return described


def _headers(distribution: FoundDistribution) -> Headers:
    """Return the metadata, of an egg-info with what requires.txt adds."""
    headers = distribution.read_metadata()
    requires, extras = egg_requires(distribution.read_text("requires.txt") or "")
    fields = list(headers.fields)
    if not headers.get_all("requires-dist"):
        fields += [("requires-dist", line) for line in requires]
    if not headers.get_all("provides-extra"):
        fields += [("provides-extra", extra) for extra in extras]
    return Headers(fields, headers.body)
