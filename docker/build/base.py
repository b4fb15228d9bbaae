"""Makes the base image: from Debian packages by the recipe here, or from BASE_IMAGE.

The versions are those of docker/images.lock where the mirror still has them.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from docker.lockfile import Package, read_lock, write_lock
from docker.paths import LIST_PACKAGES
from stages.errors import EngineError

NAME = "vgg19-base"
OVERRIDE = "BASE_IMAGE"
MIRROR = "DEBIAN_MIRROR"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "numactl", "python3", "python3-venv")
# Any fixed date does: it is the time of every file, and so the same bytes make the same image.
SOURCE_DATE_EPOCH = "1704067200"
LISTED = "./usr/share/base/packages"
# What is the host's, the mirror's or the lock's would make the image differ by them.
CLEANING = (
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
# The file system begins with a merged /usr, as Debian's own installer makes it. Left to itself apt
# would take the package that converts an unmerged one, which needs the whole of Perl, 47 MB.
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


def ensure(environ: Mapping[str, str]) -> str:
    """Return the tag of the base image, made first where it isn't there.

    Raises EngineError where it can't be made.
    """
    tag = tag_of(environ)
    if subprocess.run(["docker", "image", "inspect", tag], capture_output=True).returncode != 0:
        make(environ, read_lock().packages)
    return tag


def tag_of(environ: Mapping[str, str]) -> str:
    """Return the tag that names the recipe: another recipe is another image."""
    return f"{NAME}:{recipe(environ.get(OVERRIDE, ''))[:12]}"


def recipe(override: str = "") -> str:
    """Return the sha256 of all that determines the base image, or an override of it."""
    steps = (
        override,
        *MMDEBSTRAP,
        MERGED_USR,
        UNWANTED,
        CLEANING,
        LIST_PACKAGES.read_text(),
        SUITE,
        FROM_PACKAGES,
    )
    parts = repr((*steps, FROM_OVERRIDE, SOURCE_DATE_EPOCH, sorted(read_lock().packages.items())))
    return hashlib.sha256(parts.encode()).hexdigest()


def make(environ: Mapping[str, str], wanted: Mapping[str, Package], tag: str = "") -> None:
    """Make the base image with the `wanted` versions, as far as there are, and say which are not.

    Raises EngineError where it can't be made.
    """
    override = environ.get(OVERRIDE, "")
    with tempfile.TemporaryDirectory() as name:
        context, dockerfile = Path(name), FROM_PACKAGES
        if override:
            dockerfile = FROM_OVERRIDE.format(image=override, packages=" ".join(PACKAGES))
        else:
            found = _make_root_file_system(context, wanted, environ.get(MIRROR, ""))
            _tell_changes(wanted, found)
        _build(context, dockerfile, tag or tag_of(environ))


def update(environ: Mapping[str, str]) -> None:
    """Lock the newest packages that the mirror has, and make the base image of them.

    Raises EngineError where it can't be made.
    """
    with tempfile.TemporaryDirectory() as name:
        found = _make_root_file_system(Path(name), {}, environ.get(MIRROR, ""))
        write_lock(msgspec.structs.replace(read_lock(), packages=found))
        _build(Path(name), FROM_PACKAGES, tag_of({}))


def _build(context: Path, dockerfile: str, tag: str) -> None:
    (context / "Dockerfile").write_text(dockerfile)
    command = ["docker", "build", "--provenance=false", f"--tag={tag}"]
    command.append(f"--build-arg=SOURCE_DATE_EPOCH={SOURCE_DATE_EPOCH}")
    if subprocess.run([*command, str(context)]).returncode != 0:
        raise EngineError(f"the base image can't be built; its log above says why ({OVERRIDE})")


def _make_root_file_system(
    context: Path, wanted: Mapping[str, Package], mirror: str
) -> dict[str, Package]:
    """Write rootfs.tar to the folder `context`, and return the packages in it."""
    if not shutil.which("mmdebstrap"):
        raise EngineError(
            "mmdebstrap is missing, which makes the base image; run ./bootstrap.py, or set "
            f"{OVERRIDE} to a Debian 12 image to start from"
        )
    tar = context / "rootfs.tar"
    hooks = [f"--setup-hook={each}" for each in (MERGED_USR, _pinning(wanted))]
    command = [
        *MMDEBSTRAP,
        *hooks,
        f"--customize-hook={LIST_PACKAGES}",
        f"--customize-hook={CLEANING}",
        SUITE,
        str(tar),
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}
    if subprocess.run([*command, *([mirror] if mirror else [])], env=environment).returncode != 0:
        raise EngineError(
            f"mmdebstrap failed, its log above says why; mend it, set {MIRROR} to another mirror "
            f"of Debian, or {OVERRIDE} to a Debian 12 image to start from"
        )
    return _packages(tar)


def _pinning(wanted: Mapping[str, Package]) -> str:
    """Return the hook that makes apt prefer the wanted versions, older ones too."""
    pins = UNWANTED + "".join(
        f"Package: {name}\nPin: version {package.version}\nPin-Priority: 1001\n\n"
        for name, package in wanted.items()
    )
    folder = '"$1/etc/apt/preferences.d"'
    return f"mkdir -p {folder} && printf %s {shlex.quote(pins)} > {folder}/locked"


def _packages(tar: Path) -> dict[str, Package]:
    with tarfile.open(tar) as archive:
        listed = archive.extractfile(LISTED)
        if listed is None:
            raise AssertionError(f"{LISTED} is a file")
        rows = [line.split() for line in listed.read().decode().splitlines()]
    return {name: Package(version, sha256) for name, version, sha256 in rows}


def _tell_changes(wanted: Mapping[str, Package], found: Mapping[str, Package]) -> None:
    changed = [
        f"{name} {_version(wanted.get(name))} -> {_version(found.get(name))}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted and wanted.get(name) != found.get(name)
    ]
    if changed:
        print(
            "base: the mirror has other packages than docker/images.lock, so the images will be "
            f"others, too: {', '.join(changed)}; set {MIRROR} to a snapshot of Debian that has "
            "the locked ones, or make the lock anew by `invoke lock`",
            flush=True,
        )


def _version(package: Package | None) -> str:
    return f"{package.version} ({package.sha256[:12]})" if package else "none"
