import pytest

from stages.peers.ratios import figures_of, paired, ratios
from tests.unit.peers.contenders import measured, missing


def test_a_throughput_is_of_the_median_round() -> None:
    speed = figures_of(8, [[1.0, 2.0, 9.0], [4.0], [1.0]])
    assert speed.throughput_images_per_s == 8 / 2.0
    assert speed.latency_p50_ms is None


def test_latency_is_over_every_single_image() -> None:
    speed = figures_of(1, [[0.1, 0.2, 0.3], [0.4, 0.5]])
    assert speed.latency_p50_ms == pytest.approx(300)
    assert speed.batch_seconds == [[0.1, 0.2, 0.3], [0.4, 0.5]]


def test_rounds_are_compared_pair_by_pair() -> None:
    # A disturbance that doubles both sides of a round leaves its ratio alone.
    assert paired([[1.0], [2.0]], [[2.0], [4.0]]) == [2.0, 2.0]


def test_rounds_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        paired([[1.0]], [[1.0], [2.0]])


def test_a_ratio_is_that_of_the_throughputs_with_the_range_of_the_rounds() -> None:
    own = measured("stock", "int8", {8: [[1.0], [2.0], [4.0]]})
    peer = measured("openvino", "int8", {8: [[0.5], [4.0], [6.0]]})
    (ratio,) = ratios([own, peer])
    assert (ratio.median, ratio.lowest, ratio.highest) == (2.0, 0.5, 2.0)
    shown = [one.figures[0].throughput_images_per_s for one in (own, peer)]
    assert ratio.median == shown[0] / shown[1]
    assert (ratio.backend, ratio.peer, ratio.batch_size) == ("stock", "openvino", 8)


def test_each_of_ours_is_compared_with_each_peer_at_its_counterpart() -> None:
    speed = {1: [[1.0]], 8: [[1.0]]}
    contenders = [
        measured("itex", "fp32", speed),
        measured("itex", "int8_bf16", speed),
        missing("itex", "bf16", "no flag"),
        measured("openvino", "fp32", speed),
        measured("openvino", "bf16", speed),
        measured("openvino", "int8", speed),
        measured("onnxruntime", "int8", speed),
        missing("onnxruntime", "bf16", "no such thing"),
    ]
    assert [
        (ratio.precision, ratio.peer, ratio.peer_precision, ratio.batch_size)
        for ratio in ratios(contenders)
    ] == [
        ("fp32", "openvino", "fp32", 1),
        ("fp32", "openvino", "fp32", 8),
        ("int8_bf16", "openvino", "int8", 1),
        ("int8_bf16", "openvino", "int8", 8),
        ("int8_bf16", "onnxruntime", "int8", 1),
        ("int8_bf16", "onnxruntime", "int8", 8),
    ]
