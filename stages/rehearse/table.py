"""The rehearsal as text, for the terminal and rehearsal.log: no time, no speed."""

from collections.abc import Sequence

from stages.common.rehearsed import finding
from stages.common.text import MAX_CELL, aligned, origins
from stages.isa import AMX
from stages.program.printable import printable
from stages.records.rehearse import (
    REHEARSED,
    Answers,
    LeftOut,
    RehearsalRecord,
    RehearsedCell,
    RehearsedLayer,
)
from stages.rehearse.bound import fill

LAYER_COLUMNS = ("op", "kernel with AMX", "without", "type", "tiles full", "loads/product", "bound")
PEERS = (
    "not rehearsed: openvino, onnxruntime",
    "their kernels are in no log that is read here",
)


def render(record: RehearsalRecord) -> str:
    """Return the whole text: what it is, the machine, each cell, what was left out, closing."""
    blocks = [
        _header(record),
        _answers(record),
        *(_layers(cell) for cell in record.cells),
        _notes(),
        _left_out(record.left_out),
        closing_line(record),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def closing_line(record: RehearsalRecord) -> str:
    """Return how many layers ran on AMX, and whether the answers held, a line for each cell."""
    return "\n".join(
        f"rehearse: {cell.runtime} {cell.precision} {finding(cell)}" for cell in record.cells
    )


def _header(record: RehearsalRecord) -> str:
    emulator = f"amxemu {record.emulator.version} ({record.emulator.sha256[:12]})"
    images = f"the first {len(record.labels)} of {record.test_images}"
    if len(record.labels) == record.test_images:
        images = f"all {record.test_images}"
    host, model, data = origins(record.host, record.backbone, record.data)
    lines = [
        f"{REHEARSED}: what AMX's cells will do on a CPU that has it, without any speed",
        host,
        f"emulator  {emulator}, in place of AMX's instructions, which this CPU does not have",
        model,
        f"{data}, {images} images, in batches of {record.batch_size}",
        *_software(record.cells),
    ]
    return "\n".join(printable(line, MAX_CELL) for line in lines)


def _software(cells: Sequence[RehearsedCell]) -> list[str]:
    versions = {cell.runtime: cell.versions for cell in cells}
    return [
        f"software  {runtime}: " + ", ".join(f"{name} {text}" for name, text in packages.items())
        for runtime, packages in versions.items()
    ]


def _answers(record: RehearsalRecord) -> str:
    head = ("runtime", "precision", "top-1", "without AMX", "agree", "equal", "largest difference")
    rows = [head, *(_answer_cells(cell, len(record.labels)) for cell in record.cells)]
    return f"answers at {AMX}, {REHEARSED}\n{aligned(rows)}"


def _answer_cells(cell: RehearsedCell, images: int) -> tuple[str, ...]:
    answers = cell.answers
    return (
        cell.runtime,
        cell.precision,
        f"{cell.with_amx.accuracy_top1:.1%}",
        f"{cell.without.accuracy_top1:.1%} at {cell.without.isa}",
        f"{images - answers.differing} of {images}",
        f"{answers.equal} of {images}",
        _difference(answers),
    )


def _difference(answers: Answers) -> str:
    if not answers.largest_difference:
        return "none"
    text = f"{answers.largest_difference:.2g}"
    if answers.largest_bf16_steps is None:
        return text
    return f"{text}, {answers.largest_bf16_steps:.2g} BF16 steps"


def _layers(cell: RehearsedCell) -> str:
    rows = [LAYER_COLUMNS, *(_layer(layer, number) for number, layer in enumerate(cell.layers, 1))]
    all_layers = "-" if cell.bound is None else f"{cell.bound:.2f}x"
    rows.append(("all layers that multiply", "", "", "", "", "", all_layers))
    title = f"layers of {cell.runtime} {cell.precision} at {AMX}, {REHEARSED}"
    blocks = [f"{title}\n{aligned(rows)}", _off_amx(cell)]
    return "\n".join(filter(None, blocks))


def _layer(layer: RehearsedLayer, number: int) -> tuple[str, ...]:
    tiles = layer.tiles
    return (
        _name(layer, number),
        layer.kernel,
        layer.kernel_without or "other primitives ran",
        layer.source_type,
        f"{fill(tiles):.1%}" if tiles else "-",
        f"{tiles.loads / tiles.products:.2f}" if tiles and tiles.products else "-",
        "-" if layer.bound is None else f"{layer.bound:.2f}x",
    )


def _name(layer: RehearsedLayer, number: int) -> str:
    return layer.op or f"{layer.primitive} {number}"


def _off_amx(cell: RehearsedCell) -> str:
    rows = [
        (f"off AMX: {_name(layer, number)}", layer.why_not)
        for number, layer in enumerate(cell.layers, 1)
        if layer.why_not
    ]
    rows += [
        (f"off AMX: {kind.count} {kind.primitive}", "multiplies nothing") for kind in cell.others
    ]
    return aligned(rows) if rows else ""


NOTES = (
    ("agree, equal", "images that get the same class; the same probabilities bit for bit"),
    ("tiles full", "multiply-accumulates on rows and columns in use, of those possible"),
    ("bound", "no measurement: the most that AMX can be as fast as vectors, by counted"),
    ("", "instructions and what each takes in Intel's manual: at the same clock, all data"),
    ("", "in the first cache, no reorders, no pooling, vectors at their full rate on"),
    ("", "what they need; full tiles below 8x also multiply rows that are padding"),
)


def _notes() -> str:
    return f"what the columns mean, {REHEARSED}\n{aligned(NOTES)}"


def _left_out(cells: Sequence[LeftOut]) -> str:
    precisions: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        precisions.setdefault((cell.runtime, cell.reason), []).append(cell.precision)
    rows = [
        (f"not rehearsed: {runtime} {', '.join(names)}", reason)
        for (runtime, reason), names in precisions.items()
    ]
    return aligned([*rows, PEERS])
