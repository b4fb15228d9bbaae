"""Builds the stages' images."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker import base
from docker.graph import ROOT, Stage
from stages.errors import EngineError

DOCKERFILE = ROOT / "docker" / "Dockerfile"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def build(stages: Sequence[Stage], environ: Mapping[str, str] = os.environ) -> None:
    """Build the images of `stages`; what is there and unchanged costs about a second.

    Raises EngineError where an image can't be built.
    """
    base_image = base.ensure(environ)
    with _pip_configuration(environ) as pip_configuration:
        options = [
            "--provenance=false",  # it would hold the time of the build
            f"--build-arg=BASE_IMAGE={base_image}",
            f"--build-arg=SOURCE_DATE_EPOCH={base.SOURCE_DATE_EPOCH}",
            f"--secret=id=pip,src={pip_configuration}",
            *_certificates(environ),
            *proxies(environ),
        ]
        for stage in stages:
            _build(stage, options)


def _build(stage: Stage, options: Sequence[str]) -> None:
    command = ["docker", "build", f"--file={DOCKERFILE}", f"--target={stage.target}"]
    command += [f"--tag={stage.image}", *options, str(ROOT)]
    if subprocess.run(command).returncode != 0:
        raise EngineError(f"image {stage.image} can't be built; the log above says why")


def proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the build arguments for the host's proxies; the engine keeps them out of layers."""
    names = [name for low in PROXIES for name in (low, low.upper()) if environ.get(name)]
    return [f"--build-arg={name}" for name in names]


def _certificates(environ: Mapping[str, str]) -> list[str]:
    bundle = Path(environ.get("SSL_CERT_FILE") or CA_BUNDLE)
    return [f"--secret=id=ca,src={bundle}"] if bundle.is_file() else []


@contextmanager
def _pip_configuration(environ: Mapping[str, str]) -> Iterator[Path]:
    """Give a pip.conf with the index that this environment names, which may hold a password."""
    lines = ["[global]"]
    for setting in PIP_SETTINGS:
        value = environ.get("PIP_" + setting.upper().replace("-", "_"))
        lines += [f"{setting} = {value}"] if value else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pip.conf")
        path.write_text("\n".join(lines) + "\n")
        yield path
