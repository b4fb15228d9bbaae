"""Makes the base image: from Debian packages by the recipe here, or from BASE_IMAGE."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stages.errors import EngineError

NAME = "vgg19-base"
OVERRIDE = "BASE_IMAGE"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "numactl", "python3", "python3-venv")
# Any fixed date does: it is the time of every file, and so the same bytes make the same image.
SOURCE_DATE_EPOCH = "1704067200"
# mmdebstrap copies these from the host, which would make the image differ by host.
CLEANING = 'rm -f "$1/etc/resolv.conf" && echo localhost > "$1/etc/hostname"'
MMDEBSTRAP = (
    "mmdebstrap",
    "--variant=minbase",
    f"--include={','.join(PACKAGES)}",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    f"--customize-hook={CLEANING}",
    SUITE,
)
FROM_PACKAGES = "FROM scratch\nADD rootfs.tar /\n"
FROM_OVERRIDE = (
    "FROM {image}\n"
    "RUN apt-get update && apt-get install -y --no-install-recommends {packages}"
    " && rm -rf /var/lib/apt/lists/*\n"
)


def ensure(environ: Mapping[str, str]) -> str:
    """Return the tag of the base image, made first where it isn't there.

    Raises EngineError where it can't be made.
    """
    tag = tag_of(environ)
    if subprocess.run(["docker", "image", "inspect", tag], capture_output=True).returncode != 0:
        with tempfile.TemporaryDirectory() as name:
            _make(Path(name), tag, environ.get(OVERRIDE, ""))
    return tag


def tag_of(environ: Mapping[str, str]) -> str:
    """Return the tag that names the recipe: another recipe is another image."""
    recipe = repr((environ.get(OVERRIDE), *MMDEBSTRAP, FROM_PACKAGES, FROM_OVERRIDE))
    return f"{NAME}:{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def _make(context: Path, tag: str, override: str) -> None:
    if override:
        dockerfile = FROM_OVERRIDE.format(image=override, packages=" ".join(PACKAGES))
    else:
        dockerfile = FROM_PACKAGES
        _make_root_file_system(context / "rootfs.tar")
    (context / "Dockerfile").write_text(dockerfile)
    command = ["docker", "build", "--provenance=false", f"--tag={tag}"]
    command.append(f"--build-arg=SOURCE_DATE_EPOCH={SOURCE_DATE_EPOCH}")
    if subprocess.run([*command, str(context)]).returncode != 0:
        raise EngineError(
            f"the base image can't be built; its log above says why ({OVERRIDE}={override})"
        )


def _make_root_file_system(tar: Path) -> None:
    if not shutil.which("mmdebstrap"):
        raise EngineError(
            "mmdebstrap is missing, which makes the base image; run ./bootstrap.py, or set "
            f"{OVERRIDE} to a Debian 12 image to start from"
        )
    environment = {**os.environ, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}
    if subprocess.run([*MMDEBSTRAP, str(tar)], env=environment).returncode != 0:
        raise EngineError(
            f"mmdebstrap failed, its log above says why; mend it, or set {OVERRIDE} to a "
            "Debian 12 image to start from"
        )
