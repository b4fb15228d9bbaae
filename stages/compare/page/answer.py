"""The answer in one sentence, what it costs, and why it may not be relied on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stages.common.chance import AT_CHANCE, at_chance
from stages.common.figures import end_of_ratio, fraction_of_images, multiple, quantity
from stages.common.headline import is_invalid, not_trusted
from stages.common.reasons import in_words
from stages.common.text import network_of, times
from stages.compare.accuracy import images_of
from stages.compare.cautions import had_one_round, is_derived, too_few_rounds
from stages.compare.matrix import NEED_NOT
from stages.compare.page.behind import amx_steps, behind, fastest_of, timed
from stages.compare.page.seen import Seen
from stages.compare.rehearsed import lacks_amx
from stages.compare.steps import Step
from stages.compare.table import check_rows
from stages.isa import AMX, get_isa
from stages.precisions import FP32, get_precision
from stages.records.base import Interval
from stages.records.compare import Row

PRICES = (
    "What an hour costs is in no record: give it to `invoke diff A B --prices FILE`, which works "
    "out what a million images cost on each of several machines."
)
MILLION, SECONDS_PER_HOUR = 1_000_000, 3600
# What the page calls the figure of each scenario.
FIGURES = {"offline": "images/s", "single_stream": "single-image latency"}
# As many cells are named in a line.
MAX_NAMED = 3
# What the project has made of a measurement, by whether it drew the images and made the backbone.
OWN = {
    (True, True): "The images were drawn and the backbone made",
    (True, False): "The images were drawn",
    (False, True): "The backbone was made",
}
OWN_MEANS = (
    "by this project: speed does not depend on that, accuracy does, and here only checks that all "
    "works."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentence; which cell answers as FP32 does, what a price per hour buys, and what is in
    doubt, a line each.
    """

    sentence: str
    sure: list[str]
    price: list[str]
    cautions: list[str]


def answer(seen: Seen) -> Answer:
    """Return what the page says first."""
    fastest = fastest_of(seen.record.rows)
    parts = [_speed(seen, fastest), _amx(seen, fastest), *_accuracy(seen, fastest)]
    sure, price = [*_sure(seen, fastest)], [*_price(seen, fastest)]
    return Answer("; ".join(parts) + ".", sure, price, [*_cautions(seen)])


def _speed(seen: Seen, row: Row) -> str:
    rate = f"{quantity(row.throughput_images_per_s.estimate)} images/s"
    head = f"{network_of(seen.record.backbone)} is fastest here in "
    head += f"{seen.cell_name(row.precision, row.isa, row.runtime)}: {rate}"
    if row.precision == FP32 or row.precision_speedup is None:
        return head
    return f"{head}, {_ratio(seen, row.precision_speedup, row.runtime)} FP32 at the same cap"


def _ratio(seen: Seen, ratio: Interval, runtime: str) -> str:
    """Return how many times as fast something is as what follows, with the interval."""
    if had_one_round(seen.record, runtime):
        return f"{multiple(ratio.estimate)} times as fast (one round: no interval) as"
    between = f"{end_of_ratio(ratio.low)} to {end_of_ratio(ratio.high)}"
    few = too_few_rounds(seen.record, runtime)
    span = f"{between}: {few}" if few else f"95% interval {between}"
    return f"{multiple(ratio.estimate)} times as fast ({span}) as"


def _amx(seen: Seen, fastest: Row) -> str:
    """Return what AMX has to do with it."""
    if found := amx_steps(seen, fastest):
        return _amx_effect(seen, found[0])
    if any(row.isa == AMX for row in seen.record.rows):
        return "with AMX the very kernels of a lower cap ran, so AMX has no part in it"
    lacking = [cell for cell in seen.record.impossible if cell.isa == AMX]
    if any(map(lacks_amx, lacking)):
        return "AMX has no part in it, as this machine shows none"
    return f"AMX was not measured: {lacking[0].reason}" if lacking else "AMX was not asked about"


def _amx_effect(seen: Seen, step: Step) -> str:
    label, below = get_precision(step.precision).label, get_isa(step.below).label
    ratio = _ratio(seen, step.ratio, step.runtime)
    text = f"AMX makes {label} {ratio} {below} does"
    if had_one_round(seen.record, step.runtime):
        return text
    if step.ratio.low <= 1 <= step.ratio.high:
        return f"no effect of AMX on {label} is shown: it is {ratio} with {below}"
    return text


def _accuracy(seen: Seen, fastest: Row) -> Iterator[str]:
    """Yield the accuracies of the fastest cell's runtime, if it has both."""
    for models in seen.models:
        if models.rows[0].runtime != fastest.runtime:
            continue
        fp32, int8 = models.summaries
        images = images_of(seen.record)
        before, after = (fraction_of_images(it.accuracy, images) for it in (fp32, int8))
        text = f"top-1 is {after} in INT8 and {before} in FP32"
        yield f"{text}, {models.difference}" if models.difference else text


def _sure(seen: Seen, fastest: Row) -> Iterator[str]:
    """Yield the fastest cell that gave all of FP32's answers, where the fastest of all did not."""
    if fastest.agreement_fp32 in (None, 1):
        return
    own = [row for row in seen.record.rows if row.runtime == fastest.runtime]
    equal = [row for row in own if row.agreement_fp32 == 1 and not is_derived(row)]
    gains = [row for row in equal if row.precision_speedup and row.precision_speedup.low > 1]
    if gains:
        row = fastest_of(gains)
        doubt = ", which is INVALID" if is_invalid(row.reasons, "offline") else ""
        yield (
            f"If the answers may not differ from FP32's: "
            f"{seen.cell_name(row.precision, row.isa, row.runtime)} gave all "
            f"{images_of(seen.record)} images FP32's class, at "
            f"{quantity(row.throughput_images_per_s.estimate)} images/s{doubt}."
        )


def _price(seen: Seen, fastest: Row) -> Iterator[str]:
    fp32 = [row for row in seen.record.rows if row.precision == FP32]
    times = {"fastest": _time(seen, fastest)}
    if fp32:
        times["fastest FP32"] = _time(seen, fastest_of(fp32))
    named = [f"{time} in the {name} cell" for name, time in times.items() if time]
    if named:
        taken = " and ".join(named)
        yield f"One million images take {taken}: multiply by what an hour of this machine costs."
        if len(named) > 1 and fastest.runtime in seen.record.in_groups:
            yield f"{NEED_NOT.capitalize()}, nor these times."
    yield f"Neither price nor power was measured, and no second machine. {PRICES}"
    data, backbone = (it.name == "embedded" for it in (seen.record.data, seen.record.backbone))
    if made := OWN.get((data, backbone)):
        yield f"{made} {OWN_MEANS}"


def _time(seen: Seen, row: Row) -> str:
    """Return how long a cell takes for a million images, empty if it did nothing."""
    rate = row.throughput_images_per_s
    if not rate.estimate:
        return ""
    best, *ends = (_hours(it) for it in (rate.estimate, rate.high, rate.low) if it)
    if had_one_round(seen.record, row.runtime):
        return f"{best} h (one round: no interval)"
    few = too_few_rounds(seen.record, row.runtime)
    between = " to ".join(ends) + (f": {few}" if few else "")
    return f"{best} h ({between})" if len(ends) == 2 else f"{best} h"


def _hours(images_per_s: float) -> str:
    """Return the hours for a million images, in which what is paid for is priced."""
    hours = MILLION / images_per_s / SECONDS_PER_HOUR
    return f"{hours:.2f}" if hours >= 1 else f"{hours:.3g}"


def checks(seen: Seen) -> list[tuple[str, str]]:
    """Return what the terminal shows of the accuracy bound and of what can be relied on.

    Why a run can't be is left out: the cautions have it.
    """
    return [(name, text) for name, text in check_rows(seen.record) if name]


def _cautions(seen: Seen) -> Iterator[str]:
    for repeat in seen.record.repeats:
        if not repeat.trusted:
            why = [in_words(reason) for reason in repeat.reasons]
            named = f"{repeat.runtime}: " if seen.named else ""
            yield f"{named}{not_trusted(repeat.reasons)}: {'; '.join(why) or 'measure again'}"
    yield from _invalid(seen, [row for row in seen.record.rows if not is_derived(row)])
    for runtime, chance in seen.record.chance.items():
        if words := at_chance(chance):
            yield f"{f'{runtime}: ' if seen.named else ''}{AT_CHANCE}: {words}"


def _invalid(seen: Seen, timed: Sequence[Row]) -> Iterator[str]:
    """Yield which figures are INVALID, of how many cells, and whether the answer is made of any."""
    counts = {
        name: sum(is_invalid(row.reasons, scenario) for row in timed)
        for scenario, name in FIGURES.items()
    }
    found = " and ".join(f"{name} of {count}" for name, count in counts.items() if count)
    if found:
        yield (
            f"INVALID: {found} of {len(timed)} timed cells: open {_where(seen, timed)} in the "
            f"matrix for why. {_in_answer(seen)}"
        )


def _where(seen: Seen, timed: Sequence[Row]) -> str:
    """Return which cells have the reasons, if they are few: not all are marked in the matrix."""
    invalid = [row for row in timed if any(is_invalid(row.reasons, name) for name in FIGURES)]
    return ", ".join(_names(seen, invalid)) if len(invalid) <= MAX_NAMED else "them"


def _names(seen: Seen, rows: Iterable[Row]) -> list[str]:
    """Return what people call the cells of rows, each once."""
    names = (seen.cell_name(row.precision, row.isa, row.runtime) for row in rows)
    return [*dict.fromkeys(names)]


def _in_answer(seen: Seen) -> str:
    """Return in words whether images/s that the answer is made of are INVALID, and of which cells.

    It is made of no others.
    """
    own = (timed(row, seen.record.rows) for row in behind(seen))
    invalid = _names(seen, (row for row in own if is_invalid(row.reasons, "offline")))
    if not invalid:
        return "No figure of the answer is INVALID."
    return f"The answer is made of some of them: those of {', '.join(invalid)}."


def ratio_of(seen: Seen, ratio: Interval | None, runtime: str) -> str:
    """Return a ratio with its interval as a table has it, empty if there is none."""
    return times(ratio, once=had_one_round(seen.record, runtime)) if ratio else ""
