"""The rehearsal of a peer's model, by what the peer says of its nodes and the emulator's counts.

A peer keeps no log in which a batch could be found, so the counts are of all that its worker did.
"""

from collections.abc import Mapping, Sequence

from stages.common.entries import Entry
from stages.common.stats import accuracy_top1
from stages.errors import ModelError, ProofError
from stages.isa import AMX
from stages.records.measure import NodeKernel
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import PeerSide, RehearsedPeer, Tiles
from stages.rehearse.answers import compare_answers, predictions_of
from stages.rehearse.counts import read_counts, total
from stages.rehearse.layers import operations_per_image
from stages.rehearse.workers import (
    Answer,
    Conditions,
    Start,
    ask_both,
    counts_of,
    start_worker,
)

NATIVE = "native"
# Packages that each backend uses, as host/facts.py names them.
FOR_ALL = ("python", "numpy")
# Softmax in BF16 may round up.
MAX_PROBABILITY = 1.01


def rehearse_peer(
    entry: Entry,
    record: QuantizeRecord,
    classes: int,
    conditions: Conditions,
    start: Start = start_worker,
) -> RehearsedPeer:
    """Return the rehearsal of a peer's entry; `record` and `classes` are of the same network.

    Raises WorkerError if a worker dies, with what the emulator said of it; ModelError if the model
    is no classifier of as many classes; ProofError if the peer names kernels of AMX and no tile was
    used, or the other way round, or the emulator was not there.
    """
    versions, answers = ask_both(entry, (AMX, NATIVE), conditions, start)
    tiles = total([release.tiles for release in read_counts(counts_of(entry, conditions))])
    images = classified(conditions.batch_size, len(conditions.labels))
    operations = operations_per_image(record)
    for _, answer in answers:
        _require_probabilities(entry, answer.probabilities, classes)
    with_amx, without = (_side(answer, conditions.labels) for answer in answers)
    _require_counted(entry, with_amx.kernels, tiles)
    return RehearsedPeer(
        backend=entry.backend,
        precision=entry.precision,
        versions=_that_ran(entry.backend, versions),
        with_amx=with_amx,
        without=without,
        answers=compare_answers(entry.precision, with_amx.probabilities, without.probabilities),
        images=images,
        operations=operations,
        tiles=tiles,
        share=share_of(tiles, images, operations),
    )


def _that_ran(peer: str, versions: Mapping[str, str]) -> dict[str, str]:
    """Return the versions without those of what the environment has for others."""
    return {name: version for name, version in versions.items() if name in (peer, *FOR_ALL)}


def share_of(tiles: Tiles, images: int, operations: int) -> float | None:
    """Return the most of the multiplications of `images` that tiles can have done, at most all.

    Padding in tiles counts as work: the emulator sees no difference.

    `operations` are the multiplications and additions for one, 0 if they are not known.
    """
    return min(1.0, 2 * tiles.useful / (images * operations)) if operations else None


def classified(batch_size: int, images: int) -> int:
    """Return how many images a worker classifies: as it loads, for the trace, and then all."""
    return 1 + 2 * batch_size + images


def _require_probabilities(entry: Entry, rows: Sequence[Sequence[float]], classes: int) -> None:
    if any(len(row) != classes for row in rows):
        found = f"{len(rows[0])} numbers for an image, not {classes}"
    elif not all(0 <= value <= MAX_PROBABILITY for row in rows for value in row):
        found = "numbers that are no probabilities"
    else:
        return
    raise ModelError(f"{entry.name} gives {found}; run the peers stage again")


def _side(answer: Answer, labels: Sequence[int]) -> PeerSide:
    traced, classified = answer
    rows = classified.probabilities
    return PeerSide(
        kernels=traced.kernels,
        probabilities=rows,
        accuracy_top1=accuracy_top1(predictions_of(rows), labels),
    )


def _require_counted(entry: Entry, kernels: Sequence[NodeKernel], tiles: Tiles) -> None:
    named = any(node.on_amx for node in kernels)
    if kernels and named != bool(tiles.products):
        raise ProofError(
            f"{entry.name}: it names {'' if named else 'no '}kernels of AMX, and the emulator "
            f"counted {tiles.products} products of tiles; what ran is not what it says"
        )
