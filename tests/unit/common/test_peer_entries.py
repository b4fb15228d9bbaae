"""Which of the peers' models run, and which reason the others get."""

from pathlib import Path

from stages.common.entries import runnable
from stages.common.peer_entries import NO_BF16, NO_ORT_BF16, find_peers


def test_peers_run_bf16_only_where_the_cpu_and_they_can(tmp_path: Path) -> None:
    with_it, without = (
        {entry.name: entry.missing for entry in find_peers(tmp_path, frozenset({flag}))}
        for flag in ("avx512_bf16", "avx2")
    )
    assert with_it["openvino_bf16"] is None
    assert without["openvino_bf16"] == NO_BF16
    assert with_it["onnxruntime_bf16"] == without["onnxruntime_bf16"] == NO_ORT_BF16
    assert [entry.name for entry in runnable(find_peers(tmp_path, frozenset()))] == [
        "openvino_fp32",
        "openvino_int8",
        "onnxruntime_fp32",
        "onnxruntime_int8",
    ]
