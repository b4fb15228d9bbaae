"""The peers' part of the rehearsal as text."""

from collections import Counter

from stages.common.figures import fraction_of_images
from stages.common.rehearsed import nodes_of, on_amx_of_peer
from stages.common.text import aligned
from stages.records.rehearse import REHEARSED, RehearsalRecord, RehearsedPeer
from stages.rehearse.answers import ANSWER_COLUMNS, shown

COLUMNS = (
    "peer",
    "precision",
    "on AMX",
    "top-1",
    "without AMX",
    *ANSWER_COLUMNS,
)


def render_peers(record: RehearsalRecord) -> str:
    """Return the table of the peers, and what they say runs off AMX; empty without peers."""
    if not record.peers:
        return ""
    rows = [COLUMNS, *map(_row, record.peers)]
    title = f"peers as on a CPU with AMX, on {len(record.labels)} images, {REHEARSED}"
    below = [row for peer in record.peers for row in (*_off_amx(peer), *_other_types(peer))]
    return "\n".join([title, aligned(rows), *([aligned(below)] if below else [])])


def _row(peer: RehearsedPeer) -> tuple[str, ...]:
    images = len(peer.with_amx.probabilities)
    return (
        peer.backend,
        peer.precision,
        on_amx_of_peer(peer).removesuffix(" of"),
        fraction_of_images(peer.with_amx.accuracy_top1, images),
        fraction_of_images(peer.without.accuracy_top1, images),
        *shown(peer.answers, images),
    )


def _off_amx(peer: RehearsedPeer) -> list[tuple[str, str]]:
    """Return how many nodes that multiply run each kernel that is none of AMX's."""
    nodes = [node for node in nodes_of(peer) if not node.on_amx]
    kernels = Counter((node.kind, node.kernel, node.data_type) for node in nodes)
    return [
        (f"off AMX: {peer.backend} {peer.precision}", f"{count} {kind} in {data_type}: {kernel}")
        for (kind, kernel, data_type), count in kernels.items()
    ]


def _other_types(peer: RehearsedPeer) -> list[tuple[str, str]]:
    """Return how many nodes that multiply compute in another type than without AMX.

    Then the peer made another model for AMX, whose answers may differ for that reason alone.
    """
    without = {node.name: node.data_type for node in peer.without.kernels}
    changes = Counter(
        (node.kind, node.data_type, before)
        for node in nodes_of(peer)
        if (before := without.get(node.name, node.data_type)) != node.data_type
    )
    return [
        (f"other type: {peer.backend} {peer.precision}", f"{count} {kind} in {now}, not {before}")
        for (kind, now, before), count in changes.items()
    ]
