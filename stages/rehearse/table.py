"""The rehearsal as text, for the terminal and rehearsal.log: no time, no speed."""

from collections.abc import Sequence

from stages.common.figures import fraction_of_images
from stages.common.rehearsed import finding, layer_names, peer_finding
from stages.common.text import MAX_CELL, aligned, origins
from stages.isa import AMX
from stages.program.printable import printable
from stages.records.rehearse import (
    REHEARSED,
    LeftOut,
    RehearsalRecord,
    RehearsedCell,
    RehearsedLayer,
)
from stages.rehearse.answers import ANSWER_COLUMNS, shown
from stages.rehearse.bound import fill
from stages.rehearse.peer_table import render_peers

CELL_COLUMNS = (
    "runtime",
    "precision",
    "on AMX",
    "top-1",
    "without AMX",
    *ANSWER_COLUMNS,
    "bound",
)
LAYER_COLUMNS = ("op", "kernel with AMX", "without", "type", "full", "loads", "bound")
# So many layers with the same reason are named one by one; more, by the first and the last.
MAX_NAMED = 3


def render(record: RehearsalRecord) -> str:
    """Return the whole text: what it is, all cells, each one's layers, what was left out, closing.

    But for the names of long ops and kernels, and the head, it fits 100 columns.
    """
    peers = render_peers(record)
    blocks = [
        _header(record),
        _cells(record),
        peers,
        *(_layers(cell) for cell in record.cells),
        _notes(peers),
        _left_out(record.left_out),
        closing_line(record),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def closing_line(record: RehearsalRecord) -> str:
    """Return how many layers ran on AMX, and whether the answers held, a line for each cell."""
    ours = [f"{cell.runtime} {cell.precision} {finding(cell)}" for cell in record.cells]
    peers = [f"{peer.backend} {peer.precision} {peer_finding(peer)}" for peer in record.peers]
    return "\n".join(printable(f"rehearse: {line}", MAX_CELL) for line in (*ours, *peers))


def _header(record: RehearsalRecord) -> str:
    emulator = f"amxemu {record.emulator.version} ({record.emulator.sha256[:12]})"
    images = f"the first {len(record.labels)} of {record.test_images}"
    if len(record.labels) == record.test_images:
        images = f"all {record.test_images}"
    host, model, data = origins(record.host, record.backbone, record.data)
    lines = [
        f"{REHEARSED}: which kernels AMX's cells run, and what they answer",
        host,
        f"emulator  {emulator}, in place of AMX's instructions, which this CPU does not have",
        model,
        f"{data}, {images} images, in batches of {record.batch_size}",
        *_software(record),
    ]
    return "\n".join(printable(line, MAX_CELL) for line in lines)


def _software(record: RehearsalRecord) -> list[str]:
    """Return a line for each set of packages, with the runtimes and peers that it ran."""
    ran = [(cell.runtime, cell.versions) for cell in record.cells]
    ran += [(peer.backend, peer.versions) for peer in record.peers]
    names: dict[str, list[str]] = {}
    for name, versions in ran:
        packages = ", ".join(f"{package} {version}" for package, version in versions.items())
        names.setdefault(packages, []).append(name)
    return [
        f"software  {', '.join(dict.fromkeys(all_of))}: {packages}"
        for packages, all_of in names.items()
    ]


def _cells(record: RehearsalRecord) -> str:
    rows = [CELL_COLUMNS, *map(_cell, record.cells)]
    return f"at {AMX}, on {len(record.labels)} images, {REHEARSED}\n{aligned(rows)}"


def _cell(cell: RehearsedCell) -> tuple[str, ...]:
    on_amx = sum(layer.on_amx for layer in cell.layers)
    images = len(cell.with_amx.probabilities)
    return (
        cell.runtime,
        cell.precision,
        f"{on_amx} of {len(cell.layers)}",
        fraction_of_images(cell.with_amx.accuracy_top1, images),
        f"{fraction_of_images(cell.without.accuracy_top1, images)} at {cell.without.isa}",
        *shown(cell.answers, images),
        _multiple(cell.bound),
    )


def _multiple(bound: float | None) -> str:
    return "-" if bound is None else f"{bound:.2f}x"


def _layers(cell: RehearsedCell) -> str:
    names = layer_names(cell.layers)
    rows = [LAYER_COLUMNS, *map(_layer, cell.layers, names)]
    rows.append(("all of them", *[""] * (len(LAYER_COLUMNS) - 2), _multiple(cell.bound)))
    title = f"layers of {cell.runtime} {cell.precision} at {AMX}, {REHEARSED}"
    blocks = [f"{title}\n{aligned(rows)}", _off_amx(cell, names)]
    return "\n".join(filter(None, blocks))


def _layer(layer: RehearsedLayer, name: str) -> tuple[str, ...]:
    tiles = layer.tiles
    return (
        name,
        layer.kernel,
        layer.kernel_without or "other primitives ran",
        layer.source_type,
        f"{fill(tiles):.1%}" if tiles else "-",
        f"{tiles.loads / tiles.products:.2f}" if tiles and tiles.products else "-",
        _multiple(layer.bound),
    )


def _off_amx(cell: RehearsedCell, names: Sequence[str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for layer, name in zip(cell.layers, names, strict=True):
        if layer.why_not:
            by_reason.setdefault(layer.why_not, []).append(name)
    rows = [
        (f"off AMX: {name}", reason) for reason, all_of in by_reason.items() for name in few(all_of)
    ]
    if others := ", ".join(f"{kind.count} {kind.primitive}" for kind in cell.others):
        rows.append((f"off AMX: {others}", "they multiply nothing"))
    return aligned(rows) if rows else ""


def few(names: Sequence[str]) -> list[str]:
    """Return the names, or in their place how many there are, from which to which."""
    if len(names) <= MAX_NAMED:
        return [*names]
    return [f"{len(names)} layers, {names[0]} to {names[-1]}"]


NOTES = (
    ("on AMX", "layers that multiply whose kernel is one of AMX's"),
    ("agree, equal", "images that get the same class; the same probabilities bit for bit"),
    ("difference", "the largest difference of any probability, with AMX and without"),
    ("full", "part of the tiles that was configured; padding inside counts as full"),
    ("loads", "tiles loaded for each product of two"),
    ("bound", "no measurement: the fewest cycles of vectors over the fewest of AMX, on the same"),
    ("", "processor, which is not this one; by counted instructions and Intel's manual: 8x in"),
    ("", "theory. Memory, clock, reorders and pooling lower the real ratio; vectors that fall"),
    ("", "short of their full rate, as with few channels, raise it, even above the bound"),
)
OF_PEERS = (
    ("at most", "of a peer that names no kernels: its multiplications that tiles can have done"),
    ("other type", "nodes that compute in another type than without AMX: it is another model"),
)


def _notes(peers: str) -> str:
    """Return what the words of the tables mean; of those in the peers' part, what it has."""
    of_peers = [note for note in OF_PEERS if note[0] in peers]
    return f"what the columns mean\n{aligned([*NOTES, *of_peers])}"


def _left_out(cells: Sequence[LeftOut]) -> str:
    precisions: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        precisions.setdefault((cell.runtime, cell.reason), []).append(cell.precision)
    rows = [
        (f"not rehearsed: {runtime} {', '.join(names)}", reason)
        for (runtime, reason), names in precisions.items()
    ]
    return aligned(rows) if rows else ""
