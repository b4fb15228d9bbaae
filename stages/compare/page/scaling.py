"""Tables of latencies, of layouts and batch sizes, and of layers, as far as the record has them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from stages.common.figures import milliseconds, quantity
from stages.common.headline import is_invalid
from stages.common.stats import independent_ratio, round_figures
from stages.common.text import times
from stages.compare.distributions import Distribution, distributions
from stages.compare.inputs import RuntimeProfile
from stages.compare.layers import Layer, Layers, Side, layers_of
from stages.compare.limits import figures, invalid_rates, key_of
from stages.compare.page.seen import Seen, had_one_round
from stages.isa import get_isa
from stages.precisions import get_precision
from stages.records.base import Interval
from stages.records.cell import Cell, Measurement
from stages.records.rounds import SCENARIOS

MS_PER_SECOND = 1000
MAX_LAYERS = 200
Table = list[list[str]]


@dataclass(frozen=True, slots=True)
class LayerTable:
    """The layers of FP32 and INT8 at a cap, a row each; why there are none, else empty."""

    title: str
    rows: Table
    unlike: str


def latencies(seen: Seen) -> Table:
    """Return a row for each timed cell: name, median with interval, p90, p99, queries."""
    return [
        _latency(seen, profile, spread)
        for profile in seen.profiles
        for spread in distributions(profile)
    ]


def _latency(seen: Seen, profile: RuntimeProfile, found: Distribution) -> list[str]:
    name = seen.cell_name(found.precision, found.isa, found.runtime)
    return [
        f"{name} (INVALID)" if found.invalid else name,
        with_interval(found.median, milliseconds, once=had_one_round(profile)),
        "too few queries" if found.p90_ms is None else milliseconds(found.p90_ms),
        "too few queries" if found.p99_ms is None else milliseconds(found.p99_ms),
        str(found.queries),
    ]


def with_interval(
    value: Interval, in_words: Callable[[float], str] = quantity, *, once: bool
) -> str:
    """Return a figure with its interval, which there is none of after one round."""
    between = "one round" if once else f"{in_words(value.low)}-{in_words(value.high)}"
    return f"{in_words(value.estimate)} ({between})"


def layouts(seen: Seen) -> Table:
    """Return a row for each layout that was tried: runtime, layout, images/s, overlap."""
    return [
        [
            profile.runtime,
            f"{trial.layout.num_instances} x {trial.layout.cores_per_instance} cores",
            with_interval(trial.throughput_images_per_s, once=len(trial.runs) == 1),
            f"{trial.overlap:.0%}",
            "measured with" if trial.layout == profile.record.layout else "",
        ]
        for profile in seen.profiles
        for trial in profile.record.tried
    ]


def batches(seen: Seen) -> Table:
    """Return a row for each timed cell: images/s one at a time, in batches, and their ratio.

    Each has its interval, and is marked if it, or either figure of the ratio, is INVALID. The
    batch's size is in the column's head if all have one.
    """
    sized = len(_batch_sizes(seen)) > 1
    return [
        row
        for profile in seen.profiles
        for cell in profile.record.cells
        for row in _batch(seen, profile, cell, sized=sized)
    ]


def batches_of(seen: Seen) -> str:
    """Return the head of the column of images/s in batches."""
    sizes = _batch_sizes(seen)
    return f"images/s in batches of {sizes.pop()}" if len(sizes) == 1 else "images/s in batches"


def _batch_sizes(seen: Seen) -> set[int]:
    cells = [cell for profile in seen.profiles for cell in profile.record.cells]
    return {cell.measurement.offline.batch_size for cell in cells if cell.measurement}


def _batch(seen: Seen, profile: RuntimeProfile, cell: Cell, *, sized: bool) -> Iterator[list[str]]:
    if cell.measurement:
        offline, once = cell.measurement.offline, had_one_round(profile)
        late, slow = (
            is_invalid(cell.measurement.validity.reasons, scenario) for scenario in SCENARIOS[::-1]
        )
        shown = partial(with_interval, once=once)
        size = f" in batches of {offline.batch_size}" if sized else ""
        rate = f"{shown(offline.throughput_images_per_s)}{size}"
        gain = _gain(cell.measurement)
        yield [
            seen.cell_name(cell.precision, cell.requested_isa, profile.runtime),
            _marked(shown(_alone(cell.measurement)), invalid=late),
            _marked(rate, invalid=slow),
            _marked(times(gain, once=once), invalid=late or slow) if gain.estimate else "-",
        ]


def _marked(shown: str, *, invalid: bool) -> str:
    return f"{shown}, INVALID" if invalid else shown


def _alone(measurement: Measurement) -> Interval:
    """Return how many images/s one at a time are: what the median latency comes to."""
    p50 = measurement.single_stream.latency_p50_ms
    estimate, low, high = map(_per_second, (p50.estimate, p50.high, p50.low))
    return Interval(estimate=estimate, low=low, high=high)


def _per_second(latency_ms: float) -> float:
    return MS_PER_SECOND / latency_ms if latency_ms else 0.0


def _gain(measurement: Measurement) -> Interval:
    """Return images/s in batches over those one at a time, whose turns were others.

    It is the ratio of the figures that are shown: of an even number of rounds, the median rate is
    not what the median latency comes to.
    """
    offline, stream = measurement.offline, measurement.single_stream
    alone = [*map(_per_second, round_figures("single_stream", stream.runs))]
    ratio = independent_ratio(round_figures("offline", offline.runs), alone)
    shown = _alone(measurement).estimate
    estimate = offline.throughput_images_per_s.estimate / shown if shown else 0.0
    ends = min(ratio.low, estimate), max(ratio.high, estimate)
    return replace(ratio, estimate=estimate, low=ends[0], high=ends[1])


def layer_tables(seen: Seen) -> list[LayerTable]:
    """Return the layers of each runtime for which both precisions were traced."""
    found = [it for it in map(layers_of, seen.profiles) if it]
    return [_layer_table(seen, it) for it in found]


def _layer_table(seen: Seen, found: Layers) -> LayerTable:
    title = get_isa(found.isa).label + (f", {found.runtime}" if seen.named else "")
    rows = [_layer(layer) for layer in found.layers[:MAX_LAYERS]]
    return LayerTable(title, rows, found.unlike)


def _layer(layer: Layer) -> list[str]:
    sides = [text for side in (layer.fp32, layer.int8) for text in _side(side)]
    billions = layer.operations / 1e9 if layer.operations else 0.0
    work = f"{billions:.1f}" if billions >= 1 else quantity(billions) if billions else "-"
    return [layer.name, work, *sides, f"{layer.times:.1f}x" if layer.times else "-"]


def _side(side: Side | None) -> list[str]:
    if side is None:
        return ["-", "none"]
    return [quantity(side.milliseconds), f"{side.kernel} ({side.data_type})"]


def limits(seen: Seen) -> Table:
    """Return where each timed cell's time goes, a row each."""
    invalid = invalid_rates(seen.record)
    return [
        [
            f"{get_precision(row.precision).label} at {get_isa(row.isa).label}"
            + (f", {row.runtime}" if seen.named else ""),
            *figures(row, invalid=key_of(row) in invalid),
        ]
        for row in seen.record.limits
    ]
