"""Records for tests, with only what a test cares about spelled out."""

from itertools import accumulate
from typing import Any

from stages.records.base import Host, Interval, Provenance, Source, Topology
from stages.records.cell import Accuracy, Cell, Measurement, Offline, SingleStream, Validity
from stages.records.measure import AmxBusy, Batches, Interference, Run, Span
from stages.records.profile import Layout, ProfileRecord, Repeat
from stages.records.proof import Kernel, Proof
from stages.records.quantize import QuantizeRecord, Recipe, Variant
from stages.records.train import TrainRecord

SHA256 = "0" * 64
SOURCE = Source(name="embedded", sha256=SHA256, origin="drawn")
HOST = Host(
    cpu_model="A CPU",
    cpu_flags=["avx2"],
    microcode="0x1",
    machine="Maker Machine",
    machine_type="unknown",
    kernel="6.1",
    boot_id="d0e3",
    hypervisor=True,
    hypervisor_vendor=None,
    container=False,
    topology=Topology(sockets=1, physical_cores=2, threads_per_core=1.0, numa_nodes=1),
    memory_gib=24.0,
    memory_limit_gib=None,
    cpu_quota=None,
    governor="unknown",
    huge_pages="madvise",
    cores_allowed=[0, 1],
    cores_pinned=[0, 1],
    numa_nodes=[0],
    versions={"python": "3.11.2"},
)


MAKER = Provenance(made="2026-11-26T17:24:05Z")
IMAGES = 100
LABELS = [image % 2 for image in range(IMAGES)]
NOT_COUNTED = AmxBusy(missing="no amx_tile flag")


def exactly(figure: float) -> Interval:
    """Return a figure that is known exactly."""
    return Interval(estimate=figure, low=figure, high=figure)


def batches(*seconds: float, begin: float = 0.0, log: str = "log") -> Batches:
    """Return the batches of an instance, one after the other from `begin` on."""
    return Batches(log=log, seconds=[*seconds], ended_s=[*accumulate(seconds, initial=begin)][1:])


def run(rate: float, number: int = 1, **changes: Any) -> Run:
    """Return a run of two batches on a quiet machine, which counts."""
    quiet = {"overlap": 1.0, "interference": interference(), "disturbed_by": [], "counts": True}
    valid = {"valid": True, "reasons": [], "instances": [batches(1 / rate, 1 / rate)]}
    return Run(**{**valid, **quiet, "round": number, "rate_per_s": rate, **changes})


def interference(**changes: Any) -> Interference:
    """Return that nothing disturbed a turn but for the `changes`."""
    quiet = {"waiting": 0.0, "switches": 0, "steal": 0.0, "throttle_events": 0, "quota_periods": 0}
    return Interference(**{**quiet, "clock_step_s": 0.0, "frequency_mhz": None, **changes})


def accuracy(top1: float) -> Accuracy:
    """Return the answers to IMAGES images of two classes, of which the last ones are wrong."""
    right = round(top1 * IMAGES)
    predictions = [*LABELS[:right], *(1 - label for label in LABELS[right:])]
    return Accuracy(top1=top1, predictions=predictions, agreement_fp32=1.0, log="log")


def measurement(throughput: float, top1: float = 1.0, **changes: Any) -> Measurement:
    """Return a measurement with the given figures, each the same in two rounds."""
    runs = [run(throughput, number) for number in (1, 2)]
    figures = {
        "offline": Offline(batch_size=8, throughput_images_per_s=exactly(throughput), runs=runs),
        "single_stream": SingleStream(
            queries=4,
            latency_p50_ms=exactly(1000 / throughput),
            latency_p90_ms=None,
            latency_p99_ms=None,
            runs=runs,
        ),
        "accuracy": accuracy(top1),
        "validity": Validity(valid=True, reasons=[]),
        "load_seconds": 1.0,
    }
    return Measurement(**{**figures, **changes})


def measured(
    precision: str,
    isa: str,
    throughput: float,
    top1: float = 1.0,
    verdict: str = "native",
    **changes: Any,
) -> Cell:
    """Return a measured cell with the given figures."""
    kernel = Kernel(primitive="convolution", implementation="jit:x", data_type="f32", share=1.0)
    return Cell(
        precision=precision,
        requested_isa=isa,
        measurement=measurement(throughput, top1, **changes),
        proof=Proof(
            onednn_version="3.3.0",
            isa_header="Intel",
            verdict=verdict,
            kernels=[kernel],
            reference_share=0.0,
            log="log",
            traced=Span(begin_ms=0.0, end_ms=5.0),
            amx_busy=NOT_COUNTED,
        ),
    )


def same_as(precision: str, isa: str, lower: str) -> Cell:
    """Return a cell that has the figures of that at a lower isa."""
    proof = measured(precision, isa, 1.0, verdict=f"same-as {lower}").proof
    return Cell(precision=precision, requested_isa=isa, same_as=lower, proof=proof)


def repeat(**changes: Any) -> Repeat:
    """Return the record of a cell that was measured twice on a quiet machine."""
    ratio = Interval(estimate=1.0, low=0.99, high=1.01)
    fields = {
        "precision": "int8",
        "isa": "AVX2",
        "offline_ratio": ratio,
        "single_stream_ratio": ratio,
        "trusted": True,
        "reasons": [],
        "measurement": measurement(4.0),
    }
    return Repeat(**{**fields, **changes})


def profile(*cells: Cell, runtime: str = "itex", host: Host = HOST) -> ProfileRecord:
    """Return a profile of the given cells, on images of two classes in turn."""
    answers = [cell.measurement.accuracy.predictions for cell in cells if cell.measurement]
    return ProfileRecord(
        maker=MAKER,
        runtime=runtime,
        train_sha256=SHA256,
        quantize_sha256=SHA256,
        data=SOURCE,
        backbone=SOURCE,
        host=host,
        strict=False,
        labels=LABELS[: max(map(len, answers), default=IMAGES)],
        layout=Layout(num_instances=1, cores_per_instance=2),
        tried=[],
        cells=list(cells),
        repeat=repeat(),
        seconds=1.0,
    )


def both_models() -> ProfileRecord:
    """Return a profile of FP32 and INT8 at two caps, and of FP32 at a higher one."""
    return profile(
        measured("fp32", "AVX2", 3.0),
        measured("int8", "AVX2", 4.0),
        measured("fp32", "AVX512_CORE_VNNI", 6.0),
        measured("int8", "AVX512_CORE_VNNI", 21.0, top1=0.5),
        measured("fp32", "AVX512_CORE_BF16", 6.1),
    )


def variant(precision: str, missing: str | None = None) -> Variant:
    """Return a variant without figures; `missing` is the reason if there is no model."""
    return Variant(precision=precision, missing=missing)


def quantize(
    *variants: Variant, runtime: str = "itex", train_sha256: str = SHA256
) -> QuantizeRecord:
    """Return the record that quantize leaves, with the given variants."""
    return QuantizeRecord(
        train_sha256=train_sha256,
        runtime=runtime,
        host=HOST,
        tolerable_loss=0.01,
        max_trials=1,
        calibration_samples=1,
        batch_size=8,
        labels=[],
        recipe=Recipe(algorithm="minmax", granularity="per_channel"),
        trials=[],
        sensitivity=[],
        variants=list(variants),
        int8_ops=[],
        fp32_ops=[],
        seconds=1.0,
    )


def train() -> TrainRecord:
    """Return the record that train leaves."""
    return TrainRecord(
        data=SOURCE,
        backbone=SOURCE,
        classes=["a", "b"],
        samples={},
        accuracy_top1={},
        conv_layers=16,
        head={},
        seconds={},
    )
