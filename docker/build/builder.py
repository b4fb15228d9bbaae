"""Build the stages' images, whether or not the engine has them already."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.build import base
from docker.build.graph import IMAGE_PREFIX, Stage
from docker.build.layers import BUILDER, build_stages_of
from docker.paths import DOCKERFILE, ROOT
from stages.errors import EngineError

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host")
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def build_images(
    stages: Sequence[Stage],
    environ: Mapping[str, str],
    *,
    base_image: str = "",
    no_cache: bool = False,
) -> None:
    """Build the images of `stages`, on `base_image` or else the base image of the recipe.

    With `no_cache`, every layer is built again. Raises EngineError if an image can't be built.
    """
    images = _images_to_build(stages)
    with _build_options(environ, base_image or base.get_or_build(environ), no_cache) as options:
        try:
            for target, image in images.items():
                _build_target(target, image, options)
                options.append(f"--build-context={target}=docker-image://{image}")
        finally:
            wanted = {stage.image for stage in stages}
            remove_images([image for image in images.values() if image not in wanted])


def _images_to_build(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the images to build, by target, each after the one that it is built on.

    The images of the stages are there under their names, those between under the targets'.
    """
    needed = [target for stage in stages for target in build_stages_of(stage.target)]
    named = {stage.target: stage.image for stage in stages}
    return {target: named.get(target, f"{IMAGE_PREFIX}{target}") for target in [BUILDER, *needed]}


def remove_images(images: Sequence[str]) -> None:
    """Remove these images' names, and the layers that no other image needs."""
    subprocess.run(["docker", "image", "rm", "--force", *images], stdin=subprocess.DEVNULL, capture_output=True)


@contextmanager
def _build_options(
    environ: Mapping[str, str], base_image: str, no_cache: bool
) -> Iterator[list[str]]:
    with _pip_configuration(environ) as pip_configuration:
        yield [
            "--provenance=false",  # a provenance would hold the time of the build
            f"--build-arg=BASE_IMAGE={base_image}",
            f"--build-arg=SOURCE_DATE_EPOCH={base.SOURCE_DATE_EPOCH}",
            f"--secret=id=pip,src={pip_configuration}",
            *_certificates(environ),
            *_proxies(environ),
            *(["--no-cache"] if no_cache else []),
        ]


def _build_target(target: str, image: str, options: Sequence[str]) -> None:
    command = ["docker", "build", f"--file={DOCKERFILE}", f"--target={target}"]
    command += [f"--tag={image}", *options, str(ROOT)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise EngineError(f"image {image} can't be built; the log above says why")


def _proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the build arguments for proxies, which the engine keeps out of the layers."""
    names = [name for low in PROXIES for name in (low, low.upper()) if environ.get(name)]
    return [f"--build-arg={name}" for name in names]


def _certificates(environ: Mapping[str, str]) -> list[str]:
    bundle = Path(environ.get("SSL_CERT_FILE") or CA_BUNDLE)
    return [f"--secret=id=ca,src={bundle}"] if bundle.is_file() else []


@contextmanager
def _pip_configuration(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield a pip.conf with the index that `environ` names, whose address may hold a password."""
    lines = ["[global]"]
    for setting in PIP_SETTINGS:
        value = environ.get("PIP_" + setting.upper().replace("-", "_"))
        lines += [f"{setting} = {value}"] if value else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pip.conf")
        path.write_text("\n".join(lines) + "\n")
        yield path
