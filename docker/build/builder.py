"""Build the stages' images, whether or not the engine has them already."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.build import base
from docker.build.graph import IMAGE_PREFIX, Stage
from docker.build.layers import BUILDER, build_stages_of
from docker.host import network, processes
from docker.host.client import ask, fields
from docker.host.environment import engine_environment
from docker.paths import DOCKERFILE, ROOT
from stages.errors import EngineError
from stages.program import streams
from stages.program.clock import time_of_day
from stages.folder.full_disk import temporary_directory

# Seconds for the engine to remove the layers of all images.
REMOVAL_S = 600.0
# No build takes longer. Whether one on another machine still runs can't be seen from here.
LONGEST_BUILD_S = 24 * 3600


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
    remove_left_overs()
    images = _images_to_build(stages)
    with _build_options(environ, base_image or _base(environ), no_cache) as options:
        try:
            for target, image in images.items():
                _build_target(target, image, options)
                options.append(f"--build-context={target}=docker-image://{image}")
        finally:
            wanted = {stage.image for stage in stages}
            remove_images([image for image in images.values() if image not in wanted])


def _images_to_build(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the images to build, by target, each after the one that it is built on.

    The images of the stages are there under their names. Those between have names of this process'
    own, as another build would remove its own under the same name, while they are needed here.
    """
    needed = [target for stage in stages for target in build_stages_of(stage.target)]
    named = {stage.target: stage.image for stage in stages}
    tag = own_tag()
    return {
        target: named.get(target, f"{IMAGE_PREFIX}{target}:{tag}") for target in [BUILDER, *needed]
    }


def own_tag() -> str:
    """Return a tag for images that this process alone uses, and removes."""
    return f"{processes.current()}-{int(time.time())}"


def remove_left_overs() -> None:
    """Remove the images between that builds left which were killed."""
    tags = f"--filter=reference={IMAGE_PREFIX}*:p*"
    shown = ask("image", "ls", tags, "--format={{.Repository}}:{{.Tag}}")
    left = [name for name in shown.output.split() if _is_left_over(name.partition(":")[2])]
    if left:
        remove_images(left)


def _is_left_over(tag: str) -> bool:
    builder = processes.parse(tag)
    since = tag.rpartition("-")[2]
    if not builder or not since.isdigit():
        return False
    return builder.has_ended() or time.time() - int(since) > LONGEST_BUILD_S


def remove_images(images: Sequence[str]) -> None:
    """Remove these images' names, and the layers that no other image needs."""
    ask("image", "rm", "--force", *images, timeout_s=REMOVAL_S)


@contextmanager
def _build_options(
    environ: Mapping[str, str], base_image: str, no_cache: bool
) -> Iterator[list[str]]:
    pip = network.pip_configuration(environ)
    with _pip_file(pip) as pip_file:
        yield [
            "--provenance=false",  # a provenance would hold the time of the build
            f"--build-arg=BASE_IMAGE={base_image}",
            f"--build-arg=SOURCE_DATE_EPOCH={base.SOURCE_DATE_EPOCH}",
            _secret("pip", pip_file),
            *_certificates(environ, pip),
            *_proxies(environ),
            *_network(environ, pip),
            *(["--no-cache"] if no_cache else []),
        ]


def _build_target(target: str, image: str, options: Sequence[str]) -> None:
    command = ["docker", "build", f"--file={DOCKERFILE}", f"--target={target}"]
    command += [f"--tag={image}", *options, str(ROOT)]
    began = time.monotonic()
    done = subprocess.run(command, env=engine_environment(os.environ), stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        streams.require_read()
        raise EngineError(f"image {image} can't be built; the log above says why")
    _say_built(image, began)


def _base(environ: Mapping[str, str]) -> str:
    """Return the base image, which is built first if it is not there."""
    if base.is_there(environ):
        return base.tag_of(environ)
    began = time.monotonic()
    tag = base.get_or_build(environ)
    _say_built(tag, began)
    return tag


def _say_built(image: str, began: float) -> None:
    name = image.partition(":")[0]
    print(f"{time_of_day()} build: {name} in {time.monotonic() - began:.0f} s", flush=True)


def _proxies(environ: Mapping[str, str]) -> list[str]:
    """Return the build arguments for proxies, which the engine keeps out of the layers.

    Without their values, which other users of this machine could read in its list of processes.
    """
    return [f"--build-arg={name}" for name in network.PROXIES if environ.get(name)]


def _network(environ: Mapping[str, str], pip: Mapping[str, str]) -> list[str]:
    """Return the options with which a build reaches a proxy or an index on this machine."""
    of_pip = (pip.get("proxy", ""), pip.get("index-url", ""), *pip.get("extra-index-url", "").split())
    return ["--network=host"] if network.loopback((*network.proxies(environ), *of_pip)) else []


def _certificates(environ: Mapping[str, str], pip: Mapping[str, str]) -> list[str]:
    bundle = network.pip_ca_bundle(environ, pip)
    return [_secret("ca", bundle)] if bundle else []


def _secret(name: str, path: Path) -> str:
    return f"--secret={fields(f'id={name}', f'src={path}')}"


@contextmanager
def _pip_file(configured: Mapping[str, str]) -> Iterator[Path]:
    """Yield a pip.conf with this machine's index and proxy, whose addresses may hold passwords."""
    lines = ["[global]"]
    for setting in network.PIP_SETTINGS:
        # Several addresses may be on lines of their own; a build sees no folder of this machine.
        words = configured.get(setting, "").split()
        value = " ".join(word for word in words if not word.startswith(("file:", "/", ".")))
        lines += [f"{setting} = {value}"] if value else []
    with temporary_directory("build-") as folder:
        path = Path(folder, "pip.conf")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield path
