"""trial.json: a trial of a quantize that has not ended, as the next run goes on from it."""

from dataclasses import dataclass
from typing import Annotated

from stages.records.base import Host, Record
from stages.records.fields import Sha256, doc
from stages.records.quantize import Recipe, Sensitivity, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTrial(Record):
    """A recipe with what came of it, and what that came from; `trial` or `sensitivity` is null."""

    train_sha256: Annotated[Sha256, doc("sha256 of the SHA256SUMS of the train folder used.")]
    host: Annotated[Host, doc("The machine that it was timed on.")]
    recipe: Annotated[Recipe, doc("What was tried.")]
    trial: Annotated[Trial | None, doc("What came of it; null if one op was returned to FP32.")] = (
        None
    )
    sensitivity: Annotated[
        Sensitivity | None, doc("What an op's return to FP32 gave; null if that was not asked.")
    ] = None
