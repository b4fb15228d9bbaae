"""What the fields of a rehearsal's record must have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from stages.isa import AMX
from stages.precisions import get_precision
from stages.records.cpu_features import AMX_PREFIX
from stages.records.problems import Problems, twice
from stages.records.rehearse import (
    EMULATOR_VERSION,
    PeerSide,
    RehearsalRecord,
    RehearsedCell,
    RehearsedPeer,
    Side,
    Tiles,
)


def _rehearsal(record: RehearsalRecord) -> Problems:
    yield from twice(f"{cell.runtime} {cell.precision}" for cell in record.cells)
    yield from twice(f"{peer.backend} {peer.precision}" for peer in record.peers)
    if record.peers and not record.peers_sha256:
        yield "there are peers without their checksum"
    if any(flag.startswith(AMX_PREFIX) for flag in record.host.cpu_flags):
        yield "it was rehearsed on a CPU that has AMX"
    if record.emulator.version != EMULATOR_VERSION:
        yield f"emulator {record.emulator.version} made it, not {EMULATOR_VERSION}"
    if any(cell.runtime not in record.quantize_sha256 for cell in record.cells):
        yield "a cell is of a runtime without quantize's checksum"
    made: list[RehearsedCell | RehearsedPeer] = [*record.cells, *record.peers]
    if any(not get_precision(it.precision).uses_tiles for it in made):
        yield "a precision is rehearsed in which AMX does not multiply"
    rows = [rows for it in made for rows in _rows(it)]
    if any(len(one) != len(record.labels) for one in rows):
        yield f"a cell has not {len(record.labels)} rows of probabilities, one for each label"
    if record.test_images < len(record.labels):
        yield "more images were taken than there are"


def _rows(it: RehearsedCell | RehearsedPeer) -> tuple[list[list[float]], list[list[float]]]:
    return it.with_amx.probabilities, it.without.probabilities


def _rehearsed_cell(cell: RehearsedCell) -> Problems:
    if cell.with_amx.isa != AMX or cell.without.isa == AMX:
        yield "a cell is compared with AMX, or has none"
    if any(layer.on_amx != (layer.tiles is not None) for layer in cell.layers):
        yield "a kernel of AMX used no tiles, or another one did"
    if len({len(row) for row in (*cell.with_amx.probabilities, *cell.without.probabilities)}) > 1:
        yield "rows of probabilities are not of one length"


def _rehearsed_peer(peer: RehearsedPeer) -> Problems:
    rows = (*peer.with_amx.probabilities, *peer.without.probabilities)
    if len({len(row) for row in rows}) > 1:
        yield "rows of probabilities are not of one length"
    named = any(node.on_amx for node in peer.with_amx.kernels)
    if peer.with_amx.kernels and named != bool(peer.tiles.products):
        yield "a kernel of AMX used no tiles, or another one did"


def _tiles(tiles: Tiles) -> Problems:
    if tiles.useful > tiles.possible:
        yield "more of the tiles was used than there is"


def _side(side: Side | PeerSide) -> Problems:
    if not all(side.probabilities):
        yield "a row of probabilities is empty"


CHECKS: Mapping[type, Callable[[Any], Problems]] = {
    RehearsalRecord: _rehearsal,
    RehearsedCell: _rehearsed_cell,
    RehearsedPeer: _rehearsed_peer,
    Tiles: _tiles,
    Side: _side,
    PeerSide: _side,
}
