"""All pictures of a comparison: those for which there are data."""

from stages.compare.cautions import run_caution
from stages.compare.layers import layers_of
from stages.compare.matrix import NEED_NOT
from stages.compare.models import Models
from stages.compare.models_plot import plot_absolute, plot_times
from stages.compare.page.seen import Seen
from stages.compare.pictures.drawing import caption_of
from stages.compare.pictures.instances import plot_instances
from stages.compare.pictures.latency import plot_latency
from stages.compare.pictures.layers import plot_layers
from stages.compare.plots import plot_ladder
from stages.compare.rehearsal_plot import plot_rehearsal
from stages.records.rounds import SCENARIOS
from stages.stage_folders import CompareFolder


def draw(out: CompareFolder, seen: Seen) -> None:
    """Write each picture, as PNG and as SVG, to a folder."""
    record, rehearsed = seen.record, seen.rehearsed
    caution = run_caution(record)
    offline, single = (caption_of(seen.profiles, scenario) for scenario in SCENARIOS)
    traced = caption_of(seen.profiles, "offline", with_intervals=False)
    plot_ladder(record, out.ladder, offline)
    for models in seen.models[:1]:
        both = _of_models(seen, models)
        plot_absolute(models, out.absolute, both)
        plot_times(models, out.times, both)
    plot_latency(seen.profiles, out.latency, caution, single)
    paired = [it for it in map(layers_of, seen.profiles) if it and it.layers]
    if paired:
        plot_layers(paired, out.layers, caution, traced)
    if any(profile.record.tried for profile in seen.profiles):
        plot_instances(seen.profiles, out.instances, caution, traced)
    if rehearsed.record and any(map(rehearsed.of, record.impossible)):
        plot_rehearsal(rehearsed.record, out.rehearsal)


def _of_models(seen: Seen, models: Models) -> str:
    """Return the caption of the pictures of two models, which one runtime ran."""
    own = [it for it in seen.profiles if models.named in ("", it.runtime)]
    caption = caption_of(own, *SCENARIOS)
    return f"{caption}; {NEED_NOT}" if seen.record.in_groups else caption
