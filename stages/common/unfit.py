"""Why what a stage left is made again, though it is of the same inputs and settings."""

from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord


def of_profile(record: ProfileRecord) -> str:
    """Return that a run failed its own test, unless that is for want of the rounds asked for."""
    kinds = {reason.kind for reason in record.repeat.reasons}
    if record.maker.settings.get("rounds"):
        kinds.discard("few_rounds")
    return "what was measured is not to be trusted" if kinds else ""


def of_quantize(record: QuantizeRecord) -> str:
    """Return that recipes failed for what is not their own, and may not be so another time."""
    failed = [f"trial {number}" for number, it in enumerate(record.trials, 1) if it.may_pass]
    return f"{', '.join(failed)} failed for what may have passed" if failed else ""
