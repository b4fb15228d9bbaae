import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import (
    Artifacts,
    read_record,
    require_current,
    verify,
    write_record,
)
from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    NotWritableError,
    SchemaVersionError,
)
from stages.files.checksums import CHECKSUMS, sha256, write_checksums
from stages.folder.handover import handing_over
from stages.records.cell import Accuracy, Offline
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.train import TrainRecord
from stages.runtimes import RUNTIME_NAMES
from tests.unit import records


def produce(folder: Path, text: str = "content") -> None:
    with handing_over(folder) as partial:
        (partial / "deep").mkdir()
        (partial / "deep" / "file").write_text(text)
        (partial / "train.json").write_text("{}")


def _fail_half_way(folder: Path) -> None:
    with handing_over(folder) as partial:
        (partial / "half").write_text("half")
        raise ZeroDivisionError


def summary() -> ModelSummary:
    return ModelSummary(precision="int8", isa="AVX2", accuracy=1.0, throughput=2.0, latency=3.0)


def test_what_is_handed_over_passes_sha256sum(tmp_path: Path) -> None:
    produce(tmp_path / "train")
    subprocess.run(["sha256sum", "--check", CHECKSUMS], cwd=tmp_path / "train", check=True)
    assert len(verify(tmp_path / "train")) == 64


def test_a_failure_leaves_the_earlier_artifacts_and_nothing_else(tmp_path: Path) -> None:
    produce(tmp_path / "train")
    before = verify(tmp_path / "train")
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(tmp_path / "train")
    assert verify(tmp_path / "train") == before
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_a_new_output_replaces_the_old_one_whole(tmp_path: Path) -> None:
    produce(tmp_path / "train", "old")
    with handing_over(tmp_path / "train") as partial:
        (partial / "train.json").write_text("new")
    assert {path.name for path in (tmp_path / "train").iterdir()} == {"train.json", CHECKSUMS}
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".train.new").mkdir()
    (tmp_path / ".train.new" / "stale").write_text("stale")
    produce(tmp_path / "train")
    assert not list((tmp_path / "train").glob("stale"))


def test_output_lost_between_the_two_renames_is_restored(tmp_path: Path) -> None:
    produce(tmp_path / "train")
    before = verify(tmp_path / "train")
    (tmp_path / "train").rename(tmp_path / ".train.old")
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(tmp_path / "train")
    assert verify(tmp_path / "train") == before


def test_a_missing_stage_names_the_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="run the quantize stage first"):
        verify(tmp_path / "quantize")
    with pytest.raises(InputMissingError, match="run the quantize stage with runtime stock first"):
        verify(Artifacts(tmp_path).quantize("stock").path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda file: file.write_text("c0ntent"),
    "truncated": lambda file: os.truncate(file, 3),
    "removed": lambda file: file.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(tmp_path: Path, damage: str) -> None:
    produce(tmp_path / "train")
    DAMAGES[damage](tmp_path / "train" / "deep" / "file")
    with pytest.raises(InputCorruptError, match="deep/file"):
        verify(tmp_path / "train")


def test_a_stale_input_is_refused(tmp_path: Path) -> None:
    produce(tmp_path / "train")
    made_from = verify(tmp_path / "train")
    require_current(tmp_path / "quantize", made_from, tmp_path / "train")
    produce(tmp_path / "train", "another")
    with pytest.raises(InputStaleError, match="run the quantize stage again"):
        require_current(tmp_path / "quantize", made_from, tmp_path / "train")


def quantized(artifacts: Artifacts, runtime: str, train_sha256: str) -> None:
    folder = artifacts.quantize(runtime)
    folder.path.mkdir(exist_ok=True)
    write_record(folder.record, records.quantize(runtime=runtime, train_sha256=train_sha256))
    write_checksums(folder.path)


@pytest.mark.parametrize(
    ("stage", "remedy"),
    [
        ("profile", "the quantize stage again, then the profile stage"),
        ("sweep-stock", "the quantize stage with runtime stock again, then the sweep stage with"),
        ("peers", "the quantize stage again, then the peers stage"),
    ],
)
def test_of_several_stale_stages_the_first_is_the_one_to_run(
    stage: str, remedy: str, tmp_path: Path
) -> None:
    artifacts = Artifacts(tmp_path)
    produce(artifacts.train.path)
    made_from = verify(artifacts.train.path, ["deep/file"])
    for runtime in RUNTIME_NAMES:
        quantized(artifacts, runtime, made_from)
    require_current(tmp_path / stage, made_from, artifacts.train.path)
    produce(artifacts.train.path, "another")
    with pytest.raises(InputStaleError, match=f"run {remedy}"):
        require_current(tmp_path / stage, made_from, artifacts.train.path)
    for runtime in RUNTIME_NAMES:
        quantized(artifacts, runtime, sha256(artifacts.train.path / CHECKSUMS))
    name = stage.partition("-")[0]
    with pytest.raises(InputStaleError, match=f"run the {name} stage(?!.*then)"):
        require_current(tmp_path / stage, made_from, artifacts.train.path)


def test_what_is_gone_is_to_be_made_before_what_was_made_from_it(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    with pytest.raises(InputStaleError, match="run the train stage again, then the profile stage"):
        require_current(tmp_path / "profile", "0" * 64, artifacts.train.path)
    produce(artifacts.train.path)
    with pytest.raises(InputStaleError, match="run the quantize stage again, then the profile"):
        require_current(tmp_path / "profile", "0" * 64, artifacts.quantize("itex").path)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write_record(tmp_path / "8.json", summary())
    assert read_record(tmp_path / "8.json", ModelSummary) == summary()


def test_another_schema_version_is_named(tmp_path: Path) -> None:
    write_record(tmp_path / "8.json", summary())
    content = json.loads((tmp_path / "8.json").read_text()) | {"schema_version": 99}
    (tmp_path / "8.json").write_text(json.dumps(content))
    with pytest.raises(SchemaVersionError, match="99"):
        read_record(tmp_path / "8.json", ModelSummary)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"accuracy": 1.01}, "accuracy"),
        ({"throughput": -1.0}, "throughput"),
        ({"latency": None}, "latency"),
        ({"isa": "SSE"}, "isa"),
        ({"precision": "fp64"}, "precision"),
    ],
)
def test_a_record_out_of_range_is_refused(
    tmp_path: Path, change: dict[str, Any], place: str
) -> None:
    write_record(tmp_path / "8.json", summary())
    content = json.loads((tmp_path / "8.json").read_text()) | change
    (tmp_path / "8.json").write_text(json.dumps(content))
    with pytest.raises(InputCorruptError, match=rf"`\$\.{place}`"):
        read_record(tmp_path / "8.json", ModelSummary)


def test_figures_at_the_ends_of_their_ranges_are_taken(tmp_path: Path) -> None:
    backwards = records.interference(clock_step_s=-3.0, steal=-0.1, throttle_events=-1)
    never_together = [
        records.run(1.0, number, rate_per_s=0.0, overlap=0.0, interference=backwards)
        for number in (1, 2)
    ]
    unasked = Accuracy(top1=0.0, predictions=[-1] * records.IMAGES, agreement_fp32=None, log="log")
    fast = records.measured("int8", "AVX2", 1e9, accuracy=unasked)
    found = replace(
        records.profile(fast), repeat=records.repeat(offline_ratio=records.exactly(12.5)), tried=[]
    )
    offline = Offline(
        batch_size=1, throughput_images_per_s=records.exactly(0.0), runs=never_together
    )
    figures = records.measurement(1.0, offline=offline)
    cell = replace(found.cells[0], requested_isa="AVX512_CORE", measurement=figures)
    record = replace(found, cells=[*found.cells, cell])
    write_record(tmp_path / "measurements.json", record)
    assert read_record(tmp_path / "measurements.json", ProfileRecord) == record


@pytest.mark.parametrize("content", ['{"schema_version": 1', '{"schema_version": 1}', "\xff"])
def test_a_truncated_record_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "8.json").write_bytes(content.encode("latin-1"))
    with pytest.raises((InputCorruptError, SchemaVersionError)):
        read_record(tmp_path / "8.json", ModelSummary)


def test_a_file_in_the_way_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file")
    with pytest.raises(NotWritableError, match="VGG19_ARTIFACTS"):
        produce(tmp_path / "artifacts" / "train")


def test_stages_lie_side_by_side() -> None:
    artifacts = Artifacts(Path("/a"))
    of_itex = (artifacts.quantize("itex"), artifacts.profile("itex"))
    of_stock = (artifacts.quantize("stock"), artifacts.profile("stock"))
    folders = (artifacts.train, *of_itex, *of_stock, artifacts.compare, artifacts.peers)
    assert [folder.path.name for folder in folders] == [
        *("train", "quantize", "profile", "quantize-stock", "profile-stock", "compare", "peers"),
    ]
    assert all(folder.path.parent == artifacts.root for folder in folders)
    assert all(folder.record.is_relative_to(folder.path) for folder in folders)


def test_a_record_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text("[" * 100_000)
    with pytest.raises(InputCorruptError, match="can't be read"):
        read_record(tmp_path / "train.json", TrainRecord)
