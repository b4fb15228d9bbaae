"""Records for tests, with only what a test cares about spelled out."""

from stages.records import (
    Cell,
    Host,
    Kernel,
    Measurement,
    Offline,
    ProfileRecord,
    Proof,
    SingleStream,
    Source,
)

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


def measured(
    precision: str, isa: str, throughput: float, accuracy: float = 1.0, verdict: str = "native"
) -> Cell:
    """Return a measured cell with the given figures."""
    kernel = Kernel(primitive="convolution", implementation="jit:x", data_type="f32", share=1.0)
    return Cell(
        precision=precision,
        requested_isa=isa,
        measurement=Measurement(
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
        ),
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


def profile(*cells: Cell) -> ProfileRecord:
    """Return a profile of the given cells."""
    return ProfileRecord(
        train_sha256="t",
        quantize_sha256="q",
        data=SOURCE,
        backbone=SOURCE,
        host=HOST,
        cells=list(cells),
        seconds=1.0,
    )
