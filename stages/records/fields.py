"""What fields are made of: a description each, and the types that many of them have.

msgspec checks ranges when it reads a record. Numbers are finite: JSON has no others.
"""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from msgspec import Meta

from stages.isa import ISA_NAMES
from stages.precisions import PRECISION_NAMES
from stages.runtimes import RUNTIME_NAMES

Seconds: TypeAlias = Annotated[float, Meta(ge=0)]
# How long something that was timed took: never nothing.
Duration: TypeAlias = Annotated[float, Meta(gt=0)]
Milliseconds: TypeAlias = Annotated[float, Meta(ge=0)]
PerSecond: TypeAlias = Annotated[float, Meta(ge=0)]
# How many times another figure this is.
Multiple: TypeAlias = Annotated[float, Meta(ge=0)]
Fraction: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
# A fraction of a time that ran in parallel, or was summed up: more than 1 is possible.
TimeFraction: TypeAlias = Annotated[float, Meta(ge=0)]
# Relative to a reference: 0.01 is 1% worse, a negative one is better.
Loss: TypeAlias = Annotated[float, Meta(le=1)]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
Size: TypeAlias = Annotated[int, Meta(ge=1)]
ClassIndex: TypeAlias = Annotated[int, Meta(ge=0)]
# -1 if LoadGen did not ask for the image.
Prediction: TypeAlias = Annotated[int, Meta(ge=-1)]
# As the kernel numbers logical CPUs.
Core: TypeAlias = Annotated[int, Meta(ge=0)]
# Nobody waits for more rounds, and with more of them intervals take too much memory.
MAX_ROUNDS = 10_000
Rounds = Meta(min_length=1, max_length=MAX_ROUNDS)
# Seconds of each batch of a round.
BatchSeconds: TypeAlias = Annotated[list[Duration], Meta(min_length=1)]
# The same, by round; empty if it was not timed.
RoundsOfBatches: TypeAlias = Annotated[list[BatchSeconds], Meta(max_length=MAX_ROUNDS)]
# Ends a pattern the same for every reader of a schema: Python's `$` is before a last newline, too.
END = r"$(?!\n)"
Sha256: TypeAlias = Annotated[str, Meta(pattern=f"^[0-9a-f]{{64}}{END}")]
# A day of the years that clocks have, as one without a battery begins with 1970.
DAY = (
    "((19[7-9][0-9]|20[0-9]{2})-("
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26]))-02-29)"
)
TIME = "([01][0-9]|2[0-3])(:[0-5][0-9]){2}"
# A time in UTC, to the second; empty if it was not recorded.
Moment: TypeAlias = Annotated[str, Meta(pattern=f"^({DAY}T{TIME}Z)?{END}")]

# What is measured beside our runtimes.
PEERS = ("openvino", "onnxruntime")

if TYPE_CHECKING:
    PrecisionName: TypeAlias = str
    PeerName: TypeAlias = str
    IsaName: TypeAlias = str
    RuntimeName: TypeAlias = str
    Scenario: TypeAlias = str
else:
    # The tables know the names; a type checker can't read them there.
    PrecisionName = Literal[PRECISION_NAMES]
    IsaName = Literal[ISA_NAMES]
    RuntimeName = Literal[RUNTIME_NAMES]
    PeerName = Literal[PEERS]
    Scenario = Literal["offline", "single_stream", "server"]


# Marks a field in what msgspec makes a schema of.
ADDED = "added"


def doc_of_added(text: str) -> Meta:
    """Return what annotates a field that was added to a schema version: older records lack it."""
    return Meta(description=text, extra_json_schema={ADDED: True})


def doc(text: str) -> Meta:
    """Return what annotates a field with its description."""
    return Meta(description=text)
