"""The matrix of precisions and caps, each cell with its proof or with why it was not run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stages.common.figures import quantity
from stages.common.headline import is_invalid
from stages.common.reasons import in_words
from stages.common.stats import spread
from stages.compare.cautions import had_one_round, is_derived, is_trusted
from stages.compare.inputs import RuntimeProfile
from stages.compare.not_run import was_not_asked_for
from stages.compare.page.seen import Seen
from stages.isa import ISA_NAMES, get_isa
from stages.precisions import PRECISION_NAMES, get_precision
from stages.records.cell import Cell
from stages.records.compare import NotRun, Row
from stages.records.measure import AmxBusy
from stages.records.proof import Kernel

MAX_KERNELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A cell of the matrix: measured, impossible, or not asked for.

    `kind` is measured, derived, impossible, unasked (by itself it would have been left out) or
    absent (the profile knows no such cell); `rate` in images/s, with `spread` beside it.
    `valid` is of the rate, `latency_valid` of the latency of single images; `reasons` say what is
    wrong with any figure, `facts` are names with texts.
    """

    kind: str
    name: str = ""
    rate: str = ""
    spread: str = ""
    verdict: str = ""
    valid: bool = True
    latency_valid: bool = True
    trusted: bool = True
    reasons: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    more_kernels: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the matrix: a cap, its label, and a square for each precision."""

    isa: str
    label: str
    squares: list[Square]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The cells of a runtime, which is named if there are several."""

    runtime: str
    precisions: list[str]
    lines: list[Line]

    @property
    def kinds(self) -> set[str]:
        """The kinds of all squares."""
        return {square.kind for line in self.lines for square in line.squares}


def matrices(seen: Seen) -> list[Matrix]:
    """Return the matrix of each runtime, the lowest cap first."""
    return [_matrix(seen, profile) for profile in seen.profiles]


def _matrix(seen: Seen, profile: RuntimeProfile) -> Matrix:
    cells = {(it.precision, it.requested_isa): it for it in profile.record.cells}
    precisions = [name for name in PRECISION_NAMES if _has_column(name, [*cells.values()])]
    isas = [name for name in ISA_NAMES if any(name == key[1] for key in cells)]
    lines = [
        Line(
            isa,
            get_isa(isa).label,
            [_square(seen, profile, cells, name, isa) for name in precisions],
        )
        for isa in isas
    ]
    labels = [get_precision(name).label for name in precisions]
    return Matrix(profile.runtime if seen.named else "", labels, lines)


def _has_column(precision: str, cells: Sequence[Cell]) -> bool:
    """Return whether cells of a precision say more than the one reason why none was run."""
    own = [cell for cell in cells if cell.precision == precision]
    reasons = {cell.impossible for cell in own}
    return len(own) == 1 or len(reasons) > 1 or reasons == {None}


def _square(
    seen: Seen,
    profile: RuntimeProfile,
    cells: dict[tuple[str, str], Cell],
    precision: str,
    isa: str,
) -> Square:
    name, key = seen.cell_name(precision, isa, profile.runtime), (profile.runtime, precision, isa)
    for row in seen.record.rows:
        if (row.runtime, row.precision, row.isa) == key:
            return _measured(seen, profile, row, cells[precision, isa], name)
    for cell in seen.record.impossible:
        if (cell.runtime, cell.precision, cell.isa) == key:
            kind = "unasked" if was_not_asked_for(cell) else "impossible"
            return Square(kind=kind, name=name, reasons=[*_why_not(seen, cell)])
    return Square(kind="absent", name=name)


def _why_not(seen: Seen, cell: NotRun) -> Iterator[str]:
    yield cell.reason
    if found := seen.rehearsed.of(cell):
        yield f"rehearsed, not measured: {found}"


def _measured(seen: Seen, profile: RuntimeProfile, row: Row, cell: Cell, name: str) -> Square:
    kernels = cell.proof.kernels if cell.proof else []
    rate = row.throughput_images_per_s
    once = had_one_round(seen.record, row.runtime)
    return Square(
        kind="derived" if is_derived(row) else "measured",
        name=name,
        rate=quantity(rate.estimate),
        spread="one round" if once else f"±{spread(rate):.1%}",
        verdict=row.verdict,
        valid=not is_invalid(row.reasons, "offline"),
        latency_valid=not is_invalid(row.reasons, "single_stream"),
        trusted=is_trusted(seen.record, row.runtime),
        reasons=[in_words(reason) for reason in row.reasons],
        facts=[*_facts(profile, cell)],
        kernels=kernels[:MAX_KERNELS],
        more_kernels=max(0, len(kernels) - MAX_KERNELS),
    )


def _facts(profile: RuntimeProfile, cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield what shows how a cell ran."""
    proof, timed = cell.proof, profile.record.measured_cell(cell)
    if proof:
        yield "oneDNN says it is capped at", proof.isa_header
        yield "oneDNN", proof.onednn_version
        yield "log", f"proof/{proof.log}"
        yield "reference kernels", f"{proof.reference_share:.1%} of the time of all primitives"
        yield "tile unit busy", _busy(proof.amx_busy)
    if timed.roofline:
        primitives = timed.roofline.primitives
        multiplying = sum(it.operations > 0 for it in primitives)
        yield "primitives", f"{len(primitives)} in one inference, of which {multiplying} multiply"
    if cell.same_as:
        yield "timed", f"no: the same kernels as at {cell.same_as}, whose figure this is"


def _busy(found: AmxBusy) -> str:
    if found.share is None:
        return f"not counted here ({found.missing}): the names of the kernels say what ran"
    return f"{found.share:.1%}"
