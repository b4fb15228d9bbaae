"""The range of each number that may be set, and why it ends where it does."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included; `reason` says why not more.

    Between `low` and `least` there is none.
    """

    low: float
    high: float
    reason: str
    least: float = 0.0

    def __contains__(self, number: float) -> bool:
        # False for what is not a number: it compares with none.
        return number == self.low or max(self.low, self.least) <= number <= self.high

    def __str__(self) -> str:
        if self.least:
            return f"that is {plain(self.low)}, or from {plain(self.least)} to {plain(self.high)}"
        return f"from {plain(self.low)} to {plain(self.high)}"


# Linux, arch/x86/Kconfig: the most that NR_CPUS can be.
MAX_CPUS: Final = 8192
SEED = Range(0, 2**32 - 1, "a seed has 32 bits")
IMAGES = Range(0, 100_000, "all are in memory at once, at 150 KB each")
CALIBRATION = Range(1, 10_000, "all are in memory at once, as are the activations that they give")
EPOCHS = Range(1, 100_000, "the head does not change any more long before")
LEARNING_RATE = Range(1e-6, 10, "the head diverges beyond")
DISAGREEMENT = Range(0, 1, "there are no more images than all", least=1e-9)
TRIALS = Range(1, 1000, "each trial takes seconds to minutes")
CORES = Range(0, MAX_CPUS, "Linux has no more CPUs on x86-64")
INSTANCES = Range(1, MAX_CPUS, CORES.reason)
# VGG19's widest layers take and give 64 channels of 224x224 in FP32: 25.7 MB.
BATCH = Range(1, 4096, "the activations of an image take 25.7 MB")
ROUNDS = Range(0, 10_000, "a round takes seconds at least")
TIME_BUDGET = Range(1, 604_800, "nobody waits for more than a week")
ROUND_DURATION_S = Range(0.1, 86_400, "a turn of a day is long enough")
ROUND_QUERIES = Range(1, 1_000_000, "each is timed, and kept in the record")
SERVER_LATENCY_MS = Range(
    0, 3_600_000, "nobody waits for an image for more than an hour", least=0.001
)
LATENCY_BOUNDS = Range(1, 3_600_000, SERVER_LATENCY_MS.reason)
HISTORY = Range(0, 1000, "each takes 0.5 to 5 MB")
WORKER_TIMEOUT_S = Range(1, 604_800, "what hangs for a week hangs for ever")


def plain(number: float) -> str:
    """Return a number as people write it, without an exponent."""
    return f"{number:.9f}".rstrip("0").rstrip(".")
