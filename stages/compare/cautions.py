"""What must be said beside figures, so that they mislead nobody who sees them alone."""

from collections.abc import Sequence
from typing import Protocol

from stages.common.headline import doubt, doubt_of_accuracies, not_trusted
from stages.common.reasons import AGAIN_ALONE, in_words, may_change_by_rounds
from stages.common.text import few_rounds, is_of_one_round, too_few
from stages.records.compare import CompareRecord
from stages.records.profile import ModelSummary

SEE = "see compare.log"


class Judged(Protocol):
    """What has a verdict on how a cell ran."""

    @property
    def verdict(self) -> str:
        """The verdict, as the table has it."""


def run_caution(record: CompareRecord) -> str:
    """Return which runs are not to be trusted, empty if all are."""
    doubtful = [repeat for repeat in record.repeats if not repeat.trusted]
    if not doubtful:
        return ""
    names = " and ".join(repeat.runtime for repeat in doubtful)
    which = f"{names}: " if len(record.versions) > 1 else ""
    reasons = [reason for repeat in doubtful for reason in repeat.reasons]
    return f"{which}{not_trusted(reasons)}: {SEE}"


def may_be_more_sure(record: CompareRecord) -> bool:
    """Return whether runs or figures are in doubt for what more rounds may change."""
    doubtful = [repeat.reasons for repeat in record.repeats if not repeat.trusted]
    doubtful += [row.reasons for row in record.rows if row.reasons]
    return any(not reasons or may_change_by_rounds(reasons) for reasons in doubtful)


def rounds_leave_some(record: CompareRecord) -> bool:
    """Return whether a figure is in doubt for what is only measured again if that is forced."""
    words = (in_words(reason) for row in record.rows for reason in row.reasons)
    return any(line.endswith(AGAIN_ALONE) for line in words)


def models_caution(models: Sequence[ModelSummary]) -> str:
    """Return what a picture of the models must say, empty if there is no doubt about them."""
    found = "; ".join(filter(None, [doubt(models), doubt_of_accuracies(models)]))
    return f"{found}: {SEE}" if found else ""


def is_trusted(record: CompareRecord, runtime: str) -> bool:
    """Return whether the run of a runtime can be relied on."""
    return all(repeat.trusted for repeat in record.repeats if repeat.runtime == runtime)


def had_one_round(record: CompareRecord, runtime: str) -> bool:
    """Return whether each cell of a runtime was timed once, so that it has no interval."""
    own = (repeat for repeat in record.repeats if repeat.runtime == runtime)
    return any(is_of_one_round(repeat.reasons) for repeat in own)


def too_few_rounds(record: CompareRecord, runtime: str) -> str:
    """Return that a runtime had too few rounds for intervals, empty if they were enough, or one."""
    own = (repeat for repeat in record.repeats if repeat.runtime == runtime)
    return next(filter(None, (too_few(few_rounds(repeat.reasons)) for repeat in own)), "")


def is_derived(row: Judged) -> bool:
    """Return whether the figures are those of a lower cap, at which the same kernels ran."""
    return row.verdict.startswith("same-as")
