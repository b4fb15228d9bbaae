"""Builds the stages' images, whether they are there or not."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.build import base
from docker.build.graph import IMAGE_PREFIX, Stage
from docker.build.layers import BUILDER, levels_of
from docker.paths import DOCKERFILE, ROOT
from stages.errors import EngineError

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def make(
    stages: Sequence[Stage], environ: Mapping[str, str], *, base_image: str = "", anew: bool = False
) -> None:
    """Build the images of `stages`, on the base made for them or another; `anew` without cache.

    Raises EngineError where an image can't be built.
    """
    names = {stage.target: stage.image for stage in stages}
    levels = [BUILDER, *(level for stage in stages for level in levels_of(stage.target))]
    between = {level: f"{IMAGE_PREFIX}{level}" for level in levels if level not in names}
    with _options(environ, base_image or base.ensure(environ), anew) as options:
        try:
            for level in dict.fromkeys(levels):
                image = (between | names)[level]
                _build(level, image, options)
                options.append(f"--build-context={level}=docker-image://{image}")
        finally:
            remove(list(between.values()))


def remove(images: Sequence[str]) -> None:
    """Remove these images' names, and what nothing else needs of them."""
    subprocess.run(["docker", "image", "rm", "--force", *images], capture_output=True)


@contextmanager
def _options(environ: Mapping[str, str], base_image: str, anew: bool) -> Iterator[list[str]]:
    with _pip_configuration(environ) as pip_configuration:
        yield [
            "--provenance=false",  # it would hold the time of the build
            f"--build-arg=BASE_IMAGE={base_image}",
            f"--build-arg=SOURCE_DATE_EPOCH={base.SOURCE_DATE_EPOCH}",
            f"--secret=id=pip,src={pip_configuration}",
            *_certificates(environ),
            *proxies(environ),
            *(["--no-cache"] if anew else []),
        ]


def _build(target: str, image: str, options: Sequence[str]) -> None:
    command = ["docker", "build", f"--file={DOCKERFILE}", f"--target={target}"]
    command += [f"--tag={image}", *options, str(ROOT)]
    if subprocess.run(command).returncode != 0:
        raise EngineError(f"image {image} can't be built; the log above says why")


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
