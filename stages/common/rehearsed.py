"""What a rehearsal found, in the same words wherever it is shown."""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from stages.precisions import get_precision
from stages.records.measure import NodeKernel
from stages.records.rehearse import REHEARSED, Answers, RehearsedCell, RehearsedLayer, RehearsedPeer

# Scopes that TensorFlow adds where it inlines a function, and parts of a name without them.
CALLS = ("", "PartitionedCall", "StatefulPartitionedCall")
NO_SCOPE = 2


def finding(cell: RehearsedCell) -> str:
    """Return in one line which kinds of layers ran on AMX, and how far the answers held."""
    images = len(cell.with_amx.probabilities)
    return f"{REHEARSED}: {_kernels(cell)} on AMX, {_answers(cell.precision, cell.answers, images)}"


def peer_finding(peer: RehearsedPeer) -> str:
    """Return in one line what of a peer's model ran on AMX, and how far the answers held."""
    images = len(peer.with_amx.probabilities)
    what = "nodes that multiply" if nodes_of(peer) else "the multiplications"
    answers = _answers(peer.precision, peer.answers, images)
    return f"{REHEARSED}: {on_amx_of_peer(peer)} {what} on AMX, {answers}"


def on_amx_of_peer(peer: RehearsedPeer) -> str:
    """Return how many of the nodes that multiply ran on AMX.

    For a peer that names none, the most of the multiplications that tiles can have done.
    """
    if nodes := nodes_of(peer):
        return f"{sum(node.on_amx for node in nodes)} of {len(nodes)}"
    return "some of" if peer.share is None else f"at most {peer.share:.1%} of"


def nodes_of(peer: RehearsedPeer) -> list[NodeKernel]:
    """Return the nodes that multiply with AMX, in order; none of a peer that names none."""
    return [node for node in peer.with_amx.kernels if node.multiplies]


def _kernels(cell: RehearsedCell) -> str:
    kinds = Counter(layer.primitive for layer in cell.layers)
    on_amx = Counter(layer.primitive for layer in cell.layers if layer.on_amx)
    return " and ".join(
        f"{on_amx[kind]} of {count} {kind}{'' if count == 1 else 's'}"
        for kind, count in kinds.items()
    )


def _answers(precision: str, answers: Answers, images: int) -> str:
    label = get_precision(precision).label
    equal = f"{label} equal bit for bit on {answers.equal} of {images} images"
    if answers.equal == images:
        return equal
    differing = f"another class on {answers.differing}" if answers.differing else "no other class"
    return f"{equal}, {differing}"


def layer_names(layers: Sequence[RehearsedLayer]) -> list[str]:
    """Return the name of each layer's op, without scopes that most share or a call added.

    An op of two parts, as in a head beside a network, has no scope to share.
    """
    parts = [[part for part in layer.op.split("/") if part not in CALLS] for layer in layers]
    long = [path for path in parts if len(path) > NO_SCOPE] or [path for path in parts if path]
    scopes = zip(*(path[:-1] for path in long), strict=False)
    shared = [names[0] for names in takewhile(lambda names: len({*names}) == 1, scopes)]
    count = len(shared)
    return [
        "/".join(path[count:] if path[:count] == shared else path) or f"{layer.primitive} {number}"
        for number, (layer, path) in enumerate(zip(layers, parts, strict=True), 1)
    ]
