"""The settings of the smallest pipeline, for tests and campaigns that run a whole one."""

from pathlib import Path

from stages.errors import NotTrustedError
from stages.isa import ISA_NAMES, missing_flags
from stages.settings import env_name

# How a command ends that shows a run of the smallest pipeline: one round is too few to trust.
ONE_ROUND = NotTrustedError.exit_code


def smallest() -> dict[str, str]:
    """Return the variables of the smallest pipeline: one isa that this host has, one it may lack.

    The first is the highest of the ladder's first three that it has.
    """
    flags = frozenset(Path("/proc/cpuinfo").read_text().split())
    best = [isa for isa in ISA_NAMES[:3] if not missing_flags(isa, flags)][-1]
    settings = {
        "train_samples": "24",
        "validation_samples": "12",
        "test_samples": "12",
        "calibration_samples": "6",
        "tolerable_loss": "0.5",
        "max_trials": "1",  # with more, noise on this host would choose between recipes
        "rounds": "1",
        "round_duration_s": "0.1",
        "precisions": "fp32,int8",
        "no_bf16": "1",
        "isas": f"{best},{ISA_NAMES[-1]}",
        "round_queries": "2",
    }
    return {env_name(name): text for name, text in settings.items()}
