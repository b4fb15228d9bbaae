"""FP32 against INT8 at the highest cap that ran both: the last table, and the line that closes it.

Rates, latencies and ratios are the profile's headline; what the test split shows of the accuracies
is compare's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stages.common.figures import quantity
from stages.common.headline import cap_of, doubt, doubt_of_accuracies, headline
from stages.common.text import aligned, is_of_one_round, network_of, times
from stages.compare.accuracy import in_words
from stages.compare.bound import bound_of, judged
from stages.precisions import get_precision
from stages.records.accuracy_bound import AccuracyBound
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Row
from stages.records.profile import ModelSummary

# By runtime.
Summaries = Mapping[str, Sequence[ModelSummary]]


@dataclass(frozen=True, slots=True)
class Models:
    """FP32's and INT8's summary of a runtime, in this order, and their rows of the comparison.

    `named` is the runtime if the comparison has several, else empty; `network` that of the model;
    `bound` the accuracy bound that INT8 was made under, None if it is not known.
    """

    summaries: Sequence[ModelSummary]
    rows: Sequence[Row]
    named: str
    network: str
    bound: AccuracyBound | None = None

    @property
    def isa(self) -> str:
        """The lowest cap at which both ran these kernels."""
        return cap_of(self.summaries)

    @property
    def once(self) -> bool:
        """Whether each was timed once, so that its figures have no interval."""
        return is_of_one_round(self.summaries[0].run_reasons)

    @property
    def difference(self) -> str:
        """How INT8's answers differ from FP32's, and what that shows of the bound, in words.

        Empty if that was not recorded.
        """
        found, shown = self.rows[1].accuracy_difference, judged(self.rows[1], self.bound)
        if found is None:
            return ""
        return "; ".join([in_words(found), *([f"{found.images} images {shown}"] if shown else [])])


def models_of(record: CompareRecord, summaries: Summaries) -> list[Models]:
    """Return the models of each runtime that has both."""
    rows = {(row.runtime, row.precision, row.isa): row for row in record.rows}
    return [
        Models(
            summaries=both,
            rows=[rows[runtime, summary.precision, summary.isa] for summary in both],
            named=runtime if len(record.versions) > 1 else "",
            network=network_of(record.backbone),
            bound=bound_of(record, runtime),
        )
        for runtime, both in summaries.items()
        if both
    ]


def render_models(models: Models) -> str:
    """Return the table of FP32 against INT8, and what is in doubt about it."""
    names = [get_precision(summary.precision).label for summary in models.summaries]
    head = f"Model ({', '.join(filter(None, (models.isa, models.named)))})"
    table = aligned([(head, *names, " against ".join(reversed(names))), *_quantities(models)])
    doubts = [doubt(models.summaries), doubt_of_accuracies(models.summaries)]
    return "\n".join([table, *(f"{words}: see above" for words in doubts if words)])


def closing_line(models: Models) -> str:
    """Return the headline of a profile with what its test split shows."""
    named = f"{models.named}: " if models.named else ""
    return f"compare: {named}{headline(models.summaries, models.difference)}"


def _quantities(models: Models) -> Iterator[tuple[str, ...]]:
    """Yield a row for each quantity: its name, FP32's, INT8's, and what their ratio is."""
    fp32, int8 = models.summaries
    top1 = (row.accuracy_interval for row in models.rows)
    accuracies = (
        _between(summary.accuracy, exact, "{:.4f}".format)
        for summary, exact in zip(models.summaries, top1, strict=True)
    )
    rates = (
        _timed(summary.throughput, summary.throughput_interval, models) for summary in (fp32, int8)
    )
    latencies = (
        _timed(summary.latency, summary.latency_interval, models) for summary in (fp32, int8)
    )
    yield "accuracy, top-1", *accuracies, models.difference or "-"
    yield "throughput, images/s", *rates, ratio_in_words(int8.throughput_speedup, models)
    yield "latency, ms (median)", *latencies, latency_ratio(int8.latency_speedup, models)


def _timed(figure: float, interval: Interval | None, models: Models) -> str:
    return _between(figure, None if models.once else interval, quantity)


def _between(figure: float, interval: Interval | None, written: Callable[[float], str]) -> str:
    if interval is None:
        return written(figure)
    return f"{written(figure)} ({written(interval.low)}-{written(interval.high)})"


def ratio_in_words(ratio: Interval | None, models: Models, ending: str = "") -> str:
    """Return a ratio with its interval, a dash if there is none."""
    return f"{times(ratio, once=models.once)}{ending}" if ratio else "-"


def latency_ratio(ratio: Interval | None, models: Models) -> str:
    """Return how many times shorter INT8's latency is than FP32's, or longer, in words."""
    if ratio is None or ratio.estimate >= 1 or not ratio.low:
        return ratio_in_words(ratio, models, " shorter")
    turned = Interval(estimate=1 / ratio.estimate, low=1 / ratio.high, high=1 / ratio.low)
    return ratio_in_words(turned, models, " longer")
