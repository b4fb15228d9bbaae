"""Bundles: the results with all that they came from, in one file that anyone can check."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from docker.build.graph import read_all
from docker.host import engine, git
from docker.lockfile import read_lock
from docker.paths import IMAGES_LOCK, REQUIREMENTS, ROOT
from docker.reproduce.locked_images import digest_of, inputs, locked_digest
from docker.share import sbom, schemas
from docker.share.manifest import Manifest
from docker.share.origins import compare_with_commit, require_locks
from docker.share.output import agree_to_replace, holds_first, require_writable, written_whole
from stages import __version__
from stages.artifacts import Artifacts
from stages.common.source import source_sha256
from stages.errors import EngineError, InputCorruptError, NotTrustedError
from stages.evidence.archive import pack, unpack
from stages.evidence.check import Made, check, doubts, makers
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.evidence.opening import no_bundle
from stages.evidence.rejection import GET_AGAIN, as_of_a_bundle
from stages.files.checksums import CHECKSUMS, write_checksums
from stages.files.member import read_plain
from stages.folder.access import reading
from stages.folder.full_disk import scratch_folder
from stages.program.printable import printable
from stages.records.reading import ReadError, convert, parse
from stages.setting.values import PRODUCTS

MANIFEST, LICENCES = "manifest.json", "licences.txt"
LOCKS, SCHEMAS, BILLS = "locks", "schemas", "sbom"
FILES = (CHECKSUMS, MANIFEST, LICENCES)
FOLDERS = (ARTIFACTS_FOLDER, LOCKS, SCHEMAS, BILLS)
MAX_MANIFEST_BYTES = 2**20
MAX_IMAGE = 100
# No container knows its own image: a stage learns it from invoke alone.
NAMELESS = "made outside one, or in a container that invoke did not start"


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

    Another says which file it replaced, if any; a person at a terminal is asked before.

    Raises NotWritableError if `output` can't be written, InputMissingError if the pipeline has not
    run, InputCorruptError if its results do not follow from their samples, EngineError if only an
    engine that does not answer could know their images.
    """
    require_writable(output, artifacts.root)
    replaced = agree_to_replace(output, partial(holds_first, CHECKSUMS))
    with _temporary_folder() as folder:
        with reading(artifacts.root, "bundle") as held:
            collect(held, folder)
        notes = _add_origins(folder)
        write_checksums(folder)
        verdict = _check(folder, "")
        with written_whole(output) as path:
            pack(folder, path)
    return replace(verdict, checked=[*verdict.checked, *notes, *replaced])


def verify_bundle(bundle: Path) -> Verdict:
    """Check a bundle; return what was found.

    Raises InputCorruptError if a byte, a figure or a record is not what it must be.
    """
    with checked_bundle(bundle) as (_, verdict):
        return verdict


@contextmanager
def checked_bundle(bundle: Path) -> Iterator[tuple[Path, Verdict]]:
    """Yield the folder that a bundle was unpacked to, checked, and what was found.

    Raises what `verify_bundle` raises.
    """
    with _temporary_folder() as folder:
        unpack(bundle, folder)
        if not (folder / MANIFEST).is_file():
            raise no_bundle(bundle, f"it has no {MANIFEST}")
        yield folder, _check(folder, GET_AGAIN)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with scratch_folder("bundle-") as folder:
        yield folder.resolve()


def _add_origins(folder: Path) -> list[str]:
    """Add the manifest, the locks, and the bills of materials of the images that the engine has.

    Return a note if there are others.
    """
    there = _images_there()
    named = {**there, **_locked_makers(folder, there)}
    sources = {program: source_sha256(program) for program in PRODUCTS}
    manifest = Manifest(
        version=__version__, commit=_commit(), inputs=inputs(), images=named, sources=sources
    )
    encoded = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
    (folder / MANIFEST).write_bytes(encoded + b"\n")
    _add_locks(folder / LOCKS)
    schemas.write(folder / SCHEMAS)
    _add_bills(folder, there)
    unlisted = sorted(named.keys() - there.keys())
    why = "the engine has them no more, or can't be asked"
    return [f"note: no packages are listed of {', '.join(unlisted)}: {why}"] if unlisted else []


def _images_there() -> dict[str, str]:
    """Return the digests of the images that the engine has, by name; none if it can't be asked."""
    if not engine.answers():
        return {}
    digests = {stage.image: digest_of(stage.image) for stage in read_all()}
    return {image: digest for image, digest in digests.items() if digest}


def _locked_makers(folder: Path, there: Mapping[str, str]) -> dict[str, str]:
    """Return the locked digests of further images that made a record, by name.

    Raises EngineError for one that only an engine could know, which can't be asked.
    """
    with as_of_a_bundle(folder, ""):
        named = [made for made in makers(folder) if made.by.image]
    lock = read_lock()
    locked = {stage.image: locked_digest(stage, lock) for stage in read_all()}
    digests = {made.by.image for made in named}
    found = {image: digest for image, digest in locked.items() if digest in digests}
    known = {*found.values(), *there.values()}
    unknown = next((made for made in named if _is_unknown(made, known)), None)
    if unknown and not engine.answers():
        raise EngineError(
            f"{unknown.record} was made by image {printable(unknown.by.image, MAX_IMAGE)}, which "
            "docker/images.lock does not have, and the engine can't be asked for it; have it "
            "answer you (`docker version`), and run this again"
        )
    return {image: digest for image, digest in found.items() if image not in there}


def _is_unknown(made: Made, known: Collection[str]) -> bool:
    """Return whether a record is by an image that is not known, and of another source."""
    return made.by.image not in known and made.by.source != source_sha256(made.program)


def _check(folder: Path, remedy: str) -> Verdict:
    checked = check(folder, remedy)
    with as_of_a_bundle(folder, remedy):
        _require_known(folder)
        manifest = _read_manifest(folder / MANIFEST)
        require_locks(folder / LOCKS, manifest)
        made, in_doubt = [*makers(folder)], doubts(folder)
    source = compare_with_commit(folder / LOCKS, manifest)
    return Verdict([*checked, source, *_check_makers(made, manifest)], in_doubt)


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
        yield f"note: no image is named by {names}: {NAMELESS}"
    if len(earlier) < len(named):
        which = "the records" if len(named) == len(made) and not earlier else "the others"
        yield f"{which} were made by the images that the bundle names"


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
