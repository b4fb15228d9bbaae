"""The picture of throughput by number of instances, as far as several layouts were tried."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from stages.common.figures import three_digits
from stages.common.text import intervals_over
from stages.compare.inputs import RuntimeProfile
from stages.compare.pictures.drawing import (
    ERROR_BARS,
    SMALL,
    error_of,
    plain,
    save_with,
)
from stages.records.profile import ProfileRecord

# No precision has these.
TRIED, TAKEN = "#c4c4c4", "#7d7d7d"


def plot_instances(
    profiles: Sequence[RuntimeProfile], path: Path, caution: str = "", caption: str = ""
) -> None:
    """Draw the images/s of each layout that was tried; the one that was measured with is darker."""
    tried = [it for it in profiles if it.record.tried]
    most = max(len(it.record.tried) for it in tried)
    size = (max(7.0, 2.0 + 1.4 * most * len(tried)), 4.6)
    figure = Figure(figsize=size, layout="constrained")
    for axes, profile in zip(figure.subplots(1, len(tried), squeeze=False)[0], tried, strict=True):
        trials = profile.record.tried
        rates = [trial.throughput_images_per_s for trial in trials]
        bars = axes.bar(
            range(len(trials)),
            [rate.estimate for rate in rates],
            0.7,
            yerr=[*zip(*map(error_of, rates), strict=True)],
            error_kw=ERROR_BARS,
            color=[TAKEN if it.layout == profile.record.layout else TRIED for it in trials],
        )
        labels = [three_digits(rate.estimate) for rate in rates]
        axes.bar_label(bars, labels, fontsize=SMALL, padding=2)
        axes.set_xticks(range(len(trials)), layout_names(profile.record), fontsize=SMALL)
        if len(tried) > 1:
            axes.set_title(plain(profile.runtime), fontsize=11)
        axes.set_ylabel("offline throughput, images/s")
        axes.margins(y=0.2)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Throughput by instances x cores of each; dark: what all cells were timed with")
    rounds = [len(trial.runs) for it in tried for trial in it.record.tried]
    text = intervals_over(rounds)
    save_with(figure, path, caution, f"{text} of these layouts. {caption}" if caption else text)


def layout_names(record: ProfileRecord) -> list[str]:
    """Return each layout that was tried as people write it: instances times cores of each."""
    layouts = (trial.layout for trial in record.tried)
    return [f"{it.num_instances} x {it.cores_per_instance}" for it in layouts]
