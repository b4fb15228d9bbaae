"""Artifacts of a whole pipeline, of two cells and two rounds, whose figures follow from samples."""

import json
from dataclasses import replace
from pathlib import Path

from stages.artifacts import Artifacts, ProfileFolder, sha256, write_record
from stages.compare.effects import compare
from stages.compare.inputs import Profiled
from stages.compare.table import render
from stages.evidence import profiles, quantized
from stages.handover import write_checksums
from stages.measure.loadgen import DETAIL, LINE_HEAD, RATES
from stages.profile.summary import summaries
from stages.records.base import Maker
from stages.records.profile import Cell, Measurement, Primitive, ProfileRecord, Roofline, Run
from stages.records.quantize import QuantizeRecord, Variant
from tests.unit import records

LOGS = Path(__file__).parents[2] / "data" / "onednn"
PROOFS = {"fp32": "itex2150_fp32_AVX2.txt", "int8": "itex2150_int8-nopool_AVX2.txt"}
LABELS, PREDICTIONS = [0, 1, 1, 0], [0, 1, 0, 0]
SECONDS = {"fp32": (1.0, 1.2), "int8": (0.25, 0.3)}
IMAGE = "sha256:1"


def loadgen_log(folder: Path, scenario: str, rate: float) -> None:
    folder.mkdir(parents=True)
    entries = {"result_validity": "VALID", RATES[scenario]: rate}
    lines = [LINE_HEAD + json.dumps({"key": key, "value": each}) for key, each in entries.items()]
    (folder / DETAIL).write_text("\n".join(lines))


def runs(folder: ProfileFolder, name: str, scenario: str, seconds: tuple[float, ...]) -> list[Run]:
    found = []
    for number, each in enumerate(seconds, start=1):
        log = f"{name}/{scenario}-{number}"
        rate = (8 if scenario == "offline" else 1) / each
        loadgen_log(folder.loadgen / log, scenario, rate)
        found.append(records.run(rate, number, seconds=[each, each], logs=[log]))
    return found


def measured(folder: ProfileFolder, precision: str, name: str) -> Measurement:
    figures = records.measurement(1.0)
    offline, stream = (
        runs(folder, name, scenario, SECONDS[precision])
        for scenario in ("offline", "single_stream")
    )
    return replace(
        figures,
        offline=replace(figures.offline, runs=offline),
        single_stream=replace(figures.single_stream, runs=stream),
        accuracy=replace(figures.accuracy, predictions=PREDICTIONS),
    )


def cell(folder: ProfileFolder, precision: str) -> Cell:
    found = records.measured(precision, "AVX2", 1.0)
    assert found.proof
    log = f"{precision}_AVX2.log"
    folder.proof.mkdir(exist_ok=True)
    (folder.proof / log).write_text((LOGS / PROOFS[precision]).read_text())
    primitive = Primitive(
        primitive="convolution",
        implementation="jit:avx2",
        source_type="f32",
        destination_type="f32",
        milliseconds=4.0,
        operations=8000,
        bytes_moved=1,
    )
    zeros = dict.fromkeys(
        ("at_best_rate", "slower_kernels", "pooling", "reorders", "other", "framework"), 0.0
    )
    return replace(
        found,
        measurement=measured(folder, precision, f"{precision}_AVX2"),
        proof=replace(found.proof, log=log),
        roofline=Roofline(
            operations_per_image=1,
            achieved_gops=0.0,
            best_gops=0.0,
            limit=None,
            traced_ms=5.0,
            primitives=[primitive],
            **zeros,
        ),
    )


def profile(folder: ProfileFolder) -> ProfileRecord:
    """Return a profile whose samples and logs are in `folder`, and all that follows from them."""
    folder.path.mkdir(parents=True)
    cells = [cell(folder, "fp32"), cell(folder, "int8")]
    repeat = records.repeat(measurement=measured(folder, "int8", "int8_AVX2.again"))
    found = replace(records.profile(*cells), labels=LABELS, repeat=repeat)
    return profiles.rederived(found, folder)


def quantize() -> QuantizeRecord:
    variants = [
        Variant(
            precision=precision,
            model="m",
            predictions=PREDICTIONS,
            batch_seconds=[[each] for each in SECONDS[precision]],
            layers=[],
        )
        for precision in ("fp32", "int8")
    ]
    missing = Variant(precision="bf16", missing="left out")
    return quantized.rederived(replace(records.quantize(*variants, missing), labels=LABELS))


def pipeline(root: Path) -> Artifacts:
    """Return artifacts as a pipeline leaves them, with models and data that a bundle leaves out."""
    artifacts = Artifacts(root)
    train, quantize_folder = artifacts.train, artifacts.quantize("itex")
    profile_folder = artifacts.profile("itex")
    for path in (
        train.model / "saved_model.pb",
        train.test,
        quantize_folder.model / "saved_model.pb",
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"large")
    write_record(train.record, replace(records.train(), maker=Maker(image=IMAGE)))
    write_checksums(train.path)
    train_sha256 = sha256(train.path / "SHA256SUMS")
    write_record(quantize_folder.record, replace(quantize(), train_sha256=train_sha256))
    write_checksums(quantize_folder.path)
    record = replace(
        profile(profile_folder),
        train_sha256=train_sha256,
        quantize_sha256=sha256(quantize_folder.path / "SHA256SUMS"),
    )
    write_record(profile_folder.record, record)
    both = summaries(record)
    for path, each in zip(
        (profile_folder.summary_fp32, profile_folder.summary_int8), both, strict=True
    ):
        write_record(path, each)
    write_checksums(profile_folder.path)
    _compare(artifacts, record)
    return artifacts


def _compare(artifacts: Artifacts, record: ProfileRecord) -> None:
    folder = artifacts.profile("itex").path
    profiled = Profiled(record, sha256(folder / "SHA256SUMS"), summaries(record))
    found = compare([profiled])
    artifacts.compare.path.mkdir()
    write_record(artifacts.compare.record, found)
    artifacts.compare.log.write_text(render(found, {"itex": profiled.summaries}))
    write_checksums(artifacts.compare.path)
