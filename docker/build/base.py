"""Build the base image: from Debian packages by the recipe here, or from BASE_IMAGE.

The packages are those of docker/images.lock, as far as the mirror still has them.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from docker.host.children import run_gently
from docker.host.client import ask
from docker.host.environment import child_environment, engine_environment
from docker.lockfile import Package, read_lock, write_lock
from docker.paths import LIST_PACKAGES
from stages.errors import EngineError
from stages.folder.full_disk import temporary_directory

NAME = "vgg19-base"
# Seconds for mmdebstrap to clean up.
GRACE_S = 10
OVERRIDE = "BASE_IMAGE"
MIRROR = "DEBIAN_MIRROR"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "numactl", "python3", "python3-venv")
# Every file gets this time, so that the same content is the same image. Any fixed date would do.
SOURCE_DATE_EPOCH = "1704067200"
PACKAGE_LIST = "./usr/share/base/packages"
# Files that come from this machine, the mirror or the lock: the image must not depend on them.
CLEANUP = (
    'rm -rf "$1/etc/resolv.conf" "$1"/etc/apt/sources.list* "$1/etc/apt/preferences.d/locked"'
    ' && echo localhost > "$1/etc/hostname"'
)
MMDEBSTRAP = (
    "mmdebstrap",
    "--variant=minbase",
    f"--include={','.join(PACKAGES)}",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/zoneinfo/*",
    "--dpkgopt=path-exclude=/usr/lib/*/gconv/*",
)
# The file system starts with a merged /usr, as Debian's own installer does it. Otherwise apt would
# install usrmerge, which converts an unmerged one and needs all of Perl, 47 MB.
MERGED_USR = (
    'for each in bin sbin lib lib64; do mkdir -p "$1/usr/$each"; ln -s "usr/$each" "$1/$each"; done'
)
UNWANTED = "Package: usrmerge\nPin: release *\nPin-Priority: -1\n\n"
FROM_PACKAGES = "FROM scratch\nADD rootfs.tar /\n"
FROM_OVERRIDE = (
    "FROM {image}\n"
    "RUN apt-get update && apt-get install -y --no-install-recommends {packages}"
    " && rm -rf /var/lib/apt/lists/*\n"
)


def get_or_build(environ: Mapping[str, str]) -> str:
    """Return the tag of the base image; build it first if the engine does not have it.

    Raises EngineError if it can't be built.
    """
    if not is_there(environ):
        build(environ, read_lock().packages)
    return tag_of(environ)


def is_there(environ: Mapping[str, str]) -> bool:
    """Return whether the engine has the base image."""
    return ask("image", "inspect", tag_of(environ)).ok


def tag_of(environ: Mapping[str, str]) -> str:
    """Return the tag, which names the recipe: another recipe is another image."""
    return f"{NAME}:{recipe_sha256(environ.get(OVERRIDE, ''))[:12]}"


def recipe_sha256(override: str = "") -> str:
    """Return the sha256 of all that determines the base image, or one based on `override`."""
    steps = (
        override,
        *MMDEBSTRAP,
        MERGED_USR,
        UNWANTED,
        CLEANUP,
        LIST_PACKAGES.read_text(),
        SUITE,
        FROM_PACKAGES,
    )
    parts = repr((*steps, FROM_OVERRIDE, SOURCE_DATE_EPOCH, sorted(read_lock().packages.items())))
    return hashlib.sha256(parts.encode()).hexdigest()


def build(environ: Mapping[str, str], locked: Mapping[str, Package], tag: str = "") -> None:
    """Build the base image from the `locked` packages; print which of them the mirror lacks.

    Without a `tag`, it gets the one of the recipe. Raises EngineError if it can't be built.
    """
    override, dockerfile = environ.get(OVERRIDE, ""), FROM_PACKAGES
    if override:
        dockerfile = FROM_OVERRIDE.format(image=override, packages=" ".join(PACKAGES))
    with temporary_directory("base-") as context:
        if not override:
            installed = _make_root_file_system(Path(context), locked, environ.get(MIRROR, ""))
            _print_changes(locked, installed)
        _build_image(Path(context), dockerfile, tag or tag_of(environ))


def lock_packages(environ: Mapping[str, str]) -> None:
    """Lock the newest packages that the mirror has, and build the base image from them.

    Raises EngineError if it can't be built.
    """
    with temporary_directory("base-") as context:
        newest = _make_root_file_system(Path(context), {}, environ.get(MIRROR, ""))
        write_lock(msgspec.structs.replace(read_lock(), packages=newest))
        _build_image(Path(context), FROM_PACKAGES, tag_of({}))


def _build_image(context: Path, dockerfile: str, tag: str) -> None:
    (context / "Dockerfile").write_text(dockerfile)
    command = ["docker", "build", "--provenance=false", f"--tag={tag}"]
    command.append(f"--build-arg=SOURCE_DATE_EPOCH={SOURCE_DATE_EPOCH}")
    environment = engine_environment(os.environ)
    if subprocess.run([*command, str(context)], env=environment, stdin=subprocess.DEVNULL).returncode != 0:
        raise EngineError(
            "the base image can't be built; the log above says why "
            f"(if {OVERRIDE} is set, check what it names)"
        )


def _make_root_file_system(
    context: Path, locked: Mapping[str, Package], mirror: str
) -> dict[str, Package]:
    """Write rootfs.tar to the folder `context`, and return the packages in it."""
    if not shutil.which("mmdebstrap"):
        raise EngineError(
            "mmdebstrap, which makes the base image, is missing; run ./bootstrap.py, or set "
            f"{OVERRIDE} to a Debian 12 image to start from"
        )
    if os.getuid() != 0 and not shutil.which("newuidmap"):
        raise EngineError(
            "mmdebstrap, which makes the base image, needs the package uidmap if not run by root; "
            f"run ./bootstrap.py, or set {OVERRIDE} to a Debian 12 image to start from"
        )
    tar = context / "rootfs.tar"
    environment = {**child_environment(os.environ), "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}
    # Killed at once, it would leave what it mounted and started.
    if run_gently(_mmdebstrap(locked, tar, mirror), GRACE_S, env=environment) != 0:
        raise EngineError(
            "mmdebstrap failed; the log above says why. Fix the cause, set "
            f"{MIRROR} to another mirror of Debian, or {OVERRIDE} to a Debian 12 image to start "
            "from"
        )
    return _read_packages(tar)


def _mmdebstrap(locked: Mapping[str, Package], tar: Path, mirror: str) -> list[str]:
    """Return the command that writes the root file system to `tar`."""
    hooks = (
        f"--setup-hook={MERGED_USR}",
        f"--setup-hook={_pinning(locked)}",
        f"--customize-hook={LIST_PACKAGES}",
        f"--customize-hook={CLEANUP}",
    )
    return [*MMDEBSTRAP, *hooks, SUITE, str(tar), *([mirror] if mirror else [])]


def _pinning(locked: Mapping[str, Package]) -> str:
    """Return the hook that makes apt prefer the locked versions, even if they are older."""
    pins = UNWANTED + "".join(
        f"Package: {name}\nPin: version {package.version}\nPin-Priority: 1001\n\n"
        for name, package in locked.items()
    )
    folder = '"$1/etc/apt/preferences.d"'
    return f"mkdir -p {folder} && printf %s {shlex.quote(pins)} > {folder}/locked"


def _read_packages(tar: Path) -> dict[str, Package]:
    with tarfile.open(tar) as archive:
        listed = archive.extractfile(PACKAGE_LIST)
        if listed is None:
            raise AssertionError(f"{PACKAGE_LIST} is a file")
        rows = [line.split() for line in listed.read().decode().splitlines()]
    return {name: Package(version, sha256) for name, version, sha256 in rows}


def _print_changes(locked: Mapping[str, Package], installed: Mapping[str, Package]) -> None:
    changed = [
        f"{name} {_version(locked.get(name))} -> {_version(installed.get(name))}"
        for name in sorted(locked.keys() | installed.keys())
        if locked and locked.get(name) != installed.get(name)
    ]
    if changed:
        print(
            "base: the mirror has other packages than docker/images.lock, so the images will "
            f"differ from it, too: {', '.join(changed)}; set {MIRROR} to a snapshot of Debian that "
            "has the locked ones, or lock today's with `invoke lock`",
            flush=True,
        )


def _version(package: Package | None) -> str:
    return f"{package.version} ({package.sha256[:12]})" if package else "none"
