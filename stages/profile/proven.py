"""A cell as its log under oneDNN shows it: its proof, and what one inference ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.measure.onednn_log import parse_log
from stages.profile.plan import PlannedCell
from stages.profile.proof import Traced, prove
from stages.profile.roofline import primitives_of
from stages.records.profile import Primitive, Proof


@dataclass(frozen=True, slots=True)
class Proven:
    """A cell's proof, and the primitives of one inference over a batch."""

    proof: Proof
    primitives: list[Primitive]

    @property
    def traced_ms(self) -> float:
        """How long that inference took."""
        return self.proof.traced.milliseconds


def judge(
    cell: PlannedCell, log: Path, traced: Traced, below: Mapping[PlannedCell, Proven]
) -> Proven:
    """Judge `cell` by its log, after those of lower isas.

    Raises ProofError where it did not run what its name says.
    """
    lower = [each.proof for it, each in below.items() if it.precision == cell.precision]
    parsed = parse_log(log.read_text(errors="replace").splitlines())
    return Proven(
        proof=prove(cell, parsed, log.name, lower, traced),
        primitives=primitives_of(parsed.executions, traced.span),
    )
