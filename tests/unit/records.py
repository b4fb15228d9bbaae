"""Records for tests, with only what a test cares about spelled out."""

from stages.records.base import Host, Source
from stages.records.profile import (
    Cell,
    Kernel,
    Measurement,
    Offline,
    ProfileRecord,
    Proof,
    SingleStream,
)
from stages.records.quantize import QuantizeRecord, Recipe, Variant
from stages.records.train import TrainRecord

SOURCE = Source(name="embedded", sha256="0" * 64, origin="drawn")
HOST = Host(
    cpu_model="A CPU",
    cpu_flags=["avx2"],
    microcode="0x1",
    kernel="6.1",
    hypervisor=True,
    memory_gib=24.0,
    cores_pinned=[0, 1],
    versions={"python": "3.11.2"},
)


def measurement(throughput: float, accuracy: float = 1.0) -> Measurement:
    """Return a measurement with the given figures."""
    return Measurement(
        offline=Offline(
            batch_size=8, images=8, throughput_images_per_s=throughput, batch_seconds=[1.0]
        ),
        single_stream=SingleStream(
            queries=1,
            latency_p50_ms=1000 / throughput,
            latency_p90_ms=None,
            latency_p99_ms=None,
            query_seconds=[1 / throughput],
        ),
        accuracy_top1=accuracy,
        predictions=[0],
        load_seconds=1.0,
    )


def measured(
    precision: str, isa: str, throughput: float, accuracy: float = 1.0, verdict: str = "native"
) -> Cell:
    """Return a measured cell with the given figures."""
    kernel = Kernel(primitive="convolution", implementation="jit:x", data_type="f32", share=1.0)
    return Cell(
        precision=precision,
        requested_isa=isa,
        measurement=measurement(throughput, accuracy),
        proof=Proof(
            onednn_version="3.3.0",
            isa_header="Intel",
            effective_isa=isa,
            verdict=verdict,
            kernels=[kernel],
            reference_share=0.0,
            log="log",
        ),
    )


def profile(*cells: Cell, runtime: str = "itex", host: Host = HOST) -> ProfileRecord:
    """Return a profile of the given cells."""
    return ProfileRecord(
        runtime=runtime,
        train_sha256="t",
        quantize_sha256="q",
        data=SOURCE,
        backbone=SOURCE,
        host=host,
        cells=list(cells),
        seconds=1.0,
    )


def variant(precision: str, missing: str | None = None) -> Variant:
    """Return a variant of which nothing but its absence is known."""
    return Variant(precision=precision, missing=missing)


def quantize(*variants: Variant, runtime: str = "itex", train_sha256: str = "t") -> QuantizeRecord:
    """Return what quantize found, with the given variants."""
    return QuantizeRecord(
        train_sha256=train_sha256,
        runtime=runtime,
        versions={},
        tolerable_loss=0.01,
        max_trials=1,
        calibration_samples=1,
        batch_size=8,
        recipe=Recipe(algorithm="minmax", granularity="per_channel"),
        trials=[],
        sensitivity=[],
        variants=list(variants),
        int8_ops=[],
        fp32_ops=[],
        seconds=1.0,
    )


def train() -> TrainRecord:
    """Return what train made."""
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
