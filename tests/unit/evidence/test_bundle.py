"""A bundle of a whole pipeline: accepted as it is, and in no other form."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record, write_record
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.rehearsed import read_rehearsed
from stages.compare.table import render
from stages.errors import InputCorruptError, InputMissingError, InputStaleError, StageError
from stages.evidence.archive import pack, unpack
from stages.evidence.beside import check_rehearsal
from stages.evidence.check import check, check_profile, check_quantize, makers
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.files.checksums import write_checksums
from stages.isa import AMX
from stages.profile import rederive as profiles
from stages.records.compare import CompareRecord, NotRun
from stages.records.profile import ProfileRecord
from stages.records.rehearse import RehearsalRecord
from stages.records.train import TrainRecord
from stages.train import rederive as trained
from tests.unit.deep import make_deep, remove_deep
from tests.unit.evidence.parts import IMAGE, pipeline, rehashed

EDITS = 100


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return pipeline(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def folder(artifacts: Artifacts, tmp_path: Path) -> Path:
    """The folder of a bundle."""
    path = tmp_path / "bundle"
    collect(artifacts, path)
    write_checksums(path)
    return path


@pytest.fixture
def bundle(folder: Path, tmp_path: Path) -> Path:
    pack(folder, tmp_path / "bundle.tar")
    return tmp_path / "bundle.tar"


def unpack_and_check(bundle: Path, folder: Path) -> list[str]:
    shutil.rmtree(folder, ignore_errors=True)
    unpack(bundle, folder)
    return check(folder)


def test_a_bundle_says_what_was_checked(bundle: Path, tmp_path: Path) -> None:
    assert unpack_and_check(bundle, tmp_path / "again") == [
        "88 files of 7 stages are as their stage left them",
        "train: the accuracies follow from 12 predictions",
        "itex: each trial (3) and variant (2) follows from its batches and predictions, the layers "
        "from oneDNN's logs",
        "itex: 2 cells and their repeat follow from 12 runs and LoadGen's logs, 3 proofs from "
        "oneDNN's",
        "the comparison's 3 rows follow from the cells",
        "peers: each ratio (1) follows from the batches of both",
        "rehearsal, rehearsed under emulation, not measured: cells (2) follow from their "
        "answers, layers (34) from oneDNN's logs",
        "sweep by itex: each point (8) follows from 16 runs and LoadGen's logs, 4 proofs from "
        "oneDNN's",
    ]


def test_models_and_images_stay_out_but_for_their_hashes(folder: Path) -> None:
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert "saved_model.pb" not in names
    assert "test.npz" not in names
    assert "data/test.npz" in (folder / ARTIFACTS_FOLDER / "train" / "SHA256SUMS").read_text()


def test_equal_results_make_equal_bundles(folder: Path, bundle: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o700)
    pack(folder, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_every_edit_of_a_byte_is_caught(bundle: Path, tmp_path: Path) -> None:
    content, dice = bundle.read_bytes(), random.Random(0)
    missed = []
    for offset in dice.sample(range(len(content)), EDITS):
        changed = bytearray(content)
        changed[offset] ^= dice.randrange(1, 256)
        bundle.write_bytes(changed)
        try:
            unpack_and_check(bundle, tmp_path / "again")
            missed.append(offset)
        except StageError:
            pass
    assert missed == []


@pytest.mark.parametrize("kept", [100, 5000])
def test_a_bundle_that_ends_early_is_refused(bundle: Path, tmp_path: Path, kept: int) -> None:
    bundle.write_bytes(bundle.read_bytes()[:kept])
    with pytest.raises(InputCorruptError, match="damaged or edited"):
        unpack_and_check(bundle, tmp_path / "again")


def test_no_bundle_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="invoke bundle"):
        unpack(tmp_path / "none.tar", tmp_path / "again")


def test_an_edited_comparison_is_rejected_though_its_hashes_fit(folder: Path) -> None:
    path = folder / ARTIFACTS_FOLDER / "compare" / "compare.json"
    text = path.read_text()
    assert '"accuracy_top1": 0.75' in text
    path.write_text(text.replace('"accuracy_top1": 0.75', '"accuracy_top1": 0.99'))
    rehashed(folder, path)
    with pytest.raises(InputCorruptError, match=r"accuracy_top1 is 0\.99, its samples give 0\.75"):
        check(folder)


def test_classes_that_train_does_not_name_are_rejected_though_all_follows_from_them(
    folder: Path,
) -> None:
    place = Artifacts(folder / ARTIFACTS_FOLDER).profile("itex")
    record = read_record(place.record, ProfileRecord)
    labels = [1 - record.labels[0], *record.labels[1:]]
    write_record(place.record, profiles.rederived(replace(record, labels=labels), place))
    rehashed(folder, place.record)
    with pytest.raises(InputCorruptError, match=r"labels\[0\] is \d, its samples give \d"):
        check(folder)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_that_train_does_not_name_has_no_classes(folder: Path, split: str) -> None:
    path = Artifacts(folder / ARTIFACTS_FOLDER).train.record
    record = read_record(path, TrainRecord)
    kept = [name for name in record.labels if name != split]
    record = replace(
        record,
        labels={name: record.labels[name] for name in kept},
        predictions={name: record.predictions[name] for name in kept},
    )
    write_record(path, trained.rederived(record))
    rehashed(folder, path)
    with pytest.raises(InputCorruptError, match=r"labels is .*, its samples give "):
        check(folder)


def test_an_edited_report_is_rejected_though_its_hashes_fit(folder: Path) -> None:
    path = folder / ARTIFACTS_FOLDER / "compare" / "compare.log"
    path.write_text(path.read_text() + "and it is the best\n")
    rehashed(folder, path)
    with pytest.raises(InputCorruptError, match="is not what its record gives"):
        check(folder)


@pytest.mark.parametrize("name", ["report.html", "latency.svg"])
def test_a_page_or_picture_is_said_to_be_unchecked(name: str, folder: Path) -> None:
    path = folder / ARTIFACTS_FOLDER / "compare" / name
    path.write_text("and it is the best\n")
    for place in (path.parent, folder):
        (place / "SHA256SUMS").unlink()
        write_checksums(place)
    (note,) = [line for line in check(folder) if line.startswith("note: ")]
    assert "report.html and the pictures were not checked against the figures" in note
    assert "`invoke compare --force compare` makes them again" in note


@pytest.mark.parametrize("name", ["summary.csv", "summary.md"])
def test_an_edited_table_for_tools_is_rejected_though_its_hashes_fit(
    folder: Path, name: str
) -> None:
    path = folder / ARTIFACTS_FOLDER / "compare" / name
    path.write_text(path.read_text().replace("int8", "fp64"))
    rehashed(folder, path)
    with pytest.raises(InputCorruptError, match="is not what its record gives"):
        check(folder)


def test_a_bundle_of_before_there_were_tables_for_tools_is_whole(folder: Path) -> None:
    before = check(folder)
    stage = folder / ARTIFACTS_FOLDER / "compare"
    for path in (stage / "summary.csv", stage / "summary.md", stage / "SHA256SUMS"):
        path.unlink()
    (folder / "SHA256SUMS").unlink()
    for place in (stage, folder):
        write_checksums(place)
    assert len(check(folder)) == len(before)


def test_a_comparison_may_say_what_was_rehearsed_and_nothing_else_of_it(folder: Path) -> None:
    artifacts = Artifacts(folder / ARTIFACTS_FOLDER)
    profiles = read_profiles(artifacts)
    summaries = {read.runtime: read.summaries for read in profiles}
    rehearsed = read_rehearsed(artifacts, profiles)
    lacking = NotRun(runtime="itex", precision="int8", isa=AMX, reason="no amx_tile flag")
    assert "16 of 16 convolutions" in rehearsed.of(lacking)
    comparison = compare(profiles, rehearsed.sha256)
    write_record(artifacts.compare.record, comparison)
    artifacts.compare.log.write_text(render(comparison, summaries, rehearsed))
    for path in (artifacts.compare.record, artifacts.compare.log):
        rehashed(folder, path)
    check(folder)


def test_a_comparison_of_an_earlier_rehearsal_is_named_as_stale(folder: Path) -> None:
    artifacts = Artifacts(folder / ARTIFACTS_FOLDER)
    comparison = read_record(artifacts.compare.record, CompareRecord)
    write_record(artifacts.compare.record, replace(comparison, rehearse_sha256="1" * 64))
    rehashed(folder, artifacts.compare.record)
    with pytest.raises(InputStaleError, match="run the compare stage again"):
        check(folder, "")


def test_models_of_an_earlier_training_are_named_as_stale_whatever_else_differs(
    folder: Path,
) -> None:
    path = Artifacts(folder / ARTIFACTS_FOLDER).train.record
    record = read_record(path, TrainRecord)
    labels = {**record.labels, "validation": [1 - it for it in record.labels["validation"]]}
    write_record(path, trained.rederived(replace(record, labels=labels)))
    (path.parent / "SHA256SUMS").unlink()
    write_checksums(path.parent)
    with pytest.raises(InputStaleError, match="run the quantize stage again"):
        check_quantize(Artifacts(folder / ARTIFACTS_FOLDER), "itex")


def test_a_rehearsal_of_another_model_is_stale(folder: Path) -> None:
    artifacts = Artifacts(folder / ARTIFACTS_FOLDER)
    record = read_record(artifacts.rehearse.record, RehearsalRecord)
    # All else is of another network, too, and is not what is the matter.
    other = replace(record, train_sha256="1" * 64, test_images=150)
    write_record(artifacts.rehearse.record, other)
    with pytest.raises(InputStaleError, match="run the rehearse stage again"):
        check_rehearsal(artifacts)


@pytest.mark.parametrize(
    "edit",
    [
        ('"rehearsed under emulation, not measured"', '"measured"'),
        ('"version": "1.0.0"', '"version": "1.0.1"'),
        ('"equal": 1', '"equal": 2'),
        ('"bound": 8.0', '"bound": 16.0'),
        ('"batch_size": 8,', '"batch_size": 8, "throughput_images_per_s": 900.0,'),
    ],
)
def test_a_rehearsal_that_was_edited_is_rejected(folder: Path, edit: tuple[str, str]) -> None:
    path = folder / ARTIFACTS_FOLDER / "rehearse" / "rehearsal.json"
    assert edit[0] in path.read_text()
    path.write_text(path.read_text().replace(*edit))
    rehashed(folder, path)
    with pytest.raises(InputCorruptError, match="rehearsal"):
        check(folder)


def test_a_summary_that_is_missing_is_rejected_though_its_hashes_fit(folder: Path) -> None:
    stage = folder / ARTIFACTS_FOLDER / "profile"
    (stage / "8.json").unlink()
    (stage / "SHA256SUMS").unlink()
    write_checksums(stage)
    with pytest.raises(InputCorruptError, match="has 1 summaries, its record gives 2"):
        check_profile(Artifacts(folder / ARTIFACTS_FOLDER), "itex")


def test_a_profile_of_an_earlier_model_is_named_as_stale(folder: Path) -> None:
    stage = folder / ARTIFACTS_FOLDER / "quantize"
    (stage / "quantize.log").write_text("quantized again\n")
    (stage / "SHA256SUMS").unlink()
    write_checksums(stage)
    with pytest.raises(InputStaleError, match="run the profile stage again"):
        check_profile(Artifacts(folder / ARTIFACTS_FOLDER), "itex")


def test_a_comparison_of_an_earlier_measurement_is_named_as_stale(folder: Path) -> None:
    record = folder / ARTIFACTS_FOLDER / "profile" / "measurements.json"
    record.write_bytes(record.read_bytes() + b"\n")
    for place in (record.parent, folder):
        (place / "SHA256SUMS").unlink()
        write_checksums(place)
    with pytest.raises(InputStaleError, match="run the compare stage again"):
        check(folder, "")


def test_a_file_that_no_stage_listed_is_rejected(folder: Path) -> None:
    (folder / ARTIFACTS_FOLDER / "compare" / "more.txt").write_text("more")
    (folder / "SHA256SUMS").unlink()
    write_checksums(folder)
    with pytest.raises(InputCorruptError, match="is not listed"):
        check(folder)


def test_before_there_are_results_there_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="run the pipeline first"):
        collect(Artifacts(tmp_path), tmp_path / "bundle")


def test_records_name_the_image_that_made_them(folder: Path) -> None:
    made = {one.record: one for one in makers(folder)}
    assert made["train.json"].by.image == IMAGE
    assert made["measurements.json"].by.image == ""
    assert {record: one.program for record, one in made.items()} == {
        "train.json": "train",
        "quantize.json": "quantize",
        "measurements.json": "profile",
        "compare.json": "compare",
        "peers.json": "peers",
        "rehearsal.json": "rehearse",
        "sweep.json": "sweep",
    }


def test_a_record_of_another_version_is_no_comparison(folder: Path) -> None:
    path = folder / ARTIFACTS_FOLDER / "compare" / "compare.json"
    write_record(path, {"schema_version": 1})
    rehashed(folder, path)
    with pytest.raises(StageError, match="schema version 1"):
        check(folder)


@pytest.mark.parametrize("levels", [20, 300])
def test_what_lies_too_deep_for_a_bundle_is_refused_in_one_line(
    artifacts: Artifacts, tmp_path: Path, levels: int
) -> None:
    shutil.copytree(artifacts.root, tmp_path / "artifacts")
    stage = tmp_path / "artifacts" / "compare"
    make_deep(stage / "deep", levels, file="leaf")
    (stage / "SHA256SUMS").unlink()
    write_checksums(stage)
    try:
        with pytest.raises(InputCorruptError, match=r"more than 12 folders deep|longer than 255"):
            collect(Artifacts(tmp_path / "artifacts"), tmp_path / "bundle")
    finally:
        remove_deep(stage / "deep")


def test_the_words_of_another_version_are_not_checked_and_that_is_said(folder: Path) -> None:
    path = folder / ARTIFACTS_FOLDER / "compare" / "compare.json"
    older = read_record(path, CompareRecord)
    write_record(path, replace(older, maker=replace(older.maker, source="0" * 64)))
    log = path.with_name("compare.log")
    log.write_text(log.read_text() + "in other words\n")
    for edited in (path, log):
        rehashed(folder, edited)
    (line,) = (line for line in check(folder) if line.startswith("the comparison's "))
    assert line.endswith("; compare.log has the words of another version, which were not checked")
