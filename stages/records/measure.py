"""What a worker answers and a record keeps: runs, traces, counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """What an instance did in a turn: the folder of LoadGen's log, the seconds of each batch as the
    model took them, and what the monotonic clock, which all processes share, showed after each.
    """

    log: str
    seconds: list[float]
    ended_s: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A cell's turn in a round: one test of LoadGen by each of its instances.

    `valid` and `reasons` are LoadGen's. `rate_per_s` is its figure: images per second offline,
    queries per second in a single stream; of several instances, what they did while all of them
    ran, which was for `overlap` of the time. Meanwhile `steal` is the share of the cores' time
    that the hypervisor gave to others, `throttle_events` how often a core was slowed down for its
    heat, `clock_step_s` how far the time of day moved beside the time that passed.
    """

    round: int
    valid: bool
    reasons: list[str]
    rate_per_s: float
    overlap: float
    steal: float
    throttle_events: int
    clock_step_s: float
    instances: list[Batches]

    @property
    def seconds(self) -> list[float]:
        """Those of each batch, of one instance after the other."""
        return [each for instance in self.instances for each in instance.seconds]


@dataclass(frozen=True, slots=True)
class NodeTime:
    """When one node of a graph ran, in milliseconds since the epoch, and for how long."""

    name: str
    start_ms: float
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when, in milliseconds since the epoch, by the clock of oneDNN's log."""

    begin_ms: float
    end_ms: float

    @property
    def milliseconds(self) -> float:
        """How long it is."""
        return self.end_ms - self.begin_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class AmxBusy:
    """Cycles of the inference, and those of them in which the processor itself says that its tile
    unit worked; both None where it does not say, with the reason in `missing`.
    """

    busy_cycles: float | None = None
    cycles: float | None = None
    missing: str = ""

    @property
    def share(self) -> float | None:
        """The part of the cycles in which the tile unit worked, None where it is not known."""
        if self.busy_cycles is None or not self.cycles:
            return None
        return self.busy_cycles / self.cycles


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """One oneDNN primitive of one inference over a batch, in the proof run.

    `operations` are multiplications and additions; `bytes_moved` are the activations read and
    written.
    """

    primitive: str
    implementation: str
    source_type: str
    destination_type: str
    milliseconds: float
    operations: int
    bytes_moved: int
