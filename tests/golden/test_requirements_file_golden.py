"""The same requirements files through pip's own parser, in one child process, and through ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from asyncpip.commands.requirement_sources import RequirementReader, SourceFiles
from asyncpip.core.requirement import DirectKind
from asyncpip.errors import AsyncpipError

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpip.core.requirement import UserRequirement

pytestmark = pytest.mark.golden

PIP_SIDE = """
import json, logging, os, sys
from pip._internal.cli import cmdoptions
from pip._internal.commands import create_command
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements
from pip._vendor.packaging.utils import canonicalize_name

logging.disable(logging.CRITICAL)

def requirement(parsed):
    made = install_req_from_parsed_requirement(parsed, config_settings=(parsed.options or {}).get("config_settings"))
    settings = []
    for key, value in (made.config_settings or {}).items():
        settings += [[key, one] for one in (value if isinstance(value, list) else [value])]
    return {
        "name": canonicalize_name(made.name) if made.name else None,
        "extras": sorted(canonicalize_name(extra) for extra in made.extras),
        "specifier": str(made.req.specifier) if made.req else "",
        "marker": str(made.markers) if made.markers else None,
        "url": made.link.url if made.link else None,
        "editable": made.editable,
        "constraint": made.constraint,
        "hashes": sorted([name, digest] for name, digests in made.hash_options.items() for digest in digests),
        "settings": settings,
        "origin": made.comes_from,
    }

def run(path):
    cmdoptions.use_new_feature.keywords["default"].clear()  # one list for the whole process
    command = create_command("install")
    with command.main_context():
        options, _ = command.parse_args(["--isolated", "--index-url", "https://first.example/simple"])
        command.verbosity = 0
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        try:
            found = [requirement(p) for p in parse_requirements(path, session, finder=finder, options=options)]
        except (Exception, SystemExit) as error:
            return {"error": str(error)}
        scope = finder.search_scope
        return {
            "requirements": found,
            "indexes": [] if scope.no_index else scope.index_urls,
            "no_index": scope.no_index,
            "find_links": scope.find_links,
            "no_binary": sorted(finder.format_control.no_binary),
            "only_binary": sorted(finder.format_control.only_binary),
            "all_releases": sorted(finder.release_control.all_releases),
            "only_final": sorted(finder.release_control.only_final),
            "prefer_binary": finder.prefer_binary,
            "require_hashes": bool(options.require_hashes),
            "no_require_hashes": bool(options.no_require_hashes),
            "trusted": [host + (f":{port}" if port else "") for host, port in session.pip_trusted_origins],
            "features": list(options.features_enabled),
        }

sys.stderr = open(os.devnull, "w")
print(json.dumps({path: run(path) for path in json.load(sys.stdin)}))
"""

SHA = "a" * 64
CASES = {
    "plain": "flask\nDjango == 5.0 ; python_version > '3'\nx[A_b,c]>=1,<2\n",
    "comments": "# one\nflask # two\n  # three\ndjango#not a comment\n",
    "comment_without_blank": "flask==1.0#x\n",
    "joined": "flask\\\n==1.0 \\\n  --hash=sha256:" + SHA + "\n",
    "joined_comment": "flask \\\n# comment \\\n\ndjango\n",
    "joined_end": "flask==\\\n1.0\\\n",
    "backslashes": "flask==1.0 \\\\\\\n\ndjango\n",
    "variables": "${PKG}==${VERSION}\n$PKG\n",
    "variable_unset": "flask @ https://${UNSET_VARIABLE}@h.example/flask-1.0.zip\n",
    "variable_lower": "flask @ https://${lower}@h.example/flask-1.0.zip\n",
    "index": "--extra-index-url https://e.example/simple\n-i https://i.example/simple\n",
    "index_one_line": "--extra-index-url https://e.example/simple --index-url=https://i.example/simple\n",
    "index_attached": "-ihttps://i.example/simple --extra-index-url 'https://e.example/simple'\n",
    "pypi_url": "--pypi-url https://i.example/simple\n",
    "no_index": "--no-index\n-i https://i.example/simple\n",
    "find_links": "-f links -f other\n--find-links ./nowhere\n",
    "control": "--no-binary foo,bar\n--only-binary bar\nflask --no-binary flask\n-r nested.txt --only-binary baz\n",
    "releases": "--all-releases foo --only-final bar\n",
    "pre": "--pre\n",
    "pre_beside": "flask --pre --prefer-binary --no-index --index-url https://x.example\n",
    "prefer": "--prefer-binary --require-hashes --trusted-host h.example:8080 --trusted-host i.example\n",
    "no_require": "--no-require-hashes\n",
    "feature": "--use-feature fast-deps --use-feature=truststore\n",
    "feature_unknown": "--use-feature nonsense\n",
    "nested": "-r nested.txt -r other.txt\n",
    "nested_hides": "-c constraints.txt -r nested.txt\n",
    "constraints": "flask\n-c constraints.txt\n",
    "nested_below": "-r sub/below.txt\n",
    "diamond": "-r nested.txt\n-rnested.txt\n",
    "cycle": "-r cycle.txt\n",
    "missing_nested": "-r nowhere.txt\n",
    "hashes": f"flask==1.0 --hash=sha256:{SHA} --hash sha512:{'B' * 128}\n",
    "hash_weak": "flask==1.0 --hash=md5:abc\n",
    "hash_malformed": "flask==1.0 --hash=abc\n",
    "hash_alone": f"--hash=sha256:{SHA}\n",
    "settings": "flask -C a=b -C 'a=c d' --config-settings=--x=y\n",
    "settings_malformed": "flask -C a\n",
    "editable": "-e ./project[a,B]\n-e git+https://h.example/r@main#egg=Name&subdirectory=s\n",
    "editable_named": "-e Name[x] @ git+https://h.example/r@main ; python_version > '3'\n",
    "editable_quoted": "-e 'Name[x] @ git+https://h.example/r@main ; python_version > \"3\"'\n",
    "editable_short_vcs": "-e git://h.example/r#egg=name\n",
    "editable_no_name": "-e git+https://h.example/r\n",
    "editable_nowhere": "-e ./nowhere\n",
    "editable_http": "-e https://h.example/a.zip#egg=a\n",
    "editable_constraint": "-c editable.txt\n",
    "editable_behind": "flask -e ./project\n",
    "editable_hash": f"-e ./project --hash=sha256:{SHA} -C a=b\n",
    "paths": "./project\n./project[extra] ; python_version > '3'\n./sub/../project\n",
    "archives": "sdist-1.0.tar.gz\n./sdist-1.0.tar.gz[a]\nwheel-1.0+local-py3-none-any.whl\n",
    "archive_missing": "./missing-1.0.zip\n",
    "not_installable": "./sub\n",
    "url": "https://u:p@h.example/foo_bar-2.0-py3-none-any.whl#sha256=" + SHA + "\nhttps://h.example/x.zip;y#egg=x\n",
    "url_marker": "https://h.example/x.zip#egg=x ; python_version > '3'\n",
    "url_named": "foo[a] @ https://h.example/x.zip#sha256=abc ; python_version > '3'\nx@https://h.example/x.zip\n",
    "url_wheel_bad": "https://h.example/foo.whl\n",
    "url_egg_bad": "https://h.example/foo.zip#egg=foo[x]\n",
    "vcs": "git+ssh://git@h.example/r.git@v1.0#egg=name\nhg+https://h.example/r#egg=name\n",
    "equals": "foo=1\n",
    "path_typo": "./nowhere/at/all\n",
    "bad_marker": "foo ; nonsense\n",
    "empty_marker": "foo ;\n",
    "bad_version": "foo==abc==\n",
    "unknown_option": "--nonsense\n",
    "prefix": "--extra https://e.example/simple\n--req nested.txt\n",
    "ambiguous": "--re nested.txt\n",
    "flag_value": "--no-index=yes\n",
    "no_value": "--index-url\n",
    "open_quote": "flask -C 'a=b\n",
    "tab": "flask\t--pre\n",
    "stray_words": "--pre flask\n",
    "double_dash": "flask -- --nonsense\n",
    "dash": "flask -\n",
    "form_feed": "flask\x0cdjango\n",
    "bom": "\ufeffflask\n",
    "empty": "\n\n# nothing\n",
}
"""One file each, in a directory that `place` fills."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one file per case and what the cases name."""
    root = tmp_path_factory.mktemp("place")
    for folder in ("project", "sub", "links"):
        (root / folder).mkdir()
    (root / "project/pyproject.toml").touch()
    for name in ("sdist-1.0.tar.gz", "wheel-1.0+local-py3-none-any.whl"):
        (root / name).touch()
    (root / "nested.txt").write_text("nested-one\n-c constraints.txt\n")
    (root / "other.txt").write_text("other\n")
    (root / "sub/below.txt").write_text("below\n-r ../other.txt\n-f ../links\n")
    (root / "constraints.txt").write_text("pinned==1.0\n-r other.txt\n")
    (root / "editable.txt").write_text("-e ./project\n")
    for name, content in CASES.items():
        (root / f"{name}.txt").write_text(content, encoding="utf-8")
    return root


ENVIRONMENT = {"PKG": "flask", "VERSION": "3.0", "lower": "secret"}


@pytest.fixture(scope="module")
def answers(place: Path) -> dict[str, Any]:
    """What pip makes of each case."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    done = subprocess.run(
        [sys.executable, "-c", PIP_SIDE],
        input=json.dumps([f"{name}.txt" for name in CASES]),
        capture_output=True,
        text=True,
        check=True,
        cwd=place,
        env={**clean, "PIP_CONFIG_FILE": os.devnull, **ENVIRONMENT},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def our_answer(path: str, cwd: Path) -> dict[str, Any]:
    """Return what we make of a file, in the form of `PIP_SIDE`."""
    files = SourceFiles(str(cwd), lambda url: url.encode())
    reader = RequirementReader(files, ENVIRONMENT)
    try:
        reader.follow(path, constraint=False)
    except AsyncpipError as error:
        return {"error": error.what}
    options = reader.options()
    return {
        "requirements": [as_pip(one) for one in (*reader.requirements, *reader.constraints)],
        "indexes": list(options.merged_index_urls(["https://first.example/simple"])),
        "no_index": options.no_index,
        "find_links": list(options.find_links),
        "no_binary": by_name(options.format_control, "no_binary"),
        "only_binary": by_name(options.format_control, "only_binary"),
        "all_releases": sorted(
            [*by_name(options.release_control, "all_releases"), *([":all:"] if options.pre else [])]
        ),
        "only_final": by_name(options.release_control, "only_final"),
        "prefer_binary": options.prefer_binary,
        "require_hashes": options.require_hashes,
        "no_require_hashes": options.no_require_hashes,
        "trusted": list(options.trusted_hosts),
        "features": list(options.features),
    }


def by_name(control: tuple[tuple[str, str], ...], kind: str) -> list[str]:
    """Return the names for which ``kind`` was said last."""
    last = {name: said for said, value in control for name in value.split(",")}
    return sorted(name for name, said in last.items() if said == kind)


def as_pip(requirement: UserRequirement) -> dict[str, Any]:
    return {
        "name": requirement.name,
        "extras": sorted(requirement.extras),
        "specifier": str(requirement.specifier),
        "marker": None if requirement.marker is None else str(requirement.marker),
        "url": None if requirement.direct is None else requirement.direct.url,
        "editable": requirement.editable,
        "constraint": requirement.origin.is_constraint,
        "hashes": sorted(list(pair) for pair in requirement.hashes.digests),
        "settings": [list(pair) for pair in requirement.config_settings],
        "origin": str(requirement.origin),
    }


def compared(answer: dict[str, Any]) -> dict[str, Any]:
    """Return ``answer`` with constraints behind requirements, and an error as its bare fact."""
    if "error" in answer:
        return {"error": True}
    ordered = sorted(answer["requirements"], key=lambda one: bool(one["constraint"]))
    for one in ordered:
        one["hashes"] = sorted([name, digest.lower()] for name, digest in one["hashes"])
    return {**answer, "requirements": ordered}


@pytest.mark.parametrize("name", CASES)
def test_same_meaning_as_pip(name: str, place: Path, answers: dict[str, Any]) -> None:
    assert compared(our_answer(f"{name}.txt", place)) == compared(answers[f"{name}.txt"])


SAME_WORDS = (
    "equals",
    "bad_marker",
    "not_installable",
    "editable_no_name",
    "editable_constraint",
    "missing_nested",
    "cycle",
    "url_wheel_bad",
    "path_typo",
)


@pytest.mark.parametrize("name", SAME_WORDS)
def test_errors_begin_as_pip(name: str, place: Path, answers: dict[str, Any]) -> None:
    theirs = answers[f"{name}.txt"]["error"].splitlines()[0]
    assert our_answer(f"{name}.txt", place)["error"] == theirs


def test_kinds_of_direct_references(place: Path) -> None:
    reader = RequirementReader(SourceFiles(str(place), lambda url: url.encode()), {})
    reader.follow("archives.txt", constraint=False)
    reader.follow("paths.txt", constraint=False)
    kinds = [one.direct.kind for one in reader.requirements if one.direct]
    assert kinds == [DirectKind.SDIST] * 2 + [DirectKind.WHEEL] + [DirectKind.DIRECTORY] * 3
