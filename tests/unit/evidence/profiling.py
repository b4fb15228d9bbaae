"""A profile of two cells, two rounds and two layouts, with its logs."""

import json
from dataclasses import replace
from pathlib import Path

from stages.common.provenance import maker
from stages.common.worker.loadgen import ANSWERS, DETAIL, LINE_HEAD, RATES
from stages.isa import get_isa
from stages.profile.rederive import rederived
from stages.records.cell import Cell, Measurement, Server, ServerTest
from stages.records.measure import Run, Span
from stages.records.profile import Layout, LayoutTrial, ProfileRecord
from stages.settings import Settings
from stages.stage_folders import ProfileFolder
from tests.unit import records
from tests.unit.evidence.samples import LABELS, PREDICTIONS, SECONDS, recording

# A recording has no timestamps, so that each primitive starts at 0.
WHOLE = Span(begin_ms=0.0, end_ms=5000.0)


def loadgen_log(folder: Path, **entries: object) -> None:
    folder.mkdir(parents=True)
    values = {"result_validity": "VALID", **entries}
    lines = [LINE_HEAD + json.dumps({"key": key, "value": value}) for key, value in values.items()]
    (folder / DETAIL).write_text("\n".join(lines))


def answers_log(folder: Path) -> None:
    """Leave LoadGen's log of an accuracy test, whose order is not that of the images."""
    loadgen_log(folder, effective_test_mode="AccuracyOnly")
    answers = [
        {"seq_id": 0, "qsl_idx": image, "data": answer.to_bytes(8, "little").hex().upper()}
        for image, answer in reversed([*enumerate(PREDICTIONS)])
    ]
    (folder / ANSWERS).write_text(json.dumps(answers))


def server(folder: ProfileFolder, name: str) -> Server:
    """Return what a search for the highest rate gave: one test that is valid, one that is not."""
    logs = {f"{name}/server-1": 2.0, f"{name}/server-2": 3.0}
    for log, rate in logs.items():
        late = {} if rate < 3 else {"result_validity": "INVALID"}
        loadgen_log(
            folder.loadgen / log,
            **{RATES["server"]: rate},
            **{"result_90.00_percentile_latency_ns": 100_000_000 * rate},
            effective_target_qps=rate,
            effective_target_latency_ns=250_000_000,
            effective_target_latency_percentile=0.9,
            **late,
        )
    tests = [
        ServerTest(
            target_per_s=0.0, valid=False, reasons=[], completed_per_s=0.0, latency_ms=0.0, log=log
        )
        for log in logs
    ]
    return Server(latency_bound_ms=0.0, percentile=0.0, rate_per_s=0.0, tests=tests)


def runs(
    folder: ProfileFolder, name: str, scenario: str, seconds: tuple[float, ...], instances: int = 1
) -> list[Run]:
    """Return one run for each of `seconds`, which its batches take, and leave its logs."""
    made = []
    for number, batch_s in enumerate(seconds, start=1):
        rate = (8 if scenario == "offline" else 1) / batch_s
        logs = [f"{name}/{scenario}-{number}-of-{index}" for index in range(instances)]
        for log in logs:
            loadgen_log(folder.loadgen / log, **{RATES[scenario]: rate})
        batches = [records.batches(batch_s, batch_s, begin=100.0, log=log) for log in logs]
        made.append(records.run(rate, number, instances=batches))
    return made


def measured(folder: ProfileFolder, precision: str, name: str) -> Measurement:
    figures = records.measurement(1.0)
    offline, stream = (
        runs(folder, name, scenario, SECONDS[precision])
        for scenario in ("offline", "single_stream")
    )
    answers_log(folder.loadgen / name / "accuracy")
    return replace(
        figures,
        offline=replace(figures.offline, runs=offline),
        single_stream=replace(figures.single_stream, runs=stream),
        accuracy=replace(figures.accuracy, log=f"{name}/accuracy"),
        server=server(folder, name),
    )


def cell(folder: ProfileFolder, precision: str, isa: str) -> Cell:
    """Return a cell and leave its logs; above AVX2 it runs the very same as at AVX2."""
    made = records.measured(precision, isa, 1.0)
    assert made.proof
    log = f"{precision}_{isa}.log"
    folder.proof.mkdir(exist_ok=True)
    text = recording(precision)
    (folder.proof / log).write_text(text.replace(get_isa("AVX2").header, get_isa(isa).header))
    proof = replace(made.proof, log=log, traced=WHOLE)
    if isa != "AVX2":
        return replace(made, measurement=None, proof=proof)
    return replace(made, measurement=measured(folder, precision, f"{precision}_{isa}"), proof=proof)


def tried(folder: ProfileFolder) -> list[LayoutTrial]:
    return [
        LayoutTrial(
            layout=Layout(num_instances=number, cores_per_instance=2 // number),
            throughput_images_per_s=records.exactly(0.0),
            overlap=0.0,
            runs=runs(folder, f"{number}x{2 // number}", "offline", seconds, number),
        )
        for number, seconds in ((1, (0.25, 0.3)), (2, (0.6, 0.7)))
    ]


def profile(folder: ProfileFolder) -> ProfileRecord:
    """Return a profile whose samples and logs are in `folder`, and all that follows from them."""
    folder.path.mkdir(parents=True)
    cells = [
        *(cell(folder, precision, "AVX2") for precision in ("fp32", "int8")),
        cell(folder, "int8", "AVX512_CORE"),
    ]
    repeat = records.repeat(measurement=measured(folder, "int8", "int8_AVX2.again"))
    record = replace(
        records.profile(*cells),
        maker=maker(Settings(), "profile"),
        labels=LABELS,
        classes=records.train().classes,
        repeat=repeat,
        tried=tried(folder),
    )
    return rederived(record, folder)
