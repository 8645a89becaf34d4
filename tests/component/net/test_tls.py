from __future__ import annotations

import ssl
import sys
from typing import TYPE_CHECKING

import pytest

from asyncpip.errors import ConfigurationError
from asyncpip.net.tls import TlsOptions, build_unverified_context, build_verifying_context, select_ca_bundle

if TYPE_CHECKING:
    from pathlib import Path

BOTH = {"REQUESTS_CA_BUNDLE": "requests.pem", "CURL_CA_BUNDLE": "curl.pem"}
NOWHERE = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}


@pytest.mark.parametrize(
    ("cert", "environ", "use_environment", "expected"),
    [
        ("given.pem", BOTH, True, "given.pem"),
        (None, BOTH, True, "requests.pem"),
        (None, {"CURL_CA_BUNDLE": "curl.pem", "REQUESTS_CA_BUNDLE": ""}, True, "curl.pem"),
        (None, BOTH, False, None),
        (None, {}, True, None),
    ],
)
def test_which_bundle(cert: str | None, environ: dict[str, str], use_environment: bool, expected: str | None) -> None:
    assert select_ca_bundle(cert, environ, use_environment=use_environment) == expected


def test_a_bundle_replaces_the_default_trust(certificate: Path) -> None:
    context = build_verifying_context(TlsOptions(ca_bundle=str(certificate)), {})
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


def test_a_directory_serves_as_bundle(tmp_path: Path) -> None:
    context = build_verifying_context(TlsOptions(ca_bundle=str(tmp_path)), {})
    assert context.get_ca_certs() == []


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the system decides there")
def test_the_default_places_are_looked_at(certificate: Path) -> None:
    only = build_verifying_context(TlsOptions(), {**NOWHERE, "SSL_CERT_FILE": str(certificate)})
    assert ssl.PEM_cert_to_DER_cert(_certificate_part(certificate)) in only.get_ca_certs(binary_form=True)


def _certificate_part(path: Path) -> str:
    text = path.read_text()
    return text[text.index("-----BEGIN CERTIFICATE-----") :]


def test_nothing_is_checked_for_trusted_hosts() -> None:
    context = build_unverified_context(TlsOptions())
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_files_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    for options in (TlsOptions(ca_bundle=str(path)), TlsOptions(client_cert=str(path))):
        with pytest.raises(ConfigurationError) as caught:
            build_verifying_context(options, {})
        assert str(path) in caught.value.what
        assert caught.value.why
        assert caught.value.exit_code == 1
