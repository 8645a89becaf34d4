"""`asyncpip debug`: what somebody who helps wants to know. For people: its lines may change."""

from __future__ import annotations

import locale
import os
import sys

from asyncpip.commands.inquiry import target_of
from asyncpip.commands.install_options import target_choice
from asyncpip.core.events import Level, Message
from asyncpip.environment.configuration import read_configuration
from asyncpip.environment.target import find_target
from asyncpip.version import EMULATED_PIP_VERSION, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpip.commands.context import CommandContext
    from asyncpip.commands.install_options import TargetChoice
    from asyncpip.core.target import TargetEnvironment

_WARNING = (
    "This command is only meant for debugging. Do not use this with automation for parsing and getting these details, "
    "since the output and options of this command may change without notice."
)
_MOST_TAGS = 10
_CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def run(context: CommandContext) -> int:
    """Run the command; return its exit code."""
    settings = context.settings
    context.reporter.emit(Message(Level.WARNING, _WARNING))
    selected = find_target(python=settings.text("python"), environ=context.environ, records=None)
    choice = target_choice(settings)
    lines = [*_interpreter(selected.target), *_certificates(context), "library versions:"]
    lines += [f"  {line}" for line in _libraries()]
    lines += _tags(target_of(selected.target, choice), choice, every=settings.number("verbose") > 0)
    for line in lines:
        context.reporter.emit(Message(Level.INFO, line))
    return 0


def _interpreter(target: TargetEnvironment) -> Iterator[str]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield f"asyncpip version: asyncpip {VERSION} from {package} (python {version})"
    yield f"pip version that it stands for: {EMULATED_PIP_VERSION}"
    yield f"sys.version: {sys.version}"
    yield f"sys.executable: {sys.executable}"
    yield f"sys.getdefaultencoding: {sys.getdefaultencoding()}"
    yield f"sys.getfilesystemencoding: {sys.getfilesystemencoding()}"
    yield f"locale.getencoding: {locale.getencoding()}"
    yield f"sys.platform: {sys.platform}"
    yield "sys.implementation:"
    yield f"  name: {sys.implementation.name}"
    yield f"target interpreter: {target.executable} (python {target.python_full_version})"
    yield f"target prefix: {target.prefix}{' (virtual environment)' if target.is_virtual else ''}"


def _certificates(context: CommandContext) -> Iterator[str]:
    sections = sorted({each.section for each in read_configuration(context.settings.files) if each.key == "cert"})
    yield f"'cert' config value: {', '.join(sections) or 'Not specified'}"
    for name in _CERTIFICATE_VARIABLES:
        yield f"{name}: {context.environ.get(name)}"


def _libraries() -> Iterator[str]:
    """Yield what asyncpip runs on, as it is installed beside it."""
    from importlib import metadata  # noqa: PLC0415 - loads the email parser; this command alone needs it

    from packaging.requirements import Requirement  # noqa: PLC0415 - as above

    try:
        texts = metadata.requires("asyncpip") or []
    except metadata.PackageNotFoundError:
        yield "(asyncpip is run from its source, and says nothing about its libraries)"
        return
    for requirement in map(Requirement, texts):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            yield f"{requirement.name}=={metadata.version(requirement.name)}"
        except metadata.PackageNotFoundError:
            yield f"{requirement.name} is not installed"


def _tags(target: TargetEnvironment, choice: TargetChoice, *, every: bool) -> Iterator[str]:
    given = [
        ("platforms", list(choice.platforms) or None),
        ("version_info", ".".join(map(str, choice.python_version)) if choice.python_version else None),
        ("abis", list(choice.abis) or None),
        ("implementation", choice.implementation),
    ]
    told = " ".join(f"{key}={value!r}" for key, value in given if value is not None)
    yield f"Compatible tags: {len(target.tags)}" + (f" (target: {told})" if told else "")
    shown = target.tags if every else target.tags[:_MOST_TAGS]
    yield from (f"  {tag}" for tag in shown)
    if len(shown) < len(target.tags):
        yield f"  ...\n  [First {_MOST_TAGS} tags shown. Pass --verbose to show all.]"
