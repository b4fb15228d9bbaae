"""A bundle names the images that made its results, and what is in them; and no others."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.build.graph import Stage
from docker.host import engine
from docker.lockfile import ImagesLock
from docker.share import bundle, sbom
from docker.share.bundle import BILLS, LICENCES, LOCKS, MANIFEST, SCHEMAS
from docker.share.schemas import text_of
from stages import __version__
from stages.artifacts import Artifacts
from stages.common.source import source_sha256
from stages.errors import ArtifactsBusyError, EngineError, InputCorruptError, NotTrustedError
from stages.evidence.archive import pack, unpack
from stages.evidence.check import Made
from stages.files.checksums import CHECKSUMS, write_checksums
from stages.folder.access import writing
from stages.records.base import Provenance
from tests.commands import invoke
from tests.unit.evidence.parts import IMAGE, pipeline

PACKAGES = [{"kind": "pypi", "name": "numpy", "version": "1", "licence": "BSD-3-Clause"}]


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return pipeline(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(autouse=True)
def images(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The digests of the images that the engine has, by name."""
    digests = {"vgg19-train": IMAGE, "vgg19-compare": "sha256:2"}
    monkeypatch.setattr(engine, "answers", lambda: True)
    monkeypatch.setattr(bundle, "digest_of", lambda image: digests.get(image, ""))
    monkeypatch.setattr(sbom, "inventory", lambda image: PACKAGES)
    return digests


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


def test_it_names_the_images_that_are_there_and_what_they_have(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    verdict = bundle.write_bundle(artifacts, tmp_path / "bundle.tar")
    checked = verdict.checked
    files = members(tmp_path / "bundle.tar")
    manifest = json.loads(files[MANIFEST])
    assert manifest["images"] == {"vgg19-train": IMAGE, "vgg19-compare": "sha256:2"}
    assert "stages" in manifest["inputs"]
    bills = {name for name in files if name.startswith(BILLS)}
    assert bills == {f"{BILLS}/vgg19-train.cdx.json", f"{BILLS}/vgg19-compare.cdx.json"}
    assert b"numpy" in files[LICENCES]
    assert f"{LOCKS}/images.lock" in files
    assert f"{LOCKS}/tensorflow.txt" in files
    assert files[f"{SCHEMAS}/train.schema.json"].decode() == text_of("train")
    assert manifest["version"] == __version__
    assert checked[-1] == "the others were made by the images that the bundle names"
    assert (
        "no image is named by compare.json, measurements.json, peers.json, quantize.json"
        in checked[-2]
    )
    assert bundle.verify_bundle(tmp_path / "bundle.tar") == verdict


def test_a_whole_bundle_of_a_run_in_doubt_says_both_and_ends_with_the_code_of_the_doubt(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    bundle.write_bundle(artifacts, tmp_path / "bundle.tar")
    done = invoke("verify", str(tmp_path / "bundle.tar"))
    assert done.code == NotTrustedError.exit_code, done
    doubt = "THIS RUN IS NOT TO BE TRUSTED: 2 rounds are too few to estimate noise"
    assert f"\nverify: itex: {doubt}" in done.output
    assert "verify: the comparison's 3 rows follow from the cells\n" in done.output
    (line,) = done.error_lines
    assert line.startswith("verify: error: the bundle is whole, and its figures follow from its")


def test_a_bundle_without_doubt_has_no_code() -> None:
    bundle.Verdict(["all was checked"], []).require_trusted()


def test_results_of_other_images_than_are_there_make_no_bundle(
    artifacts: Artifacts, images: dict[str, str], tmp_path: Path
) -> None:
    images["vgg19-train"] = "sha256:3"
    with pytest.raises(InputCorruptError, match=r"train\.json was made by image sha256:1"):
        bundle.write_bundle(artifacts, tmp_path / "bundle.tar")
    assert not (tmp_path / "bundle.tar").exists()


def test_a_second_bundle_says_which_file_it_replaced(artifacts: Artifacts, tmp_path: Path) -> None:
    checked = bundle.write_bundle(artifacts, tmp_path / "bundle.tar").checked
    *again, last = bundle.write_bundle(artifacts, tmp_path / "bundle.tar").checked
    assert again == checked
    assert last.startswith(f"replaced the file {tmp_path}/bundle.tar of 2")


def lock_train_as(monkeypatch: pytest.MonkeyPatch, digest: str) -> None:
    def locked(stage: Stage, lock: ImagesLock) -> str:
        return digest if stage.image == "vgg19-train" else f"sha256:of-{stage.image}"

    monkeypatch.setattr(bundle, "locked_digest", locked)


@pytest.mark.parametrize("answers", [True, False])
def test_the_lock_knows_the_image_that_the_engine_does_not_say(
    answers: bool,
    artifacts: Artifacts,
    images: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock_train_as(monkeypatch, IMAGE)
    monkeypatch.setattr(engine, "answers", lambda: answers)
    del images["vgg19-train"]
    lines = bundle.write_bundle(artifacts, tmp_path / "bundle.tar").checked
    there = {"vgg19-compare": "sha256:2"} if answers else {}
    files = members(tmp_path / "bundle.tar")
    assert json.loads(files[MANIFEST])["images"] == {**there, "vgg19-train": IMAGE}
    assert {name for name in files if name.startswith(BILLS)} == {
        f"{BILLS}/{image}.cdx.json" for image in there
    }
    assert lines[-1].startswith("note: no packages are listed of vgg19-train: the engine has them")
    assert bundle.verify_bundle(tmp_path / "bundle.tar").checked == lines[:-1]


def test_an_image_that_only_the_engine_could_know_is_said_to_be_one(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_train_as(monkeypatch, "sha256:3")
    monkeypatch.setattr(engine, "answers", lambda: False)
    line = (
        r"train\.json was made by image sha256:1, which docker/images\.lock does not have, and the"
    )
    with pytest.raises(EngineError, match=line):
        bundle.write_bundle(artifacts, tmp_path / "bundle.tar")
    assert not (tmp_path / "bundle.tar").exists()


def test_what_an_earlier_image_of_the_same_source_made_is_noted(
    artifacts: Artifacts, images: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images["vgg19-train"] = "sha256:3"
    current = Provenance(image=IMAGE, source=source_sha256("train"))
    made = [Made("train.json", "train", current)]
    monkeypatch.setattr(bundle, "makers", lambda folder: iter(made))
    checked = bundle.write_bundle(artifacts, tmp_path / "bundle.tar").checked
    assert checked[-1] == "note: an earlier image of the same source made train.json"
    made = [Made("train.json", "train", Provenance(image=IMAGE, source="1" * 64))]
    with pytest.raises(InputCorruptError, match="nor of their source; run the pipeline again"):
        bundle.verify_bundle(tmp_path / "bundle.tar")


def test_while_a_stage_runs_there_is_no_bundle(tmp_path: Path) -> None:
    with (
        writing(tmp_path / "artifacts", "profile"),
        pytest.raises(ArtifactsBusyError, match="in use by profile since"),
    ):
        bundle.write_bundle(Artifacts(tmp_path / "artifacts"), tmp_path / "bundle.tar")
    assert not (tmp_path / "bundle.tar").exists()


@pytest.fixture
def folder(artifacts: Artifacts, tmp_path: Path) -> Path:
    """The folder of a bundle, to be edited and packed again."""
    bundle.write_bundle(artifacts, tmp_path / "bundle.tar")
    unpack(tmp_path / "bundle.tar", tmp_path / "bundle")
    return tmp_path / "bundle"


def test_an_edited_schema_is_rejected(folder: Path, tmp_path: Path) -> None:
    (folder / SCHEMAS / "train.schema.json").write_text("{}")
    pack(folder, tmp_path / "edited.tar")
    with pytest.raises(InputCorruptError, match=r"schemas/train\.schema\.json differs"):
        bundle.verify_bundle(tmp_path / "edited.tar")


def test_a_manifest_that_is_none_is_rejected_though_its_hash_fits(
    folder: Path, tmp_path: Path
) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"inputs": {"stages": "any"}}))
    (folder / CHECKSUMS).unlink()
    write_checksums(folder)
    pack(folder, tmp_path / "edited.tar")
    with pytest.raises(InputCorruptError, match=r"manifest\.json can't be read .*inputs"):
        bundle.verify_bundle(tmp_path / "edited.tar")


def packed_again(folder: Path, tmp_path: Path) -> Path:
    write_checksums(folder)
    pack(folder, tmp_path / "edited.tar")
    return tmp_path / "edited.tar"


def edit_lock(locks: Path) -> None:
    (locks / "tensorflow.txt").write_text("tensorflow==1.0\n")


def remove_lock(locks: Path) -> None:
    (locks / "tensorflow.txt").unlink()


def add_lock(locks: Path) -> None:
    (locks / "more.txt").write_text("")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (edit_lock, "tensorflow.txt is none of those that the manifest's inputs name"),
        (remove_lock, "tensorflow.txt is missing"),
        (add_lock, "more.txt is none of those that the manifest's inputs name"),
    ],
)
def test_locks_that_the_manifest_does_not_name_are_rejected_though_their_hashes_fit(
    edit: Callable[[Path], None], words: str, folder: Path, tmp_path: Path
) -> None:
    edit(folder / LOCKS)
    with pytest.raises(InputCorruptError, match=f"{LOCKS}/{words}"):
        bundle.verify_bundle(packed_again(folder, tmp_path))


def test_another_commit_is_noticed(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "commit": 40 * "0"}))
    lines = bundle.verify_bundle(packed_again(folder, tmp_path)).checked
    assert any(line.startswith("note: no commit 000000000000 is in this clone") for line in lines)


def test_without_images_there_are_no_bills(
    artifacts: Artifacts, images: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images.clear()
    outside = Made("train.json", "train", Provenance())
    monkeypatch.setattr(bundle, "makers", lambda folder: iter([outside]))
    checked = bundle.write_bundle(artifacts, tmp_path / "bundle.tar").checked
    assert checked[-1] == (
        "note: no image is named by train.json: "
        "made outside one, or in a container that invoke did not start"
    )
    assert not [name for name in members(tmp_path / "bundle.tar") if name.endswith(".cdx.json")]
