"""Bundles: the results with all they came from, and the check of one."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from docker.build.graph import Stage, read_all
from docker.paths import IMAGES_LOCK, REQUIREMENTS, ROOT
from docker.reproduce.locked_images import digest_of, inputs
from docker.share import sbom, schemas
from docker.share.manifest import Manifest
from stages import __version__
from stages.artifacts import Artifacts
from stages.errors import InputCorruptError
from stages.evidence.archive import pack, unpack
from stages.evidence.check import REMEDY, check, makers
from stages.evidence.collect import collect
from stages.handover import write_checksums

MANIFEST, LICENCES = "manifest.json", "licences.txt"
LOCKS, SCHEMAS, BILLS = "locks", "schemas", "sbom"


def make(artifacts: Artifacts, output: Path) -> list[str]:
    """Write a bundle of the artifacts; return what was checked in it.

    Raises InputMissingError where the pipeline has not run, InputCorruptError where its results
    do not follow from their samples.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        folder = Path(name)
        collect(artifacts, folder)
        images = {each.image: digest_of(each.image) for each in read_all()}
        there = [each for each in read_all() if images[each.image]]
        manifest = Manifest(
            version=__version__,
            commit=_commit(),
            inputs=inputs(),
            images={each.image: images[each.image] for each in there},
        )
        encoded = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
        (folder / MANIFEST).write_bytes(encoded + b"\n")
        _add_locks(folder / LOCKS)
        schemas.write(folder / SCHEMAS)
        _add_bills(folder, there, manifest)
        write_checksums(folder)
        told = _checked(folder)
        pack(folder, output)
    return told


def verify(bundle: Path) -> list[str]:
    """Check a bundle and return a line for each thing that was.

    Raises InputCorruptError where a byte, a figure or a record is not what it must be.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        unpack(bundle, Path(name))
        return _checked(Path(name))


def _checked(folder: Path) -> list[str]:
    told = check(folder)
    manifest = _read_manifest(folder / MANIFEST)
    by_image = dict(makers(folder))
    unnamed = sorted(name for name, image in by_image.items() if not image)
    for name, image in by_image.items():
        if image and image not in manifest.images.values():
            raise InputCorruptError(
                f"{name} was made by image {image}, which is none of the bundle's; make the "
                "bundle with the images that made its results"
            )
    if unnamed:
        told.append(f"note: no image is named by {', '.join(unnamed)}: made outside one")
    if len(unnamed) < len(by_image):
        told.append("the records were made by the images that the bundle names")
    return told


def _read_manifest(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputCorruptError(f"{path} can't be read ({error}); {REMEDY}") from None


def _add_locks(folder: Path) -> None:
    folder.mkdir()
    for path in (IMAGES_LOCK, *sorted(REQUIREMENTS.glob("*.txt"))):
        (folder / path.name).write_bytes(path.read_bytes())


def _add_bills(folder: Path, stages: Sequence[Stage], manifest: Manifest) -> None:
    (folder / BILLS).mkdir()
    found = {stage.image: sbom.inventory(stage.image) for stage in stages}
    for image, packages in found.items():
        text = sbom.cyclonedx(image, manifest.images[image], packages)
        (folder / BILLS / f"{image}.cdx.json").write_text(text)
    (folder / LICENCES).write_text(sbom.licences(found))


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
