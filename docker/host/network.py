"""This machine's way to a network: proxies, certificates, and pip's configuration.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
import re
import ssl
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from docker.host.pip_settings import pip_options
from docker.paths import CERTIFICATES
from stages.errors import SettingsError
from stages.setting.addresses import fit_to_show, hides_password, is_of_this_machine

PROXIES = tuple(
    name
    for proxy in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy")
    for name in (proxy, proxy.upper())
)
# The first that is set counts.
CA_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
CA_FOLDER = "SSL_CERT_DIR"
SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Ubuntu, Arch
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),  # Fedora, RHEL
    Path("/etc/pki/tls/certs/ca-bundle.crt"),  # RHEL and its likes, older ones
    Path("/var/lib/ca-certificates/ca-bundle.pem"),  # SUSE
    Path("/etc/ssl/ca-bundle.pem"),  # SUSE, older ones
    Path("/etc/ssl/cert.pem"),  # Alpine
)
# What a build takes over of pip's configuration: where packages come from, and how to get there.
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")
_BEGIN = "-----BEGIN CERTIFICATE-----"


def ca_bundle(environ: Mapping[str, str]) -> Path | None:
    """Return a file of the certificates that this machine trusts, None if there is none.

    It is the one that a variable or pip's configuration names, else that of the system. Raises
    SettingsError if a variable names what holds no certificates.
    """
    for variable in CA_FILES:
        if value := environ.get(variable):
            return _checked(Path(value), variable)
    if folder := environ.get(CA_FOLDER):
        return _joined(folder)
    if value := pip_configuration(environ).get("cert"):
        return _checked(Path(value), "cert, in pip's configuration,")
    return next((path for path in SYSTEM_BUNDLES if path.is_file()), None)


def pip_ca_bundle(environ: Mapping[str, str], configuration: Mapping[str, str]) -> Path | None:
    """Return the certificates that pip trusts, which may be others; else those of `ca_bundle`."""
    value = configuration.get("cert")
    return _checked(Path(value), "cert, in pip's configuration,") if value else ca_bundle(environ)


def pip_configuration(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what pip's files and variables set for `pip install`, by name."""
    return pip_options(sys.executable, environ)


def proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the addresses of the proxies, which may hold passwords."""
    names = ("https_proxy", "http_proxy", "all_proxy")
    return [environ.get(name) or environ.get(name.upper()) or "" for name in names]


def loopback(addresses: Iterable[str]) -> str:
    """Return the HOST:PORT of the first that only this machine itself can reach, empty if none.

    A container with a network of its own finds nobody there.
    """
    for address in addresses:
        if hides_password(address):
            continue  # its host is not known, which is said when it is asked
        place = re.split(r"[/?#]", address.rpartition("://")[2])[0]
        if is_of_this_machine(place):
            return place.rpartition("@")[2]
    return ""


def without_network(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program that needs no network, and so no password for one."""
    return {
        name: value
        for name, value in environ.items()
        if name not in PROXIES and not name.startswith(("PIP_", "MLFLOW_"))
    }


def _checked(path: Path, source: str) -> Path:
    if path.is_dir():
        return _joined(str(path))
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=str(path))
    except OSError as error:
        raise SettingsError(
            f"{source} names {fit_to_show(str(path))}, where no certificates can be read; "
            "set it to a file of certificates (PEM), or unset it"
        ) from error
    return path.absolute()


def _joined(folders: str) -> Path:
    """Return a file with the certificates of all files in these folders."""
    texts = [text for folder in folders.split(os.pathsep) for text in _certificates_in(folder)]
    if not texts:
        raise SettingsError(
            f"{CA_FOLDER} names {fit_to_show(folders)}, where no certificates can be read; set it "
            "to a folder of certificates (PEM), or unset it"
        )
    joined = "\n".join(dict.fromkeys(texts))
    if not CERTIFICATES.is_file() or CERTIFICATES.read_text() != joined:
        CERTIFICATES.write_text(joined)
    return CERTIFICATES


def _certificates_in(folder: str) -> Iterator[str]:
    for path in sorted(Path(folder).glob("*")):
        if path.is_file() and _BEGIN in (text := path.read_text(errors="replace")):
            yield text.strip()
