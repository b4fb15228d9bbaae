"""What quantize found in three trials, with its logs."""

from dataclasses import replace

from stages.common.onednn.kernels import primitive_of
from stages.common.onednn.log import parse_log
from stages.common.provenance import maker
from stages.quantize.op_profile import layer_of
from stages.quantize.rederive import rederived
from stages.records.quantize import Layer, QuantizeRecord, Recipe, Sensitivity, Trial, Variant
from stages.settings import Settings
from stages.stage_folders import QuantizeFolder
from tests.unit import records
from tests.unit.evidence.samples import LABELS, PREDICTIONS, SECONDS, recording


def layers(precision: str) -> list[Layer]:
    """Return the first primitives of a recording, each of an op of its own."""
    executions = parse_log(recording(precision).splitlines()).executions[:30]
    return [
        layer_of(f"op{index}", primitive_of(execution))
        for index, execution in enumerate(executions)
    ]


def quantize(folder: QuantizeFolder) -> QuantizeRecord:
    """Return what quantize found, whose logs are in `folder`."""
    folder.proof.mkdir(parents=True)
    for precision in SECONDS:
        (folder.proof / f"{precision}.log").write_text(recording(precision))
    variants = [
        Variant(
            precision=precision,
            model="m",
            predictions=PREDICTIONS,
            batch_seconds=[[seconds] for seconds in SECONDS[precision]],
            layers=layers(precision),
        )
        for precision in ("fp32", "int8")
    ]
    missing = Variant(precision="bf16", missing="left out")
    record = replace(
        records.quantize(*variants, missing),
        maker=maker(Settings(max_trials=1, calibration_samples=1), "quantize"),
        labels=LABELS,
        trials=[trial("minmax", 0.25), trial("kl", 0.3), failed()],
        sensitivity=[
            Sensitivity(op="op1", accuracy_top1=0.0, divergence=0.1, predictions=PREDICTIONS)
        ],
    )
    return rederived(record, folder)


def trial(algorithm: str, seconds: float) -> Trial:
    return replace(
        failed(),
        recipe=Recipe(algorithm=algorithm, granularity="per_channel"),
        predictions=PREDICTIONS,
        layers=layers("int8"),
        batch_seconds=[[seconds, seconds]],
        final_batch_seconds=[[seconds], [seconds]],
    )


def failed() -> Trial:
    return Trial(
        recipe=Recipe(algorithm="kl", granularity="per_tensor"),
        verdict="failed: it died",
        accuracy_top1=None,
        loss=None,
        throughput_images_per_s=None,
        reference_share=None,
        findings=[],
        seconds=1.0,
    )
