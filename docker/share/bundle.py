"""Bundles: the results with all that they came from, in one file that anyone can check."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from docker.build.graph import read_all
from docker.host import git
from docker.paths import IMAGES_LOCK, REQUIREMENTS, ROOT
from docker.reproduce.locked_images import digest_of, inputs
from docker.share import sbom, schemas
from docker.share.manifest import Manifest
from docker.share.output import require_writable, written_whole
from stages import __version__
from stages.artifacts import Artifacts
from stages.errors import InputCorruptError, NotTrustedError
from stages.evidence.archive import pack, unpack
from stages.evidence.check import check, doubts, makers
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.evidence.opening import no_bundle
from stages.evidence.rejection import GET_AGAIN, as_of_a_bundle
from stages.files.checksums import CHECKSUMS, write_checksums
from stages.files.member import read_plain
from stages.folder.access import reading
from stages.folder.full_disk import temporary_directory
from stages.program.printable import printable
from stages.records.reading import ReadError, convert, parse

MANIFEST, LICENCES = "manifest.json", "licences.txt"
LOCKS, SCHEMAS, BILLS = "locks", "schemas", "sbom"
FILES = (CHECKSUMS, MANIFEST, LICENCES)
FOLDERS = (ARTIFACTS_FOLDER, LOCKS, SCHEMAS, BILLS)
MAX_MANIFEST_BYTES = 2**20
MAX_IMAGE = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: a line for each thing that was checked, and for each run in doubt."""

    checked: list[str]
    doubts: list[str]

    @property
    def lines(self) -> list[str]:
        """All of them, for a person."""
        return [*self.checked, *self.doubts]

    def require_trusted(self) -> None:
        """Raise NotTrustedError if a run is in doubt: the figures of one may be true to it."""
        if self.doubts:
            raise NotTrustedError(
                "the bundle is whole, and its figures follow from its samples, but what was "
                "measured is not to be trusted, as said above; measure again and pack that"
            )


def write_bundle(artifacts: Artifacts, output: Path) -> Verdict:
    """Write a bundle of the artifacts; return what was found in it.

    Raises NotWritableError if `output` can't be written, InputMissingError if the pipeline has not
    run, InputCorruptError if its results do not follow from their samples.
    """
    require_writable(output, artifacts.root)
    with _temporary_folder() as folder:
        with reading(artifacts.root, "bundle") as held:
            collect(held, folder)
        _add_origins(folder)
        write_checksums(folder)
        verdict = _check(folder, "run its stage again")
        with written_whole(output) as path:
            pack(folder, path)
    return verdict


def verify_bundle(bundle: Path) -> Verdict:
    """Check a bundle; return what was found.

    Raises InputCorruptError if a byte, a figure or a record is not what it must be.
    """
    with _temporary_folder() as folder:
        unpack(bundle, folder)
        if not (folder / MANIFEST).is_file():
            raise no_bundle(bundle, f"it has no {MANIFEST}")
        return _check(folder, GET_AGAIN)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with temporary_directory("bundle-") as name:
        yield Path(name).resolve()


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


def _check(folder: Path, remedy: str) -> Verdict:
    checked = check(folder, remedy)
    with as_of_a_bundle(folder, remedy):
        _require_known(folder)
        manifest = _read_manifest(folder / MANIFEST)
        by_record, in_doubt = dict(makers(folder)), doubts(folder)
    _check_makers(by_record, manifest)
    unnamed = sorted(record for record, image in by_record.items() if not image)
    if unnamed:
        checked.append(f"note: no image is named by {', '.join(unnamed)}: made outside one")
    if len(unnamed) < len(by_record):
        checked.append("the records were made by the images that the bundle names")
    return Verdict(checked, in_doubt)


def _require_known(folder: Path) -> None:
    """Raise InputCorruptError if a file or folder has no place in a bundle."""
    for path in sorted(folder.iterdir()):
        if path.name not in (FOLDERS if path.is_dir() else FILES):
            raise InputCorruptError(f"{path} has no place in a bundle; make the bundle again")


def _check_makers(by_record: Mapping[str, str], manifest: Manifest) -> None:
    """Raise InputCorruptError if a record names another image than the manifest's."""
    for record, image in by_record.items():
        if image and image not in manifest.images.values():
            raise InputCorruptError(
                f"{record} was made by image {printable(image, MAX_IMAGE)}, which is none of "
                "the bundle's; make the bundle with the images that made its results"
            )


def _read_manifest(path: Path) -> Manifest:
    try:
        return convert(parse(read_plain(path, MAX_MANIFEST_BYTES)), Manifest)
    except FileNotFoundError:
        raise InputCorruptError(f"{path} is missing; make the bundle again") from None
    except ReadError as error:
        raise InputCorruptError(f"{path} can't be read ({error}); make the bundle again") from None


def _add_locks(folder: Path) -> None:
    folder.mkdir()
    for path in (IMAGES_LOCK, *sorted(REQUIREMENTS.glob("*.txt"))):
        (folder / path.name).write_bytes(path.read_bytes())


def _add_bills(folder: Path, digests: Mapping[str, str]) -> None:
    (folder / BILLS).mkdir()
    contents = {image: sbom.inventory(image) for image in digests}
    for image, packages in contents.items():
        text = sbom.cyclonedx(image, digests[image], packages)
        (folder / BILLS / f"{image}.cdx.json").write_text(text, encoding="utf-8")
    (folder / LICENCES).write_text(sbom.licences(contents), encoding="utf-8")


def _commit() -> str:
    return (git.ask(ROOT, "rev-parse", "HEAD") or "").strip()
