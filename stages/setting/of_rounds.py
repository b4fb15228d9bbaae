"""How long is measured, and how."""

from dataclasses import dataclass

from stages.setting import ranges
from stages.setting.of_cells import OfCells
from stages.setting.programs import DOCTOR, MEASURING, PEERS, REHEARSE, SWEEP
from stages.setting.spec import as_text, decimal, fraction, sizes, switch, whole

# Where no number is asked for, and nothing else says how many are enough.
DEFAULT_ROUNDS = 8
# Where no batch sizes are asked for.
PEERS_SIZES, SWEEP_SIZES = (1, 8, 32), (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRounds(OfCells):
    """Settings of the rounds."""

    batch_size: int = whole(
        8,
        ranges.BATCH,
        "images per batch (offline scenario)",
        "quantize",
        "profile",
        DOCTOR,
        REHEARSE,
    )
    batch_sizes: tuple[int, ...] = sizes(
        (),
        ranges.BATCH,
        f"images per batch, each in turn; if not given, peers takes {as_text(PEERS_SIZES)}, sweep "
        f"{as_text(SWEEP_SIZES)}, as far as the test split and the memory have room",
        PEERS,
        SWEEP,
    )
    rehearse_samples: int = whole(
        24,
        ranges.IMAGES,
        "how many of the first test images to rehearse with; 0 takes all",
        REHEARSE,
    )
    rounds: int = whole(
        0,
        ranges.ROUNDS,
        "turns that each model takes when models are compared; 0: profile and sweep take as many "
        f"as they need to be sure, quantize and peers {DEFAULT_ROUNDS}",
        *MEASURING,
    )
    precision_goal: float = fraction(
        0.02,
        0.0001,
        "how closely profile is to know each ratio of its table: half of the 95% interval, as a "
        "fraction of the ratio",
        "profile",
    )
    time_budget: float = decimal(
        300.0,
        ranges.TIME_BUDGET,
        "longest that profile takes turns to reach that, in seconds; sweep takes 5 rounds in any "
        "case, and more until each throughput is known to 5%",
        "profile",
        SWEEP,
    )
    round_duration_s: float = decimal(
        1.0, ranges.ROUND_DURATION_S, "shortest length of a turn, in seconds", *MEASURING
    )
    round_queries: int = whole(
        11,
        ranges.ROUND_QUERIES,
        "fewest queries of a single-stream turn; LoadGen's median needs 11",
        "profile",
    )
    server_latency_ms: float = decimal(
        0.0,
        ranges.SERVER_LATENCY_MS,
        "latency bound of the server scenario, in ms; 0 leaves it out",
        "profile",
    )
    latency_bounds: tuple[int, ...] = sizes(
        (),
        ranges.LATENCY_BOUNDS,
        "latencies in ms for each of which sweep shows the fastest point whose p99 keeps it; if "
        "not given, those of 1, 2, 5, 10, 20, 50 ... at which the choice may change",
        SWEEP,
    )
    strict: bool = switch(
        "turns by MLPerf's rules: 600 s each, 24576 images offline, p90 in a single stream; "
        "takes days on few cores",
        "profile",
    )
    more: bool = switch(
        "add rounds to what was measured last, on this machine since it started",
        "profile",
        alters=False,
    )
    history: int = whole(
        10,
        ranges.HISTORY,
        "how many measurements of a runtime are kept when later ones replace them; 0 keeps none",
        "profile",
        alters=False,
    )
    worker_timeout_s: float = decimal(
        900.0,
        ranges.WORKER_TIMEOUT_S,
        "longest wait for a measuring process, in seconds",
        *MEASURING,
        REHEARSE,
        alters=False,
    )
    long: bool = switch(
        "show compare's whole text, up to 200 columns wide, in place of the short one",
        "compare",
        alters=False,
    )
