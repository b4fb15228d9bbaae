"""Which certificates, proxies and indexes of this machine builds and downloads get."""

import csv
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docker.build import builder
from docker.host import network
from stages.errors import SettingsError
from tests.commands import ROOT

AUTHORITY = ROOT / "tests" / "data" / "tls" / "authority.pem"


@pytest.fixture(autouse=True)
def _no_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a pip.conf, whose joined certificates are in a folder of the test."""
    monkeypatch.setattr(network, "pip_configuration", lambda environ: {})
    monkeypatch.setattr(network, "CERTIFICATES", tmp_path / "joined.pem")


@pytest.mark.parametrize("variable", network.CA_FILES)
def test_a_variable_names_the_certificates(variable: str) -> None:
    assert network.ca_bundle({variable: str(AUTHORITY)}) == AUTHORITY


def test_the_first_variable_wins(tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    shutil.copy(AUTHORITY, other)
    environ = {"SSL_CERT_FILE": str(AUTHORITY), "REQUESTS_CA_BUNDLE": str(other)}
    assert network.ca_bundle(environ) == AUTHORITY


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_variable_that_names_none_is_refused(content: str | None, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(SettingsError, match=r"PIP_CERT names .*bundle\.pem, where no certificates"):
        network.ca_bundle({"PIP_CERT": str(bundle)})


@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_a_folder_of_certificates_becomes_a_file(variable: str, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in ("a.pem", "0123abcd.0"):
        shutil.copy(AUTHORITY, folder / name)
    (folder / "README").write_text("no certificate")
    bundle = network.ca_bundle({variable: str(folder)})
    assert bundle == tmp_path / "joined.pem"
    assert bundle.read_text() == AUTHORITY.read_text().strip()
    with pytest.raises(SettingsError, match=f"SSL_CERT_DIR names {tmp_path / 'none'}"):
        network.ca_bundle({"SSL_CERT_DIR": str(tmp_path / "none")})


def test_without_a_variable_it_is_pips_then_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = (tmp_path / "debian", tmp_path / "suse")
    monkeypatch.setattr(network, "SYSTEM_BUNDLES", bundles)
    assert network.ca_bundle({}) is None
    bundles[1].touch()
    assert network.ca_bundle({}) == bundles[1]
    monkeypatch.setattr(network, "pip_configuration", lambda environ: {"cert": str(AUTHORITY)})
    assert network.ca_bundle({}) == AUTHORITY


def test_what_pip_is_configured_by_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://me:se%cret@index/simple\ntimeout = 7\n"
        "extra-index-url =\n    https://one/simple\n    https://two/simple\n"
        "[install]\ntrusted-host = index\n[download]\ntrusted-host = other\n"
    )
    environ = {"PIP_CONFIG_FILE": str(file), "PIP_RETRIES": "9", "PIP_DEFAULT_TIMEOUT": "8"}
    found = network.pip_configuration(environ)
    assert found["index-url"] == "https://me:se%cret@index/simple"
    assert found["extra-index-url"].split() == ["https://one/simple", "https://two/simple"]
    assert (found["trusted-host"], found["timeout"], found["retries"]) == ("index", "8", "9")


def test_without_a_pip_nothing_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert network.pip_configuration({}) == {}


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://localhost:3128", "localhost:3128"),
        ("http://me:secret@127.0.0.1:3128", "127.0.0.1:3128"),
        ("127.1.2.3:3128", "127.1.2.3:3128"),
        ("http://[::1]:3128", "[::1]:3128"),
        ("http://proxy:3128", ""),
        ("http://127.example:1", ""),
        ("localhost:3128/", "localhost:3128"),
        ("http://[::1", ""),
        ("http://localhost:12/secret@h", ""),
        ("http://localhost:secret/", ""),
        ("", ""),
    ],
)
def test_what_only_this_machine_reaches_is_known(address: str, place: str) -> None:
    assert network.loopback([address]) == place


# What a build gets.


def options(environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, **pip: str) -> Any:
    """Return a build's options, and the pip.conf that it gets."""
    monkeypatch.setattr(
        network,
        "pip_configuration",
        lambda _: {name.replace("_", "-"): value for name, value in pip.items()},
    )
    with builder._build_options(environ, "base", False) as given:
        (secret,) = (option for option in given if option.startswith("--secret=id=pip,src="))
        return given, Path(secret.partition("src=")[2]).read_text().splitlines()


def test_a_build_gets_pips_index_and_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    pip = {
        "index_url": "https://me:secret@index/simple",
        "extra_index_url": "https://one/simple\nfile:///srv/simple\nhttps://two/simple",
        "proxy": "http://proxy:1",
        "cert": str(AUTHORITY),
        "find_links": "/srv",
    }
    given, lines = options({}, monkeypatch, **pip)
    assert lines == [
        "[global]",
        "index-url = https://me:secret@index/simple",
        "extra-index-url = https://one/simple https://two/simple",
        "proxy = http://proxy:1",
    ]
    assert f"--secret=id=ca,src={AUTHORITY}" in given
    assert "secret@" not in " ".join(given)


def test_a_path_with_a_comma_is_one_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / 'company,"old".pem'
    bundle.write_bytes(AUTHORITY.read_bytes())
    given, _ = options({"SSL_CERT_FILE": str(bundle)}, monkeypatch)
    (secret,) = (option for option in given if option.startswith("--secret=id=ca"))
    assert [*csv.reader([secret.removeprefix("--secret=")])] == [["id=ca", f"src={bundle}"]]


def test_a_proxys_password_is_in_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"https_proxy": "http://me:secret@proxy:1", "ALL_PROXY": "http://me:secret@proxy:1"}
    given, _ = options(environ, monkeypatch)
    assert {"--build-arg=https_proxy", "--build-arg=ALL_PROXY"} <= set(given)
    assert "secret@" not in " ".join(given)
    assert "--network=host" not in given


@pytest.mark.parametrize(
    ("environ", "pip"),
    [
        ({"HTTPS_PROXY": "http://127.0.0.1:3128"}, {}),
        ({}, {"proxy": "localhost:3128"}),
        ({}, {"index_url": "http://localhost:3141/root/pypi"}),
    ],
)
def test_a_build_reaches_what_is_on_this_machine(
    environ: dict[str, str], pip: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--network=host" in options(environ, monkeypatch, **pip)[0]
