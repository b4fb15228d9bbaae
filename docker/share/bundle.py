"""Bundles: the results with all that they came from, in one file that anyone can check."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from docker.build.graph import read_all
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


def write_bundle(artifacts: Artifacts, output: Path) -> list[str]:
    """Write a bundle of the artifacts; return a line for each thing that was checked in it.

    Raises InputMissingError if the pipeline has not run, InputCorruptError if its results do not
    follow from their samples.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        folder = Path(name)
        collect(artifacts, folder)
        _add_origins(folder)
        write_checksums(folder)
        checked = _check(folder)
        pack(folder, output)
    return checked


def verify_bundle(bundle: Path) -> list[str]:
    """Check a bundle; return a line for each thing that was checked.

    Raises InputCorruptError if a byte, a figure or a record is not what it must be.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        unpack(bundle, Path(folder))
        return _check(Path(folder))


def _add_origins(folder: Path) -> None:
    """Add the manifest, the locks, and the bills of materials of the images that the engine has."""
    digests = {stage.image: digest_of(stage.image) for stage in read_all()}
    present = {image: digest for image, digest in digests.items() if digest}
    manifest = Manifest(version=__version__, commit=_commit(), inputs=inputs(), images=present)
    encoded = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
    (folder / MANIFEST).write_bytes(encoded + b"\n")
    _add_locks(folder / LOCKS)
    schemas.write(folder / SCHEMAS)
    _add_bills(folder, present)


def _check(folder: Path) -> list[str]:
    checked = check(folder)
    manifest = _read_manifest(folder / MANIFEST)
    by_record = dict(makers(folder))
    _check_makers(by_record, manifest)
    unnamed = sorted(record for record, image in by_record.items() if not image)
    if unnamed:
        checked.append(f"note: no image is named by {', '.join(unnamed)}: made outside one")
    if len(unnamed) < len(by_record):
        checked.append("the records were made by the images that the bundle names")
    return checked


def _check_makers(by_record: Mapping[str, str], manifest: Manifest) -> None:
    """Raise InputCorruptError if a record names another image than the manifest's."""
    for record, image in by_record.items():
        if image and image not in manifest.images.values():
            raise InputCorruptError(
                f"{record} was made by image {image}, which is none of the bundle's; make the "
                "bundle with the images that made its results"
            )


def _read_manifest(path: Path) -> Manifest:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputCorruptError(f"{path} can't be read ({error}); {REMEDY}") from None


def _add_locks(folder: Path) -> None:
    folder.mkdir()
    for path in (IMAGES_LOCK, *sorted(REQUIREMENTS.glob("*.txt"))):
        (folder / path.name).write_bytes(path.read_bytes())


def _add_bills(folder: Path, digests: Mapping[str, str]) -> None:
    (folder / BILLS).mkdir()
    contents = {image: sbom.inventory(image) for image in digests}
    for image, packages in contents.items():
        text = sbom.cyclonedx(image, digests[image], packages)
        (folder / BILLS / f"{image}.cdx.json").write_text(text)
    (folder / LICENCES).write_text(sbom.licences(contents))


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
