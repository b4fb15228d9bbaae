"""Bundles: the results with all that they came from, in one file that anyone can check."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from stages.common.source import source_sha256
from stages.errors import InputCorruptError
from stages.evidence.archive import pack, unpack
from stages.evidence.check import Made, check, makers
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.evidence.opening import no_bundle
from stages.evidence.rejection import GET_AGAIN, as_of_a_bundle
from stages.files.checksums import CHECKSUMS, write_checksums
from stages.files.member import read_plain
from stages.folder.access import reading
from stages.folder.full_disk import temporary_directory
from stages.program.printable import printable
from stages.records.reading import ReadError, convert, parse
from stages.setting.values import PRODUCTS

MANIFEST, LICENCES = "manifest.json", "licences.txt"
LOCKS, SCHEMAS, BILLS = "locks", "schemas", "sbom"
FILES = (CHECKSUMS, MANIFEST, LICENCES)
FOLDERS = (ARTIFACTS_FOLDER, LOCKS, SCHEMAS, BILLS)
MAX_MANIFEST_BYTES = 2**20
MAX_IMAGE = 100


def write_bundle(artifacts: Artifacts, output: Path) -> list[str]:
    """Write a bundle of the artifacts; return a line for each thing that was checked in it.

    Raises NotWritableError if `output` can't be written, InputMissingError if the pipeline has not
    run, InputCorruptError if its results do not follow from their samples.
    """
    require_writable(output, artifacts.root)
    with _temporary_folder() as folder:
        with reading(artifacts.root, "bundle") as held:
            collect(held, folder)
        _add_origins(folder)
        write_checksums(folder)
        checked = _check(folder, "")
        with written_whole(output) as path:
            pack(folder, path)
    return checked


def verify_bundle(bundle: Path) -> list[str]:
    """Check a bundle; return a line for each thing that was checked.

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
    sources = {program: source_sha256(program) for program in PRODUCTS}
    manifest = Manifest(
        version=__version__, commit=_commit(), inputs=inputs(), images=present, sources=sources
    )
    encoded = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
    (folder / MANIFEST).write_bytes(encoded + b"\n")
    _add_locks(folder / LOCKS)
    schemas.write(folder / SCHEMAS)
    _add_bills(folder, present)


def _check(folder: Path, remedy: str) -> list[str]:
    checked = check(folder, remedy)
    with as_of_a_bundle(folder, remedy):
        _require_known(folder)
        manifest = _read_manifest(folder / MANIFEST)
        made = [*makers(folder)]
    return [*checked, *_check_makers(made, manifest)]


def _require_known(folder: Path) -> None:
    """Raise InputCorruptError if a file or folder has no place in a bundle."""
    for path in sorted(folder.iterdir()):
        if path.name not in (FOLDERS if path.is_dir() else FILES):
            raise InputCorruptError(f"{path} has no place in a bundle; make the bundle again")


def _check_makers(made: Sequence[Made], manifest: Manifest) -> Iterator[str]:
    """Yield what was checked of the images that records name.

    Raises InputCorruptError if one is neither the manifest's nor of the same source as that.
    """
    named = [one for one in made if one.by.image]
    earlier = [one for one in named if one.by.image not in manifest.images.values()]
    for one in earlier:
        if one.by.source != manifest.sources.get(one.program):
            raise InputCorruptError(
                f"{one.record} was made by image {printable(one.by.image, MAX_IMAGE)}, which is "
                "none of the bundle's, nor of their source; run the pipeline again"
            )
    if earlier:
        names = _listed(one.record for one in earlier)
        yield f"note: an earlier image of the same source made {names}"
    if len(named) < len(made):
        names = _listed(one.record for one in made if not one.by.image)
        yield f"note: no image is named by {names}: made outside one"
    if len(earlier) < len(named):
        yield "the records were made by the images that the bundle names"


def _listed(records: Iterable[str]) -> str:
    return ", ".join(sorted(set(records)))


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
