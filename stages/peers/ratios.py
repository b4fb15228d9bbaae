"""From the seconds of batches to figures, and to ratios of ours to the peers'."""

from collections.abc import Sequence
from itertools import chain
from statistics import median

from stages.precisions import get_precision
from stages.records.fields import PEERS
from stages.records.peers import Contender, Figures, Ratio


def figures_of(batch_size: int, batch_seconds: list[list[float]]) -> Figures:
    """Return the figures that follow from the seconds of each batch, by [round][batch]."""
    typical = median(median(seconds) for seconds in batch_seconds)
    all_seconds = list(chain.from_iterable(batch_seconds))
    return Figures(
        batch_size=batch_size,
        throughput_images_per_s=batch_size / typical,
        latency_p50_ms=1000 * median(all_seconds) if batch_size == 1 else None,
        batch_seconds=batch_seconds,
    )


def ratios(contenders: Sequence[Contender]) -> list[Ratio]:
    """Return the ratios of each of ours to each peer's counterpart, if both were measured."""
    measured = {
        (contender.backend, contender.precision): contender
        for contender in contenders
        if not contender.missing
    }
    return [
        _ratio(own, peer, own_figures, peer_figures)
        for own in measured.values()
        if own.backend not in PEERS
        for name in PEERS
        if (peer := measured.get((name, get_precision(own.precision).peer)))
        for own_figures, peer_figures in zip(own.figures, peer.figures, strict=True)
    ]


def _ratio(own: Contender, peer: Contender, own_figures: Figures, peer_figures: Figures) -> Ratio:
    by_round = paired(own_figures.batch_seconds, peer_figures.batch_seconds)
    return Ratio(
        backend=own.backend,
        precision=own.precision,
        peer=peer.backend,
        peer_precision=peer.precision,
        batch_size=own_figures.batch_size,
        median=own_figures.throughput_images_per_s / peer_figures.throughput_images_per_s,
        lowest=min(by_round),
        highest=max(by_round),
    )


def paired(own: Sequence[Sequence[float]], peer: Sequence[Sequence[float]]) -> list[float]:
    """Return, for each round, how many times as fast as the peer's batches our own were.

    Raises ValueError if one has more rounds than the other.
    """
    return [median(theirs) / median(ours) for ours, theirs in zip(own, peer, strict=True)]
