"""Builds TLS contexts: whom to trust, and the client's own certificate. Reads files, so it runs in a worker thread.

On Linux a context holds what `truststore` would load there (OpenSSL's own places, else the distributions' known
files), but loads it once: truststore reads the bundle again for each connection, 21 ms on the event loop every time
(144 certificates, two cores). On macOS and Windows the system decides, through truststore.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from asyncpip.core.values import Value
from asyncpip.errors import EXIT_ERROR, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpip.net.transport import TransportOptions

_BUNDLES = (
    "/etc/ssl/cert.pem",  # Alpine, Arch, Fedora to 43, RHEL 9 and 10, BSD
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora from 44, RHEL from 11
    "/etc/pki/tls/cert.pem",  # older Fedora, RHEL and CentOS
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
"""Where to look if this Python's OpenSSL was built for other places (truststore's list)."""
_HASHED_NAME = re.compile(r"[0-9a-fA-F]{8}\.[0-9]")
"""A certificate in a directory that OpenSSL can look up in (`openssl rehash`)."""


class TlsOptions(Value):
    """Whom to trust, and who we are."""

    ca_bundle: str | None = None
    """PEM file or hashed directory that replaces the default trust; None for the default."""
    client_cert: str | None = None
    """One PEM file with private key and certificate."""
    legacy_certs: bool = False
    """The bundled list (certifi) instead of the system's; without effect where a bundle is given."""


def select_ca_bundle(cert: str | None, environ: Mapping[str, str], *, use_environment: bool) -> str | None:
    """Return the bundle that replaces the default trust: `--cert`, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, or None.

    SSL_CERT_FILE and SSL_CERT_DIR are weaker: they say where the default trust is, and are looked at there.
    """
    if cert:
        return cert
    if not use_environment:
        return None
    return environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or None


def build_context(options: TransportOptions, environ: Mapping[str, str], *, verifies: bool) -> ssl.SSLContext:
    """Return the context that a run with ``options`` uses; raise `ConfigurationError` for an unusable file."""
    chosen = TlsOptions(
        ca_bundle=_ca_bundle_of(options, environ),
        client_cert=options.client_cert,
        legacy_certs=options.legacy_certs,
    )
    return build_verifying_context(chosen, environ) if verifies else build_unverified_context(chosen)


def lacks_bundled_list(options: TransportOptions, environ: Mapping[str, str]) -> bool:
    """Return whether a CA list is needed that should come with the program, and does not."""
    return _ca_bundle_of(options, environ) is None and not has_bundled_list()


def _ca_bundle_of(options: TransportOptions, environ: Mapping[str, str]) -> str | None:
    # `--proxy` and `--no-proxy-env` make pip ignore the CA variables as well.
    use_environment = options.use_proxy_env and options.proxy is None
    return select_ca_bundle(options.cert, environ, use_environment=use_environment)


def build_verifying_context(options: TlsOptions, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that checks certificates and host names; raise `ConfigurationError` for an unusable file."""
    if options.ca_bundle is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_bundle(context, options.ca_bundle)
    else:
        bundled = _bundled_list()
        if options.legacy_certs and bundled is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        elif sys.platform == "darwin" or sys.platform == "win32":  # one by one: mypy reads it only so
            context = _system_context()
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            _load_default_places(context, environ)
        if bundled is not None:
            _load_bundle(context, bundled)
    return _finish(context, options)


def build_unverified_context(options: TlsOptions) -> ssl.SSLContext:
    """Return a context that encrypts and checks nothing, for trusted hosts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _finish(context, options)


def has_bundled_list() -> bool:
    """Return whether a CA list comes with the program (certifi is installed)."""
    return find_spec("certifi") is not None


def _finish(context: ssl.SSLContext, options: TlsOptions) -> ssl.SSLContext:
    context.set_alpn_protocols(["http/1.1"])
    if options.client_cert is not None:
        try:
            context.load_cert_chain(options.client_cert)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise ConfigurationError(
                f"the client certificate {options.client_cert} cannot be used",
                why=_reason(error),
                hint="`--client-cert` takes one PEM file that holds the private key and the certificate",
                exit_code=EXIT_ERROR,
            ) from error
    return context


def _load_bundle(context: ssl.SSLContext, path: str) -> None:
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the CA bundle {path} cannot be used",
            why=_reason(error),
            hint="`--cert`, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a PEM file or a directory of certificates",
            exit_code=EXIT_ERROR,
        ) from error


def _load_default_places(context: ssl.SSLContext, environ: Mapping[str, str]) -> None:
    """Load what OpenSSL would by itself, else the first bundle that is there."""
    places = ssl.get_default_verify_paths()
    cafile = environ.get(places.openssl_cafile_env, places.openssl_cafile)
    capath = environ.get(places.openssl_capath_env, places.openssl_capath)
    found = False
    if Path(cafile).is_file():
        _load_bundle(context, cafile)
        found = True
    for directory in capath.split(os.pathsep):
        if _holds_certificates(directory):
            context.load_verify_locations(capath=directory)  # looked up when needed, costs nothing now
            found = True
    if not found:
        for bundle in _BUNDLES:
            if Path(bundle).is_file():
                _load_bundle(context, bundle)
                return


def _holds_certificates(directory: str) -> bool:
    try:
        return any(_HASHED_NAME.fullmatch(path.name) for path in Path(directory).iterdir())
    except OSError:
        return False


def _system_context() -> ssl.SSLContext:
    import truststore  # needs macOS or Windows to be of use

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _bundled_list() -> str | None:
    return str(import_module("certifi").where()) if has_bundled_list() else None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"it is not in PEM form ({error.reason or error})"
    return getattr(error, "strerror", None) or str(error)
